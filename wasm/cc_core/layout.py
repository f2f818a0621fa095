"""Where the channels of a flattened tensor lie, and how it is cut into blocks along them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Values of a block: as float64 they fill a quarter of a common second-level cache.
BLOCK = 1 << 15


@dataclass(frozen=True, slots=True)
class Layout:
    """Where channels lie in a flattened tensor: value i is of channel (i // inner) % channels."""

    channels: int
    inner: int

    @classmethod
    def of(cls, shape: Sequence[int], axis: int | None) -> Layout:
        """Channels along an axis of a shape; one for all where axis is None."""
        if axis is None:
            return cls(1, max(1, math.prod(shape)))
        return cls(shape[axis], max(1, math.prod(shape[axis + 1 :])))

    def cuts(self, size: int, most: int = BLOCK) -> list[tuple[int, int]]:
        """Parts (start, stop) of a tensor: whole channels, or pieces of one channel each."""
        unit = self.inner if self.inner > 1 else self.channels
        if unit <= most or self.inner == 1:
            step = max(1, most // unit) * unit
            return [(start, min(start + step, size)) for start in range(0, size, step)]
        return [
            (begin, min(begin + most, start + unit))
            for start in range(0, size, unit)
            for begin in range(start, start + unit, most)
        ]
