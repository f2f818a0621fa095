"""Classification: one class for each instance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core import classification as core
from cc_core.listed import listed, lists
from cc_core.outcomes import four_way
from cc_export.dataset import Dataset
from cc_export.predictions import BaseComparison, Predictions
from cc_export.study import names
from cc_export.study.records import Evaluation
from cc_export.tasks.names import CLASSIFICATION
from cc_export.tasks.task import (
    NEEDS_ALL,
    OF_BOTH,
    Base,
    Case,
    Task,
    by_level,
    half,
    mean,
    metric,
)

TOP_K = 5
_PROBABLE = (
    "its scores are taken for logits, but look like probabilities: none is below 0 or above 1; "
    "if they are, say `evaluation.scores: probabilities`"
)


def fitted(values: NDArray[Any], dataset: Dataset, _: Evaluation) -> NDArray[Any] | None:
    """One number for each class, if that is what they are."""
    fits = values.ndim == 2 and values.dtype.kind in "biuf"
    classes = len(dataset.classes)
    return values if fits and values.shape[1] == (classes or values.shape[1]) else None


def wanted(count: int, dataset: Dataset) -> str:
    """What answers must look like."""
    classes = len(dataset.classes)
    guessed = "" if dataset.source.classes else " (as many as the labels name)"
    many = "1 class" if classes == 1 else f"{classes} classes"
    of = f" of {many}{guessed}" if classes else ""
    return f"{count} instances{of} need numbers of shape [{count}, {classes or 'classes'}]"


def _fitted(values: NDArray[Any], dataset: Dataset, evaluation: Evaluation) -> NDArray[Any] | None:
    """One number for each class; of two classes, that of the second one will do."""
    one = values.size == len(values) and values.ndim <= 2 and values.dtype.kind in "biuf"
    if one and len(dataset.classes) == 2:
        return core.both_classes(values, evaluation.scores)
    return fitted(values, dataset, evaluation)


class _Pass:
    """One pass over the answers, block by block, beside those of the bases."""

    def __init__(self, case: Case) -> None:
        kind, labels = case.evaluation.scores, case.dataset.labels
        n = len(case.answers)
        tops: list[core.TopK] = []
        self.truth = np.full(n, np.nan)
        self.loss = np.full(n, np.nan)
        self.divergence = [np.empty(n) for _ in case.bases]
        self.predicted = [np.empty(n, np.uint16) for _ in case.bases]
        self.base_truth = [np.full(n, np.nan) for _ in case.bases]
        shape = (case.answers.together, *case.answers.shape[1:])
        room, base_room = core.room_for(*shape), core.room_for(*shape)
        others = [base.answers.parts() for base in case.bases]
        self.probable = kind == "logits"
        for part, scores in zip(case.answers.blocks(), case.answers.parts(), strict=True):
            self.probable = self.probable and core.like_probabilities(scores)
            own = core.distribution(scores, kind, room)
            tops.append(core.top_k_of(own, TOP_K, room))
            if labels is not None:
                self.truth[part] = core.true_probability(own, labels[part])
                self.loss[part] = core.log_loss(own, labels[part])
            for number, parts in enumerate(others):
                other = core.distribution(next(parts), kind, base_room)
                self.divergence[number][part] = core.kl_divergence(other, own, room)
                best = other.order.argmax(axis=1).astype(np.uint16)
                self.predicted[number][part] = np.where(other.invalid, core.NO_CLASS, best)
                if labels is not None:
                    found = core.true_probability(other, labels[part])
                    self.base_truth[number][part] = found
        self.top = core.TopK(
            np.concatenate([top.labels for top in tops]),
            np.concatenate([top.probabilities for top in tops]),
            np.concatenate([top.rest for top in tops]),
        )


def judge(case: Case) -> Predictions:
    """Top-k of every instance, the standard metrics, and the divergence from each base."""
    seen = _Pass(case)
    top, labels = seen.top, case.dataset.labels
    predicted = top.labels[:, 0]
    classes: dict[str, Any] = {}
    if labels is not None:
        measured = core.per_class(predicted, labels, len(case.dataset.classes))
        fields = ("support", "predicted", "precision", "recall", "f1")
        classes = {name: getattr(measured, name) for name in fields}
    found = listed(top, labels, seen.truth)
    arrays = ("places", "labels", "probabilities", "rest", "truth")
    values = {name: getattr(found, name) for name in arrays}
    counts: dict[str, NDArray[Any]] = {"labels": found.places, "probabilities": found.places}
    if labels is not None:
        counts["truth"] = (~lists(found, labels)).astype(np.uint8)
    return Predictions(
        task=CLASSIFICATION,
        count=len(predicted),
        metrics=_metrics(seen, labels, slice(None)),
        values={name: array for name, array in values.items() if array is not None},
        correct=core.correct(predicted, labels) if labels is not None else None,
        classes=classes,
        groups=by_level(case.dataset.groups, lambda which: _metrics(seen, labels, which)),
        invalid=int((predicted == core.NO_CLASS).sum()),
        comparisons=tuple(
            _compared(base, number, seen, labels) for number, base in enumerate(case.bases)
        ),
        counts=counts,
        warnings=(_PROBABLE,) if seen.probable else (),
    )


def _metrics(
    seen: _Pass, labels: NDArray[np.int64] | None, which: slice | NDArray[np.intp]
) -> dict[str, float | None]:
    if labels is None:
        return {}
    truth, predicted = labels[which], seen.top.labels[which, 0]
    right = core.correct(predicted, truth)
    valid = predicted != core.NO_CLASS
    confidence = seen.top.probabilities[which, 0] / core.STEPS
    f1 = core.per_class(predicted, truth, int(max(truth, default=0)) + 1)
    # A class that is only ever predicted counts, too.
    taken = set(predicted[valid].tolist()) - set(truth.tolist())
    scores = [value for value, n in zip(f1.f1, f1.support, strict=True) if n]
    found = {
        names.ACCURACY: core.accuracy(predicted, truth),
        names.MACRO_F1: core.mean_of([*scores, *[0.0] * len(taken)]),
        # No answer is wrong, but has no probability: without it a broken model would look better.
        names.LOG_LOSS: mean(seen.loss[which]) if valid.all() else None,
        names.CALIBRATION: core.calibration_error(confidence, right) if valid.all() else None,
    }
    if seen.top.labels.shape[1] == TOP_K:
        hits = core.in_top(seen.top.labels[which], truth)
        found[names.TOP5] = float(hits.mean()) if len(hits) else None
    return found


def _compared(
    base: Base, number: int, seen: _Pass, labels: NDArray[np.int64] | None
) -> BaseComparison:
    predicted, own = seen.predicted[number], seen.top.labels[:, 0]
    both = (predicted != core.NO_CLASS) & (own != core.NO_CLASS)
    outcomes = None
    if labels is not None:
        outcomes = four_way(core.correct(predicted, labels), core.correct(own, labels))
    return BaseComparison(
        base=base.model,
        roles=base.roles,
        metrics={
            names.AGREEMENT: mean((predicted == own)[both] * 1.0),
            names.DIVERGENCE: mean(seen.divergence[number]),
            names.TRUE_CHANGE: mean(seen.truth - seen.base_truth[number]),
        },
        values={"divergence": half(seen.divergence[number])},
        outcomes=outcomes,
    )


TASK = Task(
    name=CLASSIFICATION,
    # One score of two classes is an array of plain values.
    arrays=("scores", "values"),
    fitted=_fitted,
    wanted=wanted,
    judge=judge,
    metrics=(
        metric(
            names.ACCURACY,
            "Share of evaluation instances whose most probable class is the true one.",
            primary=True,
        ),
        metric(names.TOP5, "Share of instances whose true class is among the five most probable."),
        metric(
            names.MACRO_F1,
            "Mean over classes of 2·right / (instances of the class + predictions of it); classes "
            "without either are left out.",
        ),
        metric(
            names.LOG_LOSS,
            f"Mean of -log p(true class). {NEEDS_ALL}",
            direction="lower",
            unit="nats",
            format=".3f",
            maximum=None,
        ),
        metric(
            names.CALIBRATION,
            "Mean distance between confidence and accuracy, in 15 equal bins of confidence. "
            f"{NEEDS_ALL}",
            direction="lower",
        ),
    ),
    comparisons=(
        metric(
            names.AGREEMENT,
            "Share of instances that get the same class from both models, among those with a class "
            "from both.",
        ),
        metric(
            names.DIVERGENCE,
            "Mean Kullback-Leibler divergence from the base's class probabilities: "
            f"Σ p(base)·log(p(base) / p(model)). {OF_BOTH}",
            direction="lower",
            unit="nats",
            format=".3f",
            maximum=None,
        ),
        metric(
            names.TRUE_CHANGE,
            f"Mean change of the true class's probability, model minus base. {OF_BOTH}",
            format="+.2%",
            minimum=-1.0,
        ),
    ),
)
