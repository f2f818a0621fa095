"""What model files say of themselves, before a value of their weights is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnx import ModelProto, TensorProto, ValueInfoProto

from cc_export.align.tensor import Shape, form
from cc_export.inspect import TensorFacts, inspect_model
from cc_export.onnx_models.read import read_model

_PROBABLE = frozenset({"Softmax", "Sigmoid"})


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a model: numpy's name of its type, and the shape of one instance.

    A side that the model leaves open is None, and so is a shape that it leaves out; the type
    ``text`` is that of texts.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A model file, ``file`` being its place in the folder.

    ``probable``: what it gives out first are probabilities.
    """

    id: str
    path: Path
    file: str
    bytes: int
    tensors: tuple[TensorFacts, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    probable: bool

    @property
    def forms(self) -> Mapping[Shape, int]:
        """How many matrices it has of each shape."""
        return Counter(form(one) for one in self.tensors if one.is_matrix)


def look(path: Path, file: str) -> Seen:
    """Read what a model is made of.

    Raises:
        ModelError: it cannot be read, or its weights are not understood.
    """
    inspection, model = inspect_model(path), read_model(path)
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    return Seen(
        id=file.removesuffix(path.suffix),
        path=path,
        file=file,
        bytes=inspection.bytes,
        tensors=inspection.tensors,
        inputs=tuple(_port(value) for value in graph.input if value.name not in constants),
        outputs=tuple(map(_port, graph.output)),
        probable=_made_by(model, graph.output[0].name) in _PROBABLE,
    )


def stored_as(tensors: Sequence[TensorFacts]) -> str:
    """The type that most weights are stored in."""
    sizes: Counter[str] = Counter()
    for tensor in tensors:
        if tensor.is_matrix:
            sizes[tensor.dtype] += 1
    return sizes.most_common(1)[0][0] if sizes else ""


def _port(value: ValueInfoProto) -> Port:
    tensor = value.type.tensor_type
    sides = [side.dim_value if side.HasField("dim_value") else None for side in tensor.shape.dim]
    known = tensor.elem_type in TensorProto.DataType.values()
    name = TensorProto.DataType.Name(tensor.elem_type).lower() if known else "unknown"
    kind = {"string": "text", "float": "float32", "double": "float64"}.get(name, name)
    return Port(value.name, kind, tuple(sides[1:]) if tensor.HasField("shape") else None)


def _made_by(model: ModelProto, output: str) -> str:
    return next((node.op_type for node in model.graph.node if output in node.output), "")
