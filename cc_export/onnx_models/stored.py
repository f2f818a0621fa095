"""The values of a tensor as they are stored: in the model's message, or in a file beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from cc_export.errors import ModelError
from cc_export.onnx_models.skim import HERE

Cuts = Sequence[tuple[int, int]]
# Where a tensor without raw bytes holds its values.
_TYPED = (
    "float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data",
)  # fmt: skip
# Two values in a byte, the first in its lower half.
_NIBBLES = frozenset({TensorProto.INT4, TensorProto.UINT4, TensorProto.FLOAT4E2M1})


@dataclass(frozen=True, slots=True)
class Stored:
    """Values of ``dtype`` (numpy's, or ml_dtypes') in C order of ``shape``; nothing is read yet.

    ``file`` and ``offset`` say where they are; without a file the tensor itself holds them.
    """

    tensor: TensorProto
    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    file: Path | None = None
    offset: int = 0

    @property
    def count(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def blocks(self, cuts: Cuts) -> Iterator[NDArray[np.generic]]:
        """The values of each part (start, stop), flat; a block is overwritten by the next one.

        Read, not mapped: a page of a mapped file counts as memory, and a file that shrinks under
        a mapping ends the process.

        Raises:
            ModelError: the file ends before the tensor does.
        """
        if self.file is None or self.tensor.data_type in _NIBBLES:
            flat = self.whole().reshape(-1)
            yield from (flat[start:stop] for start, stop in cuts)
            return
        room = np.empty(max((stop - start for start, stop in cuts), default=0), self.dtype)
        size = self.dtype.itemsize
        try:
            with self.file.open("rb", buffering=0) as stream:
                for start, stop in cuts:
                    part = room[: stop - start]
                    stream.seek(self.offset + start * size)
                    self._fill(stream.readinto(part.view(np.uint8).data), part.nbytes)
                    yield part
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from None

    def whole(self) -> NDArray[np.generic]:
        """All values in their shape.

        Raises:
            ModelError: they are not there, or not as many as the shape says.
        """
        if self.file is None:
            return self._inline()
        nibbles = self.tensor.data_type in _NIBBLES
        size = (self.count + 1) // 2 if nibbles else self.count * self.dtype.itemsize
        try:
            with self.file.open("rb") as stream:
                stream.seek(self.offset)
                content = stream.read(size)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from None
        self._fill(len(content), size)
        if nibbles:
            copy = TensorProto(
                data_type=self.tensor.data_type, dims=self.tensor.dims, raw_data=content
            )
            return np.asarray(numpy_helper.to_array(copy))
        return np.frombuffer(content, self.dtype).reshape(self.shape)

    def _inline(self) -> NDArray[np.generic]:
        try:
            return np.asarray(numpy_helper.to_array(self.tensor))
        except (ValueError, TypeError) as error:
            raise self._unreadable(str(error)) from None

    def _fill(self, got: int | None, wanted: int) -> None:
        if got != wanted:
            raise self._unreadable("its file ends before it")

    def _unreadable(self, why: str) -> ModelError:
        return ModelError(
            f"tensor {self.tensor.name!r} of shape {list(self.shape)} cannot be read: {why}"
        )


def stored(tensor: TensorProto, model: Path | None = None) -> Stored:
    """Where the values of a tensor are; ``model`` is the file that the tensor is from.

    Raises:
        ModelError: the element type is unknown, or the place does not hold as many values as the
            shape says.
    """
    shape = tuple(tensor.dims)
    dtype = element_type(tensor)
    if tensor.data_location != TensorProto.EXTERNAL:
        found = Stored(tensor, dtype, shape)
        _check_inline(found)
        return found
    place = location(tensor)
    file = model if place == HERE else model.parent / place if model else None
    offset, length = _number(tensor, "offset"), _number(tensor, "length")
    count = math.prod(shape)
    wanted = (count + 1) // 2 if tensor.data_type in _NIBBLES else count * dtype.itemsize
    found = Stored(tensor, dtype, shape, file, offset or 0)
    if file is None or min(shape, default=0) < 0:
        raise found._unreadable("its place is unknown")
    try:
        there = file.stat().st_size - found.offset
    except OSError as error:
        raise found._unreadable(error.strerror or str(error)) from None
    held = min(there, there if length is None else length)
    # Of its own file, a tensor has exactly what stands there for it.
    if held < wanted or (place == HERE and length != wanted):
        raise found._unreadable(f"{max(held, 0):,} bytes are stored, its shape needs {wanted:,}")
    return found


def _check_inline(found: Stored) -> None:
    """Before anything is made in the size that a shape states: as many values stand there."""
    tensor, halved = found.tensor, found.tensor.data_type in _NIBBLES
    wanted = (found.count + 1) // 2 if halved else found.count
    if min(found.shape, default=0) < 0:
        raise found._unreadable("a side is negative")
    if tensor.HasField("raw_data"):
        held, wanted = len(tensor.raw_data), wanted * (1 if halved else found.dtype.itemsize)
        if held != wanted:
            raise found._unreadable(f"{held:,} bytes are stored, its shape needs {wanted:,}")
    else:
        held = max(len(getattr(tensor, field)) for field in _TYPED)
        if held != wanted:
            raise found._unreadable(f"{held:,} values are stored, its shape needs {wanted:,}")


def element_type(tensor: TensorProto) -> np.dtype[np.generic]:
    """numpy's (or ml_dtypes') type of a tensor's elements.

    Raises:
        ModelError: there is none that this version knows.
    """
    try:
        return np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    except (KeyError, ValueError):
        raise ModelError(
            f"tensor {tensor.name!r} has the unknown element type {tensor.data_type}",
            "Is there a newer cc-export, or a newer onnx package?",
        ) from None


def location(tensor: TensorProto) -> str:
    """Where external data lies, relative to the model's folder."""
    return next((e.value for e in tensor.external_data if e.key == "location"), "")


def _number(tensor: TensorProto, key: str) -> int | None:
    text = next((e.value for e in tensor.external_data if e.key == key), None)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ModelError(
            f"tensor {tensor.name!r}: the {key} {text[:20]!r} of its external data is no number"
        )
    return int(text)
