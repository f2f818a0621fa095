"""The trained tensors of a model, by layer, as the numbers they stand for (dequantized)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto

from cc_export.errors import ModelError
from cc_export.onnx_models.blocks import OPERATORS as BLOCKED
from cc_export.onnx_models.blocks import Form, block_weight
from cc_export.onnx_models.graph import Graph, Use, attribute, without_quantization
from cc_export.onnx_models.modules import given_place, module_of
from cc_export.onnx_models.outputs import output_axis
from cc_export.onnx_models.quantization import Quantization, Values
from cc_export.onnx_models.stored import element_type, stored

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
    ("SimplifiedLayerNormalization", 1): "scale", ("RMSNormalization", 1): "scale",
    ("PRelu", 1): "scale",
    # Of onnxruntime: block-quantized and fused operators.
    ("MatMulNBits", 1): "weight", ("MatMulNBits", 5): "bias",
    ("GatherBlockQuantized", 0): "weight",
    ("MatMulIntegerToFloat", 1): "weight", ("MatMulIntegerToFloat", 6): "bias",
    ("DynamicQuantizeMatMul", 1): "weight", ("DynamicQuantizeMatMul", 4): "bias",
    ("FusedConv", 1): "weight", ("FusedConv", 2): "bias",
    ("NhwcFusedConv", 1): "weight", ("NhwcFusedConv", 2): "bias",
    ("FusedGemm", 0): "weight", ("FusedGemm", 1): "weight", ("FusedGemm", 2): "bias",
    ("FusedMatMul", 0): "weight", ("FusedMatMul", 1): "weight",
    ("Attention", 1): "weight", ("Attention", 2): "bias",
    ("SkipLayerNormalization", 2): "scale", ("SkipLayerNormalization", 3): "bias",
    ("SkipLayerNormalization", 4): "bias",
    ("SkipSimplifiedLayerNormalization", 2): "scale",
    ("SkipSimplifiedLayerNormalization", 3): "bias",
    ("EmbedLayerNormalization", 2): "weight", ("EmbedLayerNormalization", 3): "weight",
    ("EmbedLayerNormalization", 4): "weight", ("EmbedLayerNormalization", 5): "scale",
    ("EmbedLayerNormalization", 6): "bias",
    ("BiasGelu", 1): "bias", ("FastGelu", 1): "bias",
}  # fmt: skip
# An array that is added or multiplied element by element is trained too; a single number is not.
_ELEMENTWISE = {"Add": "bias", "Sub": "bias", "Mul": "scale", "Div": "scale"}
# Types whose values are no trained numbers: text, flags, indices, shapes.
_NO_NUMBERS = frozenset(
    {
        TensorProto.UNDEFINED,
        TensorProto.STRING,
        TensorProto.BOOL,
        TensorProto.INT64,
        TensorProto.COMPLEX64,
        TensorProto.COMPLEX128,
    }
)
_FLOATS = frozenset(
    {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE}
)
# Where an operator that computes on integers takes the scale and zero point of a stored weight.
_QUANTIZED_PLACES: Mapping[tuple[str, int], tuple[int, int]] = {
    ("QLinearConv", 3): (4, 5),
    ("QLinearMatMul", 0): (1, 2),
    ("QLinearMatMul", 3): (4, 5),
    ("QGemm", 3): (4, 5),
    ("MatMulIntegerToFloat", 1): (3, 5),
    ("DynamicQuantizeMatMul", 1): (2, 3),
}
# A bias is stored in units of activation scale times weight scale, taken at these places.
_BIAS_SCALES: Mapping[tuple[str, int], tuple[int, int]] = {
    ("QLinearConv", 8): (1, 4),
    ("QGemm", 6): (1, 4),
}
_ZERO_POINT_PLACE: Mapping[tuple[str, int], int] = {
    ("ConvInteger", 1): 3,
    ("MatMulInteger", 0): 2,
    ("MatMulInteger", 1): 3,
}

_TRANSPOSED = "_Transposed"


@dataclass(frozen=True, slots=True)
class Weight:
    """One trained tensor (or measured statistic) of a model.

    ``layer`` is the module path, ``name`` the tensor within it, ``initializer`` the name in the
    file; ``dtype`` is numpy's name of the stored type. ``values`` are the dequantized ones in
    ``shape``: that of the layer, also where a quantizer stored the matrix transposed.
    ``output_axis`` is the side along which the layer's
    outputs lie (None: it has none in this sense).
    """

    layer: str
    name: str
    role: str
    initializer: str
    shape: tuple[int, ...]
    dtype: str
    operators: tuple[str, ...]
    quantization: Quantization | None
    values: Values
    output_axis: int | None = None

    def read(self) -> NDArray[np.floating]:
        """All dequantized values, float32 (float64 where stored so), in ``shape``.

        Raises:
            ModelError: they cannot be read.
        """
        size = math.prod(self.shape)
        parts = [part.copy() for part in self.values.blocks([(0, size)])]
        return parts[0].reshape(self.shape)


def weights(model: ModelProto, path: Path | None = None) -> Iterator[Weight]:
    """Every trained tensor in graph order, read lazily; ``path`` is the model's file.

    Raises:
        ModelError: a tensor's bytes do not match its shape, or a scale is missing.
    """
    graph = Graph(model.graph, path)
    taken: set[tuple[str, str]] = set()
    scales = set(integer_scales(graph))
    for name in _in_graph_order(graph):
        if name in scales:
            continue
        tensor = graph.constants[name]
        roles = [(use, found) for use in graph.real_uses(name) if (found := _role(use, tensor))]
        if not roles:
            continue
        uses, role = [use for use, _ in roles], roles[0][1]
        blocked = next((use.node for use in graph.uses[name] if _is_blocked(use)), None)
        if blocked is not None:
            form = block_weight(graph, blocked, name)
        else:
            kind = element_type(tensor).name
            form = Form(stored(tensor, graph.files), _quantization(graph, name, tensor), kind)
        quantization = form.quantization
        layer, own_name = _place(without_quantization(name), role, uses[0].node)
        # Two matrices of one recurrent node, say: the second is told apart by a number.
        numbers = (f"{own_name} ({number})" for number in itertools.count(2))
        while (layer, own_name) in taken:
            own_name = next(numbers)
        taken.add((layer, own_name))
        # onnxruntime turns a transposed Gemm into a product with a transposed copy of the matrix.
        transposed = _TRANSPOSED in name and len(tensor.dims) == 2
        shape = form.numbers.shape
        axis = output_axis(uses[0], shape)
        if transposed:
            shape, axis = shape[::-1], None if axis is None else 1 - axis
        yield Weight(
            layer=layer,
            name=own_name,
            role=role,
            initializer=name,
            shape=shape,
            dtype=form.kind,
            operators=tuple(dict.fromkeys(use.node.op_type for use in uses)),
            quantization=_turned(quantization) if transposed else quantization,
            values=Values(form.numbers, quantization, transposed),
            output_axis=axis,
        )


def _in_graph_order(graph: Graph) -> Iterator[str]:
    seen: set[str] = set()
    for node in graph.nodes:
        for name in node.input:
            if name in graph.constants and name not in seen:
                seen.add(name)
                yield name


def _role(use: Use, tensor: TensorProto) -> str | None:
    if tensor.data_type in _NO_NUMBERS:
        return None
    known = ROLES.get((use.node.op_type, use.place))
    if known is None and tensor.data_type in _FLOATS and math.prod(tensor.dims) > 1:
        return _ELEMENTWISE.get(use.node.op_type)
    return known


def _place(name: str, role: str, user: NodeProto) -> tuple[str, str]:
    """Layer and tensor name: from ``stage1.conv1.weight``, else from the node that uses it."""
    given = given_place(name)
    if given is None:
        return module_of(user), role
    layer, own = given
    # What torch's exporter calls the bias it makes of a batch normalization.
    return layer, "bias" if own == "weight_bias" else own


def _quantization(graph: Graph, name: str, tensor: TensorProto) -> Quantization | None:
    if tensor.data_type in _FLOATS:
        return None
    for use in graph.uses[name]:
        node, place = use.node, (use.node.op_type, use.place)
        if place == ("DequantizeLinear", 0):
            axis, block = attribute(node, "axis"), attribute(node, "block_size")
            found = _from_inputs(graph, node, (1, 2), axis.i if axis else 1)
            return replace(found, block=block.i) if block and block.i > 0 else found
        if place in _QUANTIZED_PLACES:
            axis_of = output_axis(use, tuple(tensor.dims)) or 0
            return _from_inputs(graph, node, _QUANTIZED_PLACES[place], axis_of)
        if place in _BIAS_SCALES:
            first, second = (_scale(graph, _input(node, at)) for at in _BIAS_SCALES[place])
            return Quantization(first * second, np.zeros((), np.int32), 0)
        if place in _ZERO_POINT_PLACE:
            zero = _zero_point(graph, _input(node, _ZERO_POINT_PLACE[place]))
            # Per channel: the first axis of a convolution, the last of a matrix.
            axis_of = 0 if node.op_type == "ConvInteger" else len(tensor.dims) - 1
            scales = _integer_scales_of(graph, node)
            if not scales:
                raise ModelError(f"no scale found for the integer weights of node {node.name!r}")
            # Of two stored ones, the second is that of the second factor.
            return Quantization(_scale(graph, scales[-1 if use.place else 0]), zero, axis_of)
    return _by_name(graph, name)


def _by_name(graph: Graph, name: str) -> Quantization | None:
    """That of a table of integers, which are scaled only where they are used."""
    stem = without_quantization(name)
    scale, zero = f"{stem}_scale", f"{stem}_zero_point"
    if stem == name or scale not in graph.constants:
        return None
    known = zero if zero in graph.constants else ""
    return Quantization(_scale(graph, scale), _zero_point(graph, known), 0)


def _is_blocked(use: Use) -> bool:
    return use.node.op_type in BLOCKED and ROLES.get((use.node.op_type, use.place)) == "weight"


def _from_inputs(graph: Graph, node: NodeProto, places: tuple[int, int], axis: int) -> Quantization:
    scale, zero_point = places
    return Quantization(
        _scale(graph, _input(node, scale)), _zero_point(graph, _input(node, zero_point)), axis
    )


def _input(node: NodeProto, place: int) -> str:
    """Name of an input; empty where the node leaves it out."""
    return node.input[place] if place < len(node.input) else ""


def integer_scales(graph: Graph) -> Iterator[str]:
    """Scales of integer products: they are multiplied in like trained ones, and are none."""
    for node in graph.nodes:
        if any(operator == node.op_type for operator, _ in _ZERO_POINT_PLACE):
            yield from _integer_scales_of(graph, node)


def _integer_scales_of(graph: Graph, node: NodeProto) -> list[str]:
    """Stored scales behind an integer product: product → Cast → Mul(activation · weight)."""
    casts = [use.node for output in node.output for use in graph.uses.get(output, ())]
    products = [use.node for cast in casts for o in cast.output for use in graph.uses.get(o, ())]
    for product in products:
        for operand in product.input:
            both = graph.producers.get(operand)
            if product.op_type == "Mul" and both is not None and both.op_type == "Mul":
                known = [name for name in both.input if name in graph.constants]
                if known:
                    return known
    return []


def _scale(graph: Graph, name: str) -> NDArray[np.float32]:
    if name not in graph.constants:
        raise ModelError(f"the scale {name!r} is computed, not stored; weights cannot be read")
    return graph.values(name).astype(np.float32)


def _zero_point(graph: Graph, name: str) -> NDArray[np.generic]:
    if not name:
        return np.zeros((), np.int8)
    if name not in graph.constants:
        raise ModelError(f"the zero point {name!r} is computed, not stored; weights cannot be read")
    return graph.values(name)


def _turned(found: Quantization | None) -> Quantization | None:
    """The quantization of a matrix, for the transposed matrix."""
    if found is None:
        return None
    turned = replace(found, axis=1 - found.axis % 2)
    if found.block is None:
        return turned
    return replace(turned, scale=found.scale.T, zero_point=found.zero_point.T)
