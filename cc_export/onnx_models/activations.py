"""Intermediate tensors: which of them a reader would ask for, and how to get them out."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from onnx import ModelProto, NodeProto, TensorProto, numpy_helper

from cc_export.onnx_models.graph import (
    TRANSPARENT,
    Graph,
    module_path,
    without_endings,
    without_quantization,
)
from cc_export.onnx_models.modules import given_place, module_of
from cc_export.onnx_models.roles import ROLES

# Nodes whose output is bookkeeping or another spelling of the tensor before it.
_UNSHOWN = frozenset(
    {
        "Cast", "CastLike", "Constant", "ConstantOfShape", "DequantizeLinear",
        "DynamicQuantizeLinear", "Expand", "Flatten", "Identity", "QuantizeLinear", "Range",
        "Reshape", "Shape", "Size", "Slice", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze",
        "ConvInteger", "MatMulInteger",
    }
)  # fmt: skip
# Nodes that a runtime computes together with the one before them.
_JOINED = frozenset(
    {
        "BatchNormalization", "Clip", "Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu",
        "Mish", "QuickGelu", "Relu", "Selu", "Sigmoid", "Softplus", "Tanh",
    }
)  # fmt: skip
_RECTIFIERS = frozenset({"Relu", "Clip"})
# And those that it joins to a product when they are its bias, or the other branch of a sum.
_SUMS = frozenset({"Add", "Mul"})
_JOINING = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization"})
# Where a node on integers has the scale of its output; the zero point is the next input.
_OUTPUT_SCALES = {
    "QLinearConv": 6, "QLinearMatMul": 6, "QGemm": 7, "QLinearAdd": 6, "QLinearMul": 6,
    "QLinearLeakyRelu": 3, "QLinearSigmoid": 3, "QLinearGlobalAveragePool": 3,
    "QLinearAveragePool": 3, "QLinearReduceMean": 3, "QLinearSoftmax": 3, "QLinearConcat": 0,
    "QuantizeLinear": 1,
}  # fmt: skip
# Nodes that give integers in the scale they took them in.
_KEEPING = frozenset({"MaxPool", "Concat", "Gather", "Pad", "Resize"}) | TRANSPARENT
# How many such nodes may lie between.
_MOST_STEPS = 16
_REPEATED = re.compile(r"_\d+$")
# Operators of other domains by the name that the float model has for them.
_SPELLINGS = {
    "QGemm": "Gemm", "MatMulNBits": "MatMul", "MatMulBnb4": "MatMul", "FusedConv": "Conv",
    "FusedGemm": "Gemm",    "FusedMatMul": "MatMul", "GatherBlockQuantized": "Gather",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Activation:
    """A tensor between two nodes: its name, its module path and the operator that makes it.

    ``exposed`` is the tensor to ask the model for: behind QuantizeLinear and DequantizeLinear,
    where the next node takes it from there. Stored integers stand for (stored - zero_point) ·
    ``scale``; None where the tensor holds the values themselves. ``joined``: a runtime makes it
    together with the next tensor, and is slowed down by being asked for it. ``rectified`` is the
    tensor that a ReLU makes of this one and nothing else does; of integers that cannot be negative
    (``clipped``) a quantizer may have left the ReLU out.
    """

    tensor: str
    layer: str
    operator: str
    exposed: str
    scale: float | None = None
    zero_point: int = 0
    joined: bool = False
    rectified: str = ""
    clipped: bool = False


# Names that onnxruntime's dynamic quantizer gives to the steps of one product.
_BETWEEN = ("_scales_mul", "_scale_mul", "_quantized_cast_output", "_scaled_output", ":0")


def activations(model: ModelProto) -> tuple[Activation, ...]:
    """The tensors worth showing, in graph order; the model's outputs are not among them.

    Steps that a quantizer put in between (such as the products of scales) are left out: what is
    kept carries the name it has in the model that was quantized.
    """
    graph = Graph(model.graph)
    # Tensors that are the same for every instance.
    fixed = set(graph.constants)
    found = []
    for node in graph.nodes:
        if node.input and fixed.issuperset(filter(None, node.input)):
            fixed.update(node.output)
            continue
        if node.op_type in _UNSHOWN or not node.output or not node.output[0]:
            continue
        tensor = node.output[0]
        if tensor.endswith(_BETWEEN) or _is_answer(graph, tensor):
            continue
        found.append(_activation(graph, node, tensor))
    return tuple(found)


def _activation(graph: Graph, node: NodeProto, tensor: str) -> Activation:
    source = _computing(graph, node)
    scale, zero_point, least = _stored_as(graph, node)
    user = _only_user(graph, tensor)
    own = _named_operator(tensor)
    # A tensor named for another operator than its node's took that one in: its name is right.
    taken_in = own is not None and own != _plain(source.op_type) and source is node
    return Activation(
        tensor=tensor,
        layer=module_path(tensor) if taken_in else _layer(graph, source),
        operator=own or _plain(source.op_type),
        exposed=_behind_quantization(graph, tensor),
        scale=scale,
        zero_point=zero_point,
        joined=user is not None
        and (user.op_type in _JOINED or (user.op_type in _SUMS and source.op_type in _JOINING)),
        rectified=user.output[0] if user is not None and user.op_type in _RECTIFIERS else "",
        clipped=scale is not None and zero_point <= least,
    )


def _layer(graph: Graph, node: NodeProto) -> str:
    """The row a node's output belongs to: that of its weights, so that a module that is called
    twice keeps one row; its own module where it has none."""
    for place, name in enumerate(node.input):
        if node.op_type in _SUMS or (node.op_type, place) in ROLES:
            stored = _origin(graph, name)
            given = given_place(without_quantization(stored))
            if given is not None and stored in graph.constants:
                return given[0]
    return module_of(node)


def _origin(graph: Graph, name: str) -> str:
    """The tensor that a name is another spelling of: before casts, new shapes, quantization."""
    for _ in range(_MOST_STEPS):
        producer = graph.producers.get(name)
        if name in graph.constants or producer is None or producer.op_type not in TRANSPARENT:
            return name
        name = producer.input[0] if producer.input else ""
    return name


def _behind_quantization(graph: Graph, tensor: str) -> str:
    quantizer = _only_user(graph, tensor)
    if quantizer is None or quantizer.op_type != "QuantizeLinear":
        return tensor
    users = [use.node for use in graph.uses.get(quantizer.output[0], ())]
    first = users[0] if users else None
    same = first is not None and all(user.op_type == "DequantizeLinear" for user in users)
    return first.output[0] if first is not None and same else tensor


def _only_user(graph: Graph, tensor: str) -> NodeProto | None:
    uses = graph.uses.get(tensor, ())
    return uses[0].node if len(uses) == 1 else None


def _is_answer(graph: Graph, tensor: str) -> bool:
    """Whether a tensor is a model output, another spelling of one, or a step of making one."""
    if any(tensor == output or tensor.startswith(f"{output}_") for output in graph.outputs):
        return True
    behind = {name for use in graph.uses.get(tensor, ()) for name in use.node.output}
    only_spelled = all(use.node.op_type in TRANSPARENT for use in graph.uses.get(tensor, ()))
    return only_spelled and bool(behind & set(graph.outputs))


def _computing(graph: Graph, node: NodeProto) -> NodeProto:
    """The node that does the work: the integer product behind the Mul that scales its answer."""
    current: NodeProto | None = node
    for _ in range(_MOST_STEPS):
        if current is None or current.op_type not in ("Add", "Mul", "Cast"):
            break
        current = next((p for n in current.input if (p := graph.producers.get(n))), None)
        if current is not None and current.op_type in ("ConvInteger", "MatMulInteger"):
            return current
    return node


def _stored_as(graph: Graph, node: NodeProto) -> tuple[float | None, int, int]:
    """Scale, zero point and least integer of a tensor of integers, where they are stored."""
    stem = without_quantization(node.output[0])
    if stem != node.output[0] and f"{stem}_scale" in graph.constants:
        return _stored(graph, f"{stem}_scale", f"{stem}_zero_point")
    current: NodeProto | None = node
    for _ in range(_MOST_STEPS):
        if current is None:
            break
        place = _OUTPUT_SCALES.get(current.op_type)
        if place is not None:
            given = [*current.input[place : place + 2], "", ""]
            return _stored(graph, given[0], given[1])
        if current.op_type not in _KEEPING or not current.input:
            break
        given_name = current.input[0]
        stem = without_quantization(given_name)
        if given_name in graph.constants and f"{stem}_scale" in graph.constants:
            return _stored(graph, f"{stem}_scale", f"{stem}_zero_point")
        current = graph.producers.get(given_name)
    return None, 0, 0


def _stored(graph: Graph, scale: str, zero: str) -> tuple[float | None, int, int]:
    zero_point = graph.constants.get(zero)
    least = -128 if zero_point is not None and zero_point.data_type == TensorProto.INT8 else 0
    return _number(graph, scale), int(_number(graph, zero) or 0), least


def _number(graph: Graph, name: str) -> float | None:
    """A stored number, None where there is none or several."""
    tensor = graph.constants.get(name)
    if tensor is None or math.prod(tensor.dims) != 1:
        return None
    try:
        found = float(numpy_helper.to_array(tensor).reshape(()))
    except (ValueError, TypeError):
        return None
    return found if math.isfinite(found) else None


def _named_operator(tensor: str) -> str | None:
    """The operator that the float model has it from: ``/conv1/Conv_output_0`` is a Conv's."""
    if not tensor.startswith("/") or "_output_" not in tensor:
        return None
    name = tensor.rpartition("/")[2].rpartition("_output_")[0]
    return _REPEATED.sub("", without_endings(name, ("_quantized", "_output_0"))) or None


def _plain(op_type: str) -> str:
    """An operator without its number format: a QLinearConv is a Conv."""
    return _SPELLINGS.get(op_type) or op_type.removeprefix("QLinear").removesuffix("Integer")


def with_outputs(model: bytes, tensors: tuple[str, ...]) -> bytes:
    """The serialized model with more outputs.

    Concatenated protobuf messages are merged, so a second message that holds nothing but
    ``graph { output { name } }`` adds outputs to the first without parsing it.
    """
    suffix = ModelProto()
    for tensor in tensors:
        suffix.graph.output.add(name=tensor)
    return model + bytes(suffix.SerializeToString())
