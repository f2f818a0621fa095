"""The study in memory: frozen, resolved (absolute paths, defaults applied), checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cc_export.callables import CallableName
from cc_export.errors import Problem

Direction = Literal["higher", "lower"]
Scores = Literal["logits", "probabilities"]
Exporter = Literal["dynamo", "legacy"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as declared by the study; ``direction`` None: the study does not say."""

    name: str
    direction: Direction | Literal["neither"] | None = None
    unit: str = ""
    format: str = ""
    definition: str = ""
    minimum: float | None = None
    maximum: float | None = None
    primary: bool = False


@dataclass(frozen=True, slots=True)
class OperationType:
    """An operation the study's models are made by, with the names of its parameters."""

    name: str
    parameters: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One use of an operation: the parameters' JSON values by name."""

    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """An input of a PyTorch module, of which only shape and numpy's name of the type are given."""

    shape: tuple[int, ...]
    dtype: str = "float32"


@dataclass(frozen=True, slots=True)
class ToOnnx:
    """How PyTorch modules become ONNX files.

    ``inputs`` are examples by name, in order; ``dynamic`` the axes of each that vary, None: the
    first one. ``opset`` None: the exporter's own.
    """

    inputs: tuple[tuple[str, Example], ...] = ()
    dynamic: tuple[tuple[str, tuple[int, ...]], ...] | None = None
    opset: int | None = None
    exporter: Literal["auto", "dynamo", "legacy"] = "auto"


@dataclass(frozen=True, slots=True)
class TorchModule:
    """A PyTorch module by what makes it, with which arguments, and the file of its weights."""

    call: CallableName
    arguments: Mapping[str, object] = field(default_factory=dict)
    weights: Path | None = None


@dataclass(frozen=True, slots=True)
class StudyModel:
    """One model; ``onnx`` is None for a model known by its metadata only.

    ``outputs`` is an npz file of predictions that were computed elsewhere.
    """

    id: str
    parents: tuple[str, ...] = ()
    operation: Operation | None = None
    onnx: Path | None = None
    outputs: Path | None = None
    torch: TorchModule | None = None
    tag: str = ""
    notes: str = ""
    created: str = ""
    embed: bool = False
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelInput:
    """How one model input is made from an array of the dataset: ``array * scale + offset``."""

    name: str
    array: str
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class DatasetSource:
    """The evaluation set: an npz file and what its arrays mean."""

    path: Path
    name: str
    inputs: tuple[ModelInput, ...]
    label: str
    classes: tuple[str, ...]
    ids: str | None = None
    preview: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the models are asked to do and which output holds the answer (None: the first)."""

    task: Literal["classification"]
    output: str | None = None
    scores: Scores = "logits"


@dataclass(frozen=True, slots=True)
class LoadedStudy:
    """Everything an export needs to know; ``file`` is where it was read from."""

    file: Path
    title: str
    models: tuple[StudyModel, ...]
    description: str = ""
    metrics: tuple[Metric, ...] = ()
    operations: tuple[OperationType, ...] = ()
    dataset: DatasetSource | None = None
    evaluation: Evaluation | None = None
    to_onnx: ToOnnx = ToOnnx()
    warnings: tuple[Problem, ...] = ()

    @property
    def files(self) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """What an export reads: files of models, each once, and other files."""
        models = dict.fromkeys(model.onnx for model in self.models if model.onnx)
        modules = [model.torch for model in self.models if model.torch]
        weights = dict.fromkeys(module.weights for module in modules if module.weights)
        return tuple(models), (*((self.dataset.path,) if self.dataset else ()), *weights)
