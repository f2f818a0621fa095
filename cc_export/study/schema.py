"""The form of a study file: which keys there are and what each may hold.

Field descriptions become the JSON Schema's, so they are written for the author of a study file.
"""

from __future__ import annotations

import math
import re
import sys
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from cc_export.callables import PATTERN, is_callable_name
from cc_export.tasks.names import TASK_NAMES

# The label that marks an instance without a prediction is one more, in 16 bits.
MOST_CLASSES = 65_534
_CONTROL = re.compile(r"[\u0000-\u001f\u007f-\u009f]")


def _one_line(name: str) -> str:
    # Names are printed to terminals and stand in tables.
    if _CONTROL.search(name):
        raise PydanticCustomError("name", "must be one line without control characters")
    return name


def _as_float(value: float) -> float:
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        raise PydanticCustomError("number", "must be a number below 1.8e308")
    return value


def _finite(value: float) -> float:
    if not math.isfinite(_as_float(value)):
        raise PydanticCustomError("number", "must be a finite number")
    return value


def _callable(text: str) -> str:
    if not is_callable_name(text):
        raise PydanticCustomError("name", "must have the form module:callable")
    return text


def _task(text: str) -> str:
    if text not in TASK_NAMES and not is_callable_name(text):
        expected = f"{', '.join(map(repr, TASK_NAMES))}, or module:callable"
        raise PydanticCustomError("literal_error", "no task", {"expected": expected})
    return text


def _as_int(value: object) -> object:
    # 17.0 is a whole number to JSON Schema, and to JSON itself.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_as_int)]
Text = Annotated[str, Field(max_length=100_000)]
# What the validators ask for is said to the JSON Schema, too.
_NO_CONTROL: dict[str, Any] = {"not": {"pattern": _CONTROL.pattern}}
# To some engines an end of line is behind the end of a text.
_PATTERN = rf"{PATTERN}(?!\n)"
_MOST = sys.float_info.max
_NUMBER = WithJsonSchema(
    {
        "anyOf": [
            {"type": "integer", "minimum": -_MOST, "maximum": _MOST},
            {"type": "number", "not": {"type": "integer"}},
        ]
    }
)
Name = Annotated[
    str,
    Field(min_length=1, max_length=2_000, json_schema_extra=_NO_CONTROL),
    AfterValidator(_one_line),
]
Callable = Annotated[
    str,
    Field(min_length=1, max_length=2_000, json_schema_extra={"pattern": _PATTERN}),
    AfterValidator(_callable),
]
Task = Annotated[
    str,
    AfterValidator(_task),
    WithJsonSchema(
        {"anyOf": [{"enum": list(TASK_NAMES)}, {"type": "string", "pattern": _PATTERN}]}
    ),
]
# Strict, so that whole numbers stay whole and true is not 1.
Number = Annotated[int | float, AfterValidator(_as_float), _NUMBER]
Finite = Annotated[int | float, AfterValidator(_finite), _NUMBER]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class MetricFile(_Part):
    """A metric whose values the study file gives."""

    name: Name
    direction: Literal["higher", "lower", "neither"] | None = Field(
        None,
        description="Which way is better; left out: what the name usually means, if anything.",
    )
    unit: Text = ""
    format: Text | None = Field(None, description="A d3-format specifier such as `.2%`.")
    definition: Text = ""
    min: Finite | None = None
    max: Finite | None = None
    primary: bool = Field(False, description="Shown first and in summaries.")
    compute: Callable | None = Field(
        None,
        description="`module:callable` that computes it from a model's answers and the labels.",
    )


class OperationTypeFile(_Part):
    """An operation models are made by."""

    name: Name
    parameters: list[Name] | dict[Name, Any] = Field(
        default_factory=list, description="Parameter names, or an object of specifications."
    )
    description: Text = ""


class OperationFile(_Part):
    """One use of an operation."""

    name: Name
    parameters: dict[Name, Any] = Field(default_factory=dict)


class TorchFile(_Part):
    """A PyTorch module by what makes it."""

    call: Callable
    arguments: dict[Name, Any] = Field(default_factory=dict)


class ModelFile(_Part):
    """One model and how it was made."""

    id: Name
    base: Name | None = Field(None, description="The model this one was made from.")
    parents: list[Name] | None = Field(None, description="Several models this one was made from.")
    operation: OperationFile | None = None
    onnx: Name | None = Field(
        None, description="Path of the ONNX file, from the study file; or its URL."
    )
    outputs: Name | None = Field(
        None, description="An npz file of the model's answers, in place of running it."
    )
    torch: Callable | TorchFile | None = Field(
        None, description="Instead of `onnx`: what makes a PyTorch module, which is exported."
    )
    weights: Name | None = Field(
        None, description="The module's weights: safetensors, or a state dict of torch.save."
    )
    tag: Text | None = ""
    notes: Text = ""
    created: Text = Field("", description="When the model was made, ISO 8601.")
    embed: bool | None = Field(None, description="Whether the model may travel with the site.")
    metrics: dict[Name, Number | None] = Field(default_factory=dict)


