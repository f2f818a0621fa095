"""The trained tensors of a model, by layer, as the numbers they stand for (dequantized)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from cc_export.errors import ModelError
from cc_export.onnx_models.graph import Graph, Use, attribute, module_path, without_quantization

# What an initializer is, by the operator that takes it and the place it is taken at.
# "statistic" is state that is measured, not trained: it is shown, but is no parameter.
ROLES: Mapping[tuple[str, int], str] = {
    ("Conv", 1): "weight", ("Conv", 2): "bias",
    ("ConvTranspose", 1): "weight", ("ConvTranspose", 2): "bias",
    ("ConvInteger", 1): "weight",
    ("QLinearConv", 3): "weight", ("QLinearConv", 8): "bias",
    ("Gemm", 0): "weight", ("Gemm", 1): "weight", ("Gemm", 2): "bias",
    ("QGemm", 3): "weight", ("QGemm", 6): "bias",
    ("MatMul", 0): "weight", ("MatMul", 1): "weight",
    ("MatMulInteger", 0): "weight", ("MatMulInteger", 1): "weight",
    ("QLinearMatMul", 0): "weight", ("QLinearMatMul", 3): "weight",
    ("Gather", 0): "weight",
    ("LSTM", 1): "weight", ("LSTM", 2): "weight", ("LSTM", 3): "bias",
    ("GRU", 1): "weight", ("GRU", 2): "weight", ("GRU", 3): "bias",
    ("RNN", 1): "weight", ("RNN", 2): "weight", ("RNN", 3): "bias",
    ("BatchNormalization", 1): "scale", ("BatchNormalization", 2): "bias",
    ("BatchNormalization", 3): "statistic", ("BatchNormalization", 4): "statistic",
    ("InstanceNormalization", 1): "scale", ("InstanceNormalization", 2): "bias",
    ("GroupNormalization", 1): "scale", ("GroupNormalization", 2): "bias",
    ("LayerNormalization", 1): "scale", ("LayerNormalization", 2): "bias",
    ("SimplifiedLayerNormalization", 1): "scale",
    ("PRelu", 1): "scale",
}  # fmt: skip
# An array that is added or multiplied element by element is trained too; a single number is not.
_ELEMENTWISE = {"Add": "bias", "Sub": "bias", "Mul": "scale", "Div": "scale"}
# Where an operator that computes on integers takes the scale and zero point of a stored weight.
_QUANTIZED_PLACES: Mapping[tuple[str, int], tuple[int, int]] = {
    ("QLinearConv", 3): (4, 5),
    ("QLinearMatMul", 0): (1, 2),
    ("QLinearMatMul", 3): (4, 5),
    ("QGemm", 3): (4, 5),
}
_ZERO_POINT_PLACE: Mapping[tuple[str, int], int] = {
    ("ConvInteger", 1): 3,
    ("MatMulInteger", 0): 2,
    ("MatMulInteger", 1): 3,
}

_TRANSPOSED = "_Transposed"


@dataclass(frozen=True, slots=True)
class Quantization:
    """value = (stored - zero_point) * scale; both of shape () or (channels,) along ``axis``."""

    scale: NDArray[np.float32]
    zero_point: NDArray[np.generic]
    axis: int


@dataclass(frozen=True, slots=True)
class Weight:
    """One trained tensor (or measured statistic) of a model.

    ``layer`` is the module path, ``name`` the tensor within it, ``initializer`` the name in the
    file; ``dtype`` is numpy's name of the stored type. ``read()`` gives the dequantized values
    (float32, or float16/float64 as stored) in ``shape``: that of the layer, also where a
    quantizer stored the matrix transposed.
    """

    layer: str
    name: str
    role: str
    initializer: str
    shape: tuple[int, ...]
    dtype: str
    operators: tuple[str, ...]
    quantization: Quantization | None
    read: Callable[[], NDArray[np.generic]]


def weights(model: ModelProto) -> Iterator[Weight]:
    """Every trained tensor in graph order, read lazily.

    Raises:
        ModelError: a tensor's bytes do not match its shape, or a scale is missing.
    """
    graph = Graph(model.graph)
    for name in _in_graph_order(graph):
        tensor = graph.constants[name]
        uses = graph.real_uses(name)
        role = next((found for use in uses if (found := _role(use, tensor))), None)
        if role is None:
            continue
        quantization = _quantization(graph, name, tensor)
        layer, own_name = _place(without_quantization(name), role, uses[0].node)
        # onnxruntime turns a transposed Gemm into a product with a transposed copy of the matrix.
        transposed = _TRANSPOSED in name and len(tensor.dims) == 2
        yield Weight(
            layer=layer,
            name=own_name,
            role=role,
            initializer=name,
            shape=tuple(reversed(tensor.dims)) if transposed else tuple(tensor.dims),
            dtype=type_name(tensor.data_type),
            operators=tuple(dict.fromkeys(use.node.op_type for use in uses)),
            quantization=quantization,
            read=_reader(tensor, name, quantization, transposed),
        )


def _in_graph_order(graph: Graph) -> Iterator[str]:
    seen: set[str] = set()
    for node in graph.nodes:
        for name in node.input:
            if name in graph.constants and name not in seen:
                seen.add(name)
                yield name


def _role(use: Use, tensor: TensorProto) -> str | None:
    known = ROLES.get((use.node.op_type, use.place))
    if known is not None:
        return known if tensor.data_type != TensorProto.INT64 else None
    size = 1
    for side in tensor.dims:
        size *= side
    floating = tensor.data_type in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)
    return _ELEMENTWISE.get(use.node.op_type) if floating and size > 1 else None


def _place(name: str, role: str, user: NodeProto) -> tuple[str, str]:
    """Layer and tensor name: from ``stage1.conv1.weight``, else from the node that uses it."""
    if "." in name and "/" not in name and "::" not in name:
        layer, _, own = name.rpartition(".")
        return layer, own
    return module_path(user.name or user.output[0]), role


def _quantization(graph: Graph, name: str, tensor: TensorProto) -> Quantization | None:
    if tensor.data_type not in (TensorProto.INT8, TensorProto.UINT8, TensorProto.INT32):
        return None
    for use in graph.uses[name]:
        node, place = use.node, (use.node.op_type, use.place)
        if place == ("DequantizeLinear", 0):
            axis = attribute(node, "axis")
            zero = node.input[2] if len(node.input) > 2 else ""
            return _from_names(graph, node.input[1], zero, axis.i if axis else 1)
        if place in _QUANTIZED_PLACES:
            scale, zero_place = _QUANTIZED_PLACES[place]
            return _from_names(graph, node.input[scale], node.input[zero_place], 0)
        if place in _ZERO_POINT_PLACE:
            zero_place = _ZERO_POINT_PLACE[place]
            zero = node.input[zero_place] if len(node.input) > zero_place else ""
            # Per channel: the first axis of a convolution, the last of a matrix.
            axis_of = 0 if node.op_type == "ConvInteger" else len(tensor.dims) - 1
            return _from_names(graph, _integer_scale(graph, node), zero, axis_of)
    return None


def _integer_scale(graph: Graph, node: NodeProto) -> str:
    """The weight's scale behind an integer product: product → Cast → Mul(activation · weight)."""
    for cast in graph.uses[node.output[0]]:
        for multiply in graph.uses[cast.node.output[0]]:
            for operand in multiply.node.input:
                both = graph.producers.get(operand)
                if multiply.node.op_type == "Mul" and both is not None and both.op_type == "Mul":
                    known = [name for name in both.input if name in graph.constants]
                    if known:
                        return known[0]
    raise ModelError(f"no scale found for the integer weights of node {node.name!r}")


