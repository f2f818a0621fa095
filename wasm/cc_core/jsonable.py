"""Records as JSON values: the one spelling of numbers for bundle and page."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

_EXACT = 2**53


def jsonable(value: object) -> object:
    """A frozen record, mapping or sequence as plain JSON values.

    JSON has no NaN and no infinities; they are written as the texts ``"NaN"``, ``"Infinity"`` and
    ``"-Infinity"``. A whole number that a float64 cannot hold exactly (beyond ±2⁵³) is written as
    text too, since JavaScript would round it. Tuples become lists; keys become texts.

    Raises:
        TypeError: a value that has no JSON form (an array, say: pack it first).
    """
    # Most values are texts and numbers: those are asked for first.
    if value is None or isinstance(value, str | int | float):
        return _scalar(value)
    if isinstance(value, list | tuple):
        return list(value) if _plain(value) else [jsonable(item) for item in value]
    if isinstance(value, dict | Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: jsonable(getattr(value, name)) for name in _names(type(value))}
    return _scalar(value)


@lru_cache(maxsize=256)
def _names(record: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(record))


def _plain(values: Sequence[Any]) -> bool:
    """Whether a column holds numbers alone (None where there is none) that JSON can spell."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return all(-_EXACT <= value <= _EXACT for value in (min(values), max(values)))
    # All but None and zero, which JSON can spell.
    return kinds <= {float, type(None)} and all(map(math.isfinite, filter(None, values)))


def _scalar(value: object) -> object:
    if isinstance(value, float):
        return _spell(value)
    # A bool is an int, and small.
    if isinstance(value, int):
        return value if abs(value) <= _EXACT else str(value)
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form: {value!r}")


def _spell(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
