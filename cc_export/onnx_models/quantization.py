"""From stored numbers to those they stand for, block by block."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cc_export.errors import ModelError
from cc_export.onnx_models.stored import Cuts, Stored


@dataclass(frozen=True, slots=True)
class Quantization:
    """value = (stored - zero_point) * scale.

    Both of shape () or (channels,) along ``axis``, or with one value for each ``block`` places
    along it, the last block being cut where they do not divide the side.
    """

    scale: NDArray[np.float32]
    zero_point: NDArray[np.generic]
    axis: int
    block: int | None = None


class Numbers(Protocol):
    """What is stored, in whatever form: ``Stored``, ``Packed`` or ``Coded``."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the numbers."""

    @property
    def count(self) -> int:
        """How many there are."""

    def blocks(self, cuts: Cuts) -> Iterator[NDArray[np.generic]]:
        """The numbers of each part (start, stop), flat."""

    def whole(self) -> NDArray[np.generic]:
        """All numbers in their shape."""


@dataclass(frozen=True)
class Values:
    """The dequantized values of a tensor, in C order of its shape or of its transpose."""

    stored: Numbers
    quantization: Quantization | None
    transposed: bool = False

    def turned(self) -> Values:
        """The values of the transposed matrix."""
        return Values(self.stored, self.quantization, not self.transposed)

    def blocks(self, cuts: Cuts) -> Iterator[NDArray[np.floating]]:
        """The values of each part (start, stop), flat: float32, or float64 where stored so.

        A block may be overwritten by the next one.

        Raises:
            ModelError: the values cannot be read, or scale or zero point do not fit their shape.
        """
        stored = self.stored
        if self.transposed or self._spread is None:
            # Rare, and rarely large: a matrix that another model stores the other way round.
            flat = self._whole().reshape(-1)
            return (flat[start:stop] for start, stop in cuts)
        if self.quantization is None and isinstance(stored, Stored) and stored.is_wide:
            return stored.blocks(cuts)
        return self._converted(cuts, self._spread)

    def _converted(self, cuts: Cuts, spread: _Spread) -> Iterator[NDArray[np.floating]]:
        room = np.empty(max((stop - start for start, stop in cuts), default=0), np.float32)
        for (start, stop), block in zip(cuts, self.stored.blocks(cuts), strict=True):
            if self.quantization is None and block.dtype in (np.float32, np.float64):
                yield np.asarray(block)
                continue
            found = room[: stop - start]
            np.copyto(found, block, casting="unsafe")
            if self.quantization is not None:
                spread.apply(found, start)
            yield found

    def _whole(self) -> NDArray[np.floating]:
        values = self.stored.whole()
        if self.quantization is not None:
            values = dequantize(values, self.quantization)
        elif values.dtype != np.float64:
            values = values.astype(np.float32)
        return np.ascontiguousarray(values.T if self.transposed else values)

    @cached_property
    def _spread(self) -> _Spread | None:
        """Scales by place; None where a block cannot be dequantized by itself."""
        if self.quantization is None:
            return _Spread(np.ones((), np.float32), np.zeros((), np.float32), 1)
        return _spread_of(self.quantization, self.stored.shape)


@dataclass(frozen=True, slots=True)
class _Spread:
    """Value i has the scale and zero point number (i // inner) % len(scale); () for all."""

    scale: NDArray[np.float32]
    zero: NDArray[np.float32]
    inner: int

    def apply(self, values: NDArray[np.float32], start: int) -> None:
        """Dequantize in place a flat part that begins at ``start``."""
        # Infinite or NaN scales give such weights, which are counted.
        with np.errstate(over="ignore", invalid="ignore"):
            if self.zero.any():
                rows, zero = self._rows(values, start, self.zero)
                np.subtract(rows, zero, out=rows)
            rows, scale = self._rows(values, start, self.scale)
            np.multiply(rows, scale, out=rows)

    def _rows(
        self, values: NDArray[np.float32], start: int, of: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The values in a shape that their factors broadcast to."""
        if of.ndim == 0:
            return values, of
        size, channels, inner = len(values), len(of), self.inner
        first, last = start // inner, (start + size - 1) // inner
        if first == last:
            return values, of[first % channels]
        if start % inner == 0 and size % inner == 0:
            numbers = np.arange(first, last + 1) % channels
            return values.reshape(-1, inner), of[numbers].reshape(-1, 1)
        return values, of[np.arange(start, start + size) // inner % channels]


def _spread_of(how: Quantization, shape: tuple[int, ...]) -> _Spread | None:
    scale, zero = how.scale.astype(np.float32), how.zero_point.astype(np.float32)
    if scale.size == 1:
        if zero.size != 1:
            return None
        return _Spread(scale.reshape(()), zero.reshape(()), 1)
    inner = _inner(scale.shape, shape, how)
    if inner is None or (zero.size != 1 and zero.shape != scale.shape):
        return None
    return _Spread(
        scale.reshape(-1), zero.reshape(-1) if zero.size > 1 else zero.reshape(()), inner
    )


def _inner(scales: tuple[int, ...], shape: tuple[int, ...], how: Quantization) -> int | None:
    """How many values in a row share a scale, where equally many do."""
    if not -len(shape) <= how.axis < len(shape):
        return None
    axis = how.axis % len(shape)
    if how.block is None:
        return math.prod(shape[axis + 1 :]) if scales == (shape[axis],) else None
    whole = axis == len(shape) - 1 and scales == _blocked(shape, axis, how.block)
    return how.block if whole and shape[-1] % how.block == 0 else None


def _blocked(shape: tuple[int, ...], axis: int, block: int) -> tuple[int, ...]:
    """The shape of a tensor's scales, one for each block along an axis."""
    return (*shape[:axis], -(-shape[axis] // block), *shape[axis + 1 :])


def dequantize(stored: NDArray[np.generic], how: Quantization) -> NDArray[np.float32]:
    """(stored - zero_point) · scale in float32, as onnxruntime computes it; shape is kept.

    Raises:
        ModelError: scale or zero point fit neither the tensor, nor its axis, nor blocks along it.
    """
    zero = broadcast_values(how.zero_point, stored.shape, how).astype(np.float32)
    scale = broadcast_values(how.scale, stored.shape, how).astype(np.float32)
    # Infinite or NaN scales give such weights, which are counted.
    with np.errstate(over="ignore", invalid="ignore"):
        # Stored integers have at most 16 bits where there is a zero point: the difference is exact.
        centred = stored.astype(np.float32) - zero
        return np.asarray(centred * scale, np.float32)


def broadcast_values(
    values: NDArray[np.generic], shape: tuple[int, ...], how: Quantization
) -> NDArray[np.generic]:
    """One value for all, one for each place along an axis, or one for each block along it.

    Raises:
        ModelError: they are none of these.
    """
    if values.size == 1:
        return values.reshape(())
    axis = how.axis % len(shape) if -len(shape) <= how.axis < len(shape) else None
    if axis is not None and how.block is None and values.shape == (shape[axis],):
        sides = [1] * len(shape)
        sides[axis] = values.size
        return values.reshape(sides)
    if axis is not None and how.block and values.shape == _blocked(shape, axis, how.block):
        spread = np.repeat(values, min(how.block, shape[axis]), axis)
        return spread[tuple(slice(side) for side in shape)]
    blocks = f" in blocks of {how.block}" if how.block else ""
    raise ModelError(
        f"scales of shape {list(values.shape)} do not fit a tensor of shape {list(shape)}{blocks}"
    )
