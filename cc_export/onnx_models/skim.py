"""An ONNX file without its weights: large values stay in the file and are known by their place.

A model file is one protobuf message, and parsing it would copy every weight into memory. Here the
message is walked field by field, what is small is copied, and each large block of numbers is
replaced by the reference that ONNX has for external data, to this very file.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError
from onnx import ModelProto, TensorProto

from cc_export.errors import ModelError
from cc_export.regular import check_regular

# Location of the values that lie in the model file itself; no path may hold a zero byte.
HERE = "\0"
# Bytes of a tensor's values that are worth leaving in the file.
_LARGE = 1 << 10
# Of everything but weights: bytes and fields that are looked at; and levels of graphs in graphs.
_MOST_SKELETON = 256 << 20
_MOST_FIELDS = 2_000_000
_MOST_LEVELS = 64
# Suffixes of files that are given in place of a model's.
_STUDIES = frozenset({".yaml", ".yml", ".json", ".toml"})
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class _Message:
    """Fields of a message that may hold large values, directly or further inside."""

    inside: Mapping[int, str]
    values: frozenset[int] = frozenset()


# Numbers of fields in onnx.proto3. float_data and double_data are packed, little-endian numbers.
_MESSAGES: Mapping[str, _Message] = {
    "model": _Message({7: "graph", 25: "function"}),
    "function": _Message({7: "node"}),
    "graph": _Message({1: "node", 5: "tensor", 15: "sparse"}),
    "sparse": _Message({1: "tensor", 2: "tensor"}),
    "node": _Message({5: "attribute"}),
    "attribute": _Message(
        {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"}
    ),
    "tensor": _Message({}, frozenset({4, 9, 10})),
}


class _DamagedError(ValueError):
    """The bytes are no protobuf message."""


def skim(path: Path) -> ModelProto:
    """The model of a file, its large tensors left in the file as external data at ``HERE``.

    Raises:
        ModelError: the file cannot be read, is no ONNX file, or is more graph than weights.
    """
    try:
        check_regular(path)
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if not size:
                return ModelProto()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                skeleton = _Skeleton(content).message("model", 0, size)
    except OSError as error:
        raise ModelError(f"{path.name}: cannot be read: {error.strerror or error}") from None
    except _DamagedError:
        raise _damaged(path) from None
    except _TooLargeError:
        raise ModelError(
            f"{path.name}: holds more than {_MOST_SKELETON >> 20} MiB, or {_MOST_FIELDS:,} fields, "
            "besides its weights",
            "Is this an ONNX model?",
        ) from None
    model = ModelProto()
    try:
        model.ParseFromString(skeleton)
    except DecodeError:
        raise _damaged(path) from None
    return model


def _damaged(path: Path) -> ModelError:
    hint = "Export it again."
    if path.suffix.lower() in _STUDIES:
        hint = "Is it a study file? `cc-export validate` checks one, and its models are in it."
    return ModelError(f"{path.name}: not an ONNX file, or a damaged one", hint)


class _TooLargeError(ValueError):
    """What is not weights is too much to keep."""


class _Skeleton:
    """Copies messages without their large values."""

    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        self._kept = 0
        self._fields_left = _MOST_FIELDS

    def message(self, kind: str, start: int, end: int, level: int = 0) -> bytes:
        """The message at a place of the file, without large values."""
        if level > _MOST_LEVELS:
            raise _DamagedError
        known = _MESSAGES[kind]
        parts: list[bytes] = []
        copied = start
        for number, field, begin, stop in self._fields(start, end):
            inner = known.inside.get(number)
            if inner is None and number not in known.values:
                continue
            if stop - begin <= _LARGE:
                continue
            self._keep(parts, copied, field)
            copied = stop
            if inner is None:
                parts.append(_reference(begin, stop - begin))
            else:
                part = self.message(inner, begin, stop, level + 1)
                parts += [_varint(number << 3 | _BYTES), _varint(len(part)), part]
        self._keep(parts, copied, end)
        return b"".join(parts)

    def _keep(self, parts: list[bytes], start: int, stop: int) -> None:
        self._kept += stop - start
        if self._kept > _MOST_SKELETON:
            raise _TooLargeError
        parts.append(self._content[start:stop])

    def _fields(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Of each length-delimited field: its number, where it, its bytes begin, and it ends."""
        at = start
        while at < end:
            field = at
            self._fields_left -= 1
            if self._fields_left < 0:
                raise _TooLargeError
            tag, at = self._varint(at, end)
            number, wire = tag >> 3, tag & 7
            if wire == _VARINT:
                _, at = self._varint(at, end)
            elif wire in (_FIXED64, _FIXED32):
                at += 8 if wire == _FIXED64 else 4
            elif wire == _BYTES:
                length, begin = self._varint(at, end)
                at = begin + length
                if at <= end:
                    yield number, field, begin, at
            else:
                raise _DamagedError
            if at > end or not number:
                raise _DamagedError

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        """A number, and where the next one begins."""
        value = shift = 0
        while at < end and shift < 64:
            byte = self._content[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
        raise _DamagedError


def _reference(offset: int, length: int) -> bytes:
    """The fields of a TensorProto that say where its values are."""
    tensor = TensorProto(data_location=TensorProto.EXTERNAL)
    for key, value in (("location", HERE), ("offset", str(offset)), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)
    return bytes(tensor.SerializeToString())


def _varint(value: int) -> bytes:
    spelled = bytearray()
    while value >= 0x80:
        spelled.append(value & 0x7F | 0x80)
        value >>= 7
    spelled.append(value)
    return bytes(spelled)
