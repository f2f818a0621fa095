"""The records of a model's activations, from what was looked at over the sample of instances."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cc_core.change import unit
from cc_core.dyadic import Grid, shared_grid
from cc_core.layout import Layout
from cc_core.sketch import unsketch
from cc_core.weighing import weigh
from cc_export.align import TensorKey
from cc_export.bundle.chunk import pack
from cc_export.bundle.layers import change_record, histogram_record, statistics_record
from cc_export.bundle.records.activations import ActivationsChunk, ActivationsPart, ExposedRecord
from cc_export.bundle.records.layers import PartRecord
from cc_export.bundle.records.tensors import ChangeRecord
from cc_export.compiled import LOOP
from cc_export.expose import Measured
from cc_export.results import EXPOSE, ModelResult, Results

# Grids of all activations of a study, and what each model measured, by key.
Grids = Mapping[TensorKey, Grid | None]
Known = Mapping[str, Mapping[TensorKey, Measured]]
# About how many characters they take: a record without its sketch, and one of its changes.
_RECORD, _CHANGE = 800, 1000


def measured_by_key(results: Results) -> Known:
    """What was found of each model's activations."""
    return {
        result.model.id: {one.key: one for one in result.exposed.measured}
        for result in results
        if result.exposed
    }


def activation_grids(known: Known) -> Grids:
    """The grid of each activation's histograms, on which all models of the study nest."""
    ranges: dict[TensorKey, list[tuple[float, float]]] = {}
    for measured in known.values():
        for key, one in measured.items():
            found, extent = ranges.setdefault(key, []), one.weighed.statistics
            if extent.minimum is not None and extent.maximum is not None:
                found.append((extent.minimum, extent.maximum))
    return {key: shared_grid(found) for key, found in ranges.items()}


def activations_given(
    result: ModelResult, exposed: Mapping[str, ModelResult], grids: Grids
) -> object:
    """What a model's activations depend on, in few bytes; None where it is not known."""
    others = [exposed[reference] for reference in result.references if reference in exposed]
    origins = tuple(one.origin(EXPOSE) for one in (result, *others))
    if result.exposed is None or None in origins:
        return None
    shared = tuple(grids[one.key] for one in result.exposed.measured)
    known = tuple(one.model.id for one in others)
    return origins, result.model.id, result.references, known, shared


def activation_sizes(result: ModelResult) -> list[tuple[str, int]]:
    """The layer of each activation, and about how many characters its record takes."""
    assert result.exposed is not None
    each = _RECORD + _CHANGE * len(result.references)
    return [
        (one.key[0], each + 4 * one.sketch.values.nbytes // 3) for one in result.exposed.measured
    ]


def activations_chunk(
    result: ModelResult,
    known: Known,
    grids: Grids,
    which: slice,
    parts: tuple[PartRecord, ...] | None,
) -> ActivationsChunk | ActivationsPart:
    """Some activations of one model, in graph order, against those of its root and its parent.

    A part where ``parts`` is None.
    """
    assert result.exposed is not None
    references = [known.get(reference, {}) for reference in result.references]
    activations = tuple(
        _exposed(one, [there.get(one.key) for there in references], grids[one.key])
        for one in result.exposed.measured[which]
    )
    if parts is None:
        return ActivationsPart(result.model.id, activations)
    return ActivationsChunk(
        model=result.model.id,
        references=result.references,
        problem=result.exposed.problem,
        sample=result.exposed.sample,
        brief=result.exposed.brief,
        activations=activations,
        parts=parts,
    )


def _exposed(one: Measured, references: list[Measured | None], grid: Grid | None) -> ExposedRecord:
    return ExposedRecord(
        layer=one.key[0],
        name=one.key[1],
        tensor=one.tensor,
        note=one.note,
        shape=one.shape,
        instances=one.instances,
        size=one.size,
        statistics=statistics_record(one.weighed.statistics),
        histogram=histogram_record(one.weighed.histogram, grid) if grid else None,
        changes=tuple(_change(one, reference, grid) for reference in references),
        exponent=one.sketch.exponent,
        sketch=pack(one.sketch.values),
    )


def _change(one: Measured, reference: Measured | None, grid: Grid | None) -> ChangeRecord | None:
    """The change of the values that both sketches hold; None where they hold different places."""
    if reference is None or _places(one) != _places(reference):
        return None
    values, there = _values(one), _values(reference)
    weighed = weigh([(values, [there])], Layout(1, values.size), [unit(there)], LOOP)
    [against] = weighed.against
    assert against is not None
    return change_record(against, weighed.histogram.grid, grid)


def _values(one: Measured) -> NDArray[np.float32]:
    """What a sketch stands for, within the range of the values it was taken of.

    Rounding to float16 may carry the largest one past the last bin of the grid.
    """
    with np.errstate(over="ignore"):
        values = unsketch(one.sketch).astype(np.float32)
    known = one.weighed.statistics
    if known.minimum is None or known.maximum is None:
        return values
    inside = np.clip(values, np.float32(known.minimum), np.float32(known.maximum))
    return np.where(np.isfinite(values), inside, values)


def _places(one: Measured) -> tuple[object, ...]:
    return one.shape, one.instances, one.size, len(one.sketch.values)
