"""The records of a model's layers, from what its tensors weigh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.dyadic import Dyadic, Grid, coarsen, shared_grid
from cc_core.histogram import pack_counts
from cc_core.patterns import Patterns
from cc_core.statistics import Statistics
from cc_core.weighing import Against
from cc_export.align import Placed, TensorKey
from cc_export.bundle.chunk import pack
from cc_export.bundle.records.layers import (
    ActivationRecord,
    LayerRecord,
    LayersChunk,
    LayersPart,
    OneSidedRecord,
    PartRecord,
    QuantizationRecord,
    SketchesChunk,
    SketchesPart,
    SketchRecord,
    TensorRecord,
)
from cc_export.bundle.records.tensors import (
    ChangeRecord,
    HistogramRecord,
    StatisticsRecord,
    WorstChannelRecord,
)
from cc_export.inspect import TensorFacts
from cc_export.onnx_models.quantization import Quantization
from cc_export.results import FILES, INSPECT, PATTERNS, WEIGH, ModelResult, Results
from cc_export.weigh import Weighing

Grids = Mapping[TensorKey, Grid | None]
# Scales that are listed one by one: of the channels of any layer, but not of its blocks.
_MOST_SCALES = 4096
# About how many characters they take: a sketch's record, a tensor's, its change, a scale and zero.
_ROW, _TENSOR, _CHANGE, _SCALE = 200, 900, 1000, 26


@dataclass(frozen=True, slots=True)
class _Row:
    """A tensor with all that is known of it."""

    facts: TensorFacts
    placed: Placed
    weighing: Weighing
    bits: int | None
    patterns: Patterns


def study_grids(results: Results) -> Grids:
    """The grid of each tensor's histograms, on which all models of the study nest."""
    ranges: dict[TensorKey, list[tuple[float, float]]] = {}
    for result in results:
        for row in _rows(result):
            known = row.weighing.weighed.statistics
            found = ranges.setdefault(row.placed.key, [])
            if known.minimum is not None and known.maximum is not None:
                found.append((known.minimum, known.maximum))
    return {key: shared_grid(known) for key, known in ranges.items()}


def layers_given(result: ModelResult, grids: Grids) -> object:
    """What a model's layers depend on, in few bytes; None where it is not known."""
    origin, aligned = result.origin(INSPECT, FILES, WEIGH, PATTERNS), result.alignment
    if origin is None or aligned is None:
        return None
    shared = tuple(grids[placed.key] for placed in aligned.placed)
    return origin, result.model.id, result.references, aligned, shared


def layer_sizes(result: ModelResult) -> list[tuple[str, int]]:
    """Each layer of a model, and about how many characters its tensors take."""
    each = _TENSOR + _CHANGE * len(result.references)
    return [
        (path, sum(each + _SCALE * _scales(row.facts) for row in rows))
        for path, rows in _grouped(result).items()
    ]


def layers_chunk(
    result: ModelResult, grids: Grids, which: slice, parts: tuple[PartRecord, ...] | None
) -> LayersChunk | LayersPart:
    """Some layers of one weighed model: tensors grouped by module, in graph order.

    A part where ``parts`` is None.
    """
    assert result.inspection is not None and result.alignment is not None
    layers = tuple(
        LayerRecord(
            path=path,
            operators=tuple(dict.fromkeys(o for row in rows for o in row.facts.operators)),
            tensors=tuple(_tensor(row, grids[row.placed.key]) for row in rows),
        )
        for path, rows in list(_grouped(result).items())[which]
    )
    if parts is None:
        return LayersPart(result.model.id, layers)
    return LayersChunk(
        model=result.model.id,
        references=result.references,
        base=result.alignment.base,
        operators=dict(result.inspection.operators),
        layers=layers,
        parts=parts,
        one_sided=tuple(
            OneSidedRecord(*one.key, one.side, one.kind, one.reason)
            for one in result.alignment.one_sided
        ),
        activations=tuple(
            ActivationRecord(a.tensor, a.layer, a.operator) for a in result.inspection.activations
        ),
    )


