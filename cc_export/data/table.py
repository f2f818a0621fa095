"""A table of named columns, read some rows at a time; each source of data is one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Column:
    """What a column holds: numpy's type, and the shape of one row. Texts have the type object."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether the rows are texts, or lists of lengths that differ."""
        return self.dtype.kind in "OU"

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        size = self.dtype.itemsize
        for side in self.shape:
            size *= side
        return size


class Table(ABC):
    """Rows of named columns. ``place`` is how errors call it, ``part`` what they call a column."""

    place: str
    part: str = "column"
    columns: Mapping[str, Column]
    # A hash of all rows, where the data are in no file whose content could be hashed.
    digest: str = ""

    @abstractmethod
    def __len__(self) -> int:
        """Number of rows."""

    def length_of(self, name: str) -> int:
        """Number of rows of one column, where columns may differ."""
        return len(self)

    def is_single(self, name: str) -> bool:
        """Whether a column is one value for all, and no column at all."""
        return False

    @abstractmethod
    def read(self, names: Sequence[str], first: int, count: int) -> Arrays:
        """Rows ``first`` to ``first + count`` of some columns, as far as there are rows.

        Raises:
            ExportError: the data are damaged there, or are no longer what they were.
        """
