"""Histograms on a stated range, their common range, and their packed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from cc_core.errors import CoreError
from cc_core.histogram import common_range, histogram, pack_counts, unpack_counts
from cc_core.statistics import Statistics, summarize

floats32 = npst.arrays(np.float32, st.integers(0, 60), elements=st.floats(width=32))


def slow_counts(values: list[float], low: float, high: float, bins: int) -> list[int]:
    """The definition, one value at a time."""
    counts = [0] * bins
    for value in values:
        if math.isfinite(value) and low <= value <= high:
            place = math.floor((value / 2 - low / 2) / (high / 2 - low / 2) * bins)
            counts[min(max(place, 0), bins - 1)] += 1
    return counts


@given(floats32, st.integers(1, 70))
def test_counts_are_the_definitions(values: np.ndarray, bins: int) -> None:
    """Counting slices of an array gives what counting one value at a time gives."""
    low, high = common_range([summarize(values)])
    found = histogram(values, low, high, bins)
    assert found.counts.tolist() == slow_counts(values.tolist(), low, high, bins)
    assert found.below == found.above == 0
    assert found.counts.sum() == summarize(values).finite


@given(floats32, st.floats(-5, 0, width=32), st.floats(1, 5, width=32))
def test_nothing_finite_is_lost(values: np.ndarray, low: float, high: float) -> None:
    """Every finite value is in a bin, below or above."""
    found = histogram(values, low, high)
    assert found.counts.sum() + found.below + found.above == np.isfinite(values).sum()


def test_the_last_bin_includes_the_end() -> None:
    """Bins are half open but for the last, which holds the largest value too."""
    found = histogram(np.array([0.0, 0.5, 1.0, 1.5, 2.0, -0.1, 2.1, np.nan, np.inf]), 0, 2, 2)
    assert found.counts.tolist() == [2, 3]
    assert (found.below, found.above) == (1, 1)


def test_slices_add_up() -> None:
    """An array longer than a slice is counted whole."""
    values = np.arange(300_000, dtype=np.float32)
    assert histogram(values, 0, 300_000, 3).counts.tolist() == [100_000] * 3


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], (0, 1)),
        ([math.nan, math.inf], (0, 1)),
        ([0.0], (-0.5, 0.5)),
        ([-3.0], (-4.5, -1.5)),
        ([0.0, 5e-324], (-0.5, 0.5)),
        ([1.7e308], (0.85e308, 1.7976931348623157e308)),
        ([-1.7e308, 1.7e308], (-1.7e308, 1.7e308)),
        ([1.0, 2.0, math.nan], (1, 2)),
    ],
)
def test_common_range(values: list[float], expected: tuple[float, float]) -> None:
    """The range holds all finite values and is never empty or beyond float64."""
    parts = [summarize(np.array([value])) for value in values]
    low, high = common_range(parts)
    assert (low, high) == pytest.approx(expected, rel=1e-12)
    assert histogram(np.array(values), low, high).counts.sum() == sum(map(math.isfinite, values))


def test_common_range_of_nothing_known() -> None:
    """Statistics without finite values do not move the range."""
    assert common_range([Statistics(), summarize(np.array([2.0, 4.0]))]) == (2, 4)


@pytest.mark.parametrize(
    ("low", "high", "bins", "text"),
    [
        (1, 1, 4, "histogram range must be finite with low < high, got [1, 1]"),
        (2, 1, 4, "histogram range must be finite with low < high, got [2, 1]"),
        (math.nan, 1, 4, "histogram range must be finite with low < high, got [nan, 1]"),
        (0, math.inf, 4, "histogram range must be finite with low < high, got [0, inf]"),
        (0, 1, 0, "a histogram needs at least one bin, got 0"),
    ],
)
def test_ranges_that_are_none(low: float, high: float, bins: int, text: str) -> None:
    """An empty or endless range, and no bins, are refused in words."""
    with pytest.raises(CoreError) as caught:
        histogram(np.zeros(3), low, high, bins)
    assert str(caught.value) == text


@given(npst.arrays(np.int64, st.integers(1, 70), elements=st.integers(0, 10**12)))
def test_packed_counts_keep_what_matters(counts: np.ndarray) -> None:
    """Packing keeps zeros zero, others above zero, the order, and on unpacking the total."""
    packed = pack_counts(counts)
    assert ((packed == 0) == (counts == 0)).all()
    order = np.argsort(counts, kind="stable")
    assert (np.diff(packed[order].astype(int)) >= 0).all()
    unpacked = unpack_counts(packed, int(counts.sum()))
    assert unpacked.sum() == pytest.approx(counts.sum())
    # A step of 1/255 on the square-root scale, at the largest count.
    assert np.abs(packed / 255 - np.sqrt(counts / max(1, counts.max()))).max() <= 1 / 255


def test_packing_nothing() -> None:
    """No counts, and only zeros, pack to zeros and unpack to zeros."""
    assert pack_counts(np.zeros((2, 3), np.int64)).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert pack_counts(np.zeros(0, np.int64)).tolist() == []
    assert unpack_counts(np.zeros(4, np.uint8), 9).tolist() == [0, 0, 0, 0]
