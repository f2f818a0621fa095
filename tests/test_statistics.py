"""Exact statistics that add up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from cc_core.statistics import SLICE, Statistics, merge, summarize

any_array = npst.arrays(
    st.sampled_from([np.float16, np.float32, np.float64, np.int8, np.uint16, np.int64, np.bool_]),
    npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6),
)


def slow_summary(values: np.ndarray) -> Statistics:
    """The definition, one value at a time."""
    numbers = [float(value) for value in values.reshape(-1).tolist()]
    finite = [number for number in numbers if math.isfinite(number)]
    return Statistics(
        count=len(numbers),
        zeros=sum(number == 0 for number in numbers),
        nan=sum(math.isnan(number) for number in numbers),
        infinite=sum(math.isinf(number) for number in numbers),
        minimum=min(finite, default=None),
        maximum=max(finite, default=None),
    )


@given(any_array)
def test_summary_is_the_definition(values: np.ndarray) -> None:
    """Counts and extremes are those of looking at one value at a time, for every dtype."""
    found, expected = summarize(values), slow_summary(values)
    for name in ("count", "zeros", "nan", "infinite", "minimum", "maximum"):
        assert getattr(found, name) == getattr(expected, name), name


@given(npst.arrays(np.float32, st.integers(0, 50), elements=st.floats(-1e6, 1e6, width=32)))
def test_sums_are_float64(values: np.ndarray) -> None:
    """Sums are those of math.fsum, up to the rounding of float64."""
    found = summarize(values)
    exact = [float(value) for value in values]
    assert found.total == pytest.approx(math.fsum(exact), abs=1e-6)
    assert found.squares == pytest.approx(math.fsum(value * value for value in exact))


@given(
    npst.arrays(np.float64, st.integers(0, 40), elements=st.floats(-1e100, 1e100)),
    st.lists(st.integers(0, 40), max_size=4),
)
def test_slices_add_up(values: np.ndarray, cuts: list[int]) -> None:
    """The statistics of the parts, merged, are those of the whole."""
    parts = np.split(values, sorted(min(cut, len(values)) for cut in cuts))
    found, expected = merge(map(summarize, parts)), summarize(values)
    for name in ("count", "zeros", "nan", "infinite", "minimum", "maximum"):
        assert getattr(found, name) == getattr(expected, name), name
    assert found.squares == pytest.approx(expected.squares)


def test_an_array_of_several_slices() -> None:
    """An array longer than one slice is summed whole."""
    values = np.ones(2 * SLICE + 1, np.float32)
    values[-1] = 0
    found = summarize(values)
    assert (found.count, found.zeros, found.total) == (2 * SLICE + 1, 1, 2 * SLICE)
    assert found.sparsity == pytest.approx(1 / (2 * SLICE + 1))


def test_moments() -> None:
    """Mean, deviation and sparsity are those of the finite values, and None of nothing."""
    found = summarize(np.array([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, np.nan]))
    assert (found.finite, found.mean, found.deviation) == (8, 5.0, 2.0)
    nothing = summarize(np.array([np.nan]))
    assert (nothing.mean, nothing.deviation, nothing.minimum) == (None, None, None)
    assert summarize(np.zeros(0)) == Statistics()
    assert Statistics().sparsity is None
    assert summarize(np.array([0.0, -0.0, 1.0])).zeros == 2


def test_sums_beyond_float64() -> None:
    """Sums that overflow are infinite, and moments of them unknown; nothing warns."""
    found = summarize(np.array([1e308, 1e308, -1e308]))
    assert found.squares == math.inf
    assert found.deviation is None
    assert summarize(np.array([1.7e308, 1.7e308])).mean is None


def test_constant_tensors_do_not_deviate() -> None:
    """Rounding never makes a variance negative."""
    assert summarize(np.full(1000, 0.1, np.float32)).deviation == pytest.approx(0, abs=1e-8)
