"""What became of a tensor: sums over a reference r and a tensor t that add up over layers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# How much a value changed, as a share of the reference's typical magnitude (2^unit, see ``unit``):
# step 0 is below 2^-10 of it, each next one spans a factor of four, the last has no upper bound.
STEPS = 7
STEP_EDGES: tuple[float, ...] = tuple(2.0**exponent for exponent in (-10, -8, -6, -4, -2, 0))
# The step of a pair in which either side is NaN or infinite, or of a value without a reference.
NOT_COMPARED = 7


@dataclass(frozen=True, slots=True)
class Change:
    """Sums over pairs of values; those with a NaN or infinity on either side are ``skipped``.

    ``same`` counts pairs of equal values. In float64: ``signal`` Σr², ``power`` Σt², ``noise``
    Σ(r-t)², ``product`` Σr·t; ``largest`` is max |r-t|.
    """

    count: int = 0
    skipped: int = 0
    same: int = 0
    signal: float = 0.0
    power: float = 0.0
    noise: float = 0.0
    product: float = 0.0
    largest: float = 0.0

    @property
    def relative_l2(self) -> float | None:
        """‖r-t‖₂ / ‖r‖₂; lower is closer. See ``relative_l2``."""
        return relative_l2(self.noise, self.signal)

    @property
    def sqnr_db(self) -> float | None:
        """Signal to quantization noise in decibels; higher is closer. See ``sqnr_db``."""
        return sqnr_db(self.noise, self.signal)

    @property
    def cosine(self) -> float | None:
        """Cosine of the angle between r and t; higher is closer. See ``cosine``."""
        return cosine(self.product, self.signal, self.power)


def together(parts: Iterable[Change]) -> Change:
    """The change of the union: every sum adds up, the largest is the largest."""
    parts = tuple(parts)
    return Change(
        count=sum(part.count for part in parts),
        skipped=sum(part.skipped for part in parts),
        same=sum(part.same for part in parts),
        signal=math.fsum(part.signal for part in parts),
        power=math.fsum(part.power for part in parts),
        noise=math.fsum(part.noise for part in parts),
        product=math.fsum(part.product for part in parts),
        largest=max((part.largest for part in parts), default=0.0),
    )


def relative_l2(noise: float, signal: float) -> float | None:
    """√(Σ(r-t)²) / √(Σr²); lower is closer.

    None when the reference is all zero and t is not, or when a sum is beyond float64.
    """
    if not (math.isfinite(noise) and math.isfinite(signal)):
        return None
    if signal:
        return math.sqrt(noise) / math.sqrt(signal)
    return 0.0 if noise == 0 else None


def sqnr_db(noise: float, signal: float) -> float | None:
    """10·log₁₀(Σr² / Σ(r-t)²) in decibels; higher is closer.

    None when the two are equal, where it would be infinite, when the reference is all zero, or
    when a sum is beyond float64.
    """
    if not (math.isfinite(noise) and math.isfinite(signal) and noise and signal):
        return None
    return 10 * (math.log10(signal) - math.log10(noise))


def cosine(product: float, signal: float, power: float) -> float | None:
    """Σr·t / (‖r‖₂‖t‖₂); higher is closer.

    None when either side is all zero, or when a sum is beyond float64.
    """
    if not (math.isfinite(signal) and math.isfinite(power) and signal and power):
        return None
    # Rounding can carry the quotient a little beyond 1.
    return max(-1.0, min(1.0, product / math.sqrt(signal) / math.sqrt(power)))


def unit(values: NDArray[np.floating]) -> int:
    """Exponent u of the power of two nearest to the root mean square of the finite values.

    What changes are measured by; 0 where no value is finite or all are zero. A sample of the
    reference serves: it is a scale for a picture, stated beside it, and not a result.
    """
    finite = values[np.isfinite(values)].astype(np.float64)
    largest = float(np.abs(finite).max()) if finite.size else 0.0
    if largest == 0:
        return 0
    # Scaled first, so that no square is beyond float64.
    mean = float(np.square(finite / largest).mean())
    return round(math.log2(largest) + math.log2(mean) / 2)


def steps(gap: NDArray[np.float32], unit_exponent: int) -> NDArray[np.int32]:
    """The step of each |r-t| (n,), none of them NaN: int32 (n,) from 0 to STEPS - 1, in its place.

    |r-t| against ``STEP_EDGES`` · 2^unit. The bits of positive float32 numbers are ordered as they
    are and grow by 2^23 with each power of two, so by 2^24 with each factor of four.
    """
    bits = gap.view(np.int32)
    least = least_bits(unit_exponent)
    np.clip(bits, np.int32(least), np.int32(least + (STEPS - 1 << _DIGITS + 1)), out=bits)
    np.subtract(bits, np.int32(least), out=bits)
    return np.right_shift(bits, _DIGITS + 1, out=bits)


def least_bits(unit_exponent: int) -> int:
    """The bits of a float32 four times less than the first edge, where step 0 begins.

    Of numbers below 2^-126 only zero is told.
    """
    exponent = min(max(0, unit_exponent + _FIRST_EXPONENT - 2 + _BIAS), _BEYOND - 2 * STEPS)
    return exponent << _DIGITS


_FIRST_EXPONENT, _BIAS, _BEYOND, _DIGITS = -10, 127, 255, 23
