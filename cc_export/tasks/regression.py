"""Regression: one or several numbers for each instance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core.regression import Errors, Moments, Residuals, spread_of
from cc_export.dataset import Dataset
from cc_export.predictions import BaseComparison, Predictions
from cc_export.study import names
from cc_export.study.records import Evaluation
from cc_export.tasks.names import REGRESSION
from cc_export.tasks.task import NEEDS_ALL, OF_BOTH, Base, Case, Task, by_level, mean, metric


def _fitted(values: NDArray[Any], dataset: Dataset, _: Evaluation) -> NDArray[Any] | None:
    if values.dtype.kind not in "biuf" or not values.ndim:
        return None
    flat = values.reshape(len(values), -1)
    targets = dataset.labels.shape[1] if dataset.labels is not None else flat.shape[1]
    return flat if flat.shape[1] == targets else None


def _wanted(count: int, dataset: Dataset) -> str:
    targets = dataset.labels.shape[1] if dataset.labels is not None else "targets"
    return f"{count} instances of {targets} target(s) need numbers of shape [{count}, {targets}]"


class _Pass:
    """One pass over the answers, block by block, beside those of the bases.

    They are measured as they are; ``values`` are what a bundle keeps of them.
    """

    def __init__(self, case: Case) -> None:
        n, targets = case.answers.shape
        self.truth = case.dataset.labels
        self.values = np.empty((n, targets), np.float32)
        self.finite = np.empty(n, np.bool_)
        # Of all instances, then of the levels of each group.
        self._codes: list[NDArray[np.unsignedinteger]]
        self._codes = [np.zeros(n, np.uint8), *(group.codes for group in case.dataset.groups)]
        levels = [1, *(len(group.levels) for group in case.dataset.groups)]
        self.sums = [Residuals(count, targets) for count in levels]
        self.gaps = [np.empty(n) for _ in case.bases]
        self.moments = [Moments() for _ in case.bases]
        others = [base.answers.parts() for base in case.bases]
        for part, numbers in zip(case.answers.blocks(), case.answers.parts(), strict=True):
            own = numbers.astype(np.float64)
            with np.errstate(over="ignore"):
                self.values[part] = own
            self.finite[part] = np.isfinite(own).all(axis=1)
            self._measure(part, own)
            for number, parts in enumerate(others):
                self._compare(number, part, own, next(parts).astype(np.float64))

    def _measure(self, part: slice, own: NDArray[np.float64]) -> None:
        if self.truth is None:
            return
        usable = self.finite[part]
        for codes, sums in zip(self._codes, self.sums, strict=True):
            sums.add(codes[part][usable], own[usable], self.truth[part][usable])

    def _compare(
        self, number: int, part: slice, own: NDArray[np.float64], other: NDArray[np.float64]
    ) -> None:
        with np.errstate(invalid="ignore", over="ignore"):
            self.gaps[number][part] = np.abs(own - other).mean(axis=1)
            self.moments[number] = self.moments[number].joined(other.reshape(-1), own.reshape(-1))

    def errors(self, group: int, level: int, which: NDArray[np.intp]) -> Errors:
        """Errors of a level's instances; none where one has no answer, and would be left out."""
        assert self.truth is not None
        if not self.finite[which].all():
            return Errors(None, None, None)
        return self.sums[group].errors(level, spread_of(self.truth, which))


def judge(case: Case) -> Predictions:
    """The predicted numbers, and how far they are from the true ones."""
    seen = _Pass(case)
    metrics: dict[str, float | None] = {}
    targets: dict[str, Any] = {}
    if seen.truth is not None:
        everything = np.arange(len(seen.values))
        spread = spread_of(seen.truth, everything)
        metrics = _named(seen.errors(0, 0, everything))
        sums = seen.sums[0] if seen.finite.all() else Residuals(1, len(spread))
        single = [sums.errors_of_target(0, t, spread) for t in range(len(spread))]
        targets = {name: tuple(getattr(e, name) for e in single) for name in ("mae", "rmse", "r2")}
    # In this order, which is also that of ``by_level``.
    levels = iter(
        [(group, level) for group in range(1, len(seen.sums))
         for level in range(len(seen.sums[group].count))]
    )  # fmt: skip

    def measure(which: NDArray[np.intp]) -> dict[str, float | None]:
        return _named(seen.errors(*next(levels), which)) if seen.truth is not None else {}

    return Predictions(
        task=REGRESSION,
        count=len(seen.values),
        metrics=metrics,
        values={"values": seen.values},
        classes=targets,
        groups=by_level(case.dataset.groups, measure),
        invalid=int((~seen.finite).sum()),
        comparisons=tuple(
            _compared(base, seen.gaps[number], seen.moments[number])
            for number, base in enumerate(case.bases)
        ),
    )


def _named(found: Errors) -> dict[str, float | None]:
    return {names.MAE: found.mae, names.RMSE: found.rmse, names.R2: found.r2}


def _compared(base: Base, gaps: NDArray[np.float64], moments: Moments) -> BaseComparison:
    return BaseComparison(
        base=base.model,
        roles=base.roles,
        metrics={
            names.MEAN_GAP: mean(np.where(np.isfinite(gaps), gaps, np.nan)),
            names.CORRELATION: moments.correlation,
        },
        values={},  # they follow from the values of both
        outcomes=None,
    )


TASK = Task(
    name=REGRESSION,
    arrays=("values", "scores"),
    fitted=_fitted,
    wanted=_wanted,
    judge=judge,
    metrics=(
        metric(
            names.MAE,
            f"Mean absolute error, over instances and targets. {NEEDS_ALL}",
            direction="lower",
            format=".4~g",
            maximum=None,
            primary=True,
        ),
        metric(
            names.RMSE,
            f"Square root of the mean squared error, over instances and targets. {NEEDS_ALL}",
            direction="lower",
            format=".4~g",
            maximum=None,
        ),
        metric(
            names.R2,
            f"1 - squared error / variance of the true values, mean over targets. {NEEDS_ALL}",
            format=".3f",
            minimum=None,
        ),
    ),
    comparisons=(
        metric(
            names.MEAN_GAP,
            f"Mean absolute difference between the numbers of model and base. {OF_BOTH}",
            direction="lower",
            format=".4~g",
            maximum=None,
        ),
        metric(
            names.CORRELATION,
            f"Pearson correlation of the numbers of model and base. {OF_BOTH}",
            format=".4f",
            minimum=-1.0,
        ),
    ),
)