def sketch_sizes(result: ModelResult) -> list[tuple[str, int]]:
    """The layer of each tensor, and about how many characters its sketch takes."""
    return [
        (row.placed.key[0], _ROW + 4 * row.weighing.sketch.values.nbytes // 3)
        for row in _rows(result)
    ]


def sketches_chunk(
    result: ModelResult, which: slice, parts: tuple[PartRecord, ...] | None
) -> SketchesChunk | SketchesPart:
    """The sketches of some tensors of one weighed model; a part where ``parts`` is None."""
    tensors = tuple(map(_sketch, list(_rows(result))[which]))
    if parts is None:
        return SketchesPart(result.model.id, tensors)
    return SketchesChunk(result.model.id, tensors, parts)


def _grouped(result: ModelResult) -> dict[str, list[_Row]]:
    grouped: dict[str, list[_Row]] = {}
    for row in _rows(result):
        grouped.setdefault(row.placed.key[0], []).append(row)
    return grouped


def _scales(facts: TensorFacts) -> int:
    """Scales of a tensor that are listed."""
    size = facts.quantization.scale.size if facts.quantization else 0
    return size if size <= _MOST_SCALES else 0


def _rows(result: ModelResult) -> Iterator[_Row]:
    if result.inspection is None or result.alignment is None or result.weights is None:
        return
    tensors = result.inspection.tensors
    stored = iter(result.facts.stored.each if result.facts else ())
    bits = [next(stored, None) if tensor.trained else None for tensor in tensors]
    patterns = result.patterns or (Patterns(),) * len(tensors)
    yield from map(_Row, tensors, result.alignment.placed, result.weights, bits, patterns)


def _tensor(row: _Row, grid: Grid | None) -> TensorRecord:
    facts, placed, weighed = row.facts, row.placed, row.weighing.weighed
    return TensorRecord(
        layer=placed.key[0],
        name=placed.key[1],
        role=facts.role,
        initializer=facts.initializer,
        shape=facts.shape,
        dtype=facts.dtype,
        quantization=_quantization(facts.quantization) if facts.quantization else None,
        how=placed.how,
        note=placed.note,
        channels=weighed.channels,
        empty_channels=weighed.empty_channels,
        bits=row.bits,
        patterns=dict(row.patterns.fitting) if row.patterns.count else None,
        statistics=statistics_record(weighed.statistics),
        histogram=histogram_record(weighed.histogram, grid) if grid else None,
        changes=tuple(
            change_record(against, weighed.histogram.grid, grid) if against else None
            for against in weighed.against
        ),
    )


def _sketch(row: _Row) -> SketchRecord:
    known = row.weighing.sketch
    return SketchRecord(
        layer=row.placed.key[0],
        name=row.placed.key[1],
        shape=row.placed.shape,
        count=row.weighing.weighed.statistics.count,
        exponent=known.exponent,
        values=pack(known.values),
    )


def statistics_record(known: Statistics) -> StatisticsRecord:
    """Statistics as a bundle has them."""
    return StatisticsRecord(
        count=known.count,
        zeros=known.zeros,
        nan=known.nan,
        infinite=known.infinite,
        minimum=known.minimum,
        maximum=known.maximum,
        total=known.total,
        squares=known.squares,
    )


def histogram_record(counted: Dyadic, grid: Grid) -> HistogramRecord:
    """A histogram on the grid that is shown; it has values, or there would be no grid."""
    counts = coarsen(counted, grid) if counted.counts.any() else _none(grid)
    return HistogramRecord(
        exponent=grid.exponent,
        first=grid.first,
        bins=grid.bins,
        total=int(counts.sum()),
        counts=pack(pack_counts(counts)),
    )


def change_record(against: Against, own: Grid, grid: Grid | None) -> ChangeRecord:
    """A change against a reference, its split histogram on the grid that is shown."""
    change, worst = against.change, against.worst_channel
    split = against.by_change
    shown = coarsen(Dyadic(own, split), grid) if grid and split.any() else split[:0]
    return ChangeRecord(
        count=change.count,
        skipped=change.skipped,
        same=change.same,
        signal=change.signal,
        power=change.power,
        noise=change.noise,
        product=change.product,
        largest=change.largest,
        unit=against.unit,
        by_change=pack(pack_counts(shown)),
        worst_channel=WorstChannelRecord(worst.channel, worst.sqnr_db) if worst else None,
    )


def _none(grid: Grid) -> NDArray[np.int64]:
    return np.zeros(grid.bins, np.int64)


def _quantization(how: Quantization) -> QuantizationRecord:
    listed = how.scale.size <= _MOST_SCALES
    return QuantizationRecord(
        axis=how.axis,
        block=how.block,
        scales=how.scale.size,
        scale=tuple(float(value) for value in how.scale.reshape(-1)) if listed else (),
        # Whole numbers, but for MatMulNBits, which also takes them as floats.
        zero_point=tuple(how.zero_point.reshape(-1).tolist()) if listed else (),
    )
