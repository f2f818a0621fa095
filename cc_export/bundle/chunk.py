"""Chunks: classic scripts that hand one payload to the page without running any of it.

The payload stands in a function's comment, and the page reads the function's source. That is the
cheapest thing a script can be to a parser, leaves the study's text unevaluated, and lets the page
rebuild the file's exact bytes to check them against the manifest.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from cc_core.jsonable import jsonable
from cc_export.bundle.records import AssetRecord, Base64

# Payload of one part of an asset, in base64 characters: a multiple of four.
PART = 4 << 20
_OPEN, _CLOSE = ",function(){/*", "*/});\n"
_SLUG = re.compile(r"[^a-z0-9]+")


class BrokenChunkError(ValueError):
    """A chunk that is truncated, altered or not a chunk at all."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One file of a site: its path from the site's root and its exact bytes."""

    path: str
    content: bytes


def json_chunk(chunk_id: str, record: object) -> Chunk:
    """A record as a chunk. ``*/`` can stand in JSON only within a text, where ``\\/`` means /."""
    payload = orjson.dumps(jsonable(record), option=orjson.OPT_SORT_KEYS)
    return _script(chunk_id, payload.replace(b"*/", b"*\\/"))


def asset_chunks(asset_id: str, content: bytes) -> tuple[AssetRecord, Iterator[Chunk]]:
    """Bytes as gzip and base64, in parts of at most 4 MiB."""
    # mtime=0: equal content gives equal bytes.
    text = base64.b64encode(gzip.compress(content, 9, mtime=0))
    ids = tuple(f"{asset_id}/{start // PART}" for start in range(0, len(text), PART))
    parts = (_script(ids[i], text[i * PART : (i + 1) * PART]) for i in range(len(ids)))
    return AssetRecord(len(content), "gzip", ids), parts


def payload(content: bytes, chunk_id: str) -> bytes:
    """What a chunk holds, given its bytes.

    Raises:
        BrokenChunkError: the bytes are not the chunk of that id.
    """
    head = f'cc.chunk("{chunk_id}"{_OPEN}'.encode()
    if not content.startswith(head) or not content.endswith(_CLOSE.encode()):
        raise BrokenChunkError(f"{chunk_id} is truncated or not a chunk")
    return content[len(head) : -len(_CLOSE)]


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
