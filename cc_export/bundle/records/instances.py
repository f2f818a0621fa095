"""The evaluation set: attributes and previews of its instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cc_export.bundle.records.values import ArrayRecord, Json, PackedRecord


@dataclass(frozen=True, slots=True)
class AttributesChunk:
    """``data/attributes``: what is known of every instance.

    ``labels``: class indices; bits of a set of classes; or numbers. None where labels
    are texts, or none. ``groups``: places among the levels of each group.
    """

    labels: PackedRecord | None
    groups: Mapping[str, PackedRecord]


@dataclass(frozen=True, slots=True)
class IdsChunk:
    """``data/ids/…``: ids of very many instances, from index ``first``, to search and sort by."""

    first: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstancesChunk:
    """``data/instances/…``: some instances, from index ``first``.

    ``labels``: a class index, indices of the classes that apply, numbers, or texts; null where
    nothing is known. ``pictures``: uint8 (n, h, w), (n, c, h, w) or (n, h, w, c) with one or three
    channels c, at most 64 pixels a side. ``cells``: the values of the preview's columns, by row.
    """

    first: int
    ids: tuple[str, ...]
    labels: tuple[Json, ...]
    pictures: ArrayRecord | None
    cells: tuple[tuple[Json, ...], ...]


@dataclass(frozen=True, slots=True)
class InputsChunk:
    """``data/inputs/…``: what models take of some instances, as it lies in the evaluation data.

    They are every ``stride``-th one, from index ``first``.
    """

    first: int
    stride: int
    arrays: Mapping[str, ArrayRecord]
