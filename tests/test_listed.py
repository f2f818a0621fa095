"""A classifier's answers as a bundle lists them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from cc_core.classification import (
    NO_CLASS,
    STEPS,
    distribution,
    top_k_of,
    true_probability,
)
from cc_core.errors import CoreError
from cc_core.listed import Listed, listed, rest_of, truth_of

logits = npst.arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.integers(1, 12)),
    elements=st.one_of(st.floats(-30, 30, width=32), st.just(np.nan)),
)


@given(logits, st.integers(0, 11), st.integers(1, 5))
def test_what_is_not_listed_follows(scores: np.ndarray, shift: int, k: int) -> None:
    """The rest of a softmax and the true class's probability come back, within their rounding."""
    labels = (np.arange(len(scores)) + shift) % scores.shape[1]
    found = distribution(scores, "logits")
    truth = true_probability(found, labels)
    kept = listed(top_k_of(found, k), labels, truth)
    assert kept.rest is None
    expected = np.rint(np.nan_to_num(truth) * STEPS)
    assert truth_of(kept, labels).tolist() == expected.tolist()
    ends = np.cumsum(kept.places)
    for row, rest in enumerate(rest_of(kept).tolist()):
        classes = kept.labels[ends[row] - kept.places[row] : ends[row]]
        share = 0.0
        if classes[0] != NO_CLASS:
            weights = found.weights[row] / found.total[row]
            share = 1 - weights[classes].sum()
        assert rest == pytest.approx(STEPS * share, abs=0.5 * len(classes) + 1e-6)


def test_probabilities_that_do_not_add_up() -> None:
    """Where the listed ones do not tell the rest, it is kept."""
    scores = np.array([[0.5, 0.1, 0.1], [0.9, 0.06, 0.04]])
    kept = listed(top_k_of(distribution(scores, "probabilities"), 2))
    assert kept.rest is not None and kept.truth is None
    assert rest_of(kept).tolist() == pytest.approx([0.1 * STEPS, 0.04 * STEPS], abs=0.6)


def test_labels_of_other_answers() -> None:
    """Probabilities of true classes are not handed out for labels they are not about."""
    one = np.ones(1, np.uint8), np.zeros(1, np.uint16), np.full(1, STEPS, np.uint16)
    kept = Listed(*one, None, np.zeros(0, np.uint16))
    assert truth_of(kept, np.array([0])).tolist() == [STEPS]
    with pytest.raises(CoreError) as caught:
        truth_of(kept, np.array([1]))
    assert str(caught.value) == (
        "1 instances do not list their label, but 0 probabilities are kept for such"
    )
