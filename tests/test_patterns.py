"""Patterns of zeros: exact, however a weight is laid out and cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc_core import patterns as kernel
from cc_core.patterns import PATTERNS, Patterns, add_up, cuts, patterns


def slow(values: np.ndarray) -> Patterns:
    """Group by group, as the definition reads; values of (outer, inputs, inner)."""
    outer, inputs, inner = values.shape
    fitting = {}
    for n, m in PATTERNS:
        fits = [
            values[o, i : i + m, k]
            for o in range(outer)
            for k in range(inner)
            for i in range(0, inputs - m + 1, m)
            if np.count_nonzero(values[o, i : i + m, k]) <= n
        ]
        fitting[f"{n}:{m}"] = m * len(fits)
    empty = sum(not values[:, i].any() for i in range(inputs))
    return Patterns(values.size, fitting, inputs, empty)


@given(
    st.tuples(st.integers(1, 5), st.integers(1, 19), st.integers(1, 4)),
    st.floats(0, 1), st.integers(1, 64), st.integers(0, 99),
)  # fmt: skip
def test_as_the_definition_reads(
    shape: tuple[int, int, int], zeros: float, block: int, seed: int
) -> None:
    """Whatever the shape and the size of blocks, counts are those of trying every group."""
    rng = np.random.default_rng(seed)
    inputs, inner = shape[1:]
    values = rng.normal(size=shape).astype(np.float32)
    values[rng.random(values.shape) < zeros] = 0
    values[:, rng.random(inputs) < zeros / 2] = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "_BLOCK", block)
        parts = cuts(*shape)
    flat = values.reshape(-1)
    assert np.concatenate([flat[a:b] for a, b in parts]).tobytes() == flat.tobytes()
    assert patterns((flat[a:b] for a, b in parts), inputs, inner) == slow(values)


def test_what_counts_as_zero() -> None:
    """Both zeros are zero, NaN and infinities are not."""
    found = patterns([np.array([0.0, -0.0, np.nan, np.inf])], 4, 1)
    assert (found.fitting, found.empty_inputs) == ({"1:4": 0, "2:4": 4, "4:8": 0}, 2)
    assert (found.share("2:4"), found.share("1:4"), Patterns().share("2:4")) == (1.0, 0.0, None)


def test_a_weight_without_values() -> None:
    """A side of zero has nothing to count."""
    assert cuts(0, 4, 1) == cuts(3, 0, 1) == []
    assert patterns([], 4, 1).count == 0


def test_several_weights_add_up() -> None:
    """Counts of a model are the sums of its weights'; what was not read has no group that fits."""
    whole = patterns([np.zeros(8, np.float32)], 8, 1)
    assert add_up([whole, Patterns(8, {}, 8, 0)]) == Patterns(
        16, {"1:4": 8, "2:4": 8, "4:8": 8}, 16, 8
    )
    assert add_up([]).share("2:4") is None
