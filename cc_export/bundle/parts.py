"""What is too much for one chunk is in several, of about 3 MiB each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from cc_export.bundle.chunk import Chunk
from cc_export.bundle.records.layers import PartRecord
from cc_export.cache.chunks import kept_chunk
from cc_export.cache.store import Cache

# Characters that records may come to, by a guess of their size; a chunk has at most some 4 MiB.
MOST = 3 << 20
# A layer, and about how many characters its records take.
Sized = tuple[str, int]


def cut(sizes: Sequence[Sized], most: int) -> list[slice]:
    """Runs of entries that fit together; one that does not fit is alone."""
    found: list[slice] = []
    room = 0
    for place, (_, size) in enumerate(sizes):
        if not found or size > room:
            found.append(slice(place, place))
            room = most
        found[-1] = slice(found[-1].start, place + 1)
        room -= size
    return found


def in_parts(
    cache: Cache,
    chunk_id: str,
    given: object,
    sizes: Sequence[Sized],
    make: Callable[[slice, tuple[PartRecord, ...] | None], object],
) -> Iterator[Chunk]:
    """The chunk of that id, and those of its parts where it has any.

    ``make`` gives the records of some entries: as a part, where there are None, or else as the
    chunk itself with these parts.
    """
    cuts = cut(sizes, MOST)
    if len(cuts) <= 1:
        yield kept_chunk(cache, chunk_id, given, partial(make, slice(None), ()))
        return
    parts = []
    for number, which in enumerate(cuts):
        part = f"{chunk_id}/{number:04d}"
        yield kept_chunk(cache, part, given, partial(make, which, None))
        parts.append(PartRecord(part, tuple(dict.fromkeys(path for path, _ in sizes[which]))))
    yield kept_chunk(cache, chunk_id, given, partial(make, slice(0), tuple(parts)))
