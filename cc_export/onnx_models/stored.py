"""The values of a tensor as they are stored: in the model's message, or in a file beside it."""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
# Bits of a value where they are fewer than a byte: packed one after another, the lowest first.
_FEW_BITS: Mapping[int, int] = {
    TensorProto.DataType.Value(name): bits
    for name, bits in {
        "INT4": 4, "UINT4": 4, "FLOAT4E2M1": 4, "INT2": 2, "UINT2": 2, "FLOAT6E2M3": 6,
        "FLOAT6E3M2": 6,
    }.items()
    # An older onnx package does not know all of them.
    if name in TensorProto.DataType.keys()  # noqa: SIM118
}  # fmt: skip


class Source:
    """A file that tensors are read from; it is opened when first needed, and closed with this."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def read_into(self, buffer: memoryview, offset: int) -> bool:
        """Fill a buffer from a place of the file; False where the file ends before.

        Raises:
            OSError: it cannot be read.
        """
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            weakref.finalize(self, os.close, self._descriptor)
        wanted = len(buffer)
        filled = _read_at(self._descriptor, buffer, offset)
        while 0 < filled < wanted:
            got = _read_at(self._descriptor, buffer[filled:], offset + filled)
            if not got:
                return False
            filled += got
        return filled == wanted


if hasattr(os, "preadv"):

    def _read_at(descriptor: int, buffer: memoryview, offset: int) -> int:
        return os.preadv(descriptor, (buffer,), offset)

else:

    def _read_at(descriptor: int, buffer: memoryview, offset: int) -> int:
        os.lseek(descriptor, offset, os.SEEK_SET)
        part = os.read(descriptor, len(buffer))
        buffer[: len(part)] = part
        return len(part)


@dataclass(frozen=True, slots=True)
class Stored:
    """Values of ``dtype`` (numpy's, or ml_dtypes') in C order of ``shape``; nothing is read yet.

    ``source`` and ``offset`` say where they are; without a source the tensor itself holds them.
    """

    tensor: TensorProto
    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    source: Source | None = None
    offset: int = 0

    @property
    def count(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def is_wide(self) -> bool:
        """Whether the values are float32 or float64 as they lie there."""
        return self.dtype in (np.float32, np.float64)

    def blocks(self, cuts: Cuts) -> Iterator[NDArray[Any]]:
        """The values of each part (start, stop), flat; a block is overwritten by the next one.

        Read, not mapped: a page of a mapped file counts as memory, and a file that shrinks under
        a mapping ends the process.

        Raises:
            ModelError: the file ends before the tensor does.
        """
        if self.source is None or self.tensor.data_type in _FEW_BITS:
            flat = self.whole().reshape(-1)
            yield from (flat[start:stop] for start, stop in cuts)
            return
        room = np.empty(max((stop - start for start, stop in cuts), default=0), self.dtype)
        content, item = room.view(np.uint8).data, self.dtype.itemsize
        for start, stop in cuts:
            self._read(content[: (stop - start) * item], start * item)
            yield room[: stop - start]

    def whole(self) -> NDArray[np.generic]:
        """All values in their shape.

        Raises:
            ModelError: they are not there, or not as many as the shape says.
        """
        if self.source is None:
            return self._inline()
        content = np.empty(_bytes(self), np.uint8)
        self._read(content.data, 0)
        if self.tensor.data_type in _FEW_BITS:
            copy = TensorProto(
                data_type=self.tensor.data_type, dims=self.tensor.dims, raw_data=content.tobytes()
            )
            return np.asarray(numpy_helper.to_array(copy))
        return content.view(self.dtype).reshape(self.shape)

    def _read(self, buffer: memoryview, offset: int) -> None:
        assert self.source is not None
        try:
            whole = self.source.read_into(buffer, self.offset + offset)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from None
        if not whole:
            raise self._unreadable("its file ends before it")

    def _inline(self) -> NDArray[np.generic]:
        try:
            return np.asarray(numpy_helper.to_array(self.tensor))
        except (ValueError, TypeError) as error:
            raise self._unreadable(str(error)) from None

    def _unreadable(self, why: str) -> ModelError:
        return ModelError(
            f"tensor {self.tensor.name!r} of shape {list(self.shape)} cannot be read: {why}"
        )


class Files:
    """The files of one model: itself, and those of its external data, each opened once."""

    def __init__(self, model: Path | None = None) -> None:
        self._model = model
        self._sources: dict[str, Source] = {}

    def source(self, place: str) -> Source | None:
        """The file at a place; None for external data of a model that is in no file."""
        if self._model is None:
            return None
        if place not in self._sources:
            path = self._model if place == HERE else self._model.parent / place
            self._sources[place] = Source(path)
        return self._sources[place]


def stored(tensor: TensorProto, files: Files) -> Stored:
    """Where the values of a tensor are, among the files of its model.

    Raises:
        ModelError: the element type or the place is unknown.
    """
    shape, dtype = tuple(tensor.dims), element_type(tensor)
    if tensor.data_location != TensorProto.EXTERNAL:
        found = Stored(tensor, dtype, shape)
        _check_inline(found)
        return found
    source = files.source(location(tensor))
    found = Stored(tensor, dtype, shape, source, _number(tensor, "offset") or 0)
    if source is None:
        raise found._unreadable("its place is unknown")
    return found


def check_stored(tensor: TensorProto, files: Files) -> None:
    """Make sure that a place holds as many values as the tensor's shape says.

    Raises:
        ModelError: it does not, or is unknown.
    """
    found, length = stored(tensor, files), _number(tensor, "length")
    if found.source is None:
        return
    if min(found.shape, default=0) < 0:
        raise found._unreadable("its shape is none")
    wanted = _bytes(found)
    try:
        there = found.source.path.stat().st_size - found.offset
    except OSError as error:
        raise found._unreadable(error.strerror or str(error)) from None
    held = min(there, there if length is None else length)
    # Of its own file, a tensor has exactly what stands there for it.
    if held < wanted or (location(tensor) == HERE and length != wanted):
        raise found._unreadable(f"{max(held, 0):,} bytes are stored, its shape needs {wanted:,}")


def _check_inline(found: Stored) -> None:
    """Before anything is made in the size that a shape states: as many values stand there."""
    tensor = found.tensor
    if min(found.shape, default=0) < 0:
        raise found._unreadable("a side is negative")
    if tensor.HasField("raw_data"):
        held, wanted = len(tensor.raw_data), _bytes(found)
        if held != wanted:
            raise found._unreadable(f"{held:,} bytes are stored, its shape needs {wanted:,}")
    else:
        held = max(len(getattr(tensor, field)) for field in _TYPED)
        # Of two or four values to a byte, a number holds a byte.
        whole = 8 % _FEW_BITS.get(tensor.data_type, 8) == 0
        wanted = _bytes(found) // found.dtype.itemsize if whole else found.count
        if held != wanted:
            raise found._unreadable(f"{held:,} values are stored, its shape needs {wanted:,}")


def _bytes(found: Stored) -> int:
    """How many bytes values take as raw data."""
    bits = _FEW_BITS.get(found.tensor.data_type, 8 * found.dtype.itemsize)
    return (found.count * bits + 7) // 8


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
