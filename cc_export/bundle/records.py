"""The records inside a bundle. The viewer's TypeScript types are generated from this module.

Arrays travel as base64 of little-endian bytes (``Base64``). A number that JSON cannot spell is
the text ``"NaN"``, ``"Infinity"`` or ``"-Infinity"`` (``JsonNumber``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NewType

FORMAT_VERSION = 1

Base64 = NewType("Base64", str)
JsonNumber = float | Literal["NaN", "Infinity", "-Infinity"]
Json = NewType("Json", object)


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
    id of the chunk of labels and groups. ``not_runnable`` says why models cannot be run on these
    instances in the page; empty where they can. ``redacted``: inputs and labels of instances are
    left out, ids and outcomes are there.
    """

    name: str
    task: str
    instances: int
    classes: tuple[str, ...]
    inputs: tuple[InputRecord, ...]
    preview: PreviewRecord | None
    groups: tuple[GroupRecord, ...]
    attributes: str
    output: str | None
    scores: Literal["logits", "probabilities"]
    threshold: float
    not_runnable: str
    redacted: bool
    chunk_size: int
    chunks: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One use of an operation."""

    name: str
    parameters: Mapping[str, Json]


FlagKind = Literal["bigger than it claims", "slower than its parent"]


@dataclass(frozen=True, slots=True)
class FlagRecord:
    """A warning about a model: of what kind, and why in words."""

    kind: FlagKind
    text: str


@dataclass(frozen=True, slots=True)
class FactsRecord:
    """Facts of a model's file that are no metrics.

    ``types`` are its trained parameters by the type they are stored in, ``operators`` its nodes by
    operator. ``macs_unknown`` says why the model has no MACs; empty where it has. ``patterns`` are
    shares of the values of kernels and matrices in N:M groups, ``empty_inputs`` the share of their
    input channels without a value but zero.
    """

    types: Mapping[str, int]
    operators: Mapping[str, int]
    macs_unknown: str
    patterns: Mapping[str, float]
    empty_inputs: float | None


@dataclass(frozen=True, slots=True)
class ConversionRecord:
    """How a PyTorch module became the model's file, and how far their answers are apart.

    ``absolute`` is the largest difference on ``instances``, ``relative`` divides it by the largest
    value of the module's output.
    """

    torch: str
    exporter: str
    absolute: JsonNumber
    relative: JsonNumber
    instances: int


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model; the ids of its chunks are None where there is nothing to show.

    ``failure`` says why a model could not be read or run. ``onnx`` is the id of the asset that
    holds the model; where it is None, ``not_embedded`` says why.
    """

    id: str
    parents: tuple[str, ...]
    operation: OperationRecord | None
    tag: str
    notes: str
    created: str
    failure: str | None
    metrics: Mapping[str, JsonNumber]
    flags: tuple[FlagRecord, ...]
    facts: FactsRecord | None
    conversion: ConversionRecord | None
    sha256: str | None
    opset: int | None
    onnx: str | None
    not_embedded: str
    layers: str | None
    sketches: str | None
    activations: str | None
    predictions: str | None


@dataclass(frozen=True, slots=True)
class ModelsChunk:
    """``data/models``: every model of the study."""

    models: tuple[ModelRecord, ...]


@dataclass(frozen=True, slots=True)
class AnswersChunk:
    """``data/answers``: what differs in the selections people start with, each a Charted.

    The page gives these answers before Python is ready; they are the ones it would work out.
    """

    answers: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class StatisticsRecord:
    """Exact statistics of a tensor's dequantized values."""

    count: int
    zeros: int
    nan: int
    infinite: int
    minimum: JsonNumber | None
    maximum: JsonNumber | None
    total: JsonNumber
    squares: JsonNumber


@dataclass(frozen=True, slots=True)
class HistogramRecord:
    """Counts of finite values in ``bins`` bins, each 2^``exponent`` wide.

    Bin k holds the values from (``first`` + k)·2^exponent. All models of the study have one grid
    for a tensor, and grids of different exponents nest. ``counts`` are uint8 on a square-root
    scale; they stand for ``total`` values.
    """

    exponent: int
    first: int
    bins: int
    total: int
    counts: Base64


@dataclass(frozen=True, slots=True)
class WorstChannelRecord:
    """The output channel with the least SQNR, in decibels."""

    channel: int
    sqnr_db: float


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """Exact sums over pairs of a reference's value r and the tensor's t; they add up over tensors.

    ``skipped`` pairs hold a NaN or infinity, ``same`` ones are equal. ``signal`` is Σr², ``power``
    Σt², ``noise`` Σ(r-t)², ``product`` Σr·t, ``largest`` max |r-t|. ``by_change``, uint8 (bins, 8),
    is the tensor's histogram split by |r-t| / 2^``unit``: below 2^-10, then up to 2^-8, 2^-6, 2^-4,
    2^-2, 1 and above; the eighth holds values that could not be compared.
    """

    count: int
    skipped: int
    same: int
    signal: JsonNumber
    power: JsonNumber
    noise: JsonNumber
    product: JsonNumber
    largest: JsonNumber
    unit: int
    by_change: Base64
    worst_channel: WorstChannelRecord | None


@dataclass(frozen=True, slots=True)
class QuantizationRecord:
    """value = (stored - zero_point) · scale: per tensor, along ``axis``, or per ``block`` along it.

    There are ``scales`` of them; of more than 4,096 (blocks, as a rule) none is listed.
    """

    axis: int
    block: int | None
    scales: int
    scale: tuple[JsonNumber, ...]
    zero_point: tuple[JsonNumber, ...]


