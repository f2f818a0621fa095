"""Predictions of a classifier: probabilities, top-k, accuracy, agreement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.errors import CoreError

SCORES = ("logits", "probabilities")
# The label of an instance whose scores hold a NaN: no class was predicted.
NO_CLASS = 65_535
_STEPS = 65_535
# What float16 and sums in float32 may leave a probability beyond 0 or 1.
_TOLERANCE = 1e-2


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


def probabilities(scores: NDArray[np.generic], kind: str) -> NDArray[np.float64]:
    """Class probabilities, float64 (n, classes), from scores (n, classes) of the stated kind.

    ``logits`` go through a softmax in float64; ``probabilities`` are taken as they are. Rows with
    a NaN, and logits rows with +inf, come back as NaN.

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
    values = scores.astype(np.float64)
    if kind == "probabilities":
        wrong = values[(values < -_TOLERANCE) | (values > 1 + _TOLERANCE)]
        if wrong.size:
            raise CoreError(f"{wrong[0]:g} is no probability; are these scores logits?")
        values[np.any(np.isnan(values), axis=1)] = np.nan
        return values
    with np.errstate(invalid="ignore"):
        shifted = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float64)


def top_k(probability: NDArray[np.float64], k: int) -> TopK:
    """The k most probable classes of each row of (n, classes); k is cut to the classes there are.

    Raises:
        CoreError: k is below 1.
    """
    if k < 1:
        raise CoreError(f"top-k needs k of at least 1, got {k}")
    k = min(k, probability.shape[1])
    invalid = np.any(np.isnan(probability), axis=1)
    usable = np.where(invalid[:, None], 0.0, probability)
    order = np.argsort(-usable, axis=1, kind="stable")[:, :k]
    chosen = np.take_along_axis(usable, order, axis=1)
    rest = np.maximum(0.0, usable.sum(axis=1) - chosen.sum(axis=1))
    labels = order.astype(np.uint16)
    labels[invalid] = NO_CLASS
    return TopK(labels, _steps(chosen), _steps(rest))


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


def _steps(probability: NDArray[np.float64]) -> NDArray[np.uint16]:
    return np.rint(np.clip(probability, 0.0, 1.0) * _STEPS).astype(np.uint16)
