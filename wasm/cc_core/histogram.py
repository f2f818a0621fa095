"""Histograms on a stated range, and their compact form inside a bundle."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.errors import CoreError
from cc_core.statistics import Statistics, slices

BINS = 64
_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of equal bins over ``[low, high]``; the last bin includes ``high``.

    ``counts`` is int64 of shape (bins,). Finite values outside the range are in ``below`` and
    ``above``; NaN and infinities are counted nowhere here (see ``Statistics``).
    """

    low: float
    high: float
    counts: NDArray[np.int64]
    below: int = 0
    above: int = 0


def histogram(values: NDArray[np.generic], low: float, high: float, bins: int = BINS) -> Histogram:
    """Count values of any shape and real dtype into equal bins.

    A value v belongs to bin ``floor((v/2 - low/2) / (high/2 - low/2) * bins)`` in float64, which
    cannot overflow and makes the counts the same on every platform.

    Raises:
        CoreError: the range is empty or not finite, or there are no bins.
    """
    width = high / 2 - low / 2
    # False for NaN, for infinities, and for two neighbours of zero with no half between them.
    if not 0 < width < np.inf:
        raise CoreError(f"histogram range must be finite with low < high, got [{low}, {high}]")
    if bins < 1:
        raise CoreError(f"a histogram needs at least one bin, got {bins}")
    counts = np.zeros(bins, np.int64)
    below = above = 0
    for part in slices(values):
        kept = part[np.isfinite(part)]
        outside_low, outside_high = kept < low, kept > high
        below += int(outside_low.sum())
        above += int(outside_high.sum())
        kept = kept[~(outside_low | outside_high)]
        index = np.floor((kept / 2 - low / 2) / width * bins).astype(np.int64)
        counts += np.bincount(np.clip(index, 0, bins - 1), minlength=bins)
    return Histogram(low, high, counts, below, above)


def common_range(parts: Iterable[Statistics]) -> tuple[float, float]:
    """The range that holds every finite value of the parts, for histograms to be compared on.

    One single value v (or several too close for a float64 between them) gives ``v ± max(|v|, 1) /
    2``, within float64; no finite value at all gives (0, 1).
    """
    known = [(p.minimum, p.maximum) for p in parts if p.minimum is not None]
    if not known:
        return 0.0, 1.0
    low = min(minimum for minimum, _ in known if minimum is not None)
    high = max(maximum for _, maximum in known if maximum is not None)
    if high / 2 - low / 2 > 0:
        return low, high
    reach = max(abs(low), 1.0) / 2
    return max(low - reach, -_LARGEST), min(high + reach, _LARGEST)


def pack_counts(counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Counts as uint8 on a square-root scale relative to the largest: 255·√(c / max c).

    A count above zero never becomes zero, so that a rare value stays visible. The exact total is
    stored beside the packed counts. Shape is kept.
    """
    largest = int(counts.max()) if counts.size else 0
    if largest == 0:
        return np.zeros(counts.shape, np.uint8)
    packed = np.rint(255.0 * np.sqrt(counts / largest)).astype(np.uint8)
    packed[(counts > 0) & (packed == 0)] = 1
    return packed


def unpack_counts(packed: NDArray[np.uint8], total: int) -> NDArray[np.float64]:
    """Approximate counts (float64, same shape) that sum to ``total``."""
    weights = packed.astype(np.float64) ** 2
    mass = weights.sum()
    return weights * (total / mass) if mass else weights
