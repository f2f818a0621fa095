"""Intermediate tensors: which of them a reader would ask for, and how to get them out."""

from __future__ import annotations

from dataclasses import dataclass

from onnx import ModelProto

from cc_export.onnx_models.graph import TRANSPARENT, Graph, module_path

# Nodes whose output is bookkeeping or another spelling of the tensor before it.
_UNSHOWN = frozenset(
    {
        "Cast", "Constant", "ConstantOfShape", "DequantizeLinear", "DynamicQuantizeLinear",
        "Expand", "Flatten", "Identity", "QuantizeLinear", "Reshape", "Shape", "Slice", "Squeeze",
        "Transpose", "Unsqueeze", "ConvInteger", "MatMulInteger",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Activation:
    """A tensor between two nodes: its name, its module path and the operator that makes it."""

    tensor: str
    layer: str
    operator: str


# Names that onnxruntime's dynamic quantizer gives to the steps of one product.
_BETWEEN = ("_scales_mul", "_scale_mul", "_quantized_cast_output", "_scaled_output", ":0")


def activations(model: ModelProto) -> tuple[Activation, ...]:
    """The tensors worth showing, in graph order; the model's outputs are not among them.

    Steps that a quantizer put in between (such as the products of scales) are left out: what is
    kept carries the name it has in the model that was quantized.
    """
    graph = Graph(model.graph)
    found = []
    for node in graph.nodes:
        if node.op_type in _UNSHOWN or not node.output or not node.output[0]:
            continue
        tensor = node.output[0]
        if not tensor.endswith(_BETWEEN) and not _is_answer(graph, tensor):
            found.append(Activation(tensor, module_path(tensor), _operator(tensor, node.op_type)))
    return tuple(found)


def _is_answer(graph: Graph, tensor: str) -> bool:
    """Whether a tensor is a model output, another spelling of one, or a step of making one."""
    if any(tensor == output or tensor.startswith(f"{output}_") for output in graph.outputs):
        return True
    behind = {name for use in graph.uses.get(tensor, ()) for name in use.node.output}
    only_spelled = all(use.node.op_type in TRANSPARENT for use in graph.uses.get(tensor, ()))
    return only_spelled and bool(behind & set(graph.outputs))


def _operator(tensor: str, op_type: str) -> str:
    """The operator as the float model has it: a quantized ``/conv1/Conv_output_0`` is a Conv."""
    if tensor.startswith("/") and "_output_" in tensor:
        name = tensor.rpartition("/")[2].rpartition("_output_")[0]
        return name.rstrip("0123456789").rstrip("_") or op_type
    return op_type


def with_outputs(model: bytes, tensors: tuple[str, ...]) -> bytes:
    """The serialized model with more outputs.

    Concatenated protobuf messages are merged, so a second message that holds nothing but
    ``graph { output { name } }`` adds outputs to the first without parsing it.
    """
    suffix = ModelProto()
    for tensor in tensors:
        suffix.graph.output.add(name=tensor)
    return model + bytes(suffix.SerializeToString())
