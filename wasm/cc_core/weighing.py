"""Everything that is measured of one tensor, in one pass over its values and its references'."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.change import NOT_COMPARED, Change, sqnr_db, steps
from cc_core.dyadic import Dyadic, Grid, grid_of, places
from cc_core.statistics import Statistics

# Values of a block: as float64 they fill a quarter of a common second-level cache.
BLOCK = 1 << 15
# Steps of change, and "not compared".
KINDS = NOT_COMPARED + 1
_BITS = 3
# BLAS may use threads above this many values, and then rounds differently from run to run.
_DOT = 1 << 13

Values = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where channels lie in a flattened tensor: value i is of channel (i // inner) % channels."""

    channels: int
    inner: int

    @classmethod
    def of(cls, shape: Sequence[int], axis: int | None) -> Layout:
        """Channels along an axis of a shape; one for all where axis is None."""
        if axis is None:
            return cls(1, max(1, math.prod(shape)))
        return cls(shape[axis], max(1, math.prod(shape[axis + 1 :])))

    def cuts(self, size: int, most: int = BLOCK) -> list[tuple[int, int]]:
        """Parts (start, stop) of a tensor: whole channels, or pieces of one channel each."""
        unit = self.inner if self.inner > 1 else self.channels
        if unit <= most or self.inner == 1:
            step = max(1, most // unit) * unit
            return [(start, min(start + step, size)) for start in range(0, size, step)]
        return [
            (begin, min(begin + most, start + unit))
            for start in range(0, size, unit)
            for begin in range(start, start + unit, most)
        ]


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
    channel changed, or there are none.
    """

    change: Change
    unit: int
    by_change: NDArray[np.int64]
    worst_channel: WorstChannel | None


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one pass found of a tensor: ``histogram`` counts its finite values, int64 (bins,).

    ``empty_channels`` of its ``channels`` have no value but zero. ``against`` has an entry for each
    reference, None for one that has no such tensor.
    """

    statistics: Statistics
    histogram: Dyadic
    channels: int
    empty_channels: int
    against: tuple[Against | None, ...]


def extremes(blocks: Iterable[Values]) -> tuple[float, float] | None:
    """Least and greatest finite value, None when there is none."""
    low, high = math.inf, -math.inf
    for block in blocks:
        if not block.size:
            continue
        least, greatest = float(block.min()), float(block.max())
        if not (math.isfinite(least) and math.isfinite(greatest)):
            finite = block[np.isfinite(block)]
            if not finite.size:
                continue
            least, greatest = float(finite.min()), float(finite.max())
        low, high = min(low, least), max(high, greatest)
    # Which of two zeros a minimum is depends on the processor; + 0.0 leaves +0.
    return (low + 0.0, high + 0.0) if low <= high else None


def weigh(
    blocks: Iterator[tuple[Values, Sequence[Values | None]]],
    extent: tuple[float, float] | None,
    layout: Layout,
    units: Sequence[int | None],
) -> Weighed:
    """Measure a tensor block by block, in the order of ``layout.cuts``.

    Args:
        blocks: the tensor's values (n,), float32 or float64, and those of each reference, None
            for a reference that has no such tensor.
        extent: its ``extremes``.
        layout: where its channels are.
        units: for each reference the ``unit`` that changes are measured by, None as in blocks.
    """
    pass_ = _Pass(extent, layout, units)
    for values, references in blocks:
        pass_.add(values, references)
    return pass_.result()


class _Scratch:
    """Room for one block, used again and again: fresh memory would cost more than the sums."""

    def __init__(self, size: int) -> None:
        self.wide, self.reference = np.empty((2, size), np.float64)
        self.narrow = np.empty(size, np.float32)
        self.index = np.empty(size, np.int32)
        self.flags = np.empty(size, np.bool_)


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
        return Against(change, self.unit, by_change, self.worst())

    def worst(self) -> WorstChannel | None:
        """Of several equal ones the first; None when every channel is equal or all zero."""
        usable = (self.signal > 0) & (self.noise > 0)
        usable &= np.isfinite(self.signal) & np.isfinite(self.noise)
        if len(self.signal) == 1 or not usable.any():
            return None
        with np.errstate(all="ignore"):
            shares = np.where(usable, np.log(self.noise) - np.log(self.signal), -np.inf)
        channel = int(np.argmax(shares))
        found = sqnr_db(float(self.noise[channel]), float(self.signal[channel]))
        assert found is not None
        return WorstChannel(channel, found)


class _Pass:
    """Running sums of a tensor; ``add`` takes its blocks in order."""

    def __init__(
        self, extent: tuple[float, float] | None, layout: Layout, units: Sequence[int | None]
    ) -> None:
        self._extent, self._layout = extent, layout
        self._grid = grid_of(*extent) if extent else Grid(0, 0, 1)
        self._references = [None if u is None else _Reference(u, layout.channels) for u in units]
        self._shift = _BITS * sum(reference is not None for reference in self._references)
        self._joint = np.zeros(self._grid.bins << self._shift, np.int64)
        self._power = np.zeros(layout.channels)
        self._count = self._zeros = self._nan = self._infinite = 0
        self._total = 0.0
        self._room = _Scratch(0)

    def add(self, values: Values, references: Sequence[Values | None]) -> None:
        """Take in the next block."""
        start, size = self._count, values.size
        if not size:
            return
        if size > self._room.flags.size:
            self._room = _Scratch(size)
        room = self._room
        self._count += size
        self._zeros += int(np.count_nonzero(np.equal(values, 0, out=room.flags[:size])))
        # NaN and infinities spread through a sum, and only they need the slow way.
        wide = room.wide[:size]
        with np.errstate(all="ignore"):
            np.copyto(wide, values)
            total = float(wide.sum())
            finite = None if math.isfinite(total) else np.isfinite(wide)
            if finite is not None:
                self._nan += int(np.isnan(wide).sum())
                self._infinite += int(size - finite.sum()) - int(np.isnan(wide).sum())
                wide[~finite] = 0
                total = float(wide.sum())
            self._total += total
            power = self._add_products(self._power, wide, wide, start)
            index = places(
                values if finite is None else wide,
                self._grid,
                room.index[:size],
                room.narrow[:size],
            )
            np.left_shift(index, self._shift, out=index)
            shift = 0
            for own, given in zip(self._references, references, strict=True):
                if own is not None and given is not None:
                    kinds = self._compare(own, values, wide, given, finite, power, start)
                    np.bitwise_or(index, np.left_shift(kinds, shift, out=kinds), out=index)
                    shift += _BITS
        counted = index if finite is None else index[finite]
        self._joint += np.bincount(counted, minlength=self._joint.size)

    def _compare(  # noqa: PLR0913, PLR0917 (one block as ``add`` has it)
        self,
        own: _Reference,
        values: Values,
        wide: NDArray[np.float64],
        given: Values,
        finite: NDArray[np.bool_] | None,
        power: float,
        start: int,
    ) -> NDArray[np.int32]:
        """Add the block's sums against a reference; gives the kind of change of each value."""
        room, size = self._room, given.size
        reference = room.reference[:size]
        np.copyto(reference, given)
        # Of two float32 tensors the difference is rounded once, to float32.
        gap = np.subtract(given, values, out=room.narrow[:size])
        np.abs(gap, out=gap)
        largest = float(gap.max())
        usable = finite
        if not math.isfinite(largest):
            known = np.isfinite(reference)
            usable = known if finite is None else known & finite
        if usable is not None:
            own.skipped += int(usable.size - usable.sum())
            own.same -= int(usable.size - usable.sum())
            reference[~usable] = 0
            gap[~usable] = 0
            wide = np.where(usable, wide, 0)
            largest = float(gap.max())
            power = _dot(wide, wide)
        own.same += int(np.count_nonzero(np.equal(gap, 0, out=room.flags[:size])))
        own.largest = max(own.largest, largest)
        own.power += power
        own.product += _dot(reference, wide)
        self._add_products(own.signal, reference, reference, start)
        difference = room.reference[:size]
        np.copyto(difference, gap)
        self._add_products(own.noise, difference, difference, start)
        kinds = steps(gap, own.unit)
        if usable is not None:
            kinds[~usable] = NOT_COMPARED
        return kinds

    def _add_products(
        self, into: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64], start: int
    ) -> float:
        """Add Σa·b of each channel; gives the sum over all."""
        channels, inner = self._layout.channels, self._layout.inner
        if inner == 1 and channels > 1:
            sums = np.einsum("ij,ij->j", a.reshape(-1, channels), b.reshape(-1, channels))
            into += sums
            return float(sums.sum())
        if channels == 1 or a.size < inner or a.size % inner:
            found = _dot(a, b)
            into[(start // inner) % channels] += found
            return found
        sums = _row_products(a.reshape(-1, inner), b.reshape(-1, inner))
        first = (start // inner) % channels
        if first + len(sums) <= channels:
            into[first : first + len(sums)] += sums
        else:
            np.add.at(into, (first + np.arange(len(sums))) % channels, sums)
        return float(sums.sum())

    def result(self) -> Weighed:
        """What all blocks add up to."""
        known = [reference for reference in self._references if reference is not None]
        # The last reference's kind is in the highest bits, so its axis comes first.
        joint = self._joint.reshape(self._grid.bins, *[KINDS] * len(known))
        split = {
            id(own): np.moveaxis(joint, len(known) - place, 1)
            .reshape(self._grid.bins, KINDS, -1)
            .sum(2)
            for place, own in enumerate(known)
        }
        low, high = self._extent or (None, None)
        return Weighed(
            statistics=Statistics(
                count=self._count,
                zeros=self._zeros,
                nan=self._nan,
                infinite=self._infinite,
                minimum=low,
                maximum=high,
                total=self._total,
                squares=float(self._power.sum()),
            ),
            histogram=Dyadic(self._grid, joint.reshape(self._grid.bins, -1).sum(1)),
            channels=self._layout.channels,
            empty_channels=self._layout.channels - int(np.count_nonzero(self._power)),
            against=tuple(
                None if own is None else own.against(self._count, split[id(own)])
                for own in self._references
            ),
        )


def _row_products(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σa·b of each row, by whichever of numpy's ways is quick for rows of that length."""
    if 32 <= a.shape[1] <= _DOT:
        return np.asarray(np.vecdot(a, b), np.float64)
    return np.asarray(np.einsum("ij,ij->i", a, b), np.float64)


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Σa·b of two flat arrays, in pieces that no BLAS gives to threads."""
    whole = a.size - a.size % _DOT
    found = float(np.vecdot(a[whole:], b[whole:]))
    if whole:
        found += float(np.vecdot(a[:whole].reshape(-1, _DOT), b[:whole].reshape(-1, _DOT)).sum())
    return found
