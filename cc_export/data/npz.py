"""npz files, without loading them: stored arrays by their place, packed ones as a stream."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from cc_export.data.table import Arrays, Column, Table
from cc_export.errors import ExportError
from cc_export.regular import check_regular

# What numpy and zipfile raise on files that are damaged, encrypted, or hold pickled objects.
_UNREADABLE = (
    OSError, ValueError, EOFError, LookupError, RuntimeError, SyntaxError, TypeError,
    NotImplementedError, zipfile.BadZipFile, zlib.error, tokenize.TokenError,
)  # fmt: skip
_SKIP = 1 << 20
# Bytes of a compressed array that is unpacked once, and not once for each model.
_MOST_HELD = 8 << 20
_MAGIC = b"\x93NUMPY"
# zip's own header of a member: its fixed part, and where the lengths of the variable parts stand.
_LOCAL_HEADER, _NAME_LENGTH = 30, 26


@dataclass(frozen=True, slots=True)
class Member:
    """An array of the file; ``start`` is the first byte of its values within the member.

    ``length`` None: a single number, which has no rows.
    """

    info: zipfile.ZipInfo
    column: Column
    length: int | None
    start: int
    fortran: bool


class NpzTable(Table):
    """The arrays of an npz file that have one length.

    ``members`` are all its arrays. What is read at once is what is asked for: a stored array is
    read in place, a large compressed one is unpacked as it goes, which is cheapest in order.
    """

    part = "array"

    def __init__(self, path: Path) -> None:
        """Read the headers of all arrays.

        Raises:
            ExportError: it is no npz file, is damaged, or holds Python objects.
        """
        self.place = str(path)
        self._path = path
        self._streams: dict[str, tuple[IO[bytes], int]] = {}
        self._whole: dict[str, NDArray[np.generic]] = {}
        try:
            self.members = self._headers()
        except _UNREADABLE as error:
            raise self._unreadable(error) from None
        self.columns = {name: member.column for name, member in self.members.items()}
        lengths = [m.length for m in self.members.values() if m.length is not None]
        self._length = max(lengths, default=0)

    def __len__(self) -> int:
        return self._length

    def length_of(self, name: str) -> int:
        """Number of rows of one array; 0 for a single number."""
        return self.members[name].length or 0

    def is_single(self, name: str) -> bool:
        """Whether it is a single number."""
        return self.members[name].length is None

    def read(self, names: Sequence[str], first: int, count: int) -> Arrays:
        """Rows of some arrays."""
        try:
            return {name: self._rows(self.members[name], first, count) for name in names}
        except _UNREADABLE as error:
            raise self._unreadable(error) from None

    def _headers(self) -> dict[str, Member]:
        check_regular(self._path)
        with self._path.open("rb") as stream:
            magic = stream.read(len(_MAGIC))
            if magic == _MAGIC:
                raise ExportError(
                    f"{self.place}: holds a single array; an npz file is needed",
                    "Write it with numpy.savez.",
                )
            if magic[:2] != b"PK":
                raise ValueError("it is none, or holds Python objects")
        found = {}
        with zipfile.ZipFile(self._path) as file:
            for info in file.infolist():
                if info.filename.endswith(".npy"):
                    with file.open(info) as member:
                        found[info.filename.removesuffix(".npy")] = _member(info, member)
        return found

    def _rows(self, member: Member, first: int, count: int) -> NDArray[np.generic]:
        stored = member.info.compress_type == zipfile.ZIP_STORED
        if member.fortran or not (stored or member.info.file_size > _MOST_HELD):
            return self._held(member)[first : first + count]
        count = max(0, min(count, (member.length or 0) - first))
        size = member.column.row_bytes
        take = self._in_place if stored else self._in_order
        content = take(member, member.start + first * size, count * size)
        if len(content) < count * size:
            raise ValueError(f"{member.info.filename} is cut off")
        values = np.frombuffer(content, member.column.dtype)
        return values.reshape(count, *member.column.shape)

    def _in_place(self, member: Member, start: int, size: int) -> bytes:
        with self._path.open("rb") as stream:
            stream.seek(member.info.header_offset + _NAME_LENGTH)
            name, extra = np.frombuffer(stream.read(4), "<u2").tolist()
            stream.seek(member.info.header_offset + _LOCAL_HEADER + name + extra + start)
            return stream.read(size)

    def _in_order(self, member: Member, start: int, size: int) -> bytes:
        name = member.info.filename
        stream, at = self._streams.pop(name, (None, 0))
        if stream is None or at > start:
            stream, at = zipfile.ZipFile(self._path).open(name), 0  # noqa: SIM115 (kept for the next rows)
        while at < start:
            skipped = len(stream.read(min(_SKIP, start - at)))
            if not skipped:
                break
            at += skipped
        content = stream.read(size)
        self._streams[name] = (stream, at + len(content))
        return content

    def _held(self, member: Member) -> NDArray[np.generic]:
        """All of an array: one in Fortran order, where a row's values are not together, or a small
        one, which need not be unpacked for each model.
        """
        name = member.info.filename
        if name not in self._whole:
            with zipfile.ZipFile(self._path) as file, file.open(name) as stream:
                self._whole[name] = np.lib.format.read_array(stream, allow_pickle=False)
            self._whole[name].setflags(write=False)
        return self._whole[name]

    def _unreadable(self, error: Exception) -> ExportError:
        # numpy takes any text for a pickle, and would have its reader load it.
        pickled = "pickle" in str(error) or "Object arrays" in str(error)
        lines = str(error).splitlines() or [type(error).__name__]
        what = getattr(error, "strerror", None) or lines[0]
        what = "it is none, or holds Python objects" if pickled else what
        return ExportError(
            f"{self.place}: not a readable npz file: {what}", "Write it with numpy.savez."
        )


def _member(info: zipfile.ZipInfo, stream: IO[bytes]) -> Member:
    version = np.lib.format.read_magic(stream)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"{info.filename} has the unknown version {version}")
    shape, fortran, dtype = readers[version](stream)
    if dtype.hasobject:
        raise ValueError("Object arrays")
    if any(side < 0 for side in shape):
        raise ValueError(f"{info.filename} has the impossible shape {list(shape)}")
    start = stream.tell()
    size = dtype.itemsize
    for side in shape:
        size *= side
    if start + size > info.file_size:
        raise ValueError(f"{info.filename} is cut off: {info.file_size - start} of {size} bytes")
    turned = fortran and len(shape) > 1
    return Member(info, Column(dtype, shape[1:]), shape[0] if shape else None, start, turned)
