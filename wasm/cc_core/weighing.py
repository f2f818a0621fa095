"""Everything that is measured of one tensor, in one pass over its values and its references'."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.change import NOT_COMPARED, Change, sqnr_db, steps
from cc_core.dyadic import Dyadic, Grid, coarsen, grid_of, places, scales_in_float32
from cc_core.layout import Layout
from cc_core.loop import Compared, Loop, Sums, Tally
from cc_core.statistics import Statistics

# Values of which only the place is remembered, until so many are counted at once.
_COUNTED = 1 << 16
# Steps of change, and "not compared".
KINDS = NOT_COMPARED + 1
_BITS = 3
# BLAS may use threads above this many values, and then rounds differently from run to run.
_DOT = 1 << 13

Values = NDArray[np.floating]
# What ndarray.min() and its like call, at a third of the cost of a call.
_MIN, _MAX, _SUM = np.minimum.reduce, np.maximum.reduce, np.add.reduce
_COUNT = np.count_nonzero


@dataclass(frozen=True, slots=True)
class WorstChannel:
    """The output channel with the least SQNR (decibels) among those that are not all zero."""

    channel: int
    sqnr_db: float


@dataclass(frozen=True, slots=True)
class Against:
    """A tensor against one reference.

    ``by_change`` splits the tensor's histogram by steps of change, in units of 2^``unit``: int64
    (bins, 8), the last for values that could not be compared. ``worst_channel`` is None where no
    channel changed, or there are none. ``signal`` and ``noise`` are the channels' Σr² and Σ(r-t)².
    """

    change: Change
    unit: int
    by_change: NDArray[np.int64]
    worst_channel: WorstChannel | None
    signal: NDArray[np.float64]
    noise: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one pass found of a tensor: ``histogram`` counts its finite values, int64 (bins,).

    ``empty_channels`` of its ``channels`` have no value but zero. ``against`` has an entry for each
    reference, None for one that has no such tensor. ``power`` is Σx² of each channel.
    """

    statistics: Statistics
    histogram: Dyadic
    channels: int
    empty_channels: int
    against: tuple[Against | None, ...]
    power: NDArray[np.float64]


def weigh(
    blocks: Iterable[tuple[Values, Sequence[Values | None]]],
    layout: Layout,
    units: Sequence[int | None],
    loop: Loop | None = None,
) -> Weighed:
    """Measure a tensor block by block, in the order of ``layout.cuts``.

    Args:
        blocks: the tensor's values (n,), float32 or float64, and those of each reference, None
            for a reference that has no such tensor.
        layout: where its channels are.
        units: for each reference the ``unit`` that changes are measured by, None as in blocks.
        loop: what blocks of finite float32 values are left to; numpy takes all others.
    """
    found = _Pass(layout, units, _ROOM, loop)
    # Sums beyond float64 are infinite, and NaN are counted.
    with np.errstate(all="ignore"):
        for values, references in blocks:
            found.add(values, references)
    return found.result()


@dataclass(frozen=True, slots=True)
class _Block:
    wide: NDArray[np.float64]
    other: NDArray[np.float64]
    narrow: NDArray[np.float32]
    flags: NDArray[np.bool_]

    @classmethod
    def of_size(cls, size: int) -> _Block:
        return cls(
            np.empty(size, np.float64),
            np.empty(size, np.float64),
            np.empty(size, np.float32),
            np.empty(size, np.bool_),
        )

    def cut(self, size: int) -> _Block:
        return _Block(self.wide[:size], self.other[:size], self.narrow[:size], self.flags[:size])


class _Room(threading.local):
    """Room for one block, used again and again: fresh memory would cost more than the sums."""

    def __init__(self) -> None:
        self.index = np.empty(_COUNTED, np.int32)
        self._whole = self._cut = _Block.of_size(0)

    def block(self, size: int) -> _Block:
        """Arrays as long as a block; those of the last one are overwritten."""
        if size > self._whole.wide.size:
            self._whole = _Block.of_size(size)
        if size != self._cut.wide.size:
            self._cut = self._whole.cut(size)
        return self._cut


_ROOM = _Room()


class _Reference:
    """Running sums against one reference."""

    def __init__(self, unit: int, channels: int) -> None:
        self.unit = unit
        self.skipped = self.same = 0
        self.power = self.product = self.largest = 0.0
        self.signal, self.noise = np.zeros(channels), np.zeros(channels)

    def against(self, count: int, by_change: NDArray[np.int64]) -> Against:
        change = Change(
            count=count,
            skipped=self.skipped,
            same=self.same,
            signal=float(self.signal.sum()),
            power=self.power,
            noise=float(self.noise.sum()),
            product=self.product,
            largest=self.largest,
        )
        worst = self.worst()
        return Against(change, self.unit, by_change, worst, self.signal, self.noise)

    def worst(self) -> WorstChannel | None:
        """Of several equal ones the first; None when every channel is equal or all zero."""
        if len(self.signal) == 1:
            return None
        with np.errstate(all="ignore"):
            shares = np.log(self.noise) - np.log(self.signal)
        # Finite where both sums are, and neither is zero.
        shares[~np.isfinite(shares)] = -np.inf
        channel = int(np.argmax(shares))
        if shares[channel] == -np.inf:
            return None
        found = sqnr_db(float(self.noise[channel]), float(self.signal[channel]))
        assert found is not None
        return WorstChannel(channel, found)


