"""The tree of layers of several models side by side, each against the first, from their chunks.

A change is exact where a chunk has it: against the model's root and parent, and the other way
round. Between any other two models it is estimated from their sketches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cc_core.change import NOT_COMPARED, STEPS, Change, steps, unit
from cc_core.columns import Column, Key, Tensor, unpacked, whole_counts
from cc_core.dyadic import Dyadic, Grid, coarsen
from cc_core.errors import CoreError
from cc_core.layers import Leaf, Row, joined_grid, layer_tree
from cc_core.sketch import Sketch, estimate, unsketch
from cc_core.statistics import Statistics

Compared = Literal["base", "exact", "sketch", "no"]
# Bins are split by steps of change, and by "not compared".
KINDS = NOT_COMPARED + 1
assert STEPS == NOT_COMPARED
# Mean square of float16's rounding, as a share of that of values, at most: a step is 2^-10 of them.
_ROUNDING = 2.0**-20 / 12


@dataclass(frozen=True, slots=True)
class Facts:
    """What adds up over tensors besides statistics, histograms and changes.

    ``bits`` in the file of ``trained`` values. ``fitting`` of ``pattern_values`` values keep an N:M
    pattern. All values of ``empty_channels`` of ``channels`` are zero. ``floor``: noise that the
    rounding of sketches may hide, ``variance``: that of an estimated noise. ``lone``: tensors that
    could not be compared.
    """

    bits: int = 0
    trained: int = 0
    pattern_values: int = 0
    fitting: Mapping[str, int] = field(default_factory=dict)
    channels: int = 0
    empty_channels: int = 0
    floor: float = 0.0
    variance: float = 0.0
    sketched: int = 0
    lone: int = 0

    def __add__(self, other: Facts) -> Facts:
        """Those of both."""
        names = dict.fromkeys((*self.fitting, *other.fitting))
        return Facts(
            self.bits + other.bits,
            self.trained + other.trained,
            self.pattern_values + other.pattern_values,
            {name: self.fitting.get(name, 0) + other.fitting.get(name, 0) for name in names},
            self.channels + other.channels,
            self.empty_channels + other.empty_channels,
            self.floor + other.floor,
            self.variance + other.variance,
            self.sketched + other.sketched,
            self.lone + other.lone,
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """A tensor or group of one model.

    ``compared`` says how it was: as the ``base`` itself, from ``exact`` sums, by ``sketch`` (at
    least a part of a group), or not. ``error`` is the relative standard error of an estimated
    Σ(r-t)². Where sketches are closer than their rounding tells, ``at_least_db`` is a bound of the
    SQNR, and neither it nor the relative change is known. ``effective_bits`` of each trained value,
    ``patterns`` shares of the values of kernels and matrices. ``note`` says why a tensor has no
    partner; ``lone`` counts such tensors of a group. Its counts on the row's grid begin at
    ``first`` in the answer's buffer: (bins, 8) split by steps of change, the last not compared.
    """

    statistics: Statistics
    compared: Compared
    change: Change | None
    relative_l2: float | None
    sqnr_db: float | None
    cosine: float | None
    at_least_db: float | None
    error: float | None
    effective_bits: float | None
    patterns: Mapping[str, float]
    channels: int
    empty_channels: int
    lone: int
    note: str
    first: int


@dataclass(frozen=True, slots=True)
class TableRow:
    """A module or tensor, with an entry for each model: None where it has no such thing.

    ``reasons`` say why, where a tensor is missing. Bin k of the row's histograms begins at
    (``first`` + k)·2^``exponent``; there are no ``bins`` where no value is finite.
    """

    path: str
    name: str
    is_tensor: bool
    operators: tuple[str, ...]
    exponent: int
    first: int
    bins: int
    cells: tuple[Cell | None, ...]
    reasons: tuple[str, ...]
    children: tuple[TableRow, ...]


def layer_table(columns: Sequence[Column]) -> tuple[TableRow, NDArray[np.float32]]:
    """All layers of some models as a tree, each against the first, and the counts of its cells.

    Raises:
        CoreError: there are no models.
    """
    if not columns:
        raise CoreError("a table of layers needs at least one model")
    details = [
        {key: _detail(columns[0], column, tensor) for key, tensor in column.tensors.items()}
        for column in columns
    ]
    table = _Table(columns, details)
    root = table.row([layer_tree([one.leaf for one in found.values()]) for found in details])
    return root, np.concatenate([*table.counts, np.empty(0, np.float32)])


@dataclass(frozen=True, slots=True)
class _Pair:
    """What became of a tensor: ``split`` is its histogram by steps of change, where known."""

    compared: Compared
    change: Change | None = None
    split: NDArray[np.int64] | None = None
    floor: float = 0.0
    variance: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Detail:
    """A tensor of a column: its place in the tree, and what is told of it besides."""

    leaf: Leaf
    facts: Facts
    note: str
    operators: tuple[str, ...]


def _detail(base: Column, own: Column, tensor: Tensor) -> _Detail:
    pair = _pair(base, own, tensor)
    record, known = tensor.record, tensor.statistics
    histogram = None
    if tensor.histogram is not None:
        split = pair.split
        if split is None:
            split = np.zeros((tensor.histogram.grid.bins, KINDS), np.int64)
            split[:, NOT_COMPARED] = tensor.histogram.counts
        histogram = Dyadic(tensor.histogram.grid, split)
    bits, fitting = record.get("bits"), record.get("patterns")
    facts = Facts(
        bits=int(bits or 0),
        trained=known.count if bits is not None else 0,
        pattern_values=known.count if fitting is not None else 0,
        fitting={name: int(value) for name, value in (fitting or {}).items()},
        channels=int(record.get("channels", 0)),
        empty_channels=int(record.get("empty_channels", 0)),
        floor=pair.floor,
        variance=pair.variance,
        sketched=int(pair.compared == "sketch"),
        lone=int(pair.compared == "no"),
    )
    leaf = Leaf(*tensor.key, known, histogram, (pair.change,))
    note = "; ".join(text for text in (record.get("note", ""), pair.note) if text)
    return _Detail(leaf, facts, note, tensor.operators)


def _pair(base: Column, own: Column, tensor: Tensor) -> _Pair:
    key, other = tensor.key, base.tensors.get(tensor.key)
    if own.model == base.model:
        return _Pair("base")
    if other is None:
        return _Pair("no", note=_lone(base, own, key))
    exact = None
    if "exponent" not in tensor.record:  # changes of activations are those of their sketches
        exact = _stored(own, tensor, base) or _turned(_stored(base, other, own))
    estimated = _estimated(base, own, tensor)
    if exact is None:
        return estimated
    return exact if exact.split is not None else replace(exact, split=estimated.split)


def _stored(own: Column, tensor: Tensor, base: Column) -> _Pair | None:
    """The change that a chunk has, against a model that it names as a reference."""
    if base.model not in own.references:
        return None
    record = tensor.record["changes"][own.references.index(base.model)]
    if record is None:
        return None
    whole = ("count", "skipped", "same")
    sums = ("signal", "power", "noise", "product", "largest")
    change = Change(*(int(record[name]) for name in whole), *(float(record[name]) for name in sums))
    split = None
    if tensor.histogram is not None:
        packed = unpacked(record["by_change"])
        bins = tensor.histogram.grid.bins
        if packed.size != bins * KINDS:
            split = np.zeros((bins, KINDS), np.int64)
        else:
            split = whole_counts(packed.reshape(bins, KINDS), int(tensor.histogram.counts.sum()))
    return _Pair("exact", change, split)


def _turned(found: _Pair | None) -> _Pair | None:
    """The other way round: what was the reference is the tensor. Its histogram is another one."""
    if found is None or found.change is None:
        return None
    change = found.change
    return _Pair("exact", replace(change, signal=change.power, power=change.signal))


def _estimated(base: Column, own: Column, tensor: Tensor) -> _Pair:
    """The change that two sketches tell, if both are there and of tensors of one form."""
    theirs, ours = base.sketches.get(tensor.key), own.sketches.get(tensor.key)
    if theirs is None or ours is None:
        return _Pair("no", note="sketches of both models are needed to compare them")
    (form, reference), (own_form, sketch) = theirs, ours
    if form != own_form or reference.values.shape != sketch.values.shape:
        return _Pair("no", note=f"of another shape than in {base.model}")
    found = estimate(reference, sketch, max(tensor.statistics.count, sketch.values.size))
    floor = _ROUNDING * (found.change.signal + found.change.power)
    noise, count = found.change.noise, max(1, sketch.values.size)
    rounding = floor + 2 * math.sqrt(noise) * math.sqrt(floor / count)
    variance = (noise * (found.error or 0.0)) ** 2 + rounding**2
    split = _split(tensor.histogram, reference, sketch) if tensor.histogram else None
    return _Pair("sketch", found.change, split, floor, variance)


def _split(histogram: Dyadic, reference: Sketch, sketch: Sketch) -> NDArray[np.int64]:
    """A histogram (bins, 8) split as the sketched values of each bin are.

    Bins of which no value is sketched are not compared.
    """
    grid, counts = histogram.grid, histogram.counts
    r, t = unsketch(reference), unsketch(sketch)
    r, t = r[np.isfinite(t)], t[np.isfinite(t)]
    with np.errstate(over="ignore", invalid="ignore"):
        gap = np.abs(r - t).astype(np.float32)
        bins = np.clip(np.floor(np.ldexp(t, -grid.exponent)) - grid.first, 0, grid.bins - 1)
    usable = np.isfinite(r)
    kinds = np.full(len(t), NOT_COMPARED, np.int64)
    kinds[usable] = steps(gap[usable], unit(r))
    sampled = np.zeros((grid.bins, KINDS), np.int64)
    np.add.at(sampled, (bins.astype(np.int64), kinds), 1)
    of_bin = sampled.sum(axis=1)
    split = np.floor(sampled * (counts / np.maximum(of_bin, 1))[:, None]).astype(np.int64)
    # What rounding leaves of a bin is of its commonest step.
    common = np.where(of_bin > 0, sampled.argmax(axis=1), NOT_COMPARED)
    split[np.arange(grid.bins), common] += counts - split.sum(axis=1)
    return np.asarray(split, np.int64)


def _lone(base: Column, own: Column, key: Key) -> str:
    """Why the base has no tensor that the model has."""
    if own.aligned == base.model and ("model", key) in own.sided:
        return own.sided["model", key]
    if base.aligned == own.model and ("base", key) in base.sided:
        return base.sided["base", key]
    return f"not in {base.model}"


class _Table:
    """Makes rows of the trees of all columns."""

    def __init__(self, columns: Sequence[Column], details: Sequence[Mapping[Key, _Detail]]) -> None:
        self._columns, self._details = columns, details
        self.counts: list[NDArray[np.float32]] = []
        self._first = 0

    def row(self, rows: Sequence[Row | None]) -> TableRow:
        """A row of the table from the same row of each tree, None where a tree has none."""
        known = [row for row in rows if row is not None]
        grids = [row.histogram.grid for row in known if row.histogram is not None]
        grid = joined_grid(grids) if grids else Grid(0, 0, 0)
        below: list[dict[tuple[bool, str], Row]] = [
            {(child.is_tensor, child.name): child for child in row.children} if row else {}
            for row in rows
        ]
        order = dict.fromkeys(name for children in below for name in children)
        operators = dict.fromkeys(
            operator
            for place, row in enumerate(rows)
            for detail in self._within(place, row)
            for operator in detail.operators
        )
        key = (known[0].path, known[0].name)
        missing = known[0].is_tensor and None in rows
        return TableRow(
            path=known[0].path,
            name=known[0].name,
            is_tensor=known[0].is_tensor,
            operators=tuple(operators),
            exponent=grid.exponent,
            first=grid.first,
            bins=grid.bins,
            cells=tuple(self._cell(place, row, grid) for place, row in enumerate(rows)),
            reasons=tuple(
                self._missing(place, key) if missing and row is None else ""
                for place, row in enumerate(rows)
            ),
            children=tuple(self.row([found.get(name) for found in below]) for name in order),
        )

    def _within(self, place: int, row: Row | None) -> Iterable[_Detail]:
        if row is None:
            return
        if row.is_tensor:
            yield self._details[place][row.path, row.name]
        for child in row.children:
            yield from self._within(place, child)

    def _missing(self, place: int, key: Key) -> str:
        """Why a model has no tensor that another one of the table has."""
        own, base = self._columns[place], self._columns[0]
        if own.aligned == base.model and ("base", key) in own.sided:
            return own.sided["base", key]
        for other in self._columns:
            if other.aligned == own.model and ("model", key) in other.sided:
                return other.sided["model", key]
        return f"not in {own.model}"

    def _cell(self, place: int, row: Row | None, grid: Grid) -> Cell | None:
        if row is None:
            return None
        details = list(self._within(place, row))
        facts = reduce(Facts.__add__, (one.facts for one in details), Facts())
        change = row.changes[0] if row.changes else None
        counts = np.zeros((grid.bins, KINDS), np.int64)
        if row.histogram is not None:
            counts = coarsen(row.histogram, grid)
        self.counts.append(counts.reshape(-1).astype(np.float32))
        self._first += counts.size
        near = change is not None and facts.sketched > 0 and change.noise <= 2 * facts.floor
        told = change if change is not None and not near else None
        compared: Compared = "sketch" if facts.sketched else "exact"
        if self._columns[place].model == self._columns[0].model:
            compared = "base"
        return Cell(
            statistics=row.statistics,
            compared=compared if change is not None or compared == "base" else "no",
            change=change,
            relative_l2=told.relative_l2 if told else None,
            sqnr_db=told.sqnr_db if told else None,
            cosine=change.cosine if change else None,
            at_least_db=_bound(change, facts) if near and change else None,
            error=_error(change, facts),
            effective_bits=facts.bits / facts.trained if facts.trained else None,
            patterns={name: n / facts.pattern_values for name, n in facts.fitting.items()},
            channels=facts.channels,
            empty_channels=facts.empty_channels,
            lone=facts.lone,
            note=details[0].note if row.is_tensor else "",
            first=self._first - counts.size,
        )


def _bound(change: Change, facts: Facts) -> float | None:
    floor = 2 * facts.floor
    return 10 * math.log10(change.signal / floor) if floor and change.signal else None


def _error(change: Change | None, facts: Facts) -> float | None:
    """Relative standard error of the noise; 0 where it is exact."""
    if change is None:
        return None
    if not facts.sketched:
        return 0.0
    return math.sqrt(facts.variance) / change.noise if change.noise else None
