"""The first file a page reads: the study, its evaluation set, and the files of the site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cc_export.bundle.records.values import Json


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file of the site; None where it may differ between equal exports (timings)."""

    bytes: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class AssetRecord:
    """Binary content in parts: ``bytes`` after decoding, ``parts`` are chunk ids in order."""

    bytes: int
    encoding: Literal["gzip"]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormatRecord:
    """Which bundle format this is; a viewer reads every version up to its own."""

    name: Literal["cc-bundle"]
    version: int


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """What the study is about."""

    title: str
    description: str
    models: int


@dataclass(frozen=True, slots=True)
class MetricRecord:
    """A metric; ``direction`` None: neither way is better.

    Values whose ``source`` is timing or memory are in the TimingChunk.
    """

    name: str
    direction: Literal["higher", "lower"] | None
    unit: str
    format: str
    definition: str
    minimum: float | None
    maximum: float | None
    primary: bool
    source: Literal["study", "measured", "timing", "memory"]


@dataclass(frozen=True, slots=True)
class OperationTypeRecord:
    """An operation declared by the study."""

    name: str
    parameters: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class InputRecord:
    """A model input: raw array · scale + offset."""

    name: str
    array: str
    scale: float
    offset: float


@dataclass(frozen=True, slots=True)
class PreviewRecord:
    """How an instance is shown: the array that is its picture, or the cells of these columns."""

    kind: Literal["image", "text", "table"]
    array: str | None
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """An attribute of the instances; AttributesChunk has each instance's place among ``levels``."""

    name: str
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """The evaluation set; instance i is in chunk ``chunks[i // chunk_size]``.

    ``classes`` are those of labels, or names of the targets of a regression. ``attributes`` is the
    id of the chunk of labels and groups, ``ids`` are those of chunks of all ids, ``ids_size`` in
    each; there are none where an id is the number of its instance, from 0. What models take of
    instance i is number i / ``inputs_stride`` of those in ``inputs_chunks``, ``inputs_size`` in
    each, where that is a whole number, and nowhere otherwise. ``not_runnable`` says
    why models cannot be run on these instances in the page; empty where they can. ``redacted``:
    inputs, labels and groups of instances are left out, ids and outcomes are there.
    """

    name: str
    task: str
    instances: int
    classes: tuple[str, ...]
    inputs: tuple[InputRecord, ...]
    preview: PreviewRecord | None
    groups: tuple[GroupRecord, ...]
    attributes: str
    ids: tuple[str, ...]
    ids_size: int
    output: str | None
    scores: Literal["logits", "probabilities"]
    threshold: float
    not_runnable: str
    redacted: bool
    chunk_size: int
    chunks: tuple[str, ...]
    inputs_stride: int
    inputs_size: int
    inputs_chunks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuntimeRecord:
    """The engines in the site: versions, and the cut lock file that Pyodide starts from."""

    versions: Mapping[str, str]
    lock: Json


@dataclass(frozen=True, slots=True)
class Manifest:
    """``data/manifest``: everything needed to find, check and label the rest."""

    format: FormatRecord
    generator: str
    study: StudyRecord
    metrics: tuple[MetricRecord, ...]
    operations: tuple[OperationTypeRecord, ...]
    dataset: DatasetRecord | None
    timing: str
    answers: str
    runtime: RuntimeRecord | None
    assets: Mapping[str, AssetRecord]
    files: Mapping[str, FileRecord]
