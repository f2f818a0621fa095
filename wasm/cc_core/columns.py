"""A model's tensors, as its chunks of layers, activations and sketches have them."""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core.dyadic import Dyadic, Grid
from cc_core.errors import CoreError
from cc_core.histogram import unpack_counts
from cc_core.sketch import Sketch
from cc_core.statistics import Statistics

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a chunk of layers or of activations."""

    record: Mapping[str, Any]
    operators: tuple[str, ...]
    statistics: Statistics
    histogram: Dyadic | None

    @property
    def key(self) -> Key:
        """Layer and name in the study."""
        return self.record["layer"], self.record["name"]


@dataclass(frozen=True, slots=True)
class Column:
    """A model: its tensors by key, what its chunk compares it with, and its sketches by key."""

    model: str
    references: tuple[str, ...]
    tensors: Mapping[Key, Tensor]
    sketches: Mapping[Key, tuple[object, Sketch]]
    sided: Mapping[tuple[str, Key], str]
    aligned: str | None


def layers_column(chunk: Mapping[str, Any], sketches: Mapping[str, Any] | None = None) -> Column:
    """A model from its layers chunk and, for bases that it was not compared with, its sketches.

    Raises:
        CoreError: packed numbers do not fit their records.
    """
    found = [
        _tensor(record, tuple(layer["operators"]))
        for layer in chunk["layers"]
        for record in layer["tensors"]
    ]
    known = {
        (one["layer"], one["name"]): (
            (list(one["shape"]), one["count"]), Sketch(one["exponent"], _halves(one["values"])),
        )
        for one in (sketches or {}).get("tensors", ())
    }  # fmt: skip
    sided = {
        (one["side"], (one["layer"], one["name"])): one["reason"] for one in chunk["one_sided"]
    }
    return Column(
        chunk["model"], tuple(chunk["references"]), {one.key: one for one in found}, known, sided,
        chunk["base"],
    )  # fmt: skip


def activations_column(chunk: Mapping[str, Any]) -> Column:
    """A model from its activations chunk, which holds its sketches.

    Raises:
        CoreError: packed numbers do not fit their records.
    """
    found = [_tensor(record, ()) for record in chunk["activations"]]
    known = {
        one.key: (
            (list(one.record["shape"]), one.record["instances"], one.record["size"]),
            Sketch(one.record["exponent"], _halves(one.record["sketch"])),
        )
        for one in found
    }
    tensors = {one.key: one for one in found}
    return Column(chunk["model"], tuple(chunk["references"]), tensors, known, {}, None)


def _tensor(record: Mapping[str, Any], operators: tuple[str, ...]) -> Tensor:
    shown = record["histogram"]
    histogram = None
    if shown is not None:
        grid = Grid(int(shown["exponent"]), int(shown["first"]), int(shown["bins"]))
        packed = unpacked(shown["counts"])
        if packed.size != grid.bins:
            raise CoreError(f"a histogram of {grid.bins} bins has {packed.size} counts")
        histogram = Dyadic(grid, whole_counts(packed, int(shown["total"])))
    return Tensor(record, operators, _statistics(record["statistics"]), histogram)


def _statistics(record: Mapping[str, Any]) -> Statistics:
    count, zeros, nan, infinite = (
        int(record[name]) for name in ("count", "zeros", "nan", "infinite")
    )
    least, most = (
        None if record[name] is None else float(record[name]) for name in ("minimum", "maximum")
    )
    total, squares = float(record["total"]), float(record["squares"])
    return Statistics(count, zeros, nan, infinite, least, most, total, squares)


def whole_counts(packed: NDArray[np.uint8], total: int) -> NDArray[np.int64]:
    """Whole counts of about ``total`` values; none that was above zero becomes zero."""
    rounded = np.rint(unpack_counts(packed, total)).astype(np.int64)
    return np.maximum(rounded, packed > 0)


def unpacked(text: str) -> NDArray[np.uint8]:
    """The bytes of base64.

    Raises:
        CoreError: the text is none.
    """
    try:
        return np.frombuffer(a2b_base64(text), np.uint8)
    except Base64Error:
        raise CoreError("packed numbers are no base64") from None


def _halves(text: str) -> NDArray[np.float16]:
    found = unpacked(text)
    if found.size % 2:
        raise CoreError("a sketch's bytes are no float16")
    return found.view(np.dtype(np.float16).newbyteorder("<")).astype(np.float16)
