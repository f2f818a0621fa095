"""Multilabel classification: any number of labels for each instance."""

from __future__ import annotations

from collections.abc import Sequence
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
from cc_export.tasks.task import (
    OF_BOTH,
    Base,
    Case,
    Task,
    by_level,
    half,
    mean,
    members_of,
    metric,
)

TOP_K = 5
_STEPS = 65_535
# Truth values that are unpacked, and bytes of scores that are held for rankings, at a time.
_UNPACKED, _RANKED = 1 << 22, 1 << 27


class _Pass:
    """One pass over the answers, block by block; sets of labels are kept, a bit for each."""

    def __init__(self, case: Case) -> None:
        kind, threshold = case.evaluation.scores, case.evaluation.threshold
        n, labels = case.answers.shape
        width, k = -(-labels // 8), min(TOP_K, labels)
        self.sets = np.empty((n, width), np.uint8)
        # The last number stands where an instance has no answer.
        self.best = np.empty((n, k), np.uint16 if labels < core.NO_LABEL[0] else np.uint32)
        nothing = np.iinfo(self.best.dtype).max
        self.probability = np.empty((n, k), np.uint16)
        self.valid = np.empty(n, np.bool_)
        self.divergence = [np.empty(n) for _ in case.bases]
        self.base_sets = [np.empty((n, width), np.uint8) for _ in case.bases]
        self.base_valid = [np.empty(n, np.bool_) for _ in case.bases]
        others = [base.answers.parts() for base in case.bases]
        for part, scores in zip(case.answers.blocks(), case.answers.parts(), strict=True):
            own = core.label_probabilities(scores, kind)
            self.sets[part] = np.packbits(core.predicted_sets(own, threshold), axis=1)
            self.valid[part] = ~np.isnan(own).any(axis=1)
            # By the scores: among probabilities, those of large ones are all 1.
            ranked = np.where(np.isnan(own), -np.inf, scores)
            order = np.argsort(-ranked, axis=1, kind="stable")[:, :k]
            answered = self.valid[part][:, None]
            best = np.where(answered, np.take_along_axis(own, order, axis=1), 0.0)
            self.best[part] = np.where(answered, order, nothing)
            self.probability[part] = np.rint(best * _STEPS)
            for number, parts in enumerate(others):
                other = core.label_probabilities(next(parts), kind)
                self.divergence[number][part] = core.bernoulli_divergence(other, own)
                chosen = core.predicted_sets(other, threshold)
                self.base_sets[number][part] = np.packbits(chosen, axis=1)
                self.base_valid[number][part] = ~np.isnan(other).any(axis=1)


def judge(case: Case) -> Predictions:
    """The set of labels of every instance, its most probable labels, and the standard metrics."""
    seen, truth = _Pass(case), case.dataset.labels
    metrics: dict[str, float | None] = {}
    classes: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    correct = None
    if truth is not None:
        everything = np.arange(len(truth))
        levels = [level for group in case.dataset.groups for level in members_of(group)]
        # In this order, which is also that of ``by_level``.
        ranked = iter(_ranked(case, truth, [everything, *levels]))

        def measure(which: NDArray[np.intp]) -> dict[str, float | None]:
            return _metrics(_tally(seen, truth, which), next(ranked))

        precisions = next(ranked)
        counts = _tally(seen, truth, everything)
        metrics = _metrics(counts, precisions)
        found = core.per_label(counts, precisions)
        fields = ("support", "predicted", "precision", "recall", "f1", "average_precision")
        classes = {name: getattr(found, name) for name in fields}
        groups = by_level(case.dataset.groups, measure)
        correct = _same(seen.sets, np.packbits(truth, axis=1)) & seen.valid
    return Predictions(
        task=MULTILABEL,
        count=len(seen.sets),
        metrics=metrics,
        values={"sets": seen.sets, "labels": seen.best, "probabilities": seen.probability},
        correct=correct,
        classes=classes,
        groups=groups,
        invalid=int((~seen.valid).sum()),
        comparisons=tuple(
            _compared(base, number, seen, truth) for number, base in enumerate(case.bases)
        ),
    )


def _tally(seen: _Pass, truth: NDArray[np.bool_], which: NDArray[np.intp]) -> core.Tally:
    """Counts over some instances, of which a part is unpacked at a time."""
    labels = truth.shape[1]
    nothing = np.empty((0, labels), np.bool_)
    counts = core.tally(nothing, nothing, np.empty(0, np.bool_))
    size = max(1, _UNPACKED // labels)
    for first in range(0, len(which), size):
        part = which[first : first + size]
        predicted = np.unpackbits(seen.sets[part], axis=1, count=labels).view(np.bool_)
        counts += core.tally(predicted, truth[part], seen.valid[part])
    return counts


def _ranked(
    case: Case, truth: NDArray[np.bool_], subsets: Sequence[NDArray[np.intp]]
) -> list[list[float | None]]:
    """Average precision of each label over each subset of instances.

    A ranking needs the scores of all instances, as they are: probabilities of large ones would be
    equal, though their order is known. Those of so many labels are held at a time, and
    the answers are gone through again for the next ones.
    """
    n, labels = case.answers.shape
    bytes_of_label = max(1, n * case.answers.dtype.itemsize)
    together = min(labels, max(1, _RANKED // bytes_of_label))
    columns = np.empty((together, n), case.answers.dtype)
    found: list[list[float | None]] = [[] for _ in subsets]
    for first in range(0, labels, together):
        last = min(first + together, labels)
        for part, scores in zip(case.answers.blocks(), case.answers.parts(), strict=True):
            columns[: last - first, part] = scores[:, first:last].T
        for label in range(first, last):
            for precisions, which in zip(found, subsets, strict=True):
                scores = columns[label - first, which]
                precisions.append(core.average_precision(scores, truth[which, label]))
    return found


def _metrics(counts: core.Tally, precisions: Sequence[float | None]) -> dict[str, float | None]:
    return {
        names.MACRO_F1: core.macro_f1(counts),
        names.MICRO_F1: core.micro_f1(counts),
        names.MEAN_AP: mean_of(precisions),
        names.EXACT_SET: counts.exact / counts.count if counts.count else None,
    }


def _compared(
    base: Base, number: int, seen: _Pass, truth: NDArray[np.bool_] | None
) -> BaseComparison:
    other, valid = seen.base_sets[number], seen.base_valid[number]
    both = valid & seen.valid
    outcomes = None
    if truth is not None:
        true = np.packbits(truth, axis=1)
        outcomes = four_way(_same(other, true) & valid, _same(seen.sets, true) & seen.valid)
    return BaseComparison(
        base=base.model,
        roles=base.roles,
        metrics={
            names.AGREEMENT: mean(_same(other, seen.sets)[both] * 1.0),
            names.DIVERGENCE: mean(seen.divergence[number]),
        },
        values={"divergence": half(seen.divergence[number])},
        outcomes=outcomes,
    )


def _same(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which instances have the same set in both."""
    return np.asarray((first == second).all(axis=1), np.bool_)


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
        metric(
            names.AGREEMENT,
            "Share of instances that get the same set from both models, among those with a set "
            "from both.",
        ),
        metric(
            names.DIVERGENCE,
            "Mean Kullback-Leibler divergence from the base's label probabilities, summed over "
            f"labels. {OF_BOTH}",
            direction="lower",
            unit="nats",
            format=".3f",
            maximum=None,
        ),
    ),
)
