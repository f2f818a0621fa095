"""What is taken for what, what moved, and where models disagree."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from cc_core.classification import NO_CLASS
from cc_core.confusions import Confusion, Move, confusions, disagreement, moves
from cc_core.errors import CoreError

TRUTH = np.array([0, 0, 0, 1, 1, 2])
BASE = np.array([0, 0, 1, 1, 1, 2])
MODEL = np.array([0, 2, 1, 2, 2, NO_CLASS])


def test_the_most_changed_confusion_comes_first() -> None:
    """Both models' counts of each pair of classes, of which the base or the model has any."""
    assert confusions(BASE, MODEL, TRUTH) == (
        Confusion(1, 1, 2, 0), Confusion(1, 2, 0, 2), Confusion(0, 0, 2, 1), Confusion(0, 2, 0, 1),
        Confusion(2, 2, 1, 0), Confusion(2, None, 0, 1), Confusion(0, 1, 1, 1),
    )  # fmt: skip
    assert confusions(BASE, MODEL, TRUTH, most=1) == (Confusion(1, 1, 2, 0),)
    assert all(1 in (one.true, one.predicted) for one in confusions(BASE, MODEL, TRUTH, of=1))


def test_counts_are_those_of_a_plain_count() -> None:
    """On random classes, of many instances."""
    rng = np.random.default_rng(3)
    truth, base, model = rng.integers(0, 5, (3, 500))
    wanted = [Counter(zip(truth.tolist(), side.tolist(), strict=True)) for side in (base, model)]
    found = confusions(base, model, truth)
    assert len(found) == 25
    for one in found:
        assert (one.base, one.model) == tuple(w[one.true, one.predicted] for w in wanted)
    moved = Counter(
        (t, b, m) for t, b, m in zip(truth.tolist(), base.tolist(), model.tolist(), strict=True)
        if b != m
    )  # fmt: skip
    assert {(m.true, m.before, m.after): m.count for m in moves(base, model, truth)} == moved
    of = moves(base, model, truth, of=2, most=10**6)
    assert {(m.true, m.before, m.after) for m in of} == {key for key in moved if 2 in key}


def test_moves_say_from_where_to_where() -> None:
    """Instances that are answered as before are no moves."""
    found = moves(BASE, MODEL, TRUTH)
    assert found == (Move(1, 1, 2, 2), Move(0, 0, 2, 1), Move(2, 2, None, 1))
    assert moves(BASE, BASE, TRUTH) == ()


def test_disagreement_counts_models() -> None:
    """Those that differ from the most common answer, and from the first model's."""
    found = disagreement([np.array([0, 1, 2]), np.array([0, 2, 0]), np.array([0, 2, 1])])
    assert found.apart.tolist() == [0, 1, 2]
    assert found.from_first.tolist() == [0, 2, 2]
    sets = [np.array([[1, 0], [1, 1]]), np.array([[1, 0], [1, 0]])]
    assert disagreement(sets).apart.tolist() == [0, 1]


def test_what_cannot_be_compared() -> None:
    """Answers about other instances are refused in words."""
    with pytest.raises(CoreError, match=r"classes of shapes \[6\], \[2\], \[6\] are not about"):
        confusions(BASE, MODEL[:2], TRUTH)
    with pytest.raises(CoreError, match="disagreement needs at least one model"):
        disagreement([])
    with pytest.raises(CoreError, match="answers to 2 and to 6 instances cannot be compared"):
        disagreement([BASE, MODEL[:2]])
    with pytest.raises(CoreError, match="answers of different forms cannot be compared"):
        disagreement([np.zeros((6, 1)), np.zeros((6, 2))])
