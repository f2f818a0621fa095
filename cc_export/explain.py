"""What differs among models of a study or site: the page's answer, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cc_core.errors import CoreError
from cc_core.selection import Chart, Explanation, Forest, Model, Operation, encode, explain
from cc_export.bundle.read import find_site, our_records, read_site
from cc_export.errors import ExportError
from cc_export.near import near
from cc_export.selections import forest_of
from cc_export.study import load_study


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's name and the values of the models that have one."""

    name: str
    unit: str
    primary: bool
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
    forest, metrics = _site(source) if find_site(source) else _study(source)
    known = [model.id for model in forest.models]
    for wanted in ids:
        if wanted not in known:
            raise ExportError(f"{source}: there is no model {wanted!r}", near(wanted, known))
    try:
        explanation = explain(forest, ids)
    except CoreError as error:
        raise ExportError(f"{source}: {error}") from None
    chosen = set(explanation.models)
    shown = tuple(
        Metric(
            m.name,
            m.unit,
            m.primary,
            {model: v for model, v in m.values.items() if model in chosen},
        )
        for m in metrics
    )
    return Answer(explanation, encode(explanation), tuple(m for m in shown if m.values))


def _study(source: Path) -> tuple[Forest, list[Metric]]:
    study = load_study(source)
    metrics = [
        Metric(
            metric.name,
            metric.unit,
            metric.primary,
            {m.id: m.metrics[metric.name] for m in study.models if metric.name in m.metrics},
        )
        for metric in study.metrics
    ]
    return forest_of(study.models), metrics


def _site(source: Path) -> tuple[Forest, list[Metric]]:
    site = read_site(source)
    models = site.models
    timing = site.json(site.manifest["timing"])
    with our_records(source):
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
        values = {m: record["p50"] for m, record in timing["latency"].items()} | values
    if metric["source"] == "memory":
        values = dict(timing.get("memory", {})) | values
    return Metric(name, metric["unit"], metric["primary"], values)
