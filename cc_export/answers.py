"""A model's answers to all instances, in a file of their own: they need not fit into memory."""

from __future__ import annotations

import math
import mmap
import os
import tempfile
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from cc_export.errors import ModelError

# Numbers that are looked at together.
_BLOCK = 1 << 17
# Bytes of answers that may wait for other models; larger ones are given twice.
_MOST_KEPT = 1 << 30


@dataclass(frozen=True, slots=True)
class Answers:
    """Numbers (n, …) in a file from byte ``start`` on, or texts in memory."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    file: Path | None = None
    start: int = 0
    texts: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def block(self, first: int, last: int) -> NDArray[Any]:
        """The answers to some instances."""
        if self.texts is not None:
            return np.array(self.texts[first:last], object)
        assert self.file is not None
        row = math.prod(self.shape[1:])
        values: NDArray[Any] = np.fromfile(
            self.file,
            self.dtype,
            (last - first) * row,
            offset=self.start + first * row * self.dtype.itemsize,
        )
        return values.reshape(last - first, *self.shape[1:])

    def whole(self) -> NDArray[Any]:
        """All of them at once; from the file as far as they are touched."""
        if self.file is None:
            return self.block(0, len(self))
        if not math.prod(self.shape):
            return np.zeros(self.shape, self.dtype)
        return np.memmap(self.file, self.dtype, "r", self.start, self.shape)

    @property
    def together(self) -> int:
        """Instances that are few enough to be looked at together."""
        return max(1, _BLOCK // max(1, math.prod(self.shape[1:])))

    def blocks(self) -> Iterator[slice]:
        """Slices of so many instances."""
        for first in range(0, len(self), self.together):
            yield slice(first, min(first + self.together, len(self)))

    def parts(self) -> Iterator[NDArray[Any]]:
        """The answers block by block, read-only and only for as long as the next is not asked for.

        They are looked at where they lie in the file, and let go.
        """
        if self.file is None or not math.prod(self.shape):
            yield from (self.block(part.start, part.stop) for part in self.blocks())
            return
        with self.file.open("rb") as stream:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        values = np.frombuffer(mapped, self.dtype, math.prod(self.shape), self.start)
        for part in self.blocks():
            yield values.reshape(self.shape)[part]
            if hasattr(mapped, "madvise"):  # not everywhere
                mapped.madvise(mmap.MADV_DONTNEED)


class NoRoomError(ModelError):
    """Answers that the disk has no room for."""


def collect(
    parts: Iterable[NDArray[Any] | Sequence[str]], count: int, folder: Path, keep: Path | None
) -> Answers:
    """Batches of answers to ``count`` instances, one after the other, in an npy file.

    It is ``keep``, where that can be written and the answers are not too many, or else lies in
    ``folder``.

    Raises:
        ModelError: batches differ in type or shape.
        NoRoomError: the disk is full.
    """
    iterator = iter(parts)
    first = next(iterator)
    if not isinstance(first, np.ndarray):
        texts = [*first, *(text for part in iterator for text in part)]
        return Answers((len(texts),), np.dtype(object), texts=tuple(texts))
    shape = (count, *first.shape[1:])
    if keep is not None and first.dtype.itemsize * math.prod(shape) > _MOST_KEPT:
        keep = None
    handle, name = _new_file(folder, keep)
    try:
        with os.fdopen(handle, "wb") as stream:
            start = _write(first, iterator, shape, stream)
        file = Path(name)
        if keep is not None and file.parent == keep.parent:
            with suppress(OSError):  # something else is there: it is not kept
                file = file.replace(keep)
        return Answers(shape, first.dtype, file, start)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        hint = "They are kept on disk while they are looked at; make room there."
        raise NoRoomError(f"its answers cannot be stored: {error.strerror}", hint) from None


def _new_file(folder: Path, keep: Path | None) -> tuple[int, str]:
    if keep is not None:
        with suppress(OSError):  # a full or foreign disk; they are given again when needed
            keep.parent.mkdir(parents=True, exist_ok=True)
            return tempfile.mkstemp(prefix=".new-", dir=keep.parent)
    return tempfile.mkstemp(suffix=".npy", dir=folder)


def kept(file: Path) -> Answers | None:
    """Answers that ``collect`` kept, whole; None when there are none."""
    try:
        with file.open("rb") as stream:
            np.lib.format.read_magic(stream)
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
            start = stream.tell()
            whole = start + dtype.itemsize * math.prod(shape) == os.fstat(stream.fileno()).st_size
        if not whole:
            return None
        os.utime(file)  # the time of last use, by which it expires
        return Answers(shape, dtype, file, start)
    except (OSError, ValueError, SyntaxError, tokenize.TokenError):  # cut off, or overwritten
        return None


def _write(
    first: NDArray[Any], rest: Iterable[Any], shape: tuple[int, ...], stream: IO[bytes]
) -> int:
    """Write a header and all values; returns where the values begin."""
    header = {"descr": first.dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    start = stream.tell()
    stream.write(np.ascontiguousarray(first).data)
    for values in rest:
        if values.dtype != first.dtype or values.shape[1:] != first.shape[1:]:
            raise ModelError(
                f"its answers are {values.dtype} of shape {list(values.shape)} after "
                f"{first.dtype} of shape {list(first.shape)}"
            )
        stream.write(np.ascontiguousarray(values).data)
    return start
