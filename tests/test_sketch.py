"""Aligned sketches: the same positions everywhere, and how well they estimate a difference."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cc_core.change import relative_l2
from cc_core.sketch import POSITIONS, positions, sketch, unsketch


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
        r, t = base.astype(np.float64), other.astype(np.float64)
        exact = relative_l2(float(((r - t) ** 2).sum()), float((r * r).sum()))
        r, t = (unsketch(sketch(values[where].astype(np.float32))) for values in (base, other))
        found = relative_l2(float(((r - t) ** 2).sum()), float((r * r).sum()))
        assert exact and found and abs(found / exact - 1) < 0.08
