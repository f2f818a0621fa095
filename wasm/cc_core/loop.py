"""What may take numpy's place in weighing where a quicker loop is at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cc_core.dyadic import Grid
from cc_core.layout import Layout


@dataclass(frozen=True, slots=True)
class Compared:
    """A reference: the ``unit`` of its changes, and Σr² and Σ(r-t)² of each channel, added to."""

    unit: int
    signal: NDArray[np.float64]
    noise: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ComparedSums:
    """Against one reference: how many pairs are equal, Σr·t and max |r-t|."""

    same: int
    product: float
    largest: float


@dataclass(frozen=True, slots=True)
class Sums:
    """Of all blocks: how many values are zero, Σt and Σt², and each reference's."""

    zeros: int
    total: float
    squares: float
    compared: tuple[ComparedSums, ...]


class Tally(Protocol):
    """Running sums of one tensor. Counts are those of numpy, sums may differ in the last digits."""

    def take(
        self, values: NDArray[np.floating], references: Sequence[NDArray[np.floating]]
    ) -> tuple[float, float] | None:
        """Least and greatest value of the next block; None where numpy has to add it.

        So it is where values (n,), or a reference's (n,), are not float32 or not all finite. The
        arrays must not change before the block is added.
        """

    def add(self, start: int, grid: Grid, joint: NDArray[np.int64]) -> None:
        """Add the block that was taken, whose first value is number ``start`` of the tensor.

        Args:
            start: at the first channel where a channel's values are one by one.
            grid: holds the block, and ``scales_in_float32``.
            joint: the grid's counts, C-contiguous (bins, 8, …), by the ``steps`` against each
                reference, the first one last; added to.
        """

    def sums(self) -> Sums:
        """What the blocks that were added come to."""


class Loop(Protocol):
    """A loop over the values of blocks."""

    def tally(
        self, layout: Layout, power: NDArray[np.float64], compared: Sequence[Compared]
    ) -> Tally:
        """Sums of one tensor, all zero yet; Σt² of each channel is added to ``power``."""
