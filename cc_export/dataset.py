"""The evaluation set: instances as model inputs, true labels, ids."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.api import DTYPES
from cc_export.errors import ExportError
from cc_export.study.records import DatasetSource

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Dataset:
    """n instances. ``labels`` int64 (n,); ``arrays`` hold the raw inputs, first axis n."""

    source: DatasetSource
    labels: NDArray[np.int64]
    ids: tuple[str, ...]
    arrays: Arrays

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, size: int) -> Iterator[Arrays]:
        """Model inputs by name, float32, at most ``size`` instances at a time."""
        for start in range(0, len(self), size):
            yield self.inputs(slice(start, start + size))

    def inputs(self, which: slice) -> Arrays:
        """Model inputs of some instances: raw array · scale + offset, rounded once to float32.

        In float64 before that, as JavaScript computes it: the page feeds the very same numbers.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            return {
                entry.name: (
                    self.arrays[entry.array][which].astype(np.float64) * entry.scale + entry.offset
                ).astype(np.float32)
                for entry in self.source.inputs
            }


def open_dataset(source: DatasetSource) -> Dataset:
    """Read and check the npz file of a study.

    Raises:
        ExportError: the file is no npz, an array is missing, lengths differ, an array holds no
            numbers, or a label is not the index of a class.
    """
    shown = {entry.array for entry in source.inputs} | (
        {source.preview} if source.preview else set()
    )
    arrays = _read(source, shown | {source.label} | ({source.ids} if source.ids else set()))
    labels = _labels(source, arrays[source.label])
    for name, array in arrays.items():
        length = len(array) if array.ndim else 0
        if length != len(labels):
            raise ExportError(
                f"{source.path}: array {name!r} has {length} instances, "
                f"array {source.label!r} has {len(labels)}"
            )
        if name in shown and array.dtype.name not in DTYPES:
            raise ExportError(
                f"{source.path}: array {name!r} must hold numbers of at most 64 bits, "
                f"got {array.dtype}",
                "Check `dataset.inputs` and `dataset.preview`.",
            )
    ids = arrays[source.ids] if source.ids else np.arange(len(labels))
    kept = {name: array for name, array in arrays.items() if name in shown}
    return Dataset(source, labels, tuple(map(str, ids.tolist())), kept)


def _labels(source: DatasetSource, labels: NDArray[np.generic]) -> NDArray[np.int64]:
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ExportError(
            f"{source.path}: labels {source.label!r} must be a list of class indices, "
            f"got {labels.dtype} of shape {list(labels.shape)}",
            "Save them as whole numbers, one for each instance.",
        )
    if not len(labels):
        raise ExportError(f"{source.path}: the evaluation set is empty")
    numbers: list[int] = labels.tolist()
    classes = len(source.classes)
    wrong = next((i for i, label in enumerate(numbers) if not 0 <= label < classes), None)
    if wrong is not None:
        raise ExportError(
            f"{source.path}: instance {wrong} has label {numbers[wrong]}, "
            f"but there are {classes} classes (0 to {classes - 1})",
            "Check `dataset.classes` and the label array.",
        )
    return labels.astype(np.int64)


def _read(source: DatasetSource, names: set[str]) -> Arrays:
    try:
        # Never pickles: an evaluation set is data, not code.
        with source.path.open("rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ExportError(
                    f"{source.path}: holds a single array; an npz file is needed",
                    "Write it with numpy.savez.",
                )
            for name in sorted(names):
                if name not in file.files:
                    raise ExportError(
                        f"{source.path}: there is no array {name!r}",
                        f"It holds {', '.join(sorted(file.files))}.",
                    )
            return {name: _array(file, name) for name in sorted(names)}
    except MemoryError:
        raise ExportError(f"{source.path}: does not fit into memory") from None
    except _UNREADABLE as error:
        # numpy takes any text for a pickle, and would have its reader load it.
        pickled = "pickle" in str(error)
        what = getattr(error, "strerror", None) or _one_line(error)
        what = "it is none, or holds Python objects" if pickled else what
        raise ExportError(
            f"{source.path}: not a readable npz file: {what}", "Write it with numpy.savez."
        ) from None


def _array(file: np.lib.npyio.NpzFile, name: str) -> NDArray[np.generic]:
    found = file[name]
    # numpy gives the bytes of what is in the zip file and no array.
    if not isinstance(found, np.ndarray):
        raise ValueError(f"{name!r} is no array")  # the file is wrong, not a type
    return found


# What numpy and zipfile raise on files that are damaged, encrypted, or hold pickled objects.
_UNREADABLE = (
    OSError, ValueError, EOFError, LookupError, RuntimeError, SyntaxError, TypeError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
