"""Two models' answers to the same instances, from what a bundle keeps of each.

A bundle has exact comparisons of a model with its root and its parent. These are for any two
models: what is right or wrong, the same or not, is as exact; how far probabilities are apart is
estimated from the classes that are listed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cc_core.classification import NO_CLASS, STEPS
from cc_core.embedding import overlap
from cc_core.errors import CoreError
from cc_core.generation import edit_distance
from cc_core.listed import Listed, lists, rest_of, truth_of
from cc_core.multilabel import answered
from cc_core.outcomes import FourWay, PairedTest, four_way, paired_test
from cc_core.regression import Moments

# A probability that is listed as 0 is below half a step.
_LEAST = 0.5 / STEPS
_NO_NEIGHBOUR = 2**32 - 1
Values = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a bundle keeps of one model's answers: its arrays by name, or its texts."""

    arrays: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    texts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PairRow:
    """What became of ``count`` instances: of all, or of a level of a group or class.

    ``outcomes`` and ``test`` are None where nothing is right or wrong. ``means`` are of the values
    that are numbers; None where there is none.
    """

    count: int
    outcomes: FourWay | None
    test: PairedTest | None
    means: Mapping[str, float | None]


def pair_values(
    task: str,
    base: Kept,
    other: Kept,
    classes: int = 0,
    labels: NDArray[np.generic] | None = None,
) -> Values:
    """Each instance's comparison values (n,), by name; NaN where one of the two has no answer.

    ``agreement`` is 1 where both answered the same. Of classes: ``divergence`` estimates the
    Kullback-Leibler divergence in nats from the base's probabilities, rather too low than too high;
    ``truth`` is the change of the true class's probability. Of sets of labels: ``differing`` counts
    labels that only one of them has. Of numbers: ``gap`` is the mean absolute difference over
    targets, ``error`` by how much the absolute error rose. Of embeddings: ``kept`` is the share of
    neighbours that both have. Of texts: ``edits`` is the edit distance.

    Raises:
        CoreError: an array is missing, or the two are not about the same instances.
    """
    if task not in _TASKS:
        raise CoreError(f"answers of the task {task!r} cannot be compared here")
    return _TASKS[task](base, other, classes, labels)


def answers(task: str, kept: Kept) -> NDArray[np.generic]:
    """What each instance was answered, (n,) or (n, k): rows are equal where answers are.

    Of classes the most probable one, of sets their bits and whether there is none, of embeddings
    the nearest neighbour.

    Raises:
        CoreError: an array is missing, or the task's answers are numbers, of which none are equal.
    """
    if task == "classification":
        return first_of(_listed(kept))
    if task == "multilabel":
        # No answer is told from the empty set, whose bits are the same.
        return np.column_stack([_array(kept, "sets"), ~_answered(kept)])
    if task == "embedding":
        return _array(kept, "neighbours")[:, :1]
    raise CoreError(f"answers of the task {task!r} are not the same or different")


def correlation(base: Kept, other: Kept) -> float | None:
    """Pearson correlation of the numbers of two models; None where either is constant."""
    own, known = _array(other, "values"), _array(base, "values")
    moments = Moments().joined(
        known.reshape(-1).astype(np.float64), own.reshape(-1).astype(np.float64)
    )
    return moments.correlation


def summed_up(
    values: Mapping[str, NDArray[np.float64]],
    base: NDArray[np.bool_] | None,
    other: NDArray[np.bool_] | None,
    which: NDArray[np.intp] | slice,
    count: int,
) -> PairRow:
    """What values (n,) and correctness (n,) of base and other come to over ``count`` instances."""
    outcomes = None
    if base is not None and other is not None:
        outcomes = four_way(base[which], other[which])
    return PairRow(
        count=count,
        outcomes=outcomes,
        test=paired_test(outcomes) if outcomes else None,
        means={name: _mean(array[which]) for name, array in values.items()},
    )


