"""Histograms on bins that are powers of two wide: exact, and nested in each other."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from cc_core.dyadic import OWN_BINS, SHOWN_BINS, Dyadic, Grid, coarsen, grid_of, places, shared_grid
from cc_core.errors import CoreError

floats = st.floats(allow_nan=False, allow_infinity=False)
singles = st.floats(width=32, allow_nan=False, allow_infinity=False)


def slow_place(value: float, grid: Grid) -> int:
    """The definition, in fractions."""
    return math.floor(Fraction(value) / Fraction(2) ** grid.exponent) - grid.first


def counted(values: np.ndarray, grid: Grid) -> np.ndarray:
    found = places(values, grid, np.empty(values.size, np.int32), np.empty(values.size, np.float32))
    return np.bincount(found, minlength=grid.bins)


@given(floats, floats, st.integers(2, 200))
def test_a_grid_holds_its_range_and_is_the_finest(one: float, other: float, bins: int) -> None:
    """Both ends lie on the grid, it has so many bins at the most, and with half as wide more."""
    low, high = min(one, other), max(one, other)
    grid = grid_of(low, high, bins)
    assert slow_place(low, grid) == 0
    assert slow_place(high, grid) == grid.bins - 1 < bins
    finer = Grid(grid.exponent - 1, 0, 1)
    if low < high and grid.exponent > math.frexp(max(abs(low), abs(high)))[1] - 53:
        assert slow_place(high, finer) - slow_place(low, finer) >= bins


@given(npst.arrays(np.float32, st.integers(1, 40), elements=singles))
def test_values_are_counted_where_they_belong(values: np.ndarray) -> None:
    """The quick way counts as fractions do, in float32 and float64."""
    grid = grid_of(float(values.min()), float(values.max()))
    expected = np.bincount([slow_place(float(v), grid) for v in values], minlength=grid.bins)
    np.testing.assert_array_equal(counted(values, grid), expected)
    np.testing.assert_array_equal(counted(values.astype(np.float64), grid), expected)


@given(
    st.lists(npst.arrays(np.float32, st.integers(1, 20), elements=singles), min_size=1, max_size=4)
)
def test_own_histograms_nest_in_the_shared_one(tensors: list[np.ndarray]) -> None:
    """Taken alone and brought onto the shared grid, counts are those of counting there."""
    ranges = [(float(t.min()), float(t.max())) for t in tensors]
    shared = shared_grid(ranges)
    assert shared is not None and shared.bins <= SHOWN_BINS
    for tensor, (low, high) in zip(tensors, ranges, strict=True):
        own = grid_of(low, high, OWN_BINS)
        nested = coarsen(Dyadic(own, counted(tensor, own)), shared)
        np.testing.assert_array_equal(nested, counted(tensor, shared))


def test_edges_are_numbers_even_at_the_end_of_float64() -> None:
    """A grid over all of float64 has edges, infinite where they lie beyond."""
    grid = grid_of(-sys.float_info.max, sys.float_info.max)
    assert (grid.low, grid.high) == (-math.inf, math.inf)
    assert (grid_of(0, 0), shared_grid([])) == (Grid(-1074, 0, 1), None)
    assert (grid_of(0.0, 1.0).low, grid_of(0.0, 1.0).high) == (0.0, 65 / 64)


def test_what_is_no_range() -> None:
    """A range in the wrong order, one without end, and a finer grid are refused with words."""
    with pytest.raises(CoreError, match=r"finite with low ≤ high, got \[1.0, 0.0\]"):
        grid_of(1.0, 0.0)
    with pytest.raises(CoreError, match=r"got \[0.0, inf\]"):
        grid_of(0.0, math.inf)
    with pytest.raises(CoreError, match="at least two bins, got 1"):
        grid_of(0.0, 1.0, 1)
    with pytest.raises(CoreError, match="does not nest"):
        coarsen(Dyadic(Grid(0, 0, 2), np.ones(2, np.int64)), Grid(-1, 0, 8))
    with pytest.raises(CoreError, match="does not nest"):
        coarsen(Dyadic(Grid(0, 0, 2), np.ones(2, np.int64)), Grid(0, 1, 8))