def _from_names(graph: Graph, scale: str, zero_point: str, axis: int) -> Quantization:
    if scale not in graph.constants:
        raise ModelError(f"the scale {scale!r} is computed, not stored; weights cannot be read")
    scales = numpy_helper.to_array(graph.constants[scale])
    zeros = (
        numpy_helper.to_array(graph.constants[zero_point])
        if zero_point in graph.constants
        else np.zeros((), np.int8)
    )
    return Quantization(scales.astype(np.float32), zeros, axis)


def _reader(
    tensor: TensorProto, name: str, quantization: Quantization | None, transposed: bool
) -> Callable[[], NDArray[np.generic]]:
    def read() -> NDArray[np.generic]:
        try:
            stored = numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as error:
            shape = list(tensor.dims)
            raise ModelError(f"tensor {name!r} of shape {shape} cannot be read: {error}") from None
        values = dequantize(stored, quantization) if quantization else stored
        return values.T if transposed else values

    return read


def dequantize(stored: NDArray[np.generic], how: Quantization) -> NDArray[np.float32]:
    """(stored - zero_point) · scale in float32, as onnxruntime computes it; shape is kept."""

    def along_axis(values: NDArray[np.generic]) -> NDArray[np.generic]:
        if values.size == 1:
            return values.reshape(())
        sides = [1] * stored.ndim
        sides[how.axis] = values.size
        return values.reshape(sides)

    zero = along_axis(how.zero_point).astype(np.int32)
    scale = along_axis(how.scale).astype(np.float32)
    centred: NDArray[np.int32] = stored.astype(np.int32) - zero
    return (centred.astype(np.float32) * scale).astype(np.float32)


def type_name(data_type: int) -> str:
    """numpy's name of an ONNX element type, such as ``float32``."""
    return str(np.dtype(helper.tensor_dtype_to_np_dtype(data_type)).name)
