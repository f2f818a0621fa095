"""Predictions of classifiers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from cc_core.classification import (
    NO_CLASS,
    accuracy,
    accuracy_per_class,
    distribution,
    probabilities,
    room_for,
    top_k,
    top_k_of,
)
from cc_core.errors import CoreError

scores = npst.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 8)),
    elements=st.floats(-100, 100, width=32),
)


@given(scores)
def test_softmax_of_logits(logits: np.ndarray) -> None:
    """Probabilities sum to 1 and keep the order of the logits."""
    found = probabilities(logits, "logits")
    assert found.sum(axis=1) == pytest.approx(np.ones(len(logits)))
    shifted = np.exp(logits.astype(np.float64))
    assert found == pytest.approx(shifted / shifted.sum(axis=1, keepdims=True))


@given(scores, st.integers(1, 10))
def test_top_k_is_a_sorted_head(logits: np.ndarray, k: int) -> None:
    """The k largest come first, ties by lower class, and the rest is what they leave."""
    probability = probabilities(logits, "logits")
    found = top_k(probability, k)
    for row, values in enumerate(probability.tolist()):
        expected = sorted(range(len(values)), key=lambda c: (-values[c], c))[:k]
        assert found.labels[row].tolist() == expected
        total = (found.probabilities[row].sum(dtype=np.int64) + found.rest[row]) / 65_535
        assert total == pytest.approx(1, abs=(k + 1) / 65_535)


few = st.sampled_from([-np.inf, -3.0, 0.0, 0.5, 90.0, 2e38])
masked = st.sampled_from([np.float16, np.float32, np.float64]).flatmap(
    lambda dtype: npst.arrays(
        dtype,
        st.tuples(st.integers(1, 6), st.integers(1, 8)),
        elements=few.filter(lambda value: dtype != np.float16 or value < 1e5),
    )
)


@given(masked, st.integers(1, 10), st.booleans())
def test_classes_that_are_masked_come_last(logits: np.ndarray, k: int, reuse: bool) -> None:
    """Scores of every type rank alike: higher ones first, ties and masked ones by lower class."""
    room = room_for(len(logits) + 2, logits.shape[1]) if reuse else None
    found = top_k_of(distribution(logits, "logits", room), k, room)
    for row, values in enumerate(logits.astype(np.float64).tolist()):
        expected = sorted(range(len(values)), key=lambda c: (-values[c], c))[:k]
        usable = max(values) > -np.inf
        assert found.labels[row].tolist() == (expected if usable else [NO_CLASS] * len(expected))


def test_instances_without_usable_scores() -> None:
    """NaN, +inf logits and rows of nothing but -inf predict no class."""
    inf, nan = np.inf, np.nan
    logits = np.array([[0, nan], [inf, 0], [-inf, -inf], [-inf, 0.0]])
    found = top_k(probabilities(logits, "logits"), 2)
    assert found.labels.tolist() == [[NO_CLASS] * 2] * 3 + [[1, 0]]
    assert found.probabilities.tolist() == [[0, 0]] * 3 + [[65_535, 0]]
    assert found.rest.tolist() == [0, 0, 0, 0]


def test_probabilities_are_taken_as_they_are() -> None:
    """Scores that are probabilities already go through no softmax."""
    given_scores = np.array([[0.25, 0.75], [np.nan, 0.5]], np.float16)
    found = probabilities(given_scores, "probabilities")
    assert found[0].tolist() == [0.25, 0.75]
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize(
    ("values", "kind", "text"),
    [
        (np.zeros((2, 2)), "odds", "unknown kind of scores 'odds'; allowed: logits, probabilities"),
        (
            np.zeros(3),
            "logits",
            "a classifier's scores must have shape [instances, classes] with 1 to 65534 classes, "
            "got [3]",
        ),
        (
            np.zeros((1, 65_535), np.float16),
            "logits",
            "a classifier's scores must have shape [instances, classes] with 1 to 65534 classes, "
            "got [1, 65535]",
        ),
        (
            np.array([[-2.5, 3.25]]),
            "probabilities",
            "-2.5 is no probability; are these scores logits?",
        ),
    ],
)
def test_scores_that_are_none(values: np.ndarray, kind: str, text: str) -> None:
    """Wrong kinds, shapes and ranges of scores are refused in words."""
    with pytest.raises(CoreError) as caught:
        probabilities(values, kind)
    assert str(caught.value) == text


def test_k_is_at_least_one() -> None:
    """Top-k of nothing is refused."""
    with pytest.raises(CoreError) as caught:
        top_k(np.ones((1, 1)), 0)
    assert str(caught.value) == "top-k needs k of at least 1, got 0"


def test_accuracies() -> None:
    """Accuracy is the share of right answers, per class its recall; NO_CLASS is never right."""
    predicted = np.array([0, 1, 1, NO_CLASS], np.uint16)
    truth = np.array([0, 1, 0, 2])
    assert accuracy(predicted, truth) == 0.5
    assert accuracy_per_class(predicted, truth, 4) == [0.5, 1.0, 0.0, None]
    assert accuracy(predicted[:0], truth[:0]) is None
