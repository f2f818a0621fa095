"""The values of a model's tensors: statistics, histograms, sketches, changes since its parents.

Each tensor is read once, slice by slice, beside the same tensor of the model's root and of its
parent. No model is in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cc_core.change import unit
from cc_core.layout import Layout
from cc_core.sketch import Sketch, positions, sketch
from cc_core.weighing import Weighed, weigh
from cc_export.align import Placed, TensorKey
from cc_export.compiled import LOOP
from cc_export.onnx_models.quantization import Values
from cc_export.onnx_models.read import model_files, read_file
from cc_export.onnx_models.stored import Cuts
from cc_export.onnx_models.weights import Weight, weights

# What the typical magnitude of a tensor is judged by: so many runs of so many values.
_RUNS, _RUN = 4, 512
Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Aligned:
    """A model file and, for each of its tensors in graph order, where it stands in the study."""

    path: Path
    placed: tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class Weighing:
    """What is known of one tensor's values; sketches of all models have the same positions."""

    weighed: Weighed
    sketch: Sketch


def weigh_model(model: Aligned, references: tuple[Aligned, ...]) -> tuple[Weighing, ...]:
    """Weigh every tensor of a model, in graph order, against the same tensors of the references.

    Raises:
        ModelError: a file cannot be read any more.
    """
    known = [_by_key(reference, _stamp(reference.path)) for reference in references]
    return tuple(
        _weigh(weight, placed, [_there(own.get(placed.key), placed.shape) for own in known])
        for weight, placed in _tensors(model)
    )


def _weigh(weight: Weight, placed: Placed, references: Sequence[_Reference | None]) -> Weighing:
    values = _turned(weight, placed)
    shape, axis = weight.shape, weight.output_axis
    if placed.transposed:
        shape, axis = shape[::-1], None if axis is None else 1 - axis
    # A bias has a value for each output, which tells nothing that the tensor as a whole does not.
    layout = Layout.of(shape, axis if len(shape) > 1 else None)
    cuts = layout.cuts(values.stored.count)
    units = [None if r is None else r.unit for r in references]
    blocks = [repeat(None) if r is None else r.values.blocks(cuts) for r in references]
    sampled: list[NDArray[np.floating]] = []
    own = _watched(values, cuts, _wanted("\0".join(placed.key), values.stored.count), sampled)
    weighed = weigh(zip(own, _side_by_side(blocks), strict=False), layout, units, LOOP)
    return Weighing(weighed, sketch(np.concatenate(sampled or [np.empty(0, np.float32)])))


@lru_cache(maxsize=512)
def _wanted(name: str, size: int) -> NDArray[np.int64]:
    """Positions of a tensor that most models of a study have."""
    return positions(name, size)


def _watched(
    values: Values, cuts: Cuts, wanted: NDArray[np.int64], sampled: list[NDArray[np.floating]]
) -> Iterator[NDArray[np.floating]]:
    """The blocks of a tensor, whose values at the wanted positions are kept on the way."""
    bounds = np.searchsorted(wanted, [start for start, _ in cuts] + [values.stored.count])
    for place, ((start, _), block) in enumerate(zip(cuts, values.blocks(cuts), strict=True)):
        sampled.append(block[wanted[bounds[place] : bounds[place + 1]] - start])
        yield block


def _sample(values: Values) -> NDArray[np.floating]:
    """Some values of a tensor: evenly spread runs, or all of a small one."""
    size = values.stored.count
    starts = [(size - _RUN) * run // (_RUNS - 1) for run in range(_RUNS)]
    runs = [(start, start + _RUN) for start in starts] if size > _RUNS * _RUN else [(0, size)]
    return np.concatenate([block.copy() for block in values.blocks(runs)])


def _side_by_side(
    blocks: Iterable[Iterator[NDArray[np.floating] | None]],
) -> Iterator[tuple[NDArray[np.floating] | None, ...]]:
    """Blocks of all references together; without references, empty ones for ever."""
    sources = tuple(blocks)
    return zip(*sources, strict=False) if sources else repeat(())


def _tensors(model: Aligned) -> Iterator[tuple[Weight, Placed]]:
    found = weights(read_file(model.path).model, model.path)
    return zip(found, model.placed, strict=True)


@dataclass(frozen=True)
class _Reference:
    """A tensor that others are compared with, in the study's form."""

    values: Values
    shape: tuple[int, ...]

    @cached_property
    def unit(self) -> int:
        return unit(_sample(self.values))


def _turned(weight: Weight, placed: Placed) -> Values:
    return weight.values.turned() if placed.transposed else weight.values


def _there(found: _Reference | None, shape: tuple[int, ...]) -> _Reference | None:
    """What a tensor of that shape can be compared with."""
    return found if found is not None and found.shape == shape else None


@lru_cache(maxsize=4)
def _by_key(model: Aligned, stamp: Stamp) -> dict[TensorKey, _Reference]:
    """Of a reference, which many models have in common; read again once a file of it changed."""
    return {
        placed.key: _Reference(_turned(weight, placed), placed.shape)
        for weight, placed in _tensors(model)
    }


def _stamp(path: Path) -> Stamp:
    """Times and sizes of a model's file and of its external data."""
    return tuple(map(_time_and_size, _files(path, _time_and_size(path))))


@lru_cache(maxsize=64)
def _files(path: Path, stamp: tuple[int, int]) -> tuple[Path, ...]:
    """A model's file and those of its external data, as long as the file itself does not change."""
    return model_files(path)


def _time_and_size(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_mtime_ns, status.st_size