def label_rows(
    base: Kept, other: Kept, truth: NDArray[np.generic], labels: int
) -> tuple[PairRow, ...]:
    """For each of so many labels what became of it: right where it is in a set if it is true.

    No answer is wrong. Sets and ``truth`` are bits (n, bytes), the first label in the highest bit
    of the first byte.

    Raises:
        CoreError: the three are not about the same instances and labels.
    """
    known = [_array(base, "sets"), _array(other, "sets"), truth]
    for one in known:
        _same_length(tuple(one.shape), (len(truth), -(-labels // 8)))
    first, second, true = (
        np.unpackbits(one.astype(np.uint8), axis=1, count=labels) for one in known
    )
    right = [
        (one == true) & _answered(kept)[:, None] for one, kept in ((first, base), (second, other))
    ]
    return tuple(
        summed_up({}, right[0][:, at], right[1][:, at], slice(None), len(true))
        for at in range(labels)
    )


def members(codes: NDArray[np.generic], levels: int) -> list[NDArray[np.intp]]:
    """The instances of each level, in rising order, from the level (n,) of each instance."""
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(levels + 1))
    return [order[edges[level] : edges[level + 1]] for level in range(levels)]


def first_of(found: Listed) -> NDArray[np.uint16]:
    """The most probable class (n,) of each instance; NO_CLASS where there is none."""
    starts = np.cumsum(found.places, dtype=np.int64) - found.places
    return np.asarray(found.labels[starts], np.uint16)


def _mean(values: NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _classes(base: Kept, other: Kept, classes: int, labels: NDArray[np.generic] | None) -> Values:
    ours, theirs = _listed(other), _listed(base)
    _same_length(len(ours.places), len(theirs.places))
    truth = None if labels is None else labels.astype(np.int64)
    own, known = first_of(ours), first_of(theirs)
    usable = (own != NO_CLASS) & (known != NO_CLASS)
    found = {
        "agreement": np.where(usable, own == known, np.nan),
        "divergence": _divergence(theirs, ours, classes, truth, usable),
    }
    if truth is not None:
        change = truth_of(ours, truth).astype(np.float64) - truth_of(theirs, truth)
        found["truth"] = np.where(usable, change / STEPS, np.nan)
    return found


def _divergence(
    base: Listed,
    other: Listed,
    classes: int,
    truth: NDArray[np.int64] | None,
    usable: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Σ p·log(p / q) over the classes that either lists, and over all others as one.

    A class that one side does not list is taken to be as probable there as on the other, as far as
    what that side has left, and the least that it lists, allow.
    """
    p_labels, p, p_rest = _places(base, truth)
    q_labels, q, q_rest = _places(other, truth)
    q_of_p, p_of_q = _looked_up(p_labels, q_labels, q), _looked_up(q_labels, p_labels, p)
    alone_p, alone_q = (p_labels >= 0) & np.isnan(q_of_p), (q_labels >= 0) & np.isnan(p_of_q)
    taken_q, taken_p = _unlisted(p, alone_p, other, q_rest), _unlisted(q, alone_q, base, p_rest)
    total = np.where(p_labels >= 0, _terms(p, np.where(alone_p, taken_q, q_of_p)), 0.0).sum(axis=1)
    total += np.where(alone_q, _terms(taken_p, q), 0.0).sum(axis=1)
    left_p = np.maximum(p_rest - taken_p.sum(axis=1), 0.0)
    left_q = np.maximum(q_rest - taken_q.sum(axis=1), 0.0)
    listed = (p_labels >= 0).sum(axis=1) + alone_q.sum(axis=1)
    total += np.where(listed < classes, _terms(left_p, left_q), 0.0)
    return np.where(usable, np.maximum(total, 0.0), np.nan)


def _unlisted(
    wanted: NDArray[np.float64],
    alone: NDArray[np.bool_],
    there: Listed,
    rest: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Probabilities (n, k) where ``alone``: those wanted, as far as the other side allows.

    Together they are at most its rest (n,), and each is at most the least that it lists.
    """
    ends = np.cumsum(there.places, dtype=np.int64)
    least = there.probabilities[ends - 1].astype(np.float64) / STEPS
    found = np.where(alone, np.minimum(wanted, least[:, None]), 0.0)
    total = found.sum(axis=1)
    scale = np.where(total > rest, rest / np.maximum(total, _LEAST), 1.0)
    return np.asarray(found * scale[:, None], np.float64)


def _terms(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(p > 0, p * (np.log(np.maximum(p, _LEAST)) - np.log(np.maximum(q, _LEAST))), 0.0)


def _places(
    found: Listed, truth: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Labels (n, k + 1) with -1 for none, their probabilities, and that (n,) of all others.

    The last place is the true class's, where it is known and not listed.
    """
    n, k = len(found.places), int(found.places.max(initial=0))
    labels, values = np.full((n, k + 1), -1, np.int64), np.zeros((n, k + 1))
    there = np.arange(k + 1)[None, :] < found.places[:, None]
    labels[there], values[there] = found.labels, found.probabilities / STEPS
    rest = rest_of(found).astype(np.float64) / STEPS
    if truth is not None and found.truth is not None:
        missing = ~lists(found, truth) & (labels[:, 0] != NO_CLASS)
        labels[missing, k] = truth[missing]
        values[missing, k] = truth_of(found, truth)[missing] / STEPS
        rest = np.maximum(rest - values[:, k], 0.0)
    return labels, values, rest


def _looked_up(
    wanted: NDArray[np.int64], labels: NDArray[np.int64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The value (n, k) of each wanted label (n, k) among labels (n, m); NaN where it is not."""
    same = (wanted[:, :, None] == labels[:, None, :]) & (labels >= 0)[:, None, :]
    found = np.take_along_axis(values, same.argmax(axis=2), axis=1)
    return np.where(same.any(axis=2), found, np.nan)


def _sets(base: Kept, other: Kept, _: int, __: NDArray[np.generic] | None) -> Values:
    ours, theirs = _array(other, "sets"), _array(base, "sets")
    _same_length(*(tuple(found.shape) for found in (ours, theirs)))
    apart = np.bitwise_count(ours.astype(np.uint8) ^ theirs.astype(np.uint8))
    both = _answered(base) & _answered(other)
    count = np.where(both, apart.sum(axis=1, dtype=np.int64), np.nan)
    return {"agreement": np.where(both, count == 0, np.nan), "differing": count}


def _answered(kept: Kept) -> NDArray[np.bool_]:
    """Which instances (n,) have a set of labels; all where their labels are not given."""
    if "labels" in kept.arrays:
        return answered(kept.arrays["labels"])
    return np.ones(len(_array(kept, "sets")), np.bool_)


def _numbers(base: Kept, other: Kept, _: int, truth: NDArray[np.generic] | None) -> Values:
    ours, theirs = _rows(_array(other, "values")), _rows(_array(base, "values"))
    _same_length(*(tuple(found.shape) for found in (ours, theirs)))
    found = {"gap": _apart(ours, theirs)}
    if truth is not None:
        true = _rows(truth)
        _same_length(tuple(ours.shape), tuple(true.shape))
        found["error"] = _apart(ours, true) - _apart(theirs, true)
    return found


def _rows(array: NDArray[np.generic]) -> NDArray[np.float64]:
    return array.reshape(len(array), math.prod(array.shape[1:])).astype(np.float64)


def _apart(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean absolute difference (n,) of rows; NaN where it is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        mean = np.abs(first - second).mean(axis=1)
    return np.where(np.isfinite(mean), mean, np.nan)


def _embeddings(base: Kept, other: Kept, _: int, __: NDArray[np.generic] | None) -> Values:
    ours, theirs = _neighbours(other), _neighbours(base)
    _same_length(len(ours), len(theirs))
    width = min(ours.shape[1], theirs.shape[1])
    return {"kept": overlap(ours[:, :width], theirs[:, :width])}


def _texts(base: Kept, other: Kept, _: int, __: NDArray[np.generic] | None) -> Values:
    _same_length(len(other.texts), len(base.texts))
    pairs = zip(base.texts, other.texts, strict=True)
    edits = np.array([edit_distance(a, b) for a, b in pairs], np.float64)
    return {"agreement": (edits == 0).astype(np.float64), "edits": edits}


_TASKS = {
    "classification": _classes,
    "multilabel": _sets,
    "regression": _numbers,
    "embedding": _embeddings,
    "generation": _texts,
}


def _same_length(first: object, second: object) -> None:
    if first != second:
        raise CoreError(f"answers of {second} and of {first} are not about the same instances")


def _array(kept: Kept, name: str) -> NDArray[np.generic]:
    if name not in kept.arrays:
        raise CoreError(f"the answers lack their {name!r}")
    return kept.arrays[name]


def _listed(kept: Kept) -> Listed:
    places, labels, shares = (_array(kept, name) for name in ("places", "labels", "probabilities"))
    total = int(places.sum(dtype=np.int64))
    if len(labels) != total or len(shares) != total or (len(places) and not places.all()):
        raise CoreError(f"{total} places do not have {len(labels)} labels, one or more for each")
    others = {name: kept.arrays[name] for name in ("rest", "truth") if name in kept.arrays}
    return Listed(
        places.astype(np.uint8),
        labels.astype(np.uint16),
        shares.astype(np.uint16),
        **{name: array.astype(np.uint16) for name, array in others.items()},
    )


def _neighbours(kept: Kept) -> NDArray[np.int64]:
    found = _array(kept, "neighbours").astype(np.int64)
    return np.where(found == _NO_NEIGHBOUR, -1, found)
