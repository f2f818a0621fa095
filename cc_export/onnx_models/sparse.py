"""Tensors of which only the numbers that are not zero are stored, with their places."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import SparseTensorProto, TensorProto

from cc_export.errors import ModelError
from cc_export.onnx_models.stored import Cuts, Files, Stored, stored

# No runtime holds a larger tensor in one piece of a model, and a file may claim any size.
_MOST_BYTES = 1 << 31


@dataclass(frozen=True, slots=True)
class Sparse:
    """``values`` at ``places`` of a tensor of that shape, zeros everywhere else.

    Places are counted through the tensor, or have a number for each side, as ONNX has both.
    """

    values: Stored
    places: Stored
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of values, zeros included."""
        return math.prod(self.shape)

    def blocks(self, cuts: Cuts) -> Iterator[NDArray[np.generic]]:
        """The values of each part (start, stop), flat; a block is overwritten by the next one.

        Raises:
            ModelError: they cannot be read, or their places are none of the tensor.
        """
        places, values = self._read()
        room = np.empty(max((stop - start for start, stop in cuts), default=0), values.dtype)
        for start, stop in cuts:
            part = room[: stop - start]
            part[:] = 0
            first, last = np.searchsorted(places, (start, stop))
            part[places[first:last] - start] = values[first:last]
            yield part

    def whole(self) -> NDArray[np.generic]:
        """All values in their shape.

        Raises:
            ModelError: they cannot be read, or their places are none of the tensor.
        """
        return next(self.blocks([(0, self.count)])).reshape(self.shape)

    def _read(self) -> tuple[NDArray[np.int64], NDArray[np.generic]]:
        values, stored_places = self.values.whole().reshape(-1), self.places.whole()
        if stored_places.dtype != np.int64:
            raise self._wrong(f"places of type {stored_places.dtype}")
        places: NDArray[np.int64] = stored_places.astype(np.int64, copy=False)
        if self.shape and places.ndim == 2 and places.shape[1] == len(self.shape):
            if np.any(places < 0) or np.any(places >= np.array(self.shape, np.int64)):
                raise self._wrong("places beyond a side")
            flat = np.ravel_multi_index(tuple(places.T), self.shape)
            places = np.asarray(flat, np.int64)
        if places.shape != values.shape:
            raise self._wrong(f"{values.size:,} values at {places.size:,} places")
        if np.any(np.diff(places) <= 0) or np.any((places < 0) | (places >= self.count)):
            raise self._wrong("places that do not rise, or lie beyond it")
        return places, np.asarray(values)

    def _wrong(self, what: str) -> ModelError:
        return ModelError(
            f"sparse tensor {self.values.tensor.name!r} of shape {list(self.shape)} has {what}"
        )


def sparse(tensor: SparseTensorProto, files: Files) -> Sparse:
    """Where the values and places of a sparse tensor are.

    Raises:
        ModelError: it claims to be too large, or what is stored does not fit the stated shapes.
    """
    values, shape = stored(tensor.values, files), tuple(tensor.dims)
    size = math.prod(shape) * values.dtype.itemsize
    if min(shape, default=1) < 0 or size > _MOST_BYTES:
        raise ModelError(
            f"sparse tensor {tensor.values.name!r} of shape {list(shape)} has more than 2 GiB with "
            "its zeros"
        )
    return Sparse(values, stored(tensor.indices, files), shape)


def outline(tensor: SparseTensorProto, name: str) -> TensorProto:
    """What a sparse tensor is called, its type and its sides, without any values."""
    return TensorProto(name=name, data_type=tensor.values.data_type, dims=tensor.dims)
