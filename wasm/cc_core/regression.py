"""Predicted numbers and how far they are from the true ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Numbers that are looked at together, in float64.
_TOGETHER = 1 << 18


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
    """MAE, RMSE and R² of predicted and true values (n, d), sums in float64, part by part."""
    finite = np.flatnonzero(np.isfinite(predicted).all(axis=1))
    if not len(finite):
        return Errors(None, None, None)
    targets = truth.shape[1]
    absolute, squares, spread = np.zeros(targets), np.zeros(targets), np.zeros(targets)
    size = max(1, _TOGETHER // targets)
    parts = [finite[first : first + size] for first in range(0, len(finite), size)]
    with np.errstate(over="ignore", invalid="ignore"):
        total = sum(
            (truth[part].sum(axis=0, dtype=np.float64) for part in parts), np.zeros(targets)
        )
        middle = total / len(finite)
        for part in parts:
            true = truth[part].astype(np.float64)
            residual = true - predicted[part].astype(np.float64)
            absolute += np.abs(residual).sum(axis=0)
            squares += (residual**2).sum(axis=0)
            spread += ((true - middle) ** 2).sum(axis=0)
    known, count = spread > 0, len(finite) * targets
    return Errors(
        mae=float(absolute.sum() / count),
        rmse=float(np.sqrt(squares.sum() / count)),
        r2=float((1 - squares[known] / spread[known]).mean()) if known.any() else None,
    )


@dataclass(frozen=True, slots=True)
class Moments:
    """Means of ``count`` pairs of finite numbers, and sums of their deviations' products."""

    count: int = 0
    first: float = 0.0
    second: float = 0.0
    first_squares: float = 0.0
    second_squares: float = 0.0
    products: float = 0.0

    def joined(self, first: NDArray[np.float64], second: NDArray[np.float64]) -> Moments:
        """With more pairs (n,); those with a NaN or infinity are left out.

        Source: Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing
        Sample Variances" (1979).
        """
        both = np.isfinite(first) & np.isfinite(second)
        a, b = first[both], second[both]
        if not len(a):
            return self
        mean_a, mean_b = float(a.mean()), float(b.mean())
        a, b = a - mean_a, b - mean_b
        total = self.count + len(a)
        gap_a, gap_b = mean_a - self.first, mean_b - self.second
        weight = self.count * len(a) / total
        return Moments(
            total,
            self.first + gap_a * len(a) / total,
            self.second + gap_b * len(a) / total,
            self.first_squares + float(a @ a) + gap_a * gap_a * weight,
            self.second_squares + float(b @ b) + gap_b * gap_b * weight,
            self.products + float(a @ b) + gap_a * gap_b * weight,
        )

    @property
    def correlation(self) -> float | None:
        """Pearson correlation, -1 to 1; None where either is constant, or there are no pairs."""
        length = float(np.sqrt(self.first_squares * self.second_squares))
        return self.products / length if length else None
