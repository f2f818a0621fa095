"""The values of a model's activations over a sample of instances: statistics, histograms, sketches.

Asking a model for its activations can cost as much as computing them: ResNet-50 makes 38 million
values of one image, and handing all of them out takes nearly as long as the forward pass. So each
tensor is looked at in a fixed number of places, drawn anew for each instance and the same in every
model; and what a runtime never makes by itself (a convolution before its norm and its ReLU), or
makes very much of, is asked for on a few instances only. How many values were looked at stands
beside every number. Small tensors are looked at as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cc_core.layout import Layout
from cc_core.sketch import Sketch, positions, sketch
from cc_core.weighing import Weighed, weigh
from cc_export.align import TensorKey
from cc_export.compiled import LOOP
from cc_export.dataset import Dataset
from cc_export.errors import ModelError
from cc_export.onnx_models.activations import Activation, with_outputs
from cc_export.onnx_models.session import Feeds, Session

# Values of a tensor that are looked at, and those of them that are sketched, over all instances.
VALUES, SKETCHED = 1 << 16, 1 << 12
# Multiples of the golden section leave the most even gaps: places of one instance after another.
_GOLDEN = 0.6180339887498949
# What a side is taken for, that neither the model nor its inputs tell.
_UNKNOWN_SIDE = 512


@dataclass(frozen=True, slots=True)
class Sample:
    """How activations are measured.

    ``instances`` of the evaluation set, ``batch`` at a time; ``brief`` of them for tensors that
    slow a model down, being of more than ``large`` values an instance, or never made by
    themselves. About ``memory`` bytes of activations at once.
    """

    instances: int = 64
    batch: int = 8
    brief: int = 4
    large: int = 1 << 16
    memory: int = 160 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """An activation of a model, its key in the study, and whether few instances must do."""

    activation: Activation
    key: TensorKey
    brief: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found of one activation.

    ``shape`` is that of one instance, None for a side that differs between instances. Of ``size``
    values of ``instances`` instances, ``weighed`` tells those that were looked at (its count).
    Models with equal key, shape and instances have their ``sketch`` at the same places.
    """

    key: TensorKey
    tensor: str
    note: str
    shape: tuple[int | None, ...]
    instances: int
    size: int
    weighed: Weighed
    sketch: Sketch


@dataclass(frozen=True, slots=True)
class Exposed:
    """The activations of a model; ``problem`` says why there are none of one that else works.

    ``sample`` are the instances that it was run on, ``brief`` those of them that it was asked on
    for what slows it down.
    """

    measured: tuple[Measured, ...]
    problem: str = ""
    sample: tuple[int, ...] = ()
    brief: tuple[int, ...] = ()


def expose_model(path: Path, wanted: Sequence[Wanted], dataset: Dataset, how: Sample) -> Exposed:
    """As ``expose_activations``; a model that answers, but not so, is no failure."""
    try:
        found = expose_activations(path, wanted, dataset, how)
        sample, brief = sampled(len(dataset), how)
        return Exposed(found, "", tuple(sample.tolist()), tuple(sample[brief].tolist()))
    except ModelError as error:
        return Exposed((), str(error))


