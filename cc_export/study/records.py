"""The study in memory: frozen, resolved (absolute paths, defaults applied), checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cc_export.callables import CallableName
from cc_export.errors import Problem

if TYPE_CHECKING:  # workers need no parsers of study files
    from cc_export.study.document import Document

Direction = Literal["higher", "lower"]
Scores = Literal["logits", "probabilities"]
Exporter = Literal["dynamo", "legacy"]
# What a label says of an instance.
Truth = Literal["class", "classes", "numbers", "texts", "anything"]


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
    compute: CallableName | None = None


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

    ``outputs`` is an npz file of what it answered elsewhere, in place of running it.
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
    """How one model input is made from an array of the dataset: ``array * scale + offset``.

    ``columns``: the array is made of these columns side by side, and has the input's name.
    """

    name: str
    array: str
    scale: float = 1.0
    offset: float = 0.0
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """How an instance is shown: an array as a picture, or columns as a text or a row of a table."""

    kind: Literal["image", "text", "table"]
    array: str | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageForm:
    """What pictures of a folder become; ``size`` is (height, width), None: that of the first."""

    size: tuple[int, int] | None = None
    mode: Literal["rgb", "gray"] = "rgb"
    layout: Literal["chw", "hwc"] = "chw"


@dataclass(frozen=True, slots=True)
class DatasetSource:
    """The evaluation set: where its data are, and what its columns mean.

    The data are at ``path`` or come from ``call``. ``groups`` are names of attributes and the
    columns that hold them; ``truth`` is what the task needs the labels to be.
    """

    path: Path | None
    name: str
    inputs: tuple[ModelInput, ...]
    label: tuple[str, ...]
    classes: tuple[str, ...] = ()
    ids: str | None = None
    preview: Preview | None = None
    call: CallableName | None = None
    groups: tuple[tuple[str, str], ...] = ()
    image: ImageForm = ImageForm()
    preprocess: CallableName | None = None
    truth: Truth = "class"

    @property
    def callables(self) -> tuple[CallableName, ...]:
        """The study's own code that has a part in it."""
        return tuple(call for call in (self.call, self.preprocess) if call)

    @property
    def arrays(self) -> tuple[str, ...]:
        """The arrays that models take and pictures are made of."""
        pictured = (self.preview.array,) if self.preview and self.preview.array else ()
        return tuple(dict.fromkeys((*(entry.array for entry in self.inputs), *pictured)))

    def columns_of(self, array: str) -> tuple[str, ...]:
        """The columns an array is made of."""
        made = {entry.array: entry.columns for entry in self.inputs if entry.columns}
        return made.get(array, (array,))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the models are asked to do and which output holds the answer (None: the first).

    ``task`` is a task's name or ``module:callable``. ``metrics`` are computed by the study's code.
    """

    task: str
    output: str | None = None
    scores: Scores = "logits"
    threshold: float = 0.5
    postprocess: CallableName | None = None
    generate: CallableName | None = None
    custom: CallableName | None = None
    metrics: tuple[tuple[str, CallableName], ...] = ()

    @property
    def callables(self) -> tuple[CallableName, ...]:
        """The study's own code that has a part in it."""
        own = (self.postprocess, self.generate, self.custom)
        return (*(call for call in own if call), *(call for _, call in self.metrics))


@dataclass(frozen=True, slots=True)
class LoadedStudy:
    """Everything an export needs to know; ``file`` is where it was read from.

    ``document`` has the lines of ``dataset`` in it, for errors about the data. ``url`` is what the
    file's folder is a copy of.
    """

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
    document: Document | None = field(default=None, repr=False, compare=False)
    url: str = ""

    def told(self, text: str) -> str:
        """A text that speaks of a copy, speaking of what it is a copy of."""
        return text.replace(str(self.file.parent), self.url) if self.url else text

    @property
    def files(self) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """What an export reads: files of models, each once, and other files."""
        models = dict.fromkeys(model.onnx for model in self.models if model.onnx)
        modules = [model.torch for model in self.models if model.torch]
        weights = [module.weights for module in modules if module.weights]
        outputs = [model.outputs for model in self.models if model.outputs]
        data = [self.dataset.path] if self.dataset and self.dataset.path else []
        return tuple(models), tuple(dict.fromkeys((*outputs, *data, *weights)))
