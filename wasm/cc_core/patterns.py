"""Where the zeros of a weight lie: in N:M patterns that hardware skips, in channels that can go.

A weight is seen as (outer, inputs, inner): its values in C order, with the axis of the layer's
inputs in the middle. An N:M group is M values in a row along the inputs, at one place of the other
axes, of which at most N are not zero (Mishra et al. 2021, arXiv 2104.08378).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# N of M; 2:4 is what sparse tensor cores run.
PATTERNS: tuple[tuple[int, int], ...] = ((1, 4), (2, 4), (4, 8))
# Every group of any pattern is whole in a block of so many inputs.
GROUP = 8
_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Patterns:
    """Exact counts of one or of several weights.

    ``fitting`` are values within groups that keep a pattern, by ``N:M``, of ``count`` values;
    values at the end of the inputs that fill no group keep none. ``empty_inputs`` of ``inputs``
    input channels have no value but zero.
    """

    count: int = 0
    fitting: Mapping[str, int] = field(default_factory=dict)
    inputs: int = 0
    empty_inputs: int = 0

    def share(self, pattern: str) -> float | None:
        """Share of values within groups that keep a pattern, None where there are no values."""
        return self.fitting.get(pattern, 0) / self.count if self.count else None


def cuts(outer: int, inputs: int, inner: int) -> list[tuple[int, int]]:
    """Parts (start, stop) of the values in which every group is whole, of about 256 thousand."""
    slab = inputs * inner
    if not outer * slab:
        return []
    if slab <= _BLOCK:
        step = max(1, _BLOCK // max(1, slab)) * slab
        return [(start, min(start + step, outer * slab)) for start in range(0, outer * slab, step)]
    step = max(1, _BLOCK // (GROUP * inner)) * GROUP * inner
    return [
        (start, min(start + step, (number + 1) * slab))
        for number in range(outer)
        for start in range(number * slab, (number + 1) * slab, step)
    ]


def patterns(blocks: Iterable[NDArray[np.generic]], inputs: int, inner: int) -> Patterns:
    """Count over the blocks of ``cuts``, in their order.

    NaN and infinities are not zero.
    """
    count = at = 0
    fitting = dict.fromkeys((f"{n}:{m}" for n, m in PATTERNS), 0)
    used = np.zeros(inputs, np.bool_)
    for block in blocks:
        kept = (block != 0).reshape(-1, min(inputs, max(1, block.size // max(1, inner))), inner)
        first = (at // max(1, inner)) % max(1, inputs)
        used[first : first + kept.shape[1]] |= kept.any(axis=(0, 2))
        for (n, m), found in zip(PATTERNS, _fitting(kept), strict=True):
            fitting[f"{n}:{m}"] += m * found
        count, at = count + block.size, at + block.size
    return Patterns(count, fitting, inputs, int(inputs - np.count_nonzero(used)))


def _fitting(kept: NDArray[np.bool_]) -> list[int]:
    """For each pattern, how many groups of M have at most N values that are not zero."""
    counts = {1: kept.view(np.uint8)}
    for size in (2, 4, 8):
        half = counts[size // 2]
        whole = half.shape[1] - half.shape[1] % 2
        counts[size] = half[:, 0:whole:2] + half[:, 1:whole:2]
    return [int(np.count_nonzero(counts[m] <= n)) for n, m in PATTERNS]


def add_up(parts: Iterable[Patterns]) -> Patterns:
    """The counts of several weights together."""
    found = tuple(parts)
    names = [f"{n}:{m}" for n, m in PATTERNS]
    return Patterns(
        count=sum(part.count for part in found),
        fitting={name: sum(part.fitting.get(name, 0) for part in found) for name in names},
        inputs=sum(part.inputs for part in found),
        empty_inputs=sum(part.empty_inputs for part in found),
    )
