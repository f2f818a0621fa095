"""Aligned sketches: the same positions everywhere, and how well they estimate a difference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc_core.comparison import compare
from cc_core.errors import CoreError
from cc_core.sketch import POSITIONS, estimate, positions, sketch, unsketch


@given(st.text(), st.integers(0, 100_000), st.integers(1, 3_000))
def test_positions_are_distinct_and_repeat(name: str, size: int, most: int) -> None:
    """Ascending, within the tensor, as many as asked for, and the same each time."""
    found = positions(name, size, most)
    assert len(found) == min(size, most)
    assert (np.diff(found) > 0).all()
    assert not len(found) or (found[0] >= 0 and found[-1] < size)
    np.testing.assert_array_equal(found, positions(name, size, most))


def test_positions_are_the_same_on_every_machine() -> None:
    """They come from a hash, not from a library's generator: these are written into bundles."""
    assert positions("conv1\0weight", 1_000_000, 5).tolist() == EXPECTED
    assert positions("conv2\0weight", 1_000_000, 5).tolist() != EXPECTED


EXPECTED = [124784, 395317, 542545, 740607, 805618]


@given(st.lists(st.floats(width=32), max_size=30))
def test_a_sketch_keeps_eleven_digits(values: list[float]) -> None:
    """Of any magnitude, relative to the largest value; NaN and infinities stay what they are."""
    given_ = np.array(values, np.float32)
    back = unsketch(sketch(given_))
    finite = np.isfinite(given_)
    largest = np.abs(given_[finite]).max(initial=0).astype(np.float64)
    np.testing.assert_array_equal(back[~finite], given_[~finite].astype(np.float64))
    wrong = np.abs(back[finite] - given_[finite].astype(np.float64))
    assert (wrong <= np.maximum(np.abs(given_[finite]) * 2.0**-11, largest * 2.0**-24)).all()


def test_two_sketches_estimate_the_difference() -> None:
    """Pruned, rounded and retrained tensors: relative change within the stated sampling error."""
    rng = np.random.default_rng(5)
    base = rng.standard_normal(300_000).astype(np.float32)
    pruned = np.where(np.abs(base) < 0.6, 0, base)
    rounded = np.round(base * 16) / 16
    trained = base + rng.standard_normal(base.size).astype(np.float32) * 0.1
    where = positions("layer\0weight", base.size)
    assert len(where) == POSITIONS
    for other in (pruned, rounded, trained):
        exact = compare(base, other.astype(np.float32))
        sketches = [sketch(values[where].astype(np.float32)) for values in (base, other)]
        found = estimate(*sketches, base.size)
        assert exact.relative_l2 and found.change.relative_l2 and found.error
        # Σr² is estimated as well, about as roughly: three standard errors of the root of a ratio.
        assert abs(found.change.relative_l2 / exact.relative_l2 - 1) < 2.2 * found.error < 0.17
        assert exact.cosine and found.change.cosine
        assert abs(found.change.cosine - exact.cosine) < 0.01
        assert found.change.count == base.size


def test_whole_tensors_are_compared_exactly() -> None:
    """Of a tensor that is sketched whole, sums are exact; NaN are left out and counted."""
    first = sketch(np.array([1, 2, 0, np.nan], np.float32))
    second = sketch(np.array([1, 1, 0, 3], np.float32))
    found = estimate(first, second, 4)
    assert (found.error, found.change.noise, found.change.signal) == (0.0, 1.0, 5.0)
    assert (found.change.skipped, found.change.same, found.change.largest) == (1, 2, 1.0)
    with pytest.raises(CoreError, match="sketches of 4 and 4 values are not of one tensor with 3"):
        estimate(first, second, 3)
