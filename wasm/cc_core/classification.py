"""Predictions of a classifier: probabilities, top-k, standard metrics, divergence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.errors import CoreError

SCORES = ("logits", "probabilities")
# The label of an instance whose scores hold a NaN: no class was predicted.
NO_CLASS = 65_535
STEPS = 65_535
# What float16 and sums in float32 may leave a probability beyond 0 or 1.
_TOLERANCE = 1e-2
_CALIBRATION_BINS = 15
# Sums of exponentials up to which logits are taken as they are.
_FAR = 1e40
# Share of an instance's probability that the stored places name at least, if k allows it.
MASS = 0.99


@dataclass(frozen=True, slots=True)
class TopK:
    """The k most probable classes of n instances.

    ``labels`` uint16 (n, k), most probable first, ties by lower class; ``probabilities`` uint16
    (n, k) in steps of 1/65535; ``rest`` uint16 (n,) is the probability of all other classes.
    An instance with a NaN score has NO_CLASS in every place and probability 0.
    """

    labels: NDArray[np.uint16]
    probabilities: NDArray[np.uint16]
    rest: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class ClassDistribution:
    """Class probabilities of n instances, in the form that all of the numbers here come from.

    ``logs`` float64 (n, classes) are log-weights, up to a constant of each instance, ``weights``
    their exponentials, ``total`` (n,) the sums of those. A probability is ``weights / divisor``.
    ``invalid`` bool (n,) marks instances whose scores held a NaN, or +inf among logits. ``order``
    (n, classes) rises with the weights: the scores themselves, which may be of fewer bits.
    """

    logs: NDArray[np.float64]
    weights: NDArray[np.float64]
    total: NDArray[np.float64]
    divisor: NDArray[np.float64]
    invalid: NDArray[np.bool_]
    order: NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Room:
    """Memory of a distribution of at most that many instances, and of what is made of it.

    Each distribution in it takes the place of the one before. Asking for memory anew, block after
    block, costs more than the numbers.
    """

    logs: NDArray[np.float64]
    weights: NDArray[np.float64]
    spare: NDArray[np.float64]


def room_for(instances: int, classes: int) -> Room:
    """Room for distributions of so many instances at a time."""
    shape = (instances, classes)
    return Room(np.empty(shape), np.empty(shape), np.empty(shape))


def distribution(
    scores: NDArray[np.generic], kind: str, room: Room | None = None
) -> ClassDistribution:
    """Class probabilities from scores (n, classes) of the stated kind, in float64.

    ``logits`` go through a softmax; ``probabilities`` are taken as they are.

    Raises:
        CoreError: scores are not two-dimensional, have no or too many classes, are said to be
            probabilities and lie outside of 0 to 1, or the kind is unknown.
    """
    if kind not in SCORES:
        raise CoreError(f"unknown kind of scores {kind!r}; allowed: {', '.join(SCORES)}")
    if scores.ndim != 2 or not 1 <= scores.shape[1] < NO_CLASS:
        raise CoreError(
            f"a classifier's scores must have shape [instances, classes] with 1 to {NO_CLASS - 1} "
            f"classes, got {list(scores.shape)}"
        )
    n = len(scores)
    room = room or room_for(*scores.shape)
    logs, weights = room.logs[:n], room.weights[:n]
    if kind == "probabilities":
        np.copyto(weights, scores, casting="unsafe")
        low = np.fmin.reduce(weights, axis=None, initial=0.0)
        high = np.fmax.reduce(weights, axis=None, initial=0.0)
        if low < -_TOLERANCE or high > 1 + _TOLERANCE:
            wrong = weights[(weights < -_TOLERANCE) | (weights > 1 + _TOLERANCE)]
            raise CoreError(f"{wrong[0]:g} is no probability; are these scores logits?")
        with np.errstate(divide="ignore", invalid="ignore"):
            np.log(np.maximum(weights, 0.0, out=logs), out=logs)
        total, divisor = weights.sum(axis=1), np.ones(n)
    else:
        np.copyto(logs, scores, casting="unsafe")
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.exp(logs, out=weights).sum(axis=1)
            # These are shifted by their largest; exponentials of the others are safe in float64.
            far = np.flatnonzero(~((total > 1 / _FAR) & (total < _FAR)))
            if len(far):
                logs[far] -= logs[far].max(axis=1, keepdims=True)
                weights[far] = np.exp(logs[far])
                total[far] = weights[far].sum(axis=1)
        divisor = total
    order = np.asarray(scores) if scores.dtype in (np.float32, np.float64) else logs
    return ClassDistribution(logs, weights, total, divisor, np.isnan(total), order)


def both_classes(scores: NDArray[np.generic], kind: str) -> NDArray[np.floating]:
    """Scores (n, 2) of two classes from those of the second class alone, (n,) or (n, 1).

    A probability p stands for [1 - p, p], a logit z for [0, z]: its logistic function is the second
    class's share of their softmax.

    Raises:
        CoreError: the kind is unknown.
    """
    if kind not in SCORES:
        raise CoreError(f"unknown kind of scores {kind!r}; allowed: {', '.join(SCORES)}")
    second = scores.reshape(-1)
    if second.dtype.kind != "f":
        second = second.astype(np.float64)
    first = 1 - second if kind == "probabilities" else np.zeros_like(second)
    return np.stack([first, second], axis=1)


def like_probabilities(scores: NDArray[np.generic]) -> bool:
    """Whether scores (n, classes), said to be logits, look like probabilities.

    All of them lie between 0 and 1, and each instance's add up to 1. So they do, too, where the
    first of two classes has 0 everywhere, as ``both_classes`` makes it of logits.
    """
    low, high = np.min(scores, initial=0), np.max(scores, initial=0)
    if not (low == 0 and 0 < high <= 1):
        return False
    sums = scores.sum(axis=1, dtype=np.float64)
    one = scores.shape[1] == 2 and not scores[:, 0].any()
    return one or bool((np.abs(sums - 1) < _TOLERANCE).all())


def probabilities(scores: NDArray[np.generic], kind: str) -> NDArray[np.float64]:
    """Class probabilities, float64 (n, classes), from scores (n, classes) of the stated kind.

    Rows with a NaN, and logits rows with +inf, come back as NaN.

    Raises:
        CoreError: as ``distribution``.
    """
    found = distribution(scores, kind)
    with np.errstate(invalid="ignore"):
        shares = found.weights / found.divisor[:, None]
    shares[found.invalid] = np.nan
    return np.asarray(shares, np.float64)


def top_k(probability: NDArray[np.float64], k: int) -> TopK:
    """The k most probable classes of each row of (n, classes); k is cut to the classes there are.

    Raises:
        CoreError: k is below 1.
    """
    mass = probability.sum(axis=1)
    found = ClassDistribution(
        probability, probability, mass, np.ones(len(probability)), np.isnan(mass), probability
    )
    return top_k_of(found, k)


def top_k_of(found: ClassDistribution, k: int, room: Room | None = None) -> TopK:
    """As ``top_k``, without every probability being computed for it."""
    if k < 1:
        raise CoreError(f"top-k needs k of at least 1, got {k}")
    labels = _best(found.order, min(k, found.order.shape[1]), room)
    chosen = np.take_along_axis(found.weights, labels, axis=1)
    labels[found.invalid] = NO_CLASS
    chosen[found.invalid] = 0.0
    divisor = np.where(found.invalid, 1.0, found.divisor)
    mass = np.where(found.invalid, 0.0, found.total)
    rest = np.maximum(0.0, (mass - chosen.sum(axis=1)) / divisor)
    return TopK(labels.astype(np.uint16), _steps(chosen / divisor[:, None]), _steps(rest))


def _best(order: NDArray[np.floating], k: int, room: Room | None) -> NDArray[np.intp]:
    """Columns (n, k) of the k largest of each row, of equal ones the first."""
    space = room.spare if room else np.empty(order.shape)
    left = space.reshape(-1).view(order.dtype)[: order.size].reshape(order.shape)
    np.copyto(left, order)
    rows, found = np.arange(len(order)), np.empty((len(order), k), np.intp)
    for place in range(k):
        found[:, place] = best = left.argmax(axis=1)
        last = left[rows, best]
        left[rows, best] = -np.inf
    # Where the last one was as low as what marks the others, one may have been taken twice.
    odd = np.flatnonzero(np.isneginf(last))
    if len(odd):
        found[odd] = np.argsort(-order[odd], axis=1, kind="stable")[:, :k]
    return found


def true_probability(found: ClassDistribution, truth: NDArray[np.integer]) -> NDArray[np.float64]:
    """Probability (n,) of the true labels (n,); NaN for invalid instances."""
    picked = found.weights[np.arange(len(truth)), truth] / found.divisor
    return np.where(found.invalid, np.nan, picked)


def log_loss(found: ClassDistribution, truth: NDArray[np.integer]) -> NDArray[np.float64]:
    """Negative log likelihood in nats (n,) of the true labels: -log p(true).

    Lower is better; infinite where the true label has probability 0, NaN for invalid instances.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        loss = np.log(found.divisor) - found.logs[np.arange(len(truth)), truth]
    return np.asarray(np.where(found.invalid, np.nan, np.maximum(loss, 0.0)), np.float64)


