"""The layers of a model: tensors, and sketches of their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cc_export.bundle.records.tensors import ChangeRecord, HistogramRecord, StatisticsRecord
from cc_export.bundle.records.values import Base64, JsonNumber


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
    ``empty_channels`` of its output ``channels`` are zero. ``bits`` are those it takes in the file,
    with the scales and zero points it needs; None for measured statistics, which are not trained.
    ``patterns`` of kernels and matrices: by ``N:M``, how many values lie in groups of M input
    channels of which at most N are not zero; empty where too few are zero to have looked.
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
    bits: int | None
    patterns: Mapping[str, int] | None
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
class PartRecord:
    """Another chunk with a part of what is told here, and the paths of the layers in it."""

    chunk: str
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LayersChunk:
    """``data/layers/…``: the layers of one model; of very many they are in ``parts``.

    ``references`` are the models its tensors are compared with: its root and its parent. ``base``
    is the one it was aligned with, which ``one_sided`` tensors speak of.
    """

    model: str
    references: tuple[str, ...]
    base: str | None
    operators: Mapping[str, int]
    layers: tuple[LayerRecord, ...]
    parts: tuple[PartRecord, ...]
    one_sided: tuple[OneSidedRecord, ...]
    activations: tuple[ActivationRecord, ...]


@dataclass(frozen=True, slots=True)
class LayersPart:
    """``data/layers/…/…``: some layers of a model."""

    model: str
    layers: tuple[LayerRecord, ...]


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
    """``data/sketches/…``: what compares a model's tensors with those of any other model.

    Of very many tensors they are in ``parts``.
    """

    model: str
    tensors: tuple[SketchRecord, ...]
    parts: tuple[PartRecord, ...]


@dataclass(frozen=True, slots=True)
class SketchesPart:
    """``data/sketches/…/…``: some sketches of a model."""

    model: str
    tensors: tuple[SketchRecord, ...]
