"""Histograms whose bins are powers of two wide, so that they nest and add up exactly.

Bin k of exponent e holds the values in [k·2^e, (k+1)·2^e). Scaling by a power of two and rounding
down are exact in floating point, so counts are the same on every machine, and the bins of a smaller
exponent lie inside those of a larger one: a histogram taken of one tensor alone can be brought onto
the range that a study, or a group of layers, turns out to share, without looking at a value again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.errors import CoreError

# Bins of one tensor's own grid, and of a grid that is shown. Half of them are used at the least.
OWN_BINS, SHOWN_BINS = 128, 64
# Exponent of the least float64, and bits of its significand.
_LEAST, _DIGITS = -1074, 53


@dataclass(frozen=True, slots=True)
class Grid:
    """``bins`` bins of width 2^exponent, the first of them number ``first``."""

    exponent: int
    first: int
    bins: int

    @property
    def low(self) -> float:
        """Lower edge of the first bin; infinite where it is beyond float64."""
        return _edge(self.first, self.exponent)

    @property
    def high(self) -> float:
        """Upper edge of the last bin; infinite where it is beyond float64."""
        return _edge(self.first + self.bins, self.exponent)


@dataclass(frozen=True, slots=True)
class Dyadic:
    """Counts on a grid: int64 of shape (grid.bins, …); further axes split each bin."""

    grid: Grid
    counts: NDArray[np.int64]


def grid_of(low: float, high: float, bins: int = OWN_BINS) -> Grid:
    """The finest grid of at most ``bins`` bins that holds every number from low to high.

    One number alone gets one bin, the finest that float64 can tell from its neighbours.

    Raises:
        CoreError: a bound is not finite, they are in the wrong order, or bins is below 2.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise CoreError(f"a histogram's range must be finite with low ≤ high, got [{low}, {high}]")
    if bins < 2:
        raise CoreError(f"a histogram needs at least two bins, got {bins}")
    # The greater magnitude decides how fine a grid can be before its numbers are beyond 2^53.
    finest = max(_LEAST, math.frexp(max(abs(low), abs(high)))[1] - _DIGITS)
    if low == high == 0:
        return Grid(_LEAST, 0, 1)
    width = (high / 2 - low / 2) / bins
    exponent = max(finest, math.frexp(width)[1]) if width else finest
    while (first := _bin(low, exponent)) + bins <= (last := _bin(high, exponent)):
        exponent += 1
    return Grid(exponent, first, last - first + 1)


def coarsen(found: Dyadic, grid: Grid) -> NDArray[np.int64]:
    """The counts on a coarser grid that holds the found one: int64 (grid.bins, …).

    Raises:
        CoreError: the grid is finer, or does not hold every bin.
    """
    steps = grid.exponent - found.grid.exponent
    # Beyond 62 halvings any bin number is 0, or -1 below zero.
    numbers = (found.grid.first + np.arange(found.grid.bins)) >> min(max(steps, 0), 62)
    places = numbers - grid.first
    if steps < 0 or (len(places) and (places[0] < 0 or places[-1] >= grid.bins)):
        raise CoreError(f"{found.grid} does not nest in {grid}")
    counts = np.zeros((grid.bins, *found.counts.shape[1:]), np.int64)
    if steps == 0:
        counts[places] = found.counts
    else:
        np.add.at(counts, places, found.counts)
    return counts


def shared_grid(ranges: Iterable[tuple[float, float]], bins: int = SHOWN_BINS) -> Grid | None:
    """The grid on which histograms over all of these (least, greatest) values nest; None: no range.

    It nests them because the own grid of a narrower range is never coarser.
    """
    known = tuple(ranges)
    if not known:
        return None
    return grid_of(min(low for low, _ in known), max(high for _, high in known), bins)


def scales_in_float32(grid: Grid) -> bool:
    """Whether ⌊v · 2^-exponent⌋ of every float32 on the grid is exact in float32.

    It has 24 digits, which number as many bins exactly. Bins wider than one are left to float64,
    because a small float32 divided by their width may vanish.
    """
    return -120 <= grid.exponent <= 0 and abs(grid.first) < 1 << 23


def places(
    values: NDArray[np.floating],
    grid: Grid,
    out: NDArray[np.int32],
    room: NDArray[np.float32],
) -> NDArray[np.int32]:
    """The place in the grid of each value (n,), all of them finite and on it, in ``out`` (n,).

    float32 values are scaled in float32 where that is exact, else in float64. ``room``, float32
    (n,), may be overwritten.
    """
    if values.dtype == np.float32 and scales_in_float32(grid):
        np.multiply(values, np.float32(math.ldexp(1.0, -grid.exponent)), out=room)
        np.floor(room, out=room)
        np.copyto(out, room, casting="unsafe")
        return np.subtract(out, np.int32(grid.first), out=out)
    wide = np.floor(np.ldexp(values.astype(np.float64), -grid.exponent))
    # What is too small to be divided is still below zero.
    wide[(values < 0) & (wide == 0)] = -1
    np.copyto(out, wide - grid.first, casting="unsafe")
    return out


def _bin(value: float, exponent: int) -> int:
    # A number too small to be divided is still below zero.
    return math.floor(math.ldexp(value, -exponent)) or -(value < 0)


def _edge(number: int, exponent: int) -> float:
    try:
        return math.ldexp(number, exponent)
    except OverflowError:
        return math.copysign(math.inf, number)