class InputFile(_Part):
    """A model input: `array * scale + offset`, as float32 unless the model wants otherwise."""

    array: Name | None = Field(None, description="The array, or column, it is made from.")
    columns: list[Name] | None = Field(
        None, description="Instead: columns of numbers, side by side.", min_length=1
    )
    scale: Finite = 1.0
    offset: Finite = 0.0


class PreviewFile(_Part):
    """How an instance is shown."""

    kind: Literal["image", "text", "table"]
    array: Name | None = Field(None, description="The array that is the picture or the text.")
    columns: list[Name] | None = Field(
        None, description="The columns of a table row.", min_length=1
    )


class ImageFile(_Part):
    """What the pictures of a folder become."""

    size: list[Annotated[Whole, Field(ge=1, le=16_384)]] | None = Field(
        None, description="Height and width; those of the first picture when left out.",
        min_length=2, max_length=2,
    )  # fmt: skip
    mode: Literal["rgb", "gray"] = "rgb"
    layout: Literal["chw", "hwc"] = "chw"


class DatasetFile(_Part):
    """The evaluation set."""

    path: Name | None = Field(
        None,
        description="An npz, Parquet, CSV, TSV or JSON-lines file, or a folder of images.",
    )
    call: Callable | None = Field(
        None, description="Instead: `module:callable` that gives an iterator of instances."
    )
    name: Text = ""
    inputs: dict[Name, InputFile] | None = Field(
        None, description="By the model's input name.", min_length=1
    )
    label: Name | list[Name] | None = Field(
        None, description="What is true: class indices or names, numbers, or texts."
    )
    classes: list[Text] | None = Field(
        None, description="Class names, in index order.", min_length=1, max_length=MOST_CLASSES
    )
    ids: Name | None = Field(None, description="Array of instance ids.")
    groups: dict[Name, Name] = Field(
        default_factory=dict, description="Attributes of instances: the column of each, by name."
    )
    preview: PreviewFile | None = None
    image: ImageFile | None = Field(None, description="For a folder of images.")


class EvaluationFile(_Part):
    """What the models do."""

    task: Task = Field(
        description="`classification`, `multilabel`, `regression`, `embedding`, `generation`, "
        "or a `module:callable`."
    )
    output: Name | None = Field(
        None, description="Output with the answers; the first when left out."
    )
    scores: Literal["logits", "probabilities"] = "logits"
    threshold: Annotated[Finite, Field(ge=0, le=1)] = Field(
        0.5, description="Probability from which a label applies (multilabel)."
    )
    preprocess: Callable | None = Field(
        None, description="`module:callable` from arrays of the dataset to model inputs."
    )
    postprocess: Callable | None = Field(
        None, description="`module:callable` from model outputs to answers."
    )
    generate: Callable | None = Field(
        None, description="`module:callable` from a session and inputs to texts."
    )


class ExampleFile(_Part):
    """An input of which only shape and type are given."""

    shape: list[Annotated[Whole, Field(ge=1, le=1 << 20)]] = Field(min_length=1, max_length=8)
    dtype: Literal["float32", "float16", "float64", "int64", "int32", "int8", "uint8", "bool"] = (
        "float32"
    )


class ToOnnxFile(_Part):
    """How PyTorch modules become ONNX files."""

    inputs: dict[Name, ExampleFile] | None = Field(
        None, description="Example inputs; left out: the first instances of the dataset."
    )
    dynamic: dict[Name, list[Annotated[Whole, Field(ge=0, le=7)]]] | None = Field(
        None, description="Axes of each input that vary; left out: the first of each."
    )
    opset: Annotated[Whole, Field(ge=9, le=99)] | None = None
    exporter: Literal["auto", "dynamo", "legacy"] = "auto"


class StudyFile(_Part):
    """A study of compressed models."""

    title: Text = ""
    description: Text = ""
    metrics: list[MetricFile] = Field(default_factory=list)
    operations: list[OperationTypeFile] = Field(default_factory=list)
    dataset: DatasetFile | None = None
    evaluation: EvaluationFile | None = None
    to_onnx: ToOnnxFile | None = None
    embed: bool = Field(False, description="Default of every model's `embed`.")
    models: list[ModelFile] = Field(min_length=1)
