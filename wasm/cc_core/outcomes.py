"""Two models on the same instances: what was lost, what was gained, and whether that is chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.errors import CoreError

# The 97.5 % point of the normal distribution: intervals hold in 95 % of cases.
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class FourWay:
    """How many instances base and other model got right; ``lost`` only the base, ``gained`` only
    the other.
    """

    both_right: int
    both_wrong: int
    lost: int
    gained: int

    @property
    def count(self) -> int:
        """All instances."""
        return self.both_right + self.both_wrong + self.lost + self.gained


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Whether other and base differ in accuracy.

    ``p`` is McNemar's exact two-sided probability of a split of lost and gained at least as uneven
    if neither model were better; 1 where they are equal. ``difference`` is the accuracy of the
    other minus that of the base, ``low`` to ``high`` its 95 % confidence interval; None without
    instances.
    """

    p: float
    difference: float | None
    low: float | None
    high: float | None


def four_way(base: NDArray[np.bool_], other: NDArray[np.bool_]) -> FourWay:
    """The four counts from correctness (n,) of the base and of another model.

    Raises:
        CoreError: the two are not about the same number of instances.
    """
    if base.shape != other.shape or base.ndim != 1:
        raise CoreError(f"cannot pair outcomes of shape {base.shape} with {other.shape}")
    both = int((base & other).sum())
    lost, gained = int(base.sum()) - both, int(other.sum()) - both
    return FourWay(both, len(base) - both - lost - gained, lost, gained)


def paired_test(counts: FourWay) -> PairedTest:
    """McNemar's exact test, and the adjusted Wald interval of the accuracy difference.

    Sources: McNemar (1947), exact binomial form; Bonett and Price, "Adjusted Wald Confidence
    Interval for a Difference of Binomial Proportions Based on Paired Data" (2012).

    Raises:
        CoreError: a count is negative.
    """
    if min(counts.both_right, counts.both_wrong, counts.lost, counts.gained) < 0:
        raise CoreError("counts of outcomes cannot be negative")
    p = _two_sided(counts.lost, counts.gained)
    n = counts.count
    if not n:
        return PairedTest(p, None, None, None)
    lost, gained = (counts.lost + 1) / (n + 2), (counts.gained + 1) / (n + 2)
    middle = gained - lost
    reach = _Z95 * math.sqrt(max(0.0, lost + gained - middle * middle) / (n + 2))
    return PairedTest(
        p=p,
        difference=(counts.gained - counts.lost) / n,
        low=max(-1.0, middle - reach),
        high=min(1.0, middle + reach),
    )


def _two_sided(lost: int, gained: int) -> float:
    """2 · P(X ≤ min) of a fair coin's lost + gained throws, at most 1."""
    throws, fewer = lost + gained, min(lost, gained)
    log_largest = (
        math.lgamma(throws + 1)
        - math.lgamma(fewer + 1)
        - math.lgamma(throws - fewer + 1)
        - throws * math.log(2)
    )
    # From the largest term down; each is the one before it times i / (throws - i + 1).
    total, term = 0.0, 1.0
    for i in range(fewer, -1, -1):
        total += term
        term *= i / (throws - i + 1)
        if term < total * 1e-17:
            break
    return min(1.0, 2 * math.exp(log_largest) * total)
