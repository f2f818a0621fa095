"""The evaluation set: instances as model inputs, what is true of them, and how they are shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core.api import DTYPES
from cc_export.callables import FAILURES, described
from cc_export.data import Arrays, Table, open_table
from cc_export.errors import DataError, ExportError, Finding, StudyError
from cc_export.labels import read_labels
from cc_export.near import near
from cc_export.numerals import first_text, number_hint
from cc_export.study.records import DatasetSource, LoadedStudy, ModelInput
from cc_export.surrogates import first_broken

# Rows read at once where all rows of a small column are wanted.
ROWS = 4096
_MOST_LEVELS = 65_535
_BYTE_VALUES = 256
# What a group's level is called of which nothing is known, and whole numbers that floats hold.
_MISSING, _EXACT = "missing", 2.0**53


@dataclass(frozen=True, slots=True)
class Group:
    """An attribute of instances: ``codes`` uint16 (n,) are indices of ``levels``."""

    name: str
    levels: tuple[str, ...]
    codes: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Dataset:
    """n instances; their inputs stay where they are until some of them are asked for.

    ``labels`` None: nothing is known to be true. Else, by ``source.truth``: int64 (n,) class
    indices; bool (n, classes); float64 (n, targets); or n tuples of reference texts.
    """

    source: DatasetSource
    table: Table
    labels: NDArray[Any] | None
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    groups: tuple[Group, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def batches(self, size: int) -> Iterator[Arrays]:
        """Model inputs by name, at most ``size`` instances at a time."""
        for start in range(0, len(self), size):
            yield self.inputs(slice(start, start + size))

    def inputs(self, which: slice) -> Arrays:
        """Model inputs of some instances, as the models take them.

        Numbers are raw · scale + offset, rounded once to float32, and computed in float64 before
        that, as JavaScript does: the page feeds the very same numbers. Whole numbers that are
        neither scaled nor shifted stay whole, and texts stay texts.

        Raises:
            ExportError: the data cannot be read there, or the study's preprocessing failed.
        """
        raw = self.raw(which)
        named = {entry.name: _scaled(raw[entry.array], entry) for entry in self.source.inputs}
        if self.source.preprocess is None:
            return named
        return self._preprocessed(named if self.source.inputs else raw, which)

    def raw(self, which: slice, only: Sequence[str] = ()) -> Arrays:
        """The arrays of some instances as they lie in the data: model inputs and pictures.

        ``only`` some of them, or all.
        """
        first, last, _ = which.indices(len(self))
        names = tuple(only) or self.source.arrays or tuple(self.table.columns)
        wanted = dict.fromkeys(c for name in names for c in self.source.columns_of(name))
        found = self.table.read(tuple(wanted), first, last - first)
        return {name: self._side_by_side(found, name) for name in names}

    def _side_by_side(self, found: Arrays, name: str) -> NDArray[np.generic]:
        columns, place = self.source.columns_of(name), self.table.place
        if columns == (name,):
            return found[name]
        parts = [found[column] for column in columns]
        if len({part.shape for part in parts}) > 1:
            shapes = (f"{c} {list(p.shape[1:])}" for c, p in zip(columns, parts, strict=True))
            what = f"{place}: the columns of input {name!r} have different shapes"
            raise ExportError(what, f"An instance has {', '.join(shapes)}.")
        if any(part.dtype.kind in "OU" for part in parts):
            return np.stack([part.astype(np.object_) for part in parts], axis=1)
        return np.stack([part.astype(np.float64) for part in parts], axis=1)

    def cells(self, names: Sequence[str], which: slice) -> Arrays:
        """Columns of some instances, for showing them."""
        first, last, _ = which.indices(len(self))
        return self.table.read(names, first, last - first)

    def _preprocessed(self, arrays: Arrays, which: slice) -> Arrays:
        assert self.source.preprocess is not None
        name = self.source.preprocess.name
        try:
            made = self.source.preprocess.load()(arrays)
            ready = {str(key): np.asarray(value) for key, value in made.items()}
        except ExportError:
            raise
        except FAILURES as error:  # whatever the study's code raises
            raise ExportError(f"{name}: preprocessing failed: {described(error)}") from None
        first, last, _ = which.indices(len(self))
        for key, values in ready.items():
            if not values.ndim or len(values) != last - first:
                raise ExportError(
                    f"{name}: gave {key!r} of shape {list(values.shape)} for "
                    f"{last - first} instances",
                    "The first axis must be the instances it was given.",
                )
        return ready


def open_dataset(source: DatasetSource) -> Dataset:
    """Open and check the evaluation set of a study; only labels, ids and groups are held.

    Raises:
        DataError: a column is missing or too short, an input holds no numbers, or a label is not
            what the task needs.
        ExportError: the data cannot be read, or there are none.
    """
    table = open_table(source)
    rows = _check_columns(source, table)
    if not rows:
        raise ExportError(f"{table.place}: the evaluation set is empty")
    labels, classes = None, source.classes
    if source.label:
        found = _whole(table, source.label, rows)
        try:
            labels, classes = read_labels(source, table.place, found)
        except ExportError as error:
            raise DataError(Finding(("dataset", "label"), error.what, error.hint)) from None
    ids: NDArray[Any] = np.arange(rows)
    if source.ids is not None:
        ids = _whole(table, [source.ids], rows)[source.ids]
    named = tuple(map(str, ids.tolist()))
    _check_ids(named, table, source.ids)
    return Dataset(
        source=source,
        table=table,
        labels=labels,
        classes=classes,
        ids=named,
        groups=tuple(_group(name, column, table, rows) for name, column in source.groups),
    )


def dataset_of(study: LoadedStudy) -> Dataset | None:
    """Open and check the evaluation set of a study that has one.

    Raises:
        ExportError: as ``open_dataset``; what concerns a key of the study file comes with its line.
    """
    if study.dataset is None:
        return None
    error: ExportError
    try:
        return open_dataset(study.dataset)
    except DataError as found:
        if study.document is None:
            raise
        told = [study.document.problem(f.key, f.what, f.hint) for f in found.findings]
        error = StudyError(study.file, sorted(told, key=lambda problem: problem.line or 0))
    except ExportError as found:
        error = found
    raise ExportError(study.told(error.what), study.told(error.hint)) if study.url else error


def _whole(table: Table, names: Sequence[str], rows: int) -> Arrays:
    parts = [table.read(names, first, min(ROWS, rows - first)) for first in range(0, rows, ROWS)]
    found = {name: np.concatenate([part[name] for part in parts]) for name in names}
    for name, values in found.items():
        broken = first_broken(values.tolist()) if values.dtype.kind in "OU" else None
        if broken is not None:
            raise ExportError(
                f"{table.place}: array {name!r}, instance {broken}: the text holds half of a "
                "character (a lone surrogate), which no file can hold",
                "Write these texts anew, decoded as UTF-8.",
            )
    return found


def _check_ids(ids: Sequence[str], table: Table, name: str | None) -> None:
    if len(set(ids)) == len(ids):
        return
    first: dict[str, int] = {}
    for place, known in enumerate(ids):
        if known in first:
            what = (
                f"{table.place}: {table.part} {name!r} has the id {known!r} twice: "
                f"instances {first[known]} and {place}, counted from 0"
            )
            hint = "Every id must be different; without `ids`, instances are numbered."
            raise DataError(Finding(("dataset", "ids"), what, hint))
        first[known] = place


def _check_columns(source: DatasetSource, table: Table) -> int:
    """The number of instances, once every column that is used is known to have that many."""
    inputs = {c for entry in source.inputs for c in source.columns_of(entry.array)}
    numeric = {c for name in source.arrays for c in source.columns_of(name)}
    pictured = source.preview.array if source.preview else None
    used, part = _uses(source), table.part
    missing = [name for name in used if name not in table.columns]
    if missing:
        raise DataError(
            *(
                Finding(key, f"{table.place} has no {part} {name!r}", near(name, table.columns))
                for name in missing
                for key in used[name]
            )
        )
    for name in used:
        if table.is_single(name):
            what = f"{table.place}: {part} {name!r} is a single value"
            raise DataError(Finding(used[name][0], what, "There must be one for each instance."))
    reference = next(iter((*source.label, *used, *table.columns)), "")
    rows = table.length_of(reference) if reference else 0
    for name in used if rows else ():
        column, length = table.columns[name], table.length_of(name)
        if length != rows:
            what = (
                f"{table.place}: {part} {name!r} has {length} instances, "
                f"{part} {reference!r} has {rows}"
            )
            raise DataError(Finding(used[name][0], what))
        text_input = name in inputs and name != pictured and column.is_text
        if name in numeric and column.dtype.name not in DTYPES and not text_input:
            what = (
                f"{table.place}: {part} {name!r} must hold numbers of at most 64 bits, "
                f"got {column.dtype}"
            )
            hint = "Check `dataset.inputs` and `dataset.preview`."
            raise DataError(Finding(used[name][0], what, hint))
    for entry in source.inputs if rows else ():
        names = source.columns_of(entry.array)
        texts = [name for name in names if table.columns[name].is_text]
        if 0 < len(texts) < len(names):
            found = first_text(table.read(texts[:1], 0, ROWS)[texts[0]].tolist())
            told = f"; instance {found[0]} has {found[1]!r}" if found else ""
            what = f"{table.place}: {part} {texts[0]!r} holds texts, beside numbers{told}"
            hint = number_hint(found[1]) if found else ""
            raise DataError(Finding(used[texts[0]][0], what, hint))
    return rows


def _uses(source: DatasetSource) -> dict[str, list[tuple[str | int, ...]]]:
    """Where the study names each column that is used, by the column's name."""
    used: dict[str, list[tuple[str | int, ...]]] = {}

    def add(names: Sequence[str], *key: str | int) -> None:
        for place, name in enumerate(names):
            used.setdefault(name, []).append(
                ("dataset", *key, *([place] if len(names) > 1 else ()))
            )

    for entry in source.inputs:
        add(
            source.columns_of(entry.array),
            "inputs",
            entry.name,
            "columns" if entry.columns else "array",
        )
    add(source.label, "label")
    add((source.ids,) if source.ids else (), "ids")
    for group, column in source.groups:
        add((column,), "groups", group)
    if source.preview:
        shown = source.preview
        add(
            (shown.array,) if shown.array else shown.columns,
            "preview",
            "array" if shown.array else "columns",
        )
    return used


