"""CSV, TSV and JSON lines: an index of where each row begins, and rows read when asked for."""

from __future__ import annotations

import csv
import re
from abc import abstractmethod
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import orjson

from cc_export.data.rows import as_array, columns_of
from cc_export.data.table import Arrays, Table
from cc_export.errors import ExportError
from cc_export.utf8 import save_as_utf8

_WHOLE = re.compile(r"[+-]?\d{1,18}$", re.ASCII)
# What values may be separated by, and what errors call it.
_DELIMITERS: Mapping[str, str] = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|nan|inf)$", re.ASCII)


class _TextTable(Table):
    """A file of rows, each with the byte at which it begins."""

    _EMPTY: ClassVar[str]

    def __init__(self, path: Path) -> None:
        """Read it once, for the place of every row and the type of every column.

        Raises:
            ExportError: it cannot be read, or is not what its name says.
        """
        self.place = str(path)
        self._path = path
        # Eight bytes for each row are all that is kept of the file.
        self._offsets = array("q")
        self.columns, self._length = columns_of(self._indexed())
        if not self._length:
            raise ExportError(f"{path}: holds no instances", self._EMPTY)

    def __len__(self) -> int:
        return self._length

    def read(self, names: Sequence[str], first: int, count: int) -> Arrays:
        """Rows of some columns."""
        count = max(0, min(count, len(self) - first))
        found: dict[str, list[Any]] = {name: [] for name in names}
        rows = self._rows(self._offsets[first]) if count else iter(())
        for _ in range(count):
            _, row = next(rows, (0, None))
            if row is None:
                raise ExportError(f"{self.place}: has fewer rows than before", "Export again.")
            for name in names:
                value = row.get(name)
                found[name].append(value if self.columns[name].is_text else self._value(value))
        try:
            return {name: as_array(found[name], self.columns[name]) for name in names}
        except (TypeError, ValueError, AttributeError):
            what = f"{self.place}: rows {first} to {first + count} are not what they were"
            raise ExportError(what, "Export again.") from None

    def _indexed(self) -> Iterator[Mapping[str, Any]]:
        for offset, row in self._rows(0):
            self._offsets.append(offset)
            yield {name: self._value(value) for name, value in row.items()}

    def _rows(self, start: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        lines = _Lines((), start)
        try:
            with self._path.open("rb") as stream:
                stream.seek(start)
                lines = _Lines(stream, start)
                yield from self._parsed(lines, start)
        except OSError as error:
            raise ExportError(f"{self.place}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            what = f"{self.place}:{lines.number}: not UTF-8 text: {error.reason}"
            raise ExportError(what, save_as_utf8(error.object)) from None

    def _value(self, value: Any) -> Any:
        """What a value of the file means, unless its column turns out to hold texts."""
        return value

    @abstractmethod
    def _parsed(self, lines: _Lines, start: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Rows from some byte on, each with the byte at which it begins."""


class _Lines:
    """The lines of a file as text, and the byte at which the next one begins."""

    def __init__(self, stream: Iterable[bytes], at: int) -> None:
        self._stream = iter(stream)
        self.at = at
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._stream)
        first = self.at == 0
        self.at += len(line)
        self.number += 1
        return line.decode("utf-8-sig" if first else "utf-8")


class CsvTable(_TextTable):
    """Separated values with a header; numbers are numbers where all of them are.

    The delimiter is the usual one of such files, or another one that the header has instead.
    """

    _EMPTY = "Below its first line, which names the columns, there is one line for each instance."

    def __init__(self, path: Path, usual: str = ",") -> None:
        """Read it once; see the base class."""
        self._delimiter = usual
        self._header: list[str] = []
        super().__init__(path)

    def _parsed(self, lines: _Lines, start: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        try:
            if not start:
                first = next(lines, "")
                self._delimiter = _delimiter(first, self._delimiter)
                self._header = next(self._cells(chain([first], lines)), [])
                _check_header(self._header, self.place)
            reader = self._cells(lines)
            at = lines.at
            for cells in reader:
                if cells:
                    if len(cells) != len(self._header):
                        raise self._ragged(lines.number, len(cells))
                    yield at, dict(zip(self._header, cells, strict=True))
                at = lines.at
        except csv.Error as error:
            what = f"{self.place}:{lines.number}: {error}"
            hint = "Is every double quote closed, and written twice within a value?"
            raise ExportError(what, hint) from None

    def _ragged(self, line: int, found: int) -> ExportError:
        names = len(self._header)
        what = f"has {_many(found, 'value')}, the header names {_many(names, 'column')}"
        told = _DELIMITERS[self._delimiter]
        hint = f"A value that holds a {told} or a line break stands in double quotes."
        return ExportError(f"{self.place}:{line}: {what}", hint)

    def _cells(self, lines: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._delimiter, strict=True)

    def _value(self, value: Any) -> Any:
        text = value.strip()
        if not text:
            return None
        if _WHOLE.match(text):
            return int(text)
        return float(text) if _NUMBER.match(text.lower()) else value


class JsonLinesTable(_TextTable):
    """One JSON object a line; a list of numbers is an array, the same shape in every row."""

    _EMPTY = "There is one line for each instance, a JSON object."

    def _parsed(self, lines: _Lines, start: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        at = lines.at
        for line in lines:
            if line.strip():
                try:
                    row = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise ExportError(f"{self.place}:{lines.number}: not JSON: {error}") from None
                if not isinstance(row, dict):
                    raise ExportError(f"{self.place}:{lines.number}: a row must be an object")
                yield at, row
            at = lines.at


def _delimiter(header: str, usual: str) -> str:
    """What separates the names of a header; the usual delimiter where there is but one name."""
    for delimiter in (usual, *_DELIMITERS):
        try:
            if len(next(csv.reader([header], delimiter=delimiter, strict=True), [])) > 1:
                return delimiter
        except csv.Error:  # quotes that this delimiter does not close, or not in this line
            continue
    return usual


def _check_header(names: Sequence[str], place: str) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ExportError(f"{place}:1: the column {twice!r} stands there twice")
    if not names:
        raise ExportError(f"{place}: the file is empty", "Its first line names the columns.")


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
