"""The evaluation set: instances as model inputs, true labels, ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
        return {
            entry.name: (
                self.arrays[entry.array][which].astype(np.float64) * entry.scale + entry.offset
            ).astype(np.float32)
            for entry in self.source.inputs
        }


def open_dataset(source: DatasetSource) -> Dataset:
    """Read and check the npz file of a study.

    Raises:
        ExportError: the file is no npz, an array is missing, lengths differ, or a label is not
            the index of a class.
    """
    names = {entry.array for entry in source.inputs} | {source.label}
    names |= {name for name in (source.ids, source.preview) if name}
    arrays = _read(source, names)
    labels = arrays.pop(source.label)
    lengths = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    for name, length in lengths.items():
        if length != len(labels):
            raise ExportError(
                f"{source.path}: array {name!r} has {length} instances, "
                f"array {source.label!r} has {len(labels)}"
            )
    if not len(labels):
        raise ExportError(f"{source.path}: the evaluation set is empty")
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ExportError(
            f"{source.path}: labels {source.label!r} must be a list of class indices, "
            f"got {labels.dtype} of shape {list(labels.shape)}"
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= len(source.classes)))
    if wrong.size:
        raise ExportError(
            f"{source.path}: instance {wrong[0]} has label {labels[wrong[0]]}, "
            f"but there are {len(source.classes)} classes (0 to {len(source.classes) - 1})",
            "Check `dataset.classes` and the label array.",
        )
    ids = arrays.pop(source.ids) if source.ids else np.arange(len(labels))
    return Dataset(source, labels.astype(np.int64), tuple(map(str, ids.tolist())), arrays)


def _read(source: DatasetSource, names: set[str]) -> Arrays:
    try:
        # Never pickles: an evaluation set is data, not code.
        with np.load(source.path, allow_pickle=False) as file:
            for name in sorted(names):
                if name not in file.files:
                    raise ExportError(
                        f"{source.path}: there is no array {name!r}",
                        f"It holds {', '.join(sorted(file.files))}.",
                    )
            return {name: file[name] for name in names}
    except (OSError, ValueError, EOFError) as error:
        raise ExportError(
            f"{source.path}: not a readable npz file: {error}", "Write it with numpy.savez."
        ) from None
    except AttributeError:
        raise ExportError(f"{source.path}: holds a single array; an npz file is needed") from None