def _group(name: str, column: str, table: Table, rows: int) -> Group:
    values = _whole(table, [column], rows)[column]
    plain = values
    if values.dtype.kind == "O":
        plain = np.array([_level(value) for value in values.tolist()])
    if plain.ndim != 1:
        what = f"{table.place}: group {name!r} must have one value for each instance"
        raise ExportError(what, f"Array {column!r} has the shape {list(values.shape)}.")
    levels, codes = np.unique(plain, return_inverse=True)
    if len(levels) > _MOST_LEVELS:
        what = f"{table.place}: group {name!r} has {len(levels)} different values"
        raise ExportError(what, f"A group may have {_MOST_LEVELS}.")
    return Group(name, tuple(map(_level, levels.tolist())), codes.reshape(-1).astype(np.uint16))


def _level(value: object) -> str:
    """A group's value as it is shown: numbers that are whole have no point, NaN is no number."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return _MISSING
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return str(value)


def _scaled(raw: NDArray[np.generic], entry: ModelInput) -> NDArray[np.generic]:
    if raw.dtype.kind in "OU":
        return raw
    plain = (entry.scale, entry.offset) == (1.0, 0.0)
    if plain and raw.dtype.kind in "iub":
        return raw
    if raw.dtype == np.uint8:
        return np.take(_of_bytes(entry), raw.view(np.uint8), mode="wrap")
    return _rounded(raw, entry)


@lru_cache(maxsize=16)
def _of_bytes(entry: ModelInput) -> NDArray[np.float32]:
    """Each of the 256 values that a byte may have, computed once, in the same way."""
    return _rounded(np.arange(_BYTE_VALUES), entry)


def _rounded(raw: NDArray[np.generic], entry: ModelInput) -> NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):
        return (raw.astype(np.float64) * entry.scale + entry.offset).astype(np.float32)
