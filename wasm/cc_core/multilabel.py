"""Predictions of several labels for each instance: sets of labels, and how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.classification import mean_of, shares
from cc_core.errors import CoreError

_TOLERANCE = 1e-2
# Stand in place of labels, of 16 bits or of 32, where scores held a NaN: no set was predicted.
NO_LABEL = (65_535, 4_294_967_295)


@dataclass(frozen=True, slots=True)
class PerLabel:
    """One value for each label; None where there is nothing to divide by.

    ``average_precision`` is the area under the precision-recall steps. All but the two counts are
    better when higher.
    """

    support: tuple[int, ...]
    predicted: tuple[int, ...]
    precision: tuple[float | None, ...]
    recall: tuple[float | None, ...]
    f1: tuple[float | None, ...]
    average_precision: tuple[float | None, ...]


def label_probabilities(scores: NDArray[np.generic], kind: str) -> NDArray[np.float64]:
    """Probability of each label, float64 (n, labels): the logistic function of logits.

    NaN stays NaN; infinite logits are 0 or 1.

    Raises:
        CoreError: they are said to be probabilities and lie outside of 0 to 1.
    """
    values = scores.astype(np.float64)
    if kind == "probabilities":
        wrong = values[(values < -_TOLERANCE) | (values > 1 + _TOLERANCE)]
        if wrong.size:
            raise CoreError(f"{wrong[0]:g} is no probability; are these scores logits?")
        return np.clip(values, 0.0, 1.0)
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-values)), np.float64)


def predicted_sets(probability: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Which labels (n, labels) apply: those of at least that probability; NaN does not."""
    with np.errstate(invalid="ignore"):
        return np.asarray(probability >= threshold, np.bool_)


def average_precision(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> float | None:
    """Σ (recall step) · precision over falling scores (n,), equal scores taken together.

    Higher is better, 1 when every instance of the label stands above all others; None without an
    instance of the label. NaN scores come last.
    """
    if not truth.any():
        return None
    ranked = np.where(np.isnan(scores), -np.inf, scores)
    order = np.argsort(-ranked, kind="stable")
    hits = np.cumsum(truth[order])
    last = np.append(ranked[order][1:] != ranked[order][:-1], True)
    found, seen = hits[last], np.flatnonzero(last) + 1
    steps = np.diff(found, prepend=0)
    return float((steps * (found / seen)).sum() / truth.sum())


@dataclass(frozen=True, slots=True)
class Tally:
    """What sets of some instances amount to; tallies add up over instances.

    Of each label (labels,): ``right`` instances predicted and true, ``predicted`` and ``support``
    (true) ones. ``exact`` of all ``count`` sets are the true one.
    """

    right: NDArray[np.int64]
    predicted: NDArray[np.int64]
    support: NDArray[np.int64]
    exact: int
    count: int

    def __add__(self, other: Tally) -> Tally:
        """The tally of both."""
        return Tally(
            self.right + other.right,
            self.predicted + other.predicted,
            self.support + other.support,
            self.exact + other.exact,
            self.count + other.count,
        )


def tally(
    predicted: NDArray[np.bool_], truth: NDArray[np.bool_], valid: NDArray[np.bool_]
) -> Tally:
    """Counts from predicted and true sets (n, labels); those that are not ``valid`` (n,) are wrong.

    Such had a NaN among their scores: labels with one were not predicted.
    """
    return Tally(
        (predicted & truth).sum(axis=0, dtype=np.int64),
        predicted.sum(axis=0, dtype=np.int64),
        truth.sum(axis=0, dtype=np.int64),
        int(((predicted == truth).all(axis=1) & valid).sum()),
        len(truth),
    )


def per_label(counts: Tally, average_precisions: Sequence[float | None]) -> PerLabel:
    """Numbers of each label from a tally, with the average precision of each."""
    taken, support = counts.predicted, counts.support
    return PerLabel(
        support=tuple(support.tolist()),
        predicted=tuple(taken.tolist()),
        precision=shares(counts.right, taken),
        recall=shares(counts.right, support),
        f1=shares(2 * counts.right, taken + support),
        average_precision=tuple(average_precisions),
    )


def micro_f1(counts: Tally) -> float | None:
    """2·right / (predicted + true) over all labels together; higher is better.

    None when nothing is predicted and nothing true.
    """
    whole = int(counts.predicted.sum()) + int(counts.support.sum())
    return 2 * int(counts.right.sum()) / whole if whole else None


def macro_f1(counts: Tally) -> float | None:
    """Mean F1 of the labels that are predicted or true anywhere; higher is better."""
    return mean_of(shares(2 * counts.right, counts.predicted + counts.support))


def bernoulli_divergence(
    base: NDArray[np.float64], other: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Σ over labels of the Kullback-Leibler divergence in nats (n,), from base (n, labels).

    0 where the two are equal; infinite where the other is certain of what the base is not; NaN
    where either holds a NaN.
    """
    total = np.zeros(len(base))
    with np.errstate(divide="ignore", invalid="ignore"):
        for p, q in ((base, other), (1 - base, 1 - other)):
            terms = p * (np.log(p) - np.log(q))
            total += np.where((p == 0) & ~np.isnan(q), 0.0, terms).sum(axis=1)
    return np.maximum(total, 0.0)


def answered(best: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Which instances (n,) have a set, from their most probable labels (n, k)."""
    none = NO_LABEL[best.dtype.itemsize > 2]
    return np.asarray((best != none).all(axis=1), np.bool_)
