"""How far one tensor is from another: the numbers that compression work quotes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.change import cosine, relative_l2, sqnr_db
from cc_core.errors import CoreError
from cc_core.statistics import SLICE


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference r - t of a reference r and another tensor t of the same shape.

    Pairs in which either side is NaN or infinite are left out and counted in ``skipped``.

    ``relative_l2`` = ‖r−t‖₂ / ‖r‖₂ (lower is closer; None when the reference is all zero and t is
    not). ``sqnr_db`` = 10·log₁₀(Σr² / Σ(r−t)²) in decibels (higher is closer; None when the two
    are equal, where it would be infinite, or when the reference is all zero). ``cosine`` =
    Σr·t / (‖r‖₂‖t‖₂) (higher is closer; None when either side is all zero). All three are None
    when a sum of squares is beyond float64 (values above 1e154).
    """

    count: int
    skipped: int
    relative_l2: float | None
    sqnr_db: float | None
    cosine: float | None
    largest: float
    mean_absolute: float


def compare(reference: NDArray[np.generic], other: NDArray[np.generic]) -> Comparison:
    """Compare two arrays of the same shape; sums in float64, in slices of 1 MiB.

    Raises:
        CoreError: the shapes differ.
    """
    if reference.shape != other.shape:
        raise CoreError(
            f"cannot compare shape {list(reference.shape)} with shape {list(other.shape)}"
        )
    first, second = reference.reshape(-1), other.reshape(-1)
    skipped = 0
    signal = noise = power = product = absolute = largest = 0.0
    for start in range(0, first.size, SLICE):
        r = first[start : start + SLICE].astype(np.float64)
        t = second[start : start + SLICE].astype(np.float64)
        usable = np.isfinite(r) & np.isfinite(t)
        if not usable.all():
            skipped += int(usable.size - usable.sum())
            r, t = r[usable], t[usable]
        if not r.size:
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            difference = r - t
            signal += float((r * r).sum())
            power += float((t * t).sum())
            noise += float((difference * difference).sum())
            product += float((r * t).sum())
            gap = np.abs(difference)
            absolute += float(gap.sum())
            largest = max(largest, float(gap.max()))
    used = first.size - skipped
    known = math.isfinite(signal) and math.isfinite(noise) and math.isfinite(power)
    return Comparison(
        count=int(first.size),
        skipped=skipped,
        relative_l2=relative_l2(noise, signal) if known else None,
        sqnr_db=sqnr_db(noise, signal) if known else None,
        cosine=cosine(product, signal, power) if known else None,
        largest=largest,
        mean_absolute=absolute / used if used else 0.0,
    )
