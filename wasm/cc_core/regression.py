"""Predicted numbers and how far they are from the true ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of n instances and d targets, over the instances that are finite.

    ``mae`` and ``rmse`` are in the target's unit, lower is better. ``r2`` = 1 - Σ(t-y)² / Σ(t-t̄)²,
    higher is better, the mean over targets; None where every true value is the same. All are None
    without finite instances.
    """

    mae: float | None
    rmse: float | None
    r2: float | None


def errors(predicted: NDArray[np.floating], truth: NDArray[np.floating]) -> Errors:
    """MAE, RMSE and R² of predicted and true values (n, d), sums in float64."""
    finite = np.isfinite(predicted).all(axis=1)
    y, t = predicted[finite].astype(np.float64), truth[finite].astype(np.float64)
    if not len(y):
        return Errors(None, None, None)
    with np.errstate(over="ignore", invalid="ignore"):
        residual = t - y
        spread = ((t - t.mean(axis=0)) ** 2).sum(axis=0)
        squares = (residual**2).sum(axis=0)
    known = spread > 0
    return Errors(
        mae=float(np.abs(residual).mean()),
        rmse=float(np.sqrt(squares.sum() / residual.size)),
        r2=float((1 - squares[known] / spread[known]).mean()) if known.any() else None,
    )
