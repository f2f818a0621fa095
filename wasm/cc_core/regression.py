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
    without finite instances, or where sums go beyond float64.
    """

    mae: float | None
    rmse: float | None
    r2: float | None


class Residuals:
    """Sums of errors by level of a group and by target; blocks of instances are added to them.

    ``count`` (levels,) instances, ``absolute`` and ``squares`` float64 (levels, targets).
    """

    def __init__(self, levels: int, targets: int) -> None:
        self.count = np.zeros(levels, np.int64)
        self.absolute, self.squares = np.zeros((levels, targets)), np.zeros((levels, targets))

    def add(
        self,
        codes: NDArray[np.integer],
        predicted: NDArray[np.float64],
        truth: NDArray[np.float64],
    ) -> None:
        """Take in instances of the levels ``codes`` (n,), with finite numbers (n, targets)."""
        if not len(codes):
            return
        order = np.argsort(codes, kind="stable")
        levels, first = np.unique(codes[order], return_index=True)
        self.count[levels] += np.diff(np.append(first, len(codes)))
        with np.errstate(over="ignore"):
            gap = np.abs(truth - predicted)[order]
            self.absolute[levels] += np.add.reduceat(gap, first, axis=0)
            self.squares[levels] += np.add.reduceat(gap * gap, first, axis=0)

    def errors(self, level: int, spread: NDArray[np.float64]) -> Errors:
        """Errors of a level over all targets; ``spread`` (targets,) is that of its true values."""
        return self._errors(level, slice(None), spread)

    def errors_of_target(self, level: int, target: int, spread: NDArray[np.float64]) -> Errors:
        """Errors of a level on one of the targets."""
        return self._errors(level, slice(target, target + 1), spread[target : target + 1])

    def _errors(self, level: int, targets: slice, spread: NDArray[np.float64]) -> Errors:
        count = int(self.count[level]) * len(spread)
        if not count:
            return Errors(None, None, None)
        squares = self.squares[level, targets]
        with np.errstate(over="ignore"):
            known = (spread > 0) & np.isfinite(spread + squares)
            return Errors(
                mae=_usable(self.absolute[level, targets].sum() / count),
                rmse=_usable(np.sqrt(squares.sum() / count)),
                r2=float((1 - squares[known] / spread[known]).mean()) if known.any() else None,
            )


def _usable(value: float) -> float | None:
    """None for what goes beyond float64."""
    return float(value) if np.isfinite(value) else None


def spread_of(truth: NDArray[np.float64], which: NDArray[np.intp]) -> NDArray[np.float64]:
    """Σ(t-t̄)² of each target (targets,) over some instances of (n, targets).

    0 where all of them are the same number, whose mean may be another one by rounding.
    """
    targets = truth.shape[1]
    if not len(which):
        return np.zeros(targets)
    size = max(1, _TOGETHER // max(1, targets))
    parts = [which[first : first + size] for first in range(0, len(which), size)]
    low, high = np.full(targets, np.inf), np.full(targets, -np.inf)
    total, spread = np.zeros(targets), np.zeros(targets)
    with np.errstate(over="ignore", invalid="ignore"):
        for part in parts:
            true = truth[part]
            low, high = np.minimum(low, true.min(axis=0)), np.maximum(high, true.max(axis=0))
            total += true.sum(axis=0)
        middle = total / len(which)
        for part in parts:
            spread += ((truth[part] - middle) ** 2).sum(axis=0)
    return np.where(low < high, spread, 0.0)


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
        mean_a, mean_b = _mean(a), _mean(b)
        a, b = a - mean_a, b - mean_b
        if not self.count:
            return Moments(len(a), mean_a, mean_b, float(a @ a), float(b @ b), float(a @ b))
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


def _mean(values: NDArray[np.float64]) -> float:
    """Mean, which of numbers that are all the same is that number, not one beside it."""
    first = float(values[0])
    return first if (values == first).all() else float(values.mean())
