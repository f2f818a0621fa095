"""Rows of plain values as arrays: which type a column has, and rows of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_export.data.table import Column

_INT64 = 2**63


@dataclass(slots=True)
class Kinds:
    """What the values of one column have been so far."""

    names: set[str] = field(default_factory=set)
    shapes: set[tuple[int, ...]] = field(default_factory=set)

    def see(self, value: object) -> None:
        """Take note of one value."""
        if isinstance(value, list | tuple):
            shape = _shape(value)
            self.names.add("texts" if shape is None else "numbers")
            self.shapes.add(shape or ())
        elif value is None:
            self.names.add("missing")
        elif isinstance(value, bool):
            self.names.add("bool")
        elif isinstance(value, int):
            self.names.add("int" if -_INT64 <= value < _INT64 else "float")
        else:
            self.names.add("float" if isinstance(value, float) else "text")

    def column(self) -> Column:
        """The narrowest type that holds all of them: whole numbers, numbers, texts, arrays."""
        if self.names == {"numbers"} and len(self.shapes) == 1:
            return Column(np.dtype(np.float64), next(iter(self.shapes)))
        if self.names == {"bool"}:
            return Column(np.dtype(np.bool_))
        if self.names == {"int"}:
            return Column(np.dtype(np.int64))
        if self.names and self.names <= {"int", "float", "missing", "bool"} != {"missing"}:
            return Column(np.dtype(np.float64))
        return Column(np.dtype(object))


def columns_of(rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Column], int]:
    """The columns of all rows, and how many rows there are; a key may be missing in some."""
    kinds: dict[str, Kinds] = {}
    seen: dict[str, int] = {}
    count = 0
    for row in rows:
        count += 1
        for name, value in row.items():
            kinds.setdefault(name, Kinds()).see(value)
            seen[name] = seen.get(name, 0) + 1
    for name, kind in kinds.items():
        if seen[name] < count:
            kind.see(None)
    return {name: kind.column() for name, kind in kinds.items()}, count


def as_array(values: Sequence[object], column: Column) -> NDArray[np.generic]:
    """Values of one column as an array (rows, …); missing numbers are NaN, missing texts empty."""
    if column.dtype.kind == "O":
        found = np.empty(len(values), object)
        found[:] = [_text(value) for value in values]
        return found
    if column.dtype.kind == "f" and not column.shape:
        values = [math.nan if value is None else value for value in values]
    return np.asarray(values, column.dtype).reshape(len(values), *column.shape)


def _text(value: object) -> object:
    if value is None:
        return ""
    return list(value) if isinstance(value, list | tuple) else str(value)


def _shape(value: Sequence[object]) -> tuple[int, ...] | None:
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        return None
    return array.shape if array.dtype.kind in "iufb" and array.size else None
