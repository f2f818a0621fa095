"""Lost, gained, and whether that is chance."""

from __future__ import annotations

from math import comb, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc_core.generation import edit_distance
from cc_core.outcomes import FourWay, four_way, paired_test

COUNTS = st.integers(0, 60)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_exact_probability(right: int, wrong: int, lost: int, gained: int) -> None:
    """McNemar's p is the sum of binomial terms written out; the interval holds the difference."""
    found = paired_test(FourWay(right, wrong, lost, gained))
    n = lost + gained
    slow = min(1.0, 2 * sum(comb(n, i) for i in range(min(lost, gained) + 1)) / 2**n)
    assert found.p == pytest.approx(slow, rel=1e-9)
    if right + wrong + n:
        assert found.low is not None and found.high is not None and found.difference is not None
        assert -1 <= found.low <= found.high <= 1
        assert found.difference == (gained - lost) / (right + wrong + n)
        # Bonett and Price: one instance is added to the lost and to the gained ones.
        whole = right + wrong + n + 2
        down, up = (lost + 1) / whole, (gained + 1) / whole
        reach = 1.959964 * sqrt((down + up - (up - down) ** 2) / whole)
        assert found.low == pytest.approx(max(-1.0, up - down - reach), abs=1e-6)
        assert found.high == pytest.approx(min(1.0, up - down + reach), abs=1e-6)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30))
def test_four_counts(pairs: list[tuple[bool, bool]]) -> None:
    """Each instance is counted once, in the one of four that it belongs to."""
    base = np.array([first for first, _ in pairs], np.bool_)
    other = np.array([second for _, second in pairs], np.bool_)
    assert four_way(base, other) == FourWay(
        pairs.count((True, True)), pairs.count((False, False)),
        pairs.count((True, False)), pairs.count((False, True)),
    )  # fmt: skip


@given(st.text("abc", max_size=9), st.text("abc", max_size=9))
def test_edit_distance_is_the_tables(first: str, second: str) -> None:
    """The bit-parallel distance is that of the table filled in cell by cell."""
    row = list(range(len(second) + 1))
    for i, sign in enumerate(first, 1):
        new = [i]
        for j, other in enumerate(second, 1):
            new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (sign != other)))
        row = new
    assert edit_distance(first, second) == row[-1]
