"""Exact statistics of a tensor that add up over slices, tensors and groups of tensors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# 1 MiB of float64: large enough for numpy's speed, small enough for any memory budget.
SLICE = 131_072


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is known exactly of a set of numbers. All sums are float64.

    ``count`` includes everything; ``minimum``, ``maximum``, ``total`` (Σx) and ``squares`` (Σx²)
    are over the finite values only, and ``minimum``/``maximum`` are None when there are none. A sum
    beyond float64 (values above 1e154) is infinite.
    """

    count: int = 0
    zeros: int = 0
    nan: int = 0
    infinite: int = 0
    minimum: float | None = None
    maximum: float | None = None
    total: float = 0.0
    squares: float = 0.0

    @property
    def finite(self) -> int:
        """How many values are neither NaN nor infinite."""
        return self.count - self.nan - self.infinite

    @property
    def mean(self) -> float | None:
        """Mean of the finite values, None when there are none or their sum is infinite."""
        mean = self.total / self.finite if self.finite else math.inf
        return mean if math.isfinite(mean) else None

    @property
    def deviation(self) -> float | None:
        """Population standard deviation of the finite values, None where ``mean`` is."""
        mean = self.mean
        if mean is None or not math.isfinite(self.squares):
            return None
        return math.sqrt(max(0.0, self.squares / self.finite - mean * mean))

    @property
    def sparsity(self) -> float | None:
        """Share of exact zeros among all values, None for an empty tensor."""
        return self.zeros / self.count if self.count else None


def slices(values: NDArray[np.generic]) -> Iterator[NDArray[np.float64]]:
    """The values, flattened, as float64 slices of at most 1 MiB."""
    flat = values.reshape(-1)
    for start in range(0, flat.size, SLICE):
        yield flat[start : start + SLICE].astype(np.float64)


def summarize(values: NDArray[np.generic]) -> Statistics:
    """Statistics of an array of any shape and any real dtype (float16 to float64, integers).

    Both zeros (+0 and -0) count as zero. An empty array gives ``Statistics()``.
    """
    return merge(_summarize_slice(part) for part in slices(values))


def merge(parts: Iterable[Statistics]) -> Statistics:
    """The statistics of the union; exact but for the rounding of the float64 sums."""
    count = zeros = nan = infinite = 0
    total = squares = 0.0
    minimum: float | None = None
    maximum: float | None = None
    for part in parts:
        count += part.count
        zeros += part.zeros
        nan += part.nan
        infinite += part.infinite
        total += part.total
        squares += part.squares
        if part.minimum is not None and (minimum is None or part.minimum < minimum):
            minimum = part.minimum
        if part.maximum is not None and (maximum is None or part.maximum > maximum):
            maximum = part.maximum
    return Statistics(count, zeros, nan, infinite, minimum, maximum, total, squares)


def _summarize_slice(part: NDArray[np.float64]) -> Statistics:
    finite = np.isfinite(part)
    nan = infinite = 0
    kept = part
    if not finite.all():
        nan = int(np.isnan(part).sum())
        infinite = int(part.size - finite.sum()) - nan
        kept = part[finite]
    with np.errstate(over="ignore", invalid="ignore"):
        total, squares = float(kept.sum()), float((kept * kept).sum())
    return Statistics(
        count=int(part.size),
        zeros=int(part.size - np.count_nonzero(part)),
        nan=nan,
        infinite=infinite,
        # Which of two zeros min() and max() find depends on the processor; + 0.0 leaves +0.
        minimum=float(kept.min()) + 0.0 if kept.size else None,
        maximum=float(kept.max()) + 0.0 if kept.size else None,
        total=total,
        squares=squares,
    )
