"""Evaluation data: tables of named columns, one module for each kind of source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from cc_export.data.images import ImageTable
from cc_export.data.npz import NpzTable
from cc_export.data.parquet import ParquetTable
from cc_export.data.stream import StreamTable
from cc_export.data.table import Arrays, Column, Table
from cc_export.data.text import CsvTable, JsonLinesTable
from cc_export.errors import ExportError
from cc_export.regular import check_regular
from cc_export.study.names import DATA_SUFFIXES
from cc_export.study.records import DatasetSource

__all__ = ["Arrays", "Column", "Table", "open_table"]

OPENERS: Mapping[str, Callable[[Path], Table]] = {
    ".npz": NpzTable,
    ".parquet": ParquetTable,
    ".csv": CsvTable,
    ".tsv": lambda path: CsvTable(path, "\t"),
    ".jsonl": JsonLinesTable,
    ".ndjson": JsonLinesTable,
}


def open_table(source: DatasetSource) -> Table:
    """The data of a study's evaluation set; nothing but headers and an index is read.

    Raises:
        ExportError: they cannot be read, or are of no known kind.
    """
    if source.call is not None:
        return StreamTable(source.call)
    assert source.path is not None
    if source.path.is_dir():
        return ImageTable(source.path, source.image)
    opener = OPENERS.get(source.path.suffix.lower())
    if opener is None:
        known = ", ".join(DATA_SUFFIXES)
        raise ExportError(f"{source.path}: unknown kind of data file", f"Use {known}, or a folder.")
    if source.path.exists():
        try:
            check_regular(source.path)
        except OSError as error:
            raise ExportError(f"{source.path}: cannot be read: {error.strerror}") from None
    return opener(source.path)