def kl_divergence(
    base: ClassDistribution, other: ClassDistribution, room: Room | None = None
) -> NDArray[np.float64]:
    """Kullback-Leibler divergence in nats (n,) from the base: Σ p_base · log(p_base / p_other).

    What it costs to believe the other model where the base is right; 0 where the two are equal,
    never negative; infinite where the other gives probability 0 to a class that the base does
    not; NaN where either is invalid. Both are normalized first.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        shift = np.log(base.total) - np.log(other.total)
        own, cross = np.vecdot(base.weights, base.logs), np.vecdot(base.weights, other.logs)
        found = (own - cross) / base.total - shift
        # With zeros of either side, of which only those of the base add nothing.
        odd = np.flatnonzero(~np.isfinite(found))
        weights, gap = base.weights[odd], base.logs[odd] - other.logs[odd]
        found[odd] = (
            np.where(weights > 0, weights * gap, 0.0).sum(axis=1) / base.total[odd] - shift[odd]
        )
        found[base.invalid | other.invalid] = np.nan
    return np.asarray(np.maximum(found, 0.0), np.float64)


def correct(predicted: NDArray[np.uint16], truth: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which predicted labels (n,) equal the true labels (n,); NO_CLASS is never correct."""
    right = (predicted.astype(np.int64) == truth) & (predicted != NO_CLASS)
    return np.asarray(right, np.bool_)


