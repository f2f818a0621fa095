"""Two models' answers beside each other, from what a bundle keeps of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cc_core import classification as core
from cc_core.errors import CoreError
from cc_core.listed import listed
from cc_core.paired import Kept, answers, correlation, members, pair_values, summed_up

RNG = np.random.default_rng(11)
N, CLASSES = 400, 10
LABELS = RNG.integers(0, CLASSES, N)
BASE = RNG.normal(0, 1, (N, CLASSES))
BASE[np.arange(N), LABELS] += RNG.normal(5, 4, N)


def kept(logits: NDArray[np.floating]) -> Kept:
    """What a bundle keeps of a classifier's answers."""
    found = core.distribution(logits, "logits")
    made = listed(core.top_k_of(found, 5), LABELS, core.true_probability(found, LABELS))
    names = ("places", "labels", "probabilities", "rest", "truth")
    return Kept({n: array for n in names if (array := getattr(made, n)) is not None})


def test_agreement_and_the_true_class_are_exact_for_any_two_classifiers() -> None:
    """The same class or not, and the change on the true class to the step it is stored in."""
    other = BASE + RNG.normal(0, 2, BASE.shape)
    p, q = (core.probabilities(scores, "logits") for scores in (BASE, other))
    found = pair_values("classification", kept(BASE), kept(other), CLASSES, LABELS)
    same = p.argmax(axis=1) == q.argmax(axis=1)
    assert 0.2 < same.mean() < 0.9
    np.testing.assert_array_equal(found["agreement"], same)
    change = (q - p)[np.arange(N), LABELS]
    np.testing.assert_allclose(found["truth"], change, rtol=0, atol=1.01 / 65535)


@pytest.mark.parametrize("noise", [0.1, 0.5, 2.0])
def test_the_divergence_is_estimated_and_not_too_high(noise: float) -> None:
    """From the listed classes; what is not listed can only hide a part of it."""
    other = BASE + RNG.normal(0, noise, BASE.shape)
    exact = core.kl_divergence(*(core.distribution(s, "logits") for s in (BASE, other)))
    found = pair_values("classification", kept(BASE), kept(other), CLASSES, LABELS)["divergence"]
    assert 0.3 * exact.mean() < found.mean() < 1.05 * exact.mean()
    assert np.corrcoef(exact, found)[0, 1] > 0.7


def test_a_classifier_does_not_diverge_from_itself() -> None:
    """Nothing is made up by what is not listed."""
    found = pair_values("classification", kept(BASE), kept(BASE), CLASSES, LABELS)
    assert not found["divergence"].any() and not found["truth"].any()
    assert found["agreement"].all()


def test_a_divergence_of_which_everything_is_listed_is_exact() -> None:
    """Three classes of nearly equal probability stand in three places."""
    first, second = np.log([[0.5, 0.3, 0.2]]), np.log([[0.2, 0.3, 0.5]])
    pair = [core.top_k_of(core.distribution(s, "logits"), 5) for s in (first, second)]
    sides = [Kept({n: getattr(listed(t), n) for n in ("places", "labels", "probabilities")})
             for t in pair]  # fmt: skip
    found = pair_values("classification", *sides, 3)
    expected = 0.5 * np.log(0.5 / 0.2) + 0.2 * np.log(0.2 / 0.5)
    np.testing.assert_allclose(found["divergence"], [expected], rtol=1e-3)
    assert "truth" not in found


def test_an_answer_that_is_none_agrees_with_nothing() -> None:
    """Instances whose scores hold a NaN have no comparison values."""
    broken = BASE.copy()
    broken[3] = np.nan
    for pair in ((kept(BASE), kept(broken)), (kept(broken), kept(BASE))):
        found = pair_values("classification", *pair, CLASSES, LABELS)
        for values in found.values():
            assert np.flatnonzero(np.isnan(values)).tolist() == [3]


