"""Records as bytes and back, without pickle: reading an entry runs no code of the entry's choice.

A header of JSON holds the structure, the arrays' bytes follow it. JSON's own values stand for
themselves; all else is an object of one tag, so that a tuple stays a tuple and NaN a number.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

# Records live in our own packages; no other class is ever made from bytes.
_HOMES = ("cc_export.", "cc_core.")
# Kinds of numpy's dtypes that are plain memory: numbers, flags, texts of fixed width.
_KINDS = frozenset("biufSU")
_LENGTH = 8
# Whole numbers that orjson spells; larger ones travel as text.
_SMALL = 2**63


class CodecError(ValueError):
    """Bytes that hold no value, or a value that has no bytes."""


def encode(value: object, spell_path: Callable[[Path], str] = str) -> bytes:
    """A value as bytes; equal values give equal bytes.

    Values are None, bool, int, float, str, bytes, paths, tuples, lists, mappings, numpy arrays and
    scalars, and frozen dataclasses of cc_export and cc_core. ``spell_path`` says what stands for a
    path.

    Raises:
        CodecError: something in it is none of these.
    """
    parts: list[bytes] = []
    header = orjson.dumps(_Encoder(parts, spell_path).form(value))
    return b"".join((len(header).to_bytes(_LENGTH, "little"), header, *parts))


def decode(content: bytes) -> Any:
    """The value of ``encode``; its arrays are read-only and share the memory of ``content``.

    Raises:
        CodecError: the bytes are not those of a value.
    """
    begin = _LENGTH + int.from_bytes(content[:_LENGTH], "little")
    try:
        return _Decoder(content, begin).value(orjson.loads(content[_LENGTH:begin]))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise CodecError(f"no encoded value: {error}") from None


class _Encoder:
    def __init__(self, parts: list[bytes], spell_path: Callable[[Path], str]) -> None:
        self._parts = parts
        self._spell_path = spell_path

    def form(self, value: object) -> object:  # noqa: PLR0911 (one for each kind of value)
        """What stands for a value in the header."""
        match value:
            case None | bool() | str():
                return value
            case np.ndarray():
                return {"array": self._array(value)}
            case np.generic():
                return {"scalar": self._array(np.asarray(value))}
            case int():
                return value if -_SMALL <= value < _SMALL else {"int": str(value)}
            case float():
                return value if math.isfinite(value) else {"float": repr(value)}
            case tuple():
                return [self.form(item) for item in value]
            case list():
                return {"list": [self.form(item) for item in value]}
            case Mapping():
                return {"map": [[self.form(k), self.form(v)] for k, v in value.items()]}
            case bytes():
                return {"bytes": self._array(np.frombuffer(value, np.uint8))}
            case Path():
                return {"path": self._spell_path(value)}
        return self._record(value)

    def _array(self, array: NDArray[np.generic]) -> list[object]:
        if array.dtype.kind not in _KINDS:
            raise CodecError(f"an array of {array.dtype} has no bytes of its own")
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        self._parts.append(little.tobytes())
        return [little.dtype.str, list(array.shape)]

    def _record(self, value: object) -> object:
        kind = type(value)
        if not _is_record(kind):
            raise CodecError(f"{kind.__module__}.{kind.__qualname__} is no record of ours")
        fields = [self.form(getattr(value, f.name)) for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
        return {"record": [kind.__module__, kind.__qualname__, fields]}


class _Decoder:
    """Arrays come in the order in which they were written, so no place is stored."""

    def __init__(self, content: bytes, begin: int) -> None:
        self._content = content
        self._place = begin

    def value(self, form: Any) -> Any:  # noqa: PLR0911 (one for each tag)
        """The value that a part of the header stands for."""
        if isinstance(form, list):
            return tuple([self.value(item) for item in form])
        if not isinstance(form, dict):
            return form
        ((tag, held),) = form.items()
        match tag:
            case "array":
                return self._array(*held)
            case "scalar":
                return self._array(*held)[()]
            case "int":
                return int(held)
            case "float":
                return float(held)
            case "list":
                return [self.value(item) for item in held]
            case "map":
                return {self.value(key): self.value(item) for key, item in held}
            case "bytes":
                return self._array(*held).tobytes()
            case "path":
                return Path(held)
            case "record":
                return self._record(*held)
        raise CodecError(f"unknown tag {tag!r}")

    def _array(self, dtype: str, shape: Sequence[int]) -> NDArray[np.generic]:
        kind = np.dtype(dtype)
        if kind.kind not in _KINDS or any(side < 0 for side in shape):
            raise CodecError(f"arrays of {kind} and shape {shape} are not read")
        count = math.prod(shape)
        if not count:
            return _frozen(np.zeros(shape, kind))
        found = np.frombuffer(self._content, kind, count, self._place).reshape(shape)
        self._place += found.nbytes
        return found

    def _record(self, module: str, name: str, fields: Sequence[Any]) -> object:
        # Only what is loaded already: a name in a file must not make Python import anything.
        kind = getattr(sys.modules.get(module), name, None)
        if not isinstance(kind, type) or not _is_record(kind) or kind.__module__ != module:
            raise CodecError(f"{module}.{name} is no record of ours")
        names = [field.name for field in dataclasses.fields(kind)]
        values = [self.value(field) for field in fields]
        return kind(**dict(zip(names, values, strict=True)))


def _is_record(kind: type) -> bool:
    form = getattr(kind, "__dataclass_params__", None)
    return form is not None and form.frozen and kind.__module__.startswith(_HOMES)


def _frozen(array: NDArray[np.generic]) -> NDArray[np.generic]:
    array.flags.writeable = False
    return array
