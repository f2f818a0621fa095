"""Parquet files, one row group at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cc_export.data.rows import as_array
from cc_export.data.table import Arrays, Column, Table
from cc_export.errors import ExportError


class ParquetTable(Table):
    """The columns of a Parquet file: numbers, texts, and lists of numbers of one length."""

    def __init__(self, path: Path) -> None:
        """Read the file's schema.

        Raises:
            ExportError: pyarrow is not installed, or it is no Parquet file.
        """
        try:
            import pyarrow  # noqa: PLC0415 (an extra: 40 MB that most studies do without)
            from pyarrow import parquet  # noqa: PLC0415
        except ImportError:
            hint = "Install it: pip install 'cc-export[parquet]'."
            raise ExportError(f"{path}: Parquet files need pyarrow", hint) from None
        self.place = str(path)
        self._errors = (pyarrow.ArrowException, OSError, ValueError)
        try:
            self._file: Any = parquet.ParquetFile(path)
            self._starts = np.cumsum(
                [0]
                + [
                    self._file.metadata.row_group(number).num_rows
                    for number in range(self._file.num_row_groups)
                ]
            )
            self.columns = {field.name: self._column(field) for field in self._file.schema_arrow}
        except self._errors as error:
            raise self._unreadable(error) from None
        self._group: tuple[int, tuple[str, ...], Any] | None = None

    def __len__(self) -> int:
        return int(self._starts[-1])

    def read(self, names: Sequence[str], first: int, count: int) -> Arrays:
        """Rows of some columns; the row group they lie in is kept for the next rows."""
        last = min(first + count, len(self))
        found: dict[str, list[Any]] = {name: [] for name in names}
        try:
            while first < last:
                number = int(np.searchsorted(self._starts, first, "right")) - 1
                table, start = self._read_group(number, tuple(names)), int(self._starts[number])
                until = min(last, int(self._starts[number + 1]))
                part = table.slice(first - start, until - first)
                for name in names:
                    found[name] += part.column(name).to_pylist()
                first = until
            return {name: as_array(found[name], self.columns[name]) for name in names}
        except self._errors as error:
            raise self._unreadable(error) from None

    def _read_group(self, number: int, names: tuple[str, ...]) -> Any:
        if self._group is None or self._group[:2] != (number, names):
            self._group = (number, names, self._file.read_row_group(number, list(names)))
        return self._group[2]

    def _column(self, field: Any) -> Column:
        import pyarrow  # noqa: PLC0415 (see above)

        kinds, of = pyarrow.types, field.type
        if kinds.is_fixed_size_list(of) or kinds.is_list(of) or kinds.is_large_list(of):
            return self._list_column(field.name, of)
        if kinds.is_boolean(of):
            missing = field.nullable and self._nulls(field.name)
            return Column(np.dtype(np.float64 if missing else np.bool_))
        if kinds.is_integer(of) and not field.nullable:
            return Column(np.dtype(of.to_pandas_dtype()))
        if kinds.is_integer(of):
            return Column(np.dtype(np.float64 if self._nulls(field.name) else of.to_pandas_dtype()))
        if kinds.is_floating(of):
            return Column(np.dtype(of.to_pandas_dtype()))
        return Column(np.dtype(object))

    def _list_column(self, name: str, of: Any) -> Column:
        first = self._file.read_row_group(0, [name]).column(name) if len(self) else []
        row = first[0].as_py() if len(first) else None
        try:
            array = np.asarray(row)
        except ValueError:
            return Column(np.dtype(object))
        if array.dtype.kind not in "iufb" or self._values(name) != len(self) * array.size:
            return Column(np.dtype(object))
        inner = of
        while hasattr(inner, "value_type"):
            inner = inner.value_type
        return Column(np.dtype(inner.to_pandas_dtype()), array.shape)

    def _values(self, name: str) -> int:
        """Numbers in all lists of a column; a list that is missing or empty counts as one."""
        metadata = self._file.metadata
        leaves = (metadata.schema.column(place) for place in range(metadata.num_columns))
        place = next(i for i, leaf in enumerate(leaves) if leaf.path.startswith(f"{name}."))
        groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
        return sum(group.column(place).num_values for group in groups)

    def _nulls(self, name: str) -> int:
        """Rows without a value; files need not say how many, and are then asked for them."""
        metadata, total = self._file.metadata, 0
        leaves = (metadata.schema.column(place) for place in range(metadata.num_columns))
        # A field of a structure stands here by itself, and its path may be the name of a column.
        place = next(i for i, leaf in enumerate(leaves) if leaf.path == name == leaf.name)
        for number in range(metadata.num_row_groups):
            statistics = metadata.row_group(number).column(place).statistics
            if statistics is None or not statistics.has_null_count:
                total += self._file.read_row_group(number, [name]).column(name).null_count
            else:
                total += statistics.null_count
        return total

    def _unreadable(self, error: BaseException) -> ExportError:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return ExportError(f"{self.place}: not a readable Parquet file: {lines[0]}")
