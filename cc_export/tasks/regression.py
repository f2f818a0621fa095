"""Regression: one or several numbers for each instance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core.regression import Moments, errors
from cc_export.dataset import Dataset
from cc_export.predictions import BaseComparison, Predictions
from cc_export.study import names
from cc_export.tasks.names import REGRESSION
from cc_export.tasks.task import Base, Case, Task, by_level, mean, metric


def _fitted(values: NDArray[Any], dataset: Dataset) -> NDArray[Any] | None:
    if values.dtype.kind not in "biuf" or not values.ndim:
        return None
    flat = values.reshape(len(values), -1)
    targets = dataset.labels.shape[1] if dataset.labels is not None else flat.shape[1]
    return flat if flat.shape[1] == targets else None


def _wanted(count: int, dataset: Dataset) -> str:
    targets = dataset.labels.shape[1] if dataset.labels is not None else "targets"
    return f"{count} instances of {targets} target(s) need numbers of shape [{count}, {targets}]"


def judge(case: Case) -> Predictions:
    """The predicted numbers, and how far they are from the true ones."""
    values = np.empty(case.answers.shape, np.float32)
    for part, numbers in zip(case.answers.blocks(), case.answers.parts(), strict=True):
        with np.errstate(over="ignore"):
            values[part] = numbers
    truth = case.dataset.labels

    def metrics(which: Any) -> dict[str, float | None]:
        if truth is None:
            return {}
        found = errors(values[which], truth[which])
        return {names.MAE: found.mae, names.RMSE: found.rmse, names.R2: found.r2}

    targets: dict[str, Any] = {}
    if truth is not None:
        single = [errors(values[:, [t]], truth[:, [t]]) for t in range(truth.shape[1])]
        targets = {name: tuple(getattr(e, name) for e in single) for name in ("mae", "rmse", "r2")}
    return Predictions(
        task=REGRESSION,
        count=len(values),
        metrics=metrics(slice(None)),
        values={"values": values},
        classes=targets,
        groups=by_level(case.dataset.groups, metrics),
        invalid=int((~np.isfinite(values).all(axis=1)).sum()),
        comparisons=tuple(_compared(base, values) for base in case.bases),
    )


def _compared(base: Base, values: NDArray[np.float32]) -> BaseComparison:
    gaps, moments = np.empty(len(values)), Moments()
    with np.errstate(invalid="ignore", over="ignore"):
        for part, numbers in zip(base.answers.blocks(), base.answers.parts(), strict=True):
            other = numbers.astype(np.float32).astype(np.float64)
            own = values[part].astype(np.float64)
            gaps[part] = np.abs(own - other).mean(axis=1)
            moments = moments.joined(other.reshape(-1), own.reshape(-1))
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
            "Mean absolute error, over instances and targets.",
            direction="lower",
            format=".4~g",
            maximum=None,
            primary=True,
        ),
        metric(
            names.RMSE,
            "Square root of the mean squared error, over instances and targets.",
            direction="lower",
            format=".4~g",
            maximum=None,
        ),
        metric(
            names.R2,
            "1 - squared error / variance of the true values, mean over targets.",
            format=".3f",
            minimum=None,
        ),
    ),
    comparisons=(
        metric(
            names.MEAN_GAP,
            "Mean absolute difference between the numbers of model and base.",
            direction="lower",
            format=".4~g",
            maximum=None,
        ),
        metric(
            names.CORRELATION,
            "Pearson correlation of the numbers of model and base.",
            format=".4f",
            minimum=-1.0,
        ),
    ),
)
