"""What is true of the instances, from the columns that say so: by the kind the task needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core.classification import NO_CLASS
from cc_export.data import Arrays
from cc_export.errors import ExportError
from cc_export.near import near
from cc_export.numerals import first_text, number_hint
from cc_export.study.records import DatasetSource, Truth

Labels = tuple[NDArray[Any], tuple[str, ...]]


def read_labels(source: DatasetSource, place: str, columns: Arrays) -> Labels:
    """The labels of all instances, and the names of the classes.

    Raises:
        ExportError: they are not what the task needs; the first instance that is wrong is named.
    """
    return KINDS[source.truth](source, place, columns)


def _class_indices(source: DatasetSource, place: str, columns: Arrays) -> Labels:
    name, labels = _only(source, place, columns)
    if labels.ndim == 1 and labels.dtype.kind in "OU" and _texts(labels):
        return _by_name(source, place, labels)
    missing = labels.dtype.kind == "f" and labels.ndim == 1 and np.isnan(labels).any()
    if missing:
        row = int(np.argmax(np.isnan(labels)))
        what = f"{place}: instance {row} has no label in {name!r}"
        raise ExportError(what, "Every instance needs one; leave out those without.")
    if labels.ndim != 1 or labels.dtype.kind not in "iub":
        raise ExportError(
            f"{place}: labels {name!r} must be a list of class indices or names, "
            f"got {labels.dtype} of shape {list(labels.shape)}",
            "Save them as whole numbers, one for each instance.",
        )
    numbers: list[int] = labels.astype(object).tolist()
    count = len(source.classes) or max(0, *numbers) + 1
    if count >= NO_CLASS:
        raise ExportError(
            f"{place}: instance {int(np.argmax(labels))} has label {count - 1}; there can be "
            f"{NO_CLASS - 1:,} classes, counted from 0",
            "Is this the array of labels?",
        )
    wrong = next((i for i, label in enumerate(numbers) if not 0 <= label < count), None)
    if wrong is not None:
        raise ExportError(
            f"{place}: instance {wrong} has label {numbers[wrong]}, "
            f"but there are {count} classes (0 to {count - 1})",
            "Check `dataset.classes` and the label array.",
        )
    classes = source.classes or tuple(map(str, range(count)))
    return labels.astype(np.int64), classes


def _by_name(source: DatasetSource, place: str, labels: NDArray[Any]) -> Labels:
    names = [str(label) for label in labels.tolist()]
    classes = source.classes or tuple(sorted(set(names)))
    index = {name: number for number, name in enumerate(classes)}
    wrong = next((i for i, name in enumerate(names) if name not in index), None)
    if wrong is not None:
        raise ExportError(
            f"{place}: instance {wrong} has the label {names[wrong]!r}, which is no class",
            near(names[wrong], classes),
        )
    return np.array([index[name] for name in names], np.int64), classes


def _class_sets(source: DatasetSource, place: str, columns: Arrays) -> Labels:
    table = _matrix(columns)
    if table is None:
        return _listed_sets(source, place, columns)
    classes = source.classes or (
        source.label if len(source.label) > 1 else tuple(map(str, range(table.shape[1])))
    )
    if table.shape[1] != len(classes):
        what = f"{place}: the labels have {table.shape[1]} columns for {len(classes)} classes"
        raise ExportError(what, "One for each class: 1 where it applies, else 0.")
    if not np.isin(table, (0, 1)).all():
        row = int(np.argmax(~np.isin(table, (0, 1)).all(axis=1)))
        raise ExportError(f"{place}: instance {row} has labels that are neither 0 nor 1")
    return table.astype(np.bool_), classes


def _listed_sets(source: DatasetSource, place: str, columns: Arrays) -> Labels:
    """Lists of class names or indices; a text is a list whose names are parted by ``;``."""
    _, values = _only(source, place, columns)
    lists = [
        [part.strip() for part in value.split(";") if part.strip()]
        if isinstance(value, str)
        else list(value)
        for value in values.tolist()
    ]
    classes = source.classes or tuple(sorted({str(part) for found in lists for part in found}))
    index = {name: number for number, name in enumerate(classes)}
    table = np.zeros((len(lists), len(classes)), np.bool_)
    for row, found in enumerate(lists):
        for part in found:
            place_of = index.get(str(part), part if isinstance(part, int) else -1)
            if not 0 <= place_of < len(classes):
                what = f"{place}: instance {row} has the label {part!r}, which is no class"
                raise ExportError(what, near(str(part), classes))
            table[row, place_of] = True
    return table, classes


def _numbers(source: DatasetSource, place: str, columns: Arrays) -> Labels:
    table = _matrix(columns)
    if table is None:
        listed = ", ".join(map(repr, source.label))
        texts = (values.tolist() for values in columns.values() if values.dtype.kind in "OU")
        found = next(filter(None, map(first_text, texts)), None)
        told = f"; instance {found[0]} has {found[1]!r}" if found else ""
        hint = number_hint(found[1]) if found else ""
        raise ExportError(f"{place}: the labels {listed} must be numbers{told}", hint)
    values = table.astype(np.float64)
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values).all(axis=1)))
        raise ExportError(f"{place}: instance {row} has a label that is missing or infinite")
    names = source.classes or (
        source.label if len(source.label) > 1 else tuple(map(str, range(values.shape[1])))
    )
    if len(names) != values.shape[1]:
        what = f"{place}: the labels have {values.shape[1]} columns, `dataset.classes` names"
        raise ExportError(f"{what} {len(names)}")
    return values, names


def _reference_texts(source: DatasetSource, place: str, columns: Arrays) -> Labels:
    _, values = _only(source, place, columns)
    if values.ndim != 1:
        raise ExportError(f"{place}: there must be one text, or list of texts, for each instance")
    found = np.empty(len(values), object)
    found[:] = [
        tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)
        for value in values.tolist()
    ]
    empty = next((row for row, texts in enumerate(found) if not texts), None)
    if empty is not None:
        raise ExportError(f"{place}: instance {empty} has no reference text")
    return found, source.classes


def _anything(source: DatasetSource, place: str, columns: Arrays) -> Labels:
    _, values = _only(source, place, columns)
    return values, source.classes


KINDS: Mapping[Truth, Callable[[DatasetSource, str, Arrays], Labels]] = {
    "class": _class_indices,
    "classes": _class_sets,
    "numbers": _numbers,
    "texts": _reference_texts,
    "anything": _anything,
}


def _only(source: DatasetSource, place: str, columns: Arrays) -> tuple[str, NDArray[Any]]:
    if len(columns) != 1:
        what = f"{place}: this task takes one label column, got {len(columns)}"
        raise ExportError(what, "Name one in `dataset.label`.")
    [(name, values)] = columns.items()
    return name, values


def _texts(labels: NDArray[Any]) -> bool:
    return all(isinstance(label, str) for label in labels.tolist())


def _matrix(columns: Arrays) -> NDArray[Any] | None:
    """Columns of numbers side by side, (n, all of them); None where one holds no numbers."""
    parts = list(columns.values())
    if any(part.dtype.kind not in "iufb" for part in parts):
        return None
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)
