"""Selections of a study's models: the forest they are explained in, and those people start with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cc_core.selection import Forest, Model, Operation
from cc_export.study.records import LoadedStudy, StudyModel

# Selections prepared in a site: none larger than this but the whole study, and as many as add up to
# so many models, so that preparing them takes seconds and kilobytes for a study of any size.
_MOST_SELECTED, _MOST_MODELS = 100, 2_500


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


def first_selections(study: LoadedStudy) -> Iterator[tuple[str, ...]]:
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
