"""Integers of few bits, several in a byte, as onnxruntime's block quantization stores them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_export.errors import ModelError
from cc_export.onnx_models.stored import Cuts, Stored

BITS = (2, 4, 8)


@dataclass(frozen=True, slots=True)
class Packed:
    """A matrix of whole numbers of ``bits`` bits; the bytes of a row may hold more than it needs.

    The first number of a byte is in its lowest bits.
    """

    stored: Stored
    bits: int
    shape: tuple[int, int]

    @property
    def count(self) -> int:
        """Number of values."""
        return self.shape[0] * self.shape[1]

    def blocks(self, cuts: Cuts) -> Iterator[NDArray[np.generic]]:
        """The numbers of each part (start, stop), flat.

        Raises:
            ModelError: they cannot be read, or are not as many as the shape says.
        """
        flat = self.whole().reshape(-1)
        yield from (flat[start:stop] for start, stop in cuts)

    def whole(self) -> NDArray[np.generic]:
        """All numbers in their shape, one in a byte.

        Raises:
            ModelError: they cannot be read, or are not as many as the shape says.
        """
        rows, columns = self.shape
        content = self.stored.whole()
        name, shape = self.stored.tensor.name, list(self.stored.shape)
        if content.dtype != np.uint8 or self.bits not in BITS:
            raise ModelError(
                f"tensor {name!r}: {self.bits} bits a number, packed in {content.dtype}, are "
                "not understood",
                "Is there a newer cc-export?",
            )
        if not rows or content.size % rows or content.size // rows * (8 // self.bits) < columns:
            raise ModelError(
                f"tensor {name!r} of shape {shape} does not hold {rows} × {columns} numbers of "
                f"{self.bits} bits"
            )
        return unpacked(content.reshape(rows, -1), self.bits)[:, :columns]


def unpacked(content: NDArray[np.generic], bits: int) -> NDArray[np.uint8]:
    """The numbers in bytes, uint8 (rows, n): uint8 (rows, n · 8 / bits), lowest bits first."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    numbers = (content.astype(np.uint8, copy=False)[:, :, None] >> shifts) & np.uint8(
        (1 << bits) - 1
    )
    return np.asarray(numbers.reshape(len(content), -1), np.uint8)
