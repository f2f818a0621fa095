"""Chunks that are dear to make, from an earlier export where nothing they are made of changed."""

from __future__ import annotations

from collections.abc import Callable

from cc_export.bundle.chunk import Chunk, json_chunk
from cc_export.cache.store import Cache, key_of


def kept_chunk(cache: Cache, chunk_id: str, given: object, make: Callable[[], object]) -> Chunk:
    """The chunk of what ``make`` gives, which depends on ``given`` and on nothing else.

    With None for ``given`` it is made anew, and not kept.
    """
    if given is None:
        return json_chunk(chunk_id, make())
    key = key_of(("chunk", chunk_id, given))
    known = cache.find(key)
    if known is not None:
        return Chunk(f"{chunk_id}.js", known[0])
    chunk = json_chunk(chunk_id, make())
    cache.keep(key, chunk.content)
    return chunk
