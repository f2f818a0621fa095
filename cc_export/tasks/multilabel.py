"""Multilabel classification: any number of labels for each instance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core import multilabel as core
from cc_core.classification import mean_of
from cc_core.outcomes import four_way
from cc_export.predictions import BaseComparison, Predictions
from cc_export.study import names
from cc_export.tasks.classification import fitted, wanted
from cc_export.tasks.names import MULTILABEL
from cc_export.tasks.task import Base, Case, Task, by_level, mean, metric

TOP_K = 5
_STEPS = 65_535


class _Pass:
    """One pass over the answers: probabilities are kept, in 32 bits, for the ranking metrics."""

    def __init__(self, case: Case) -> None:
        kind, threshold = case.evaluation.scores, case.evaluation.threshold
        n, labels = case.answers.shape
        self.probability = np.empty((n, labels), np.float32)
        self.predicted = np.empty((n, labels), np.bool_)
        self.divergence = [np.empty(n) for _ in case.bases]
        self.base_sets = [np.empty((n, labels), np.bool_) for _ in case.bases]
        for part in case.answers.blocks():
            own = core.label_probabilities(case.answers.block(part.start, part.stop), kind)
            self.probability[part] = own
            self.predicted[part] = core.predicted_sets(own, threshold)
            for number, base in enumerate(case.bases):
                other = core.label_probabilities(base.answers.block(part.start, part.stop), kind)
                self.divergence[number][part] = core.bernoulli_divergence(other, own)
                self.base_sets[number][part] = core.predicted_sets(other, threshold)
        self.invalid = np.isnan(self.probability).any(axis=1)


def judge(case: Case) -> Predictions:
    """The set of labels of every instance, its most probable labels, and the standard metrics."""
    seen, truth = _Pass(case), case.dataset.labels
    k = min(TOP_K, seen.probability.shape[1])
    usable = np.nan_to_num(seen.probability)
    order = np.argsort(-usable, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(usable, order, axis=1)
    classes: dict[str, Any] = {}
    if truth is not None:
        found = core.per_label(seen.predicted, truth, seen.probability)
        fields = ("support", "predicted", "precision", "recall", "f1", "average_precision")
        classes = {name: getattr(found, name) for name in fields}
    return Predictions(
        task=MULTILABEL,
        count=len(usable),
        metrics=_metrics(seen, truth, np.arange(len(usable))),
        values={
            "sets": np.packbits(seen.predicted, axis=1),
            "labels": order.astype(np.uint16),
            "probabilities": np.rint(np.clip(best, 0, 1) * _STEPS).astype(np.uint16),
        },
        correct=(seen.predicted == truth).all(axis=1) if truth is not None else None,
        classes=classes,
        groups=by_level(case.dataset.groups, lambda which: _metrics(seen, truth, which)),
        invalid=int(seen.invalid.sum()),
        comparisons=tuple(
            _compared(base, number, seen, truth) for number, base in enumerate(case.bases)
        ),
    )


def _metrics(
    seen: _Pass, labels: NDArray[np.bool_] | None, which: NDArray[np.intp]
) -> dict[str, float | None]:
    if labels is None:
        return {}
    predicted, truth = seen.predicted[which], labels[which]
    ranked = [
        core.average_precision(seen.probability[which, label], truth[:, label])
        for label in range(truth.shape[1])
    ]
    return {
        names.MACRO_F1: core.macro_f1(predicted, truth),
        names.MICRO_F1: core.micro_f1(predicted, truth),
        names.MEAN_AP: mean_of(ranked),
        names.EXACT_SET: float((predicted == truth).all(axis=1).mean()) if len(truth) else None,
    }


def _compared(
    base: Base, number: int, seen: _Pass, truth: NDArray[np.bool_] | None
) -> BaseComparison:
    other = seen.base_sets[number]
    outcomes = None
    if truth is not None:
        outcomes = four_way((other == truth).all(axis=1), (seen.predicted == truth).all(axis=1))
    return BaseComparison(
        base=base.model,
        roles=base.roles,
        metrics={
            names.AGREEMENT: float((other == seen.predicted).all(axis=1).mean()),
            names.DIVERGENCE: mean(seen.divergence[number]),
        },
        values={"divergence": seen.divergence[number].astype(np.float16)},
        outcomes=outcomes,
    )


TASK = Task(
    name=MULTILABEL,
    arrays=("scores",),
    fitted=fitted,
    wanted=wanted,
    judge=judge,
    metrics=(
        metric(
            names.MACRO_F1,
            "Mean over labels of 2·right / (instances of the label + predictions of it); labels "
            "without either are left out.",
            primary=True,
        ),
        metric(names.MICRO_F1, "2·right / (true + predicted), over all labels together."),
        metric(
            names.MEAN_AP,
            "Mean over labels of the average precision: the area under the precision-recall steps.",
        ),
        metric(names.EXACT_SET, "Share of instances whose predicted set is the true one."),
    ),
    comparisons=(
        metric(names.AGREEMENT, "Share of instances that get the same set from both models."),
        metric(
            names.DIVERGENCE,
            "Mean Kullback-Leibler divergence from the base's label probabilities, summed over "
            "labels.",
            direction="lower",
            unit="nats",
            format=".3f",
            maximum=None,
        ),
    ),
)
