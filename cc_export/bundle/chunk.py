"""Chunks: classic scripts that hand one payload to the page without running any of it.

The payload stands in a function's comment, and the page reads the function's source. That is the
cheapest thing a script can be to a parser, leaves the study's text unevaluated, and lets the page
rebuild the file's exact bytes to check them against the manifest.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from cc_core.jsonable import jsonable
from cc_export.bundle.records.manifest import AssetRecord
from cc_export.bundle.records.values import Base64, PackedRecord

# Payload of one part of an asset, in base64 characters: a multiple of four.
PART = 4 << 20
_PART_BYTES = PART // 4 * 3
_SLICE = 1 << 20
# zlib's word for "with a gzip header", which holds no time.
GZIP = 31
# zlib's usual compromise: more costs much time and gains little on numbers.
_LEVEL = 6
# What shrinks to less than this share by its runs may hold other repetitions.
_REPETITIVE = 0.5
_OPEN, _CLOSE = ",function(){/*", "*/});\n"
_SLUG = re.compile(r"[^a-z0-9]+")


class BrokenChunkError(ValueError):
    """A chunk that is truncated, altered or not a chunk at all."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One file of a site: its path from the site's root and its exact bytes."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Packed:
    """Binary content as assets carry it: ``bytes`` of it, texts of base64 as uint8 arrays."""

    bytes: int
    parts: tuple[NDArray[np.uint8], ...]


def json_chunk(chunk_id: str, record: object) -> Chunk:
    """A record as a chunk. ``*/`` can stand in JSON only within a text, where ``\\/`` means /."""
    payload = orjson.dumps(jsonable(record), option=orjson.OPT_SORT_KEYS)
    return _script(chunk_id, payload.replace(b"*/", b"*\\/"))


def pack_asset(content: bytes | memoryview) -> Packed:
    """Bytes as gzip and base64, in parts of at most 4 MiB; equal content gives equal parts."""
    packer = zlib.compressobj(9, zlib.DEFLATED, GZIP)
    view, parts, left = memoryview(content), [], b""
    for start in range(0, len(view), _SLICE):
        left += packer.compress(view[start : start + _SLICE])
        while len(left) >= _PART_BYTES:
            parts.append(base64.b64encode(left[:_PART_BYTES]))
            left = left[_PART_BYTES:]
    left += packer.flush()
    parts += [
        base64.b64encode(left[at : at + _PART_BYTES]) for at in range(0, len(left), _PART_BYTES)
    ]
    return Packed(len(view), tuple(np.frombuffer(part, np.uint8) for part in parts))


def asset_chunks(asset_id: str, packed: Packed) -> tuple[AssetRecord, Iterator[Chunk]]:
    """The record of an asset, and its parts as chunks."""
    ids = tuple(f"{asset_id}/{number}" for number in range(len(packed.parts)))
    chunks = (_script(i, part.tobytes()) for i, part in zip(ids, packed.parts, strict=True))
    return AssetRecord(packed.bytes, "gzip", ids), chunks


def payload(content: bytes, chunk_id: str) -> bytes:
    """What a chunk holds, given its bytes.

    Raises:
        BrokenChunkError: the bytes are not the chunk of that id.
    """
    head = f'cc.chunk("{chunk_id}"{_OPEN}'.encode()
    if not content.startswith(head) or not content.endswith(_CLOSE.encode()):
        raise BrokenChunkError(f"{chunk_id} is truncated or not a chunk")
    return content[len(head) : -len(_CLOSE)]


def compact(array: NDArray[np.generic]) -> PackedRecord:
    """An array in as few characters as zlib makes of its bytes, those of one place together."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    planes = little.reshape(-1).view(np.uint8).reshape(-1, array.dtype.itemsize).T.tobytes()
    # Most numbers repeat nowhere: what looks for runs only is as short there, and much quicker.
    packed = _deflated(planes, zlib.Z_RLE)
    if len(packed) < _REPETITIVE * len(planes):
        packed = min(packed, _deflated(planes, zlib.Z_DEFAULT_STRATEGY), key=len)
    data = Base64(base64.b64encode(packed).decode())
    return PackedRecord(array.dtype.name, array.shape, "planes+zlib", data)


def _deflated(content: bytes, strategy: int) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, strategy=strategy)
    return packer.compress(content) + packer.flush()


def expand(record: Mapping[str, Any]) -> NDArray[np.generic]:
    """The array of a ``PackedRecord``, as JSON has it.

    Raises:
        BrokenChunkError: it is damaged.
    """
    try:
        dtype = np.dtype(record["dtype"]).newbyteorder("<")
        planes = zlib.decompress(base64.b64decode(record["data"], validate=True))
        values = np.frombuffer(planes, np.uint8).reshape(dtype.itemsize, -1).T
        found: NDArray[np.generic] = np.ascontiguousarray(values).view(dtype)
        return found.reshape(record["shape"]).astype(dtype.newbyteorder("="), copy=False)
    except (ValueError, TypeError, KeyError, zlib.error) as error:
        raise BrokenChunkError(f"an array is damaged: {error}") from None


def pack(array: NDArray[np.generic]) -> Base64:
    """An array's values as base64 of little-endian bytes in C order."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return Base64(base64.b64encode(little.tobytes()).decode())


def unpack(text: str, dtype: str) -> NDArray[np.generic]:
    """The values of ``pack``, flat."""
    return np.frombuffer(base64.b64decode(text), np.dtype(dtype).newbyteorder("<"))


def slug(model_id: str) -> str:
    """A file name for a model: readable, unique, the same on every file system and host."""
    readable = _SLUG.sub("-", model_id.lower()).strip("-")[:40].strip("-") or "model"
    return f"{readable}-{hashlib.sha256(model_id.encode()).hexdigest()[:12]}"


def _script(chunk_id: str, content: bytes) -> Chunk:
    return Chunk(
        f"{chunk_id}.js", f'cc.chunk("{chunk_id}"{_OPEN}'.encode() + content + _CLOSE.encode()
    )