def accuracy(predicted: NDArray[np.uint16], truth: NDArray[np.integer]) -> float | None:
    """Share of instances predicted correctly; higher is better; None without instances."""
    return float(correct(predicted, truth).mean()) if len(truth) else None


def accuracy_per_class(
    predicted: NDArray[np.uint16], truth: NDArray[np.integer], classes: int
) -> list[float | None]:
    """Recall of each class: correct instances of the class / instances of the class.

    Higher is better; None for a class without instances.
    """
    right = correct(predicted, truth)
    members = np.bincount(truth, minlength=classes)[:classes]
    hits = np.bincount(truth[right], minlength=classes)[:classes]
    return [float(h / m) if m else None for h, m in zip(hits, members, strict=True)]


def in_top(labels: NDArray[np.uint16], truth: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which true labels (n,) are among the predicted ones (n, k)."""
    return np.asarray((labels.astype(np.int64) == truth[:, None]).any(axis=1), np.bool_)


def confusion(
    predicted: NDArray[np.uint16], truth: NDArray[np.integer], classes: int
) -> NDArray[np.int64]:
    """Counts (classes, classes + 1): true class by predicted class; the last column is no class."""
    columns = np.minimum(predicted.astype(np.int64), classes)
    flat = np.bincount(truth * (classes + 1) + columns, minlength=classes * (classes + 1))
    return flat.reshape(classes, classes + 1).astype(np.int64)


@dataclass(frozen=True, slots=True)
class PerClass:
    """One value for each class; None where there is nothing to divide by.

    ``support`` instances of the class, ``predicted`` instances taken for it; ``precision`` = right
    / predicted, ``recall`` = right / support, ``f1`` = 2·right / (predicted + support). Higher is
    better for the last three.
    """

    support: tuple[int, ...]
    predicted: tuple[int, ...]
    precision: tuple[float | None, ...]
    recall: tuple[float | None, ...]
    f1: tuple[float | None, ...]


def per_class(predicted: NDArray[np.uint16], truth: NDArray[np.integer], classes: int) -> PerClass:
    """Precision, recall and F1 of each class from predicted and true labels (n,)."""
    support = np.bincount(truth, minlength=classes)[:classes]
    valid = predicted[predicted != NO_CLASS].astype(np.int64)
    taken = np.bincount(valid, minlength=classes)[:classes]
    right = np.bincount(truth[correct(predicted, truth)], minlength=classes)[:classes]
    return PerClass(
        support=tuple(support.tolist()),
        predicted=tuple(taken.tolist()),
        precision=shares(right, taken),
        recall=shares(right, support),
        f1=shares(2 * right, taken + support),
    )


def shares(parts: NDArray[np.integer], wholes: NDArray[np.integer]) -> tuple[float | None, ...]:
    """part / whole of each; None where the whole is 0."""
    found: list[float | None] = (parts / np.maximum(wholes, 1)).tolist()
    for place in np.flatnonzero(wholes == 0).tolist():
        found[place] = None
    return tuple(found)


def mean_of(values: Sequence[float | None]) -> float | None:
    """Mean of the values that there are; None without any. This is a macro average."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def calibration_error(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> float | None:
    """Expected calibration error: Σ over bins of share · |accuracy - mean confidence|.

    15 bins of equal width (Guo et al., "On Calibration of Modern Neural Networks", 2017). Lower is
    better; 0 where confidence is what accuracy turns out to be; None without instances.
    """
    if not len(confidence):
        return None
    bins = np.clip(np.ceil(confidence * _CALIBRATION_BINS).astype(int) - 1, 0, None)
    gaps = np.bincount(bins, weights=right.astype(np.float64) - confidence)
    return float(np.abs(gaps).sum() / len(confidence))


def places(top: TopK) -> NDArray[np.uint8]:
    """How many places (n,) say enough: the fewest whose probabilities reach 99 %, else all k."""
    reached = np.cumsum(top.probabilities, axis=1, dtype=np.int64) >= MASS * STEPS
    enough = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, top.labels.shape[1])
    return np.where(top.labels[:, 0] == NO_CLASS, 1, enough).astype(np.uint8)


def _steps(probability: NDArray[np.float64]) -> NDArray[np.uint16]:
    return np.rint(np.clip(probability, 0.0, 1.0) * STEPS).astype(np.uint16)
