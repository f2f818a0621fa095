"""What differs among models of a study or site: the answer that the page gives, for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cc_core.errors import CoreError
from cc_core.selection import Chart, Explanation, Forest, Model, Operation, encode, explain
from cc_export.bundle.read import read_site
from cc_export.bundle.write import MANIFEST
from cc_export.errors import ExportError
from cc_export.study import Study, load_study
from cc_export.study.records import StudyModel

# Selections prepared in a site: none larger than this but the whole study, and as many as add up to
# so many models, so that preparing them takes seconds and kilobytes for a study of any size.
_MOST_SELECTED, _MOST_MODELS = 100, 4_000


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's name and the values of the models that have one."""

    name: str
    unit: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """What differs among the selected models, how to draw it, and their metrics."""

    explanation: Explanation
    chart: Chart
    metrics: tuple[Metric, ...]


def explain_selection(source: Path, ids: Sequence[str]) -> Answer:
    """Explain models of a site or a study by their ids.

    A site has all metrics, timings included; a study only those that its file declares.

    Raises:
        ExportError: ``source`` is neither, or an id is not in it.
    """
    forest, metrics = _site(source) if (source / MANIFEST).is_file() else _study(source)
    try:
        explanation = explain(forest, ids)
    except CoreError as error:
        raise ExportError(f"{source}: {error}", "Ids are those of the study's models.") from None
    chosen = set(explanation.models)
    shown = tuple(
        Metric(m.name, m.unit, {model: v for model, v in m.values.items() if model in chosen})
        for m in metrics
    )
    return Answer(explanation, encode(explanation), tuple(m for m in shown if m.values))


def forest_of(models: Iterable[StudyModel]) -> Forest:
    """The forest that selections of a study's models are explained in."""
    return Forest(
        Model(
            model.id,
            model.parents,
            Operation(model.operation.name, model.operation.parameters)
            if model.operation
            else None,
        )
        for model in models
    )


def first_selections(study: Study) -> Iterator[tuple[str, ...]]:
    """The selections people start with, each once: what the page answers before Python is ready.

    The whole study; the roots; the models of each operation; of each model the children and the
    descendants, alone and with the model itself.
    """
    children: dict[str, list[str]] = {}
    operations: dict[str, list[str]] = {}
    for model in study.models:
        for parent in model.parents[:1]:
            children.setdefault(parent, []).append(model.id)
        if model.operation:
            operations.setdefault(model.operation.name, []).append(model.id)
    wanted = [[m.id for m in study.models if not m.parents], *operations.values()]
    for parent, own in children.items():
        below = _descendants(parent, children)
        wanted += [own, [parent, *own], below, [parent, *below]]
    seen: set[tuple[str, ...]] = set()
    whole = tuple(sorted(model.id for model in study.models))
    left = _MOST_MODELS
    for ids in (whole, *(tuple(sorted(ids)) for ids in wanted)):
        if len(ids) < 2 or ids in seen or (len(ids) > _MOST_SELECTED and ids != whole):
            continue
        if ids != whole:
            left -= len(ids)
        if left < 0:
            return
        seen.add(ids)
        yield ids


def _descendants(model: str, children: Mapping[str, Sequence[str]]) -> list[str]:
    found: list[str] = []
    pending = [model]
    while pending:
        own = children.get(pending.pop(), ())
        found += own
        pending += own
    return found


def _study(source: Path) -> tuple[Forest, list[Metric]]:
    study = load_study(source)
    metrics = [
        Metric(
            metric.name,
            metric.unit,
            {m.id: m.metrics[metric.name] for m in study.models if metric.name in m.metrics},
        )
        for metric in study.metrics
    ]
    return forest_of(study.models), metrics


def _site(source: Path) -> tuple[Forest, list[Metric]]:
    site = read_site(source)
    models = site.models
    timing = site.json(site.manifest["timing"])["latency"]
    forest = Forest(
        Model(
            model["id"],
            tuple(model["parents"]),
            Operation(**model["operation"]) if model["operation"] else None,
        )
        for model in models
    )
    return forest, [_metric(metric, models, timing) for metric in site.manifest["metrics"]]


def _metric(
    metric: Mapping[str, Any], models: Sequence[Mapping[str, Any]], timing: Mapping[str, Any]
) -> Metric:
    name = metric["name"]
    values = {m["id"]: m["metrics"][name] for m in models if name in m["metrics"]}
    if metric["source"] == "timing":
        values = {model: record["p50"] for model, record in timing.items()} | values
    return Metric(name, metric["unit"], values)