def sampled(instances: int, how: Sample) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The instances of so many that models are run on, and the places of the brief ones in them."""
    sample = positions("instances", instances, how.instances)
    few = how.brief if len(sample) > 4 * how.brief else len(sample)
    return sample, positions("brief", len(sample), few)


def expose_activations(
    path: Path, wanted: Sequence[Wanted], dataset: Dataset, how: Sample
) -> tuple[Measured, ...]:
    """Measure the activations of one model, in the order given.

    Tensors that hold no numbers, or none for each instance, are left out. ``how.batch`` instances
    are run together, unless the model insists on another number.

    Raises:
        ModelError: the model cannot be loaded or run with these outputs.
    """
    sample, few = sampled(len(dataset), how)
    some = np.zeros(len(sample), np.bool_)
    some[few] = True
    collected = [_Collected(one, len(few), len(sample), how.large) for one in wanted]
    _run(path, collected, dataset, sample[some], how, brief=True)
    lasting = [one for one in collected if not one.brief]
    _run(path, lasting, dataset, sample[~some], how, brief=False)
    return tuple(found for one in collected if (found := one.measured()) is not None)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        what = f"{path.name}: cannot be read: {error.strerror or error}"
        raise ModelError(what) from None


def _run(  # noqa: PLR0913 (what is run, on what, how)
    path: Path,
    group: Sequence[_Collected],
    dataset: Dataset,
    instances: NDArray[np.int64],
    how: Sample,
    *,
    brief: bool,
) -> None:
    """Run a model on some instances and collect what is wanted of a group of activations.

    For a group too large for the memory, the model is run once for each part of it.
    """
    if not group or not len(instances):
        return
    session = _opened(path, group, brief)
    bytes_each = _bytes_each(session, group, _inputs(dataset, instances[:1]))
    # Fewer instances at a time cost little, running the model again costs as much as all else.
    parts = _parts(group, bytes_each, how.memory // (session.batch or 1))
    for part in parts:
        running = session if len(parts) == 1 else _opened(path, part, brief)
        fitting = how.memory // max(1, sum(bytes_each[one.exposed] for one in part))
        batch = session.batch or max(1, min(how.batch, fitting))
        _collect(running, part, dataset, instances, batch)


def _opened(path: Path, group: Sequence[_Collected], brief: bool) -> Session:
    outputs = tuple(dict.fromkeys(one.exposed for one in group))
    # Read each time: the bytes of a large model are not kept beside what is made of them.
    return Session(path, with_outputs(_content(path), outputs), brief=brief)


def _inputs(dataset: Dataset, instances: NDArray[np.int64]) -> Feeds:
    found = [dataset.inputs(slice(place, place + 1)) for place in instances.tolist()]
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def _bytes_each(session: Session, group: Sequence[_Collected], one: Feeds) -> Mapping[str, int]:
    """About how many bytes each tensor takes for one instance."""
    sides: dict[str, int] = {}
    for name, shape in session.shapes.items():
        given = one[name].shape if name in one else ()
        sides.update(
            {side: n for side, n in zip(shape, given, strict=False) if isinstance(side, str)}
        )
    found = {}
    for entry in group:
        shape = session.shapes.get(entry.exposed, ())[1:]
        known = [s if isinstance(s, int) else sides.get(s or "", _UNKNOWN_SIDE) for s in shape]
        found[entry.exposed] = 4 * math.prod(known)
    return found


def _parts(
    group: Sequence[_Collected], bytes_each: Mapping[str, int], most: int
) -> list[list[_Collected]]:
    """Neighbours together as far as they fit; one that does not fit is alone."""
    parts: list[list[_Collected]] = []
    room = 0
    for one in group:
        needed = bytes_each[one.exposed]
        if not parts or needed > room:
            parts.append([])
            room = most
        parts[-1].append(one)
        room -= needed
    return parts


def _collect(
    session: Session,
    part: Sequence[_Collected],
    dataset: Dataset,
    instances: NDArray[np.int64],
    batch: int,
) -> None:
    outputs = tuple(dict.fromkeys(one.exposed for one in part))
    for start in range(0, len(instances), batch):
        which = instances[start : start + batch]
        given = dict(zip(outputs, session.run(outputs, _inputs(dataset, which)), strict=True))
        for one in part:
            one.add(given[one.exposed], which)


class _Collected:
    """What is kept of one activation, batch by batch."""

    def __init__(self, wanted: Wanted, few: int, all_: int, large: int) -> None:
        self.wanted = wanted
        self.exposed = wanted.activation.exposed
        self.brief = wanted.brief
        self._instances, self._large = (few, all_), large
        self._positions = cache(partial(positions, "\0".join(wanted.key)))
        self._values: dict[int, NDArray[np.floating]] = {}
        self._shapes: set[tuple[int, ...]] = set()
        self._size = 0

    def add(self, values: NDArray[np.generic], instances: NDArray[np.int64]) -> None:
        """Take in the values of some instances, first axis the instances."""
        stored = values.dtype.kind == "f" or self.wanted.activation.scale is not None
        if not stored or not values.ndim or len(values) != len(instances) or not values.size:
            self._size, self.brief = 0, True
            return
        flat = values.reshape(len(values), -1)
        # Decided by the first instances, which are the same for every model.
        self.brief = self.brief or (not self._values and flat.shape[1] > self._large)
        self._shapes.add(values.shape[1:])
        self._size += values.size
        chosen = self._numbers(np.take(flat, self._places(flat.shape[1], instances)))
        self._values.update(zip(instances.tolist(), chosen, strict=True))

    def _share(self, values: int) -> int:
        """Of so many values over all instances those of each one."""
        return values // self._instances[0 if self.brief else 1]

    def _places(self, size: int, instances: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places in (instances, size), flattened, of the values that are looked at."""
        rows = size * np.arange(len(instances), dtype=np.int64)[:, None]
        places = self._positions(size, self._share(VALUES))
        if len(places) == size:
            return rows + places
        shifts = np.floor(instances * _GOLDEN % 1 * size).astype(np.int64)[:, None]
        return np.asarray(rows + (places + shifts) % size, np.int64)

    def _numbers(self, chosen: NDArray[np.generic]) -> NDArray[np.floating]:
        how = self.wanted.activation
        if chosen.dtype == np.float64:
            return np.asarray(chosen, np.float64)
        numbers = chosen.astype(np.float32)
        if how.scale is not None and chosen.dtype.kind in "iu":
            numbers = (numbers - np.float32(how.zero_point)) * np.float32(how.scale)
        return numbers

    def measured(self) -> Measured | None:
        """What the values add up to; None where they were no numbers of the instances."""
        ranks = {len(shape) for shape in self._shapes}
        if not self._size or len(ranks) != 1:
            return None
        parts = [self._values[place] for place in sorted(self._values)]
        values = np.concatenate(parts)
        layout = Layout(1, values.size)
        blocks = ((values[start:stop], ()) for start, stop in layout.cuts(values.size))
        sketched = [part[self._positions(part.size, self._share(SKETCHED))] for part in parts]
        sides = (set(side) for side in zip(*self._shapes, strict=True))
        return Measured(
            key=self.wanted.key,
            tensor=self.wanted.activation.tensor,
            note=self.wanted.note,
            shape=tuple(side.pop() if len(side) == 1 else None for side in sides),
            instances=len(parts),
            size=self._size,
            weighed=weigh(blocks, layout, (), LOOP),
            sketch=sketch(np.concatenate(sketched)),
        )
