"""How far one tensor is from another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from cc_core.comparison import compare
from cc_core.errors import CoreError
from cc_core.statistics import SLICE

numbers = st.floats(-1e3, 1e3, width=32)


@given(npst.arrays(np.float32, (2, 9), elements=numbers))
def test_numbers_are_the_definitions(pair: np.ndarray) -> None:
    """Each number is its formula, written out."""
    r, t = pair.astype(np.float64)
    found = compare(pair[0], pair[1])
    signal, noise = float(r @ r), float((r - t) @ (r - t))
    if signal > 1e-30:
        assert found.relative_l2 == pytest.approx(math.sqrt(noise / signal))
    if signal > 1e-30 and noise > 1e-30:
        assert found.sqnr_db == pytest.approx(10 * math.log10(signal / noise))
    if signal > 1e-30 and t @ t > 1e-30:
        cosine = float(r @ t) / math.sqrt(signal) / math.sqrt(t @ t)
        assert found.cosine == pytest.approx(cosine)
        assert -1 <= (found.cosine or 0) <= 1
    assert found.largest == pytest.approx(float(np.abs(r - t).max()))
    assert found.mean_absolute == pytest.approx(float(np.abs(r - t).mean()))


def test_equal_tensors() -> None:
    """Equal tensors are at distance 0, cosine 1, and have no noise to take a ratio of."""
    values = np.array([[1.0, -2.0], [0.0, 3.0]])
    found = compare(values, values)
    assert (found.relative_l2, found.sqnr_db, found.cosine) == (0.0, None, 1.0)
    assert (found.count, found.skipped, found.largest, found.mean_absolute) == (4, 0, 0.0, 0.0)


def test_all_zero_tensors() -> None:
    """What is divided by nothing is None; two zero tensors are equal."""
    zero, one = np.zeros(3), np.ones(3)
    assert compare(zero, one).relative_l2 is None
    assert compare(zero, one).sqnr_db is None
    assert compare(one, zero).cosine is None
    assert compare(one, zero).relative_l2 == 1.0
    assert compare(zero, zero).relative_l2 == 0.0
    assert compare(np.zeros(0), np.zeros(0)).mean_absolute == 0.0


def test_not_finite_pairs_are_counted_out() -> None:
    """A pair with NaN or an infinity on either side is skipped and counted."""
    found = compare(np.array([1, np.nan, 3, np.inf]), np.array([1, 2, np.nan, np.inf]))
    assert (found.count, found.skipped, found.relative_l2) == (4, 3, 0.0)


def test_several_slices() -> None:
    """Tensors longer than a slice are compared whole, in any dtype."""
    reference = np.ones(SLICE + 5, np.float16)
    other = reference.copy()
    other[-1] = 3
    found = compare(reference, other)
    assert (found.largest, found.relative_l2) == (2.0, pytest.approx(2 / math.sqrt(SLICE + 5)))


def test_sums_beyond_float64() -> None:
    """Where a sum overflows or underflows, ratios are None and nothing fails."""
    huge = compare(np.array([1e300, 1.0]), np.array([-1e300, 1.0]))
    assert (huge.relative_l2, huge.sqnr_db, huge.cosine) == (None, None, None)
    assert huge.largest == 2e300
    far = compare(np.array([1e-150]), np.array([1e150]))
    assert far.sqnr_db == pytest.approx(-6000)


def test_shapes_must_agree() -> None:
    """Tensors of different shapes have no comparison, also where they have as many values."""
    with pytest.raises(CoreError) as caught:
        compare(np.zeros((2, 3)), np.zeros((3, 2)))
    assert str(caught.value) == "cannot compare shape [2, 3] with shape [3, 2]"