class _Pass:
    """Running sums of a tensor; ``add`` takes its blocks in order."""

    def __init__(
        self, layout: Layout, units: Sequence[int | None], room: _Room, loop: Loop | None
    ) -> None:
        self._layout = layout
        self._references = [None if u is None else _Reference(u, layout.channels) for u in units]
        self._shift = _BITS * sum(reference is not None for reference in self._references)
        self._low, self._high = math.inf, -math.inf
        self._grid = Grid(0, 0, 1)
        self._joint = np.zeros(1 << self._shift, np.int64)
        self._power = np.zeros(layout.channels)
        self._used = np.zeros(layout.channels, np.bool_)
        self._count = self._zeros = self._nan = self._infinite = self._waiting = 0
        self._total = 0.0
        self._room = room
        compared = [Compared(r.unit, r.signal, r.noise) for r in self._references if r is not None]
        self._tally = loop.tally(layout, self._power, compared) if loop is not None else None

    def add(self, values: Values, references: Sequence[Values | None]) -> None:
        """Take in the next block."""
        start, size = self._count, values.size
        if not size:
            return
        self._count += size
        if self._tally is not None and self._tallied(self._tally, values, references):
            return
        room = self._room.block(size)
        self._zeros += int(_COUNT(np.equal(values, 0, out=room.flags)))
        wide = room.wide
        np.copyto(wide, values)
        low, high = float(_MIN(values)), float(_MAX(values))
        finite = None
        located = values
        if not (math.isfinite(low) and math.isfinite(high)):
            finite = np.isfinite(wide)
            nan = int(np.isnan(wide).sum())
            self._nan += nan
            self._infinite += int(size - finite.sum()) - nan
            kept = wide[finite]
            low, high = (kept.min(), kept.max()) if kept.size else (math.inf, -math.inf)
            wide[~finite] = 0
        if finite is not None or values.dtype == np.float64:
            # A square tells nothing of what is not finite, or below 1e-162.
            places_used = start + np.flatnonzero(values)
            self._used[places_used // self._layout.inner % self._layout.channels] = True
        self._reach(float(low), float(high))
        if finite is not None:
            # Where a NaN or infinity would stand is not asked for; it is not counted.
            located = np.where(finite, wide, self._low)
        self._total += float(_SUM(wide))
        power = self._add_products(self._power, wide, wide, start)
        index = places(located, self._grid, self._places_of(size), room.narrow)
        if self._shift:
            np.left_shift(index, self._shift, out=index)
        shift = 0
        for own, given in zip(self._references, references, strict=True):
            if own is not None and given is not None:
                kinds = self._compare(own, room, values, given, finite, power, start)
                if shift:
                    np.left_shift(kinds, shift, out=kinds)
                np.bitwise_or(index, kinds, out=index)
                shift += _BITS
        if finite is not None:
            counted = index[finite]
            size = counted.size
            index[:size] = counted
        self._waiting += size

    def _tallied(self, tally: Tally, values: Values, references: Sequence[Values | None]) -> bool:
        """Whether the loop could add the block, and did."""
        known = [given for given in references if given is not None]
        bounds = tally.take(values, known)
        if bounds is None:
            return False
        self._reach(*bounds)
        if not scales_in_float32(self._grid):
            return False
        tally.add(self._count - values.size, self._grid, self._joint)
        return True

    def _places_of(self, size: int) -> NDArray[np.int32]:
        """Room behind the places that wait, which are counted when it does not suffice."""
        if self._waiting + size > self._room.index.size:
            self._count_waiting()
            if size > self._room.index.size:
                self._room.index = np.empty(size, np.int32)
        return self._room.index[self._waiting : self._waiting + size]

    def _count_waiting(self) -> None:
        if self._waiting:
            waiting = self._room.index[: self._waiting]
            self._joint += np.bincount(waiting, minlength=self._joint.size)
            self._waiting = 0

    def _reach(self, low: float, high: float) -> None:
        """Widen the grid to hold a block's finite values; what was counted stays counted."""
        if (self._low <= low and high <= self._high) or low > high:
            return
        first = self._low > self._high
        self._low, self._high = min(self._low, low), max(self._high, high)
        grid = grid_of(self._low, self._high)
        if grid == self._grid:
            return
        if first:
            self._joint = np.zeros(grid.bins << self._shift, np.int64)
        else:
            self._count_waiting()
            joint = self._joint.reshape(self._grid.bins, 1 << self._shift)
            self._joint = coarsen(Dyadic(self._grid, joint), grid).reshape(-1)
        self._grid = grid

    def _compare(  # noqa: PLR0913, PLR0917 (one block as ``add`` has it)
        self,
        own: _Reference,
        room: _Block,
        values: Values,
        given: Values,
        finite: NDArray[np.bool_] | None,
        power: float,
        start: int,
    ) -> NDArray[np.int32]:
        """Add the block's sums against a reference; gives the kind of change of each value."""
        size = given.size
        wide, other = room.wide, room.other
        # Of two float32 tensors the difference is rounded once, to float32.
        gap = np.subtract(given, values, out=room.narrow)
        np.abs(gap, out=gap)
        largest = float(_MAX(gap))
        np.copyto(other, given)
        usable = finite
        if not math.isfinite(largest):
            known = np.isfinite(other)
            usable = known if finite is None else known & finite
        if usable is not None:
            skipped = size - int(_COUNT(usable))
            own.skipped += skipped
            own.same -= skipped
            other[~usable] = 0
            gap[~usable] = 0
            wide = np.where(usable, wide, 0)
            largest = float(gap.max())
            power = _dot(wide, wide)
        own.largest = max(own.largest, largest)
        own.same += int(_COUNT(np.equal(gap, 0, out=room.flags)))
        own.power += power
        own.product += _dot(other, wide)
        self._add_products(own.signal, other, other, start)
        np.copyto(other, gap)
        self._add_products(own.noise, other, other, start)
        kinds = steps(gap, own.unit)
        if usable is not None:
            kinds[~usable] = NOT_COMPARED
        return kinds

    def _add_products(
        self, into: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64], start: int
    ) -> float:
        """Add Σa·b of each channel; gives the sum over all."""
        channels, inner = self._layout.channels, self._layout.inner
        if channels == 1 or (inner > 1 and a.size % inner):
            added = _dot(a, b)
            into[start // inner % channels] += added
            return added
        if inner == 1:
            sums = np.einsum("ij,ij->j", a.reshape(-1, channels), b.reshape(-1, channels))
        else:
            sums = _row_products(a.reshape(-1, inner), b.reshape(-1, inner))
        first = 0 if inner == 1 else (start // inner) % channels
        if first + len(sums) <= channels:
            into[first : first + len(sums)] += sums
        else:
            np.add.at(into, (first + np.arange(len(sums))) % channels, sums)
        return float(_SUM(sums))

    def _add_up(self, sums: Sums) -> None:
        self._zeros += sums.zeros
        self._total += sums.total
        known = [own for own in self._references if own is not None]
        for own, found in zip(known, sums.compared, strict=True):
            own.same += found.same
            own.power += sums.squares
            own.product += found.product
            own.largest = max(own.largest, found.largest)

    def result(self) -> Weighed:
        """What all blocks add up to."""
        self._count_waiting()
        if self._tally is not None:
            self._add_up(self._tally.sums())
        # The last reference's kind is in the highest bits, so its axis comes first.
        compared = sum(reference is not None for reference in self._references)
        joint = self._joint.reshape(self._grid.bins, *[KINDS] * compared)
        axes = list(range(compared + 1))
        splits = [np.einsum(joint, axes, [0, axis]) for axis in reversed(axes[1:])]
        histogram = splits[0].sum(axis=1) if splits else joint
        by_change = iter(splits)
        # Which of two zeros an extreme is depends on the processor; + 0.0 leaves +0.
        known_range = self._low <= self._high
        return Weighed(
            statistics=Statistics(
                count=self._count,
                zeros=self._zeros,
                nan=self._nan,
                infinite=self._infinite,
                minimum=self._low + 0.0 if known_range else None,
                maximum=self._high + 0.0 if known_range else None,
                total=self._total,
                squares=float(self._power.sum()),
            ),
            histogram=Dyadic(self._grid, histogram),
            channels=self._layout.channels,
            empty_channels=int(np.count_nonzero(~self._used & (self._power == 0))),
            against=tuple(
                None if own is None else own.against(self._count, next(by_change))
                for own in self._references
            ),
            power=self._power,
        )


def _row_products(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σa·b of each row, by whichever of numpy's ways is quick for rows of that length."""
    if 32 <= a.shape[1] <= _DOT:
        return np.asarray(np.vecdot(a, b), np.float64)
    return np.asarray(np.einsum("ij,ij->i", a, b), np.float64)


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Σa·b of two flat arrays, in pieces that no BLAS gives to threads."""
    if a.size <= _DOT:
        return float(np.dot(a, b))
    pieces = range(0, a.size, _DOT)
    return math.fsum(float(np.dot(a[at : at + _DOT], b[at : at + _DOT])) for at in pieces)
