"""How values stand in JSON.

Arrays travel as base64 of little-endian bytes (``Base64``). A number that JSON cannot spell is
the text ``"NaN"``, ``"Infinity"`` or ``"-Infinity"`` (``JsonNumber``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NewType

FORMAT_VERSION = 2

Base64 = NewType("Base64", str)
JsonNumber = float | Literal["NaN", "Infinity", "-Infinity"]
Json = NewType("Json", object)


@dataclass(frozen=True, slots=True)
class PackedRecord:
    """An array of little-endian numbers in C order, made small for a file.

    ``data`` is zlib's format over the bytes of all numbers by place: first bytes of all, then
    second bytes of all, and so on.
    """

    dtype: str
    shape: tuple[int, ...]
    encoding: Literal["planes+zlib"]
    data: Base64


@dataclass(frozen=True, slots=True)
class ArrayRecord:
    """An array of instances: ``shape[0]`` is the number of instances in the chunk."""

    dtype: str
    shape: tuple[int, ...]
    data: Base64
