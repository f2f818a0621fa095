"""``module:callable`` as a table: an iterator of instances, begun anew for each pass."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_export.callables import FAILURES, CallableName, described
from cc_export.data.rows import as_array, columns_of
from cc_export.data.table import Arrays, Column, Table
from cc_export.errors import ExportError

Row = Mapping[str, Any]


class StreamTable(Table):
    """What a callable of the study yields: mappings of column to value, one for each instance.

    Values are numbers, texts or arrays. It is called without arguments, once to learn the columns
    and again for each pass, and must give the same instances each time.
    """

    def __init__(self, name: CallableName) -> None:
        """Go through it once.

        Raises:
            ExportError: it cannot be imported, raises, or yields something else.
        """
        self.place = name.name
        self._call = name.load()
        self.columns, self._length = self._learn()
        self._rows: Iterator[Row] = iter(())
        self._at = -1

    def __len__(self) -> int:
        return self._length

    def read(self, names: Sequence[str], first: int, count: int) -> Arrays:
        """The next rows; from the beginning where they are behind."""
        if self._at < 0 or first < self._at:
            self._rows, self._at = self._begin(), 0
        found: dict[str, list[Any]] = {name: [] for name in names}
        for row in self._rows:
            self._at += 1
            if self._at > first:
                for name in names:
                    found[name].append(row.get(name))
            if self._at >= first + count:
                break
        return {name: self._stacked(name, found[name]) for name in names}

    def _learn(self) -> tuple[dict[str, Column], int]:
        arrays: dict[str, Column] = {}
        digest = hashlib.sha256()

        def plain() -> Iterator[Row]:
            for number, row in enumerate(self._begin()):
                for name, value in sorted(row.items()):
                    digest.update(f"{number} {name} ".encode())
                    if isinstance(value, np.ndarray | np.generic):
                        column = Column(value.dtype, value.shape)
                        if arrays.setdefault(name, column) != column:
                            raise ExportError(
                                f"{self.place}: instance {number} has {name!r} of another type or "
                                f"shape: {value.dtype} {list(value.shape)}"
                            )
                        digest.update(np.ascontiguousarray(value).data)
                    else:
                        digest.update(repr(value).encode())
                yield {n: v for n, v in row.items() if n not in arrays}

        columns, count = columns_of(plain())
        self.digest = digest.hexdigest()
        return {**columns, **arrays}, count

    def _begin(self) -> Iterator[Row]:
        try:
            for number, row in enumerate(self._call()):
                if not isinstance(row, Mapping):
                    what = f"{self.place}: instance {number} is a {type(row).__name__}"
                    raise ExportError(what, "Yield a mapping of column names to values.")
                yield row
        except ExportError:
            raise
        except FAILURES as error:  # whatever the study's code raises
            raise ExportError(f"{self.place}: it failed: {described(error)}") from None

    def _stacked(self, name: str, values: Sequence[Any]) -> NDArray[np.generic]:
        column = self.columns[name]
        if any(value is None for value in values) and column.shape:
            raise ExportError(f"{self.place}: an instance lacks {name!r}")
        try:
            return as_array(values, column)
        except (TypeError, ValueError):
            what = f"{self.place}: gives other instances than before"
            raise ExportError(what, "It must give the same ones each time.") from None