def test_sets_numbers_embeddings_and_texts() -> None:
    """Each task has its own values, for any two models."""
    sets = [Kept({"sets": np.array(rows, np.uint8)}) for rows in ([[0b101], [3]], [[0b110], [3]])]
    found = pair_values("multilabel", *sets)
    assert {name: values.tolist() for name, values in found.items()} == {
        "agreement": [0, 1], "differing": [2, 0],
    }  # fmt: skip
    numbers = [Kept({"values": np.array(rows, np.float32)})
               for rows in ([[1, 2], [0, 0], [1, 1]], [[2, 5], [np.inf, 0], [1, 1]])]  # fmt: skip
    np.testing.assert_array_equal(pair_values("regression", *numbers)["gap"], [2, np.nan, 0])
    assert correlation(numbers[0], numbers[0]) == pytest.approx(1)
    near = [Kept({"neighbours": np.array(rows, np.uint32)})
            for rows in ([[4, 5], [1, 2**32 - 1]], [[5, 6], [2**32 - 1, 2**32 - 1]])]  # fmt: skip
    np.testing.assert_array_equal(pair_values("embedding", *near)["kept"], [0.5, np.nan])
    texts = pair_values("generation", Kept(texts=("a cat", "b")), Kept(texts=("a car", "b")))
    assert (texts["agreement"].tolist(), texts["edits"].tolist()) == ([0, 1], [1, 0])


def test_answers_are_what_models_can_agree_on() -> None:
    """Classes, sets and nearest neighbours; numbers are never the same."""
    assert answers("classification", kept(BASE)).tolist() == BASE.argmax(axis=1).tolist()
    assert answers("multilabel", Kept({"sets": np.array([[5]])})).tolist() == [[5, 0]]
    assert answers("embedding", Kept({"neighbours": np.array([[5, 6]])})).tolist() == [[5]]
    with pytest.raises(CoreError, match="'regression' are not the same or different"):
        answers("regression", Kept())


def test_rows_are_those_of_their_instances() -> None:
    """A class's outcomes, test and means are of its instances alone; of none, nothing."""
    right = [np.array([1, 1, 0, 0, 1], bool), np.array([0, 1, 1, 0, 0], bool)]
    values = {"edits": np.array([1.0, np.nan, 3.0, 4.0, 6.0])}
    levels = members(np.array([2, 0, 2, 2, 0], np.uint8), 3)
    assert [level.tolist() for level in levels] == [[1, 4], [], [0, 2, 3]]
    first, none, last = (summed_up(values, *right, level, len(level)) for level in levels)
    assert (first.count, first.means) == (2, {"edits": 6})
    assert first.outcomes is not None and first.test is not None
    assert (first.outcomes.both_right, first.outcomes.lost) == (1, 1)
    assert first.test.difference == -0.5
    assert (none.count, none.means) == (0, {"edits": None})
    assert none.test is not None and none.test.difference is None
    assert last.means["edits"] == pytest.approx(8 / 3)
    assert summed_up(values, None, right[1], slice(None), 5).outcomes is None


@pytest.mark.parametrize(
    ("task", "base", "other", "text"),
    [
        ("guess", Kept(), Kept(), "answers of the task 'guess' cannot be compared here"),
        ("regression", Kept(), Kept(), "the answers lack their 'values'"),
        ("generation", Kept(texts=("a",)), Kept(),
         "answers of 1 and of 0 are not about the same instances"),
        ("multilabel", Kept({"sets": np.zeros((2, 1), np.uint8)}),
         Kept({"sets": np.zeros((3, 1), np.uint8)}),
         "answers of (2, 1) and of (3, 1) are not about the same instances"),
        ("classification",
         Kept({"places": np.array([2]), "labels": np.array([1]), "probabilities": np.array([9])}),
         Kept({"places": np.array([1]), "labels": np.array([1]), "probabilities": np.array([9])}),
         "2 places do not have 1 labels, one or more for each"),
    ],
)  # fmt: skip
def test_what_cannot_be_paired(task: str, base: Kept, other: Kept, text: str) -> None:
    """Answers of another form are refused in words."""
    with pytest.raises(CoreError) as caught:
        pair_values(task, base, other)
    assert str(caught.value) == text
