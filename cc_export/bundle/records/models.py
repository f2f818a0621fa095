"""Models with their provenance, metrics and facts; answers prepared for the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cc_export.bundle.records.values import Json, JsonNumber


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
    holds the model; where it is None, ``not_embedded`` says why. ``missing`` says why metrics of
    the study's own could not be computed, by their names.
    """

    id: str
    parents: tuple[str, ...]
    operation: OperationRecord | None
    tag: str
    notes: str
    created: str
    failure: str | None
    metrics: Mapping[str, JsonNumber]
    missing: Mapping[str, str]
    flags: tuple[FlagRecord, ...]
    facts: FactsRecord | None
    conversion: ConversionRecord | None
    sha256: str | None
    opset: int | None
    onnx: str | None
    not_embedded: str
    layers: str | None
    sketches: str | None
    channels: str | None
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
