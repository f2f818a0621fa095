"""What models answered, and how that differs from root and parent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cc_export.bundle.records.values import JsonNumber, PackedRecord


@dataclass(frozen=True, slots=True)
class OutcomesRecord:
    """Instances by what base and model made of them; ``lost``: only the base was right."""

    both_right: int
    both_wrong: int
    lost: int
    gained: int


@dataclass(frozen=True, slots=True)
class BaseRecord:
    """A model beside its root or parent; arrays have one number for each instance.

    ``outcomes`` is None where nothing is right or wrong.
    """

    base: str
    roles: tuple[Literal["root", "parent"], ...]
    metrics: Mapping[str, JsonNumber | None]
    arrays: Mapping[str, PackedRecord]
    outcomes: OutcomesRecord | None


@dataclass(frozen=True, slots=True)
class PredictionsChunk:
    """``data/predictions/…``: what one model answered, by the task's names (docs/bundle.md).

    ``per_class`` and ``per_group`` have columns of numbers: one for each class, or for each level
    of a group. ``correct`` are bits, one for each instance, the first in the highest bit of the
    first byte; None where nothing is known to be true. ``texts`` are ids of chunks of generated
    texts. ``invalid`` instances had no usable answer. Of very many instances the arrays,
    ``correct`` and the arrays of ``bases`` are in ``parts``: instance i is in
    parts[i // part_size].
    """

    model: str
    task: str
    instances: int
    invalid: int
    metrics: Mapping[str, JsonNumber | None]
    per_class: Mapping[str, tuple[JsonNumber | None, ...]]
    per_group: Mapping[str, Mapping[str, tuple[JsonNumber | None, ...]]]
    arrays: Mapping[str, PackedRecord]
    correct: PackedRecord | None
    texts: tuple[str, ...]
    bases: tuple[BaseRecord, ...]
    part_size: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PredictionsPart:
    """``data/predictions/…/parts/…``: the arrays of some instances, from instance ``first``.

    ``bases`` has the arrays of each base of the model's chunk.
    """

    model: str
    first: int
    instances: int
    arrays: Mapping[str, PackedRecord]
    correct: PackedRecord | None
    bases: tuple[Mapping[str, PackedRecord], ...]


@dataclass(frozen=True, slots=True)
class TextsChunk:
    """``data/predictions/…/texts/…``: some texts of one model, from instance ``first``."""

    model: str
    first: int
    texts: tuple[str, ...]