@dataclass(frozen=True, slots=True)
class TensorRecord:
    """One tensor of a layer. ``layer`` and ``name`` are the same in every model that has it.

    ``how`` it was recognized: None for a tensor that no earlier model has. ``changes`` has an entry
    for each reference of the chunk, None where the reference has no such tensor. All values of
    ``empty_channels`` of its output ``channels`` are zero.
    """

    layer: str
    name: str
    role: str
    initializer: str
    shape: tuple[int, ...]
    dtype: str
    quantization: QuantizationRecord | None
    how: Literal["name", "place", "shape"] | None
    note: str
    channels: int
    empty_channels: int
    statistics: StatisticsRecord
    histogram: HistogramRecord | None
    changes: tuple[ChangeRecord | None, ...]


@dataclass(frozen=True, slots=True)
class LayerRecord:
    """A module with its own tensors; groups are the prefixes of paths."""

    path: str
    operators: tuple[str, ...]
    tensors: tuple[TensorRecord, ...]


@dataclass(frozen=True, slots=True)
class OneSidedRecord:
    """A tensor that only the model has, or only the one it was aligned with, and why."""

    layer: str
    name: str
    side: Literal["base", "model"]
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class ActivationRecord:
    """An intermediate tensor the model can expose."""

    tensor: str
    layer: str
    operator: str


@dataclass(frozen=True, slots=True)
class LayersChunk:
    """``data/layers/…``: the layers of one model.

    ``references`` are the models its tensors are compared with: its root and its parent. ``base``
    is the one it was aligned with, which ``one_sided`` tensors speak of.
    """

    model: str
    references: tuple[str, ...]
    base: str | None
    operators: Mapping[str, int]
    layers: tuple[LayerRecord, ...]
    one_sided: tuple[OneSidedRecord, ...]
    activations: tuple[ActivationRecord, ...]


@dataclass(frozen=True, slots=True)
class SketchRecord:
    """float16 ``values`` times 2^``exponent``, at the same positions in every model.

    The sketch of a tensor of ``count`` values holds all of them, or 2,048.
    """

    layer: str
    name: str
    shape: tuple[int, ...]
    count: int
    exponent: int
    values: Base64


@dataclass(frozen=True, slots=True)
class SketchesChunk:
    """``data/sketches/…``: what compares a model's tensors with those of any other model."""

    model: str
    tensors: tuple[SketchRecord, ...]


@dataclass(frozen=True, slots=True)
class ExposedRecord:
    """An activation over a sample of instances; ``layer`` and ``name`` as in every model of it.

    ``tensor`` is its name in the model's own file. ``shape`` is that of one instance, a side None
    where instances differ. Of the ``size`` values of ``instances`` instances, the ``statistics``
    tell those that were looked at (their count). ``sketch``, float16 times 2^``exponent``, holds
    some of these at places that all models share; ``changes``, an entry for each reference of the
    chunk, are over the sketch.
    """

    layer: str
    name: str
    tensor: str
    note: str
    shape: tuple[int | None, ...]
    instances: int
    size: int
    statistics: StatisticsRecord
    histogram: HistogramRecord | None
    changes: tuple[ChangeRecord | None, ...]
    exponent: int
    sketch: Base64


@dataclass(frozen=True, slots=True)
class ActivationsChunk:
    """``data/activations/…``: what a model computes between its layers, in graph order.

    ``problem`` says why there are none, where the model could not be asked for them.
    """

    model: str
    references: tuple[str, ...]
    problem: str
    activations: tuple[ExposedRecord, ...]


@dataclass(frozen=True, slots=True)
class PackedRecord:
    """An array of little-endian numbers in C order, made small for a file.

    ``data`` is zlib's format over the bytes of all numbers by place: first bytes of all, then
    second bytes of all, and so on.
    """

    dtype: str
    shape: tuple[int, ...]
    encoding: Literal["planes+zlib"]
    data: Base64


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


@dataclass(frozen=True, slots=True)
class AttributesChunk:
    """``data/attributes``: what is known of every instance.

    ``labels``: class indices; bits of a set of classes; or numbers. None where labels
    are texts, or none. ``groups``: places among the levels of each group.
    """

    labels: PackedRecord | None
    groups: Mapping[str, PackedRecord]


@dataclass(frozen=True, slots=True)
class ArrayRecord:
    """An array of instances: ``shape[0]`` is the number of instances in the chunk."""

    dtype: str
    shape: tuple[int, ...]
    data: Base64


@dataclass(frozen=True, slots=True)
class InstancesChunk:
    """``data/instances/…``: some instances, from index ``first``.

    ``labels``: a class index, indices of the classes that apply, numbers, or texts; null where
    nothing is known. ``cells``: the values of the preview's columns, row by row.
    """

    first: int
    ids: tuple[str, ...]
    labels: tuple[Json, ...]
    arrays: Mapping[str, ArrayRecord]
    cells: tuple[tuple[Json, ...], ...]


@dataclass(frozen=True, slots=True)
class LatencyRecord:
    """Wall-clock milliseconds of one instance: of each run, divided by the instances in it."""

    batch: int
    runs: int
    mean: float
    p25: float
    p50: float
    p75: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class TimingChunk:
    """``data/timing``: the only chunk that differs between two exports of one study.

    ``memory`` by model id is in bytes; ``flags`` by model id are warnings that rest on timings,
    beside those of the models' records.
    """

    exported: str
    machine: Mapping[str, str | int]
    stages: Mapping[str, float]
    latency: Mapping[str, LatencyRecord]
    memory: Mapping[str, int]
    flags: Mapping[str, tuple[FlagRecord, ...]]
