"""Multiply-accumulates of one run, from shapes: what convolutions and products of matrices cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from onnx import ModelProto, NodeProto

from cc_export.onnx_models.graph import attribute
from cc_export.onnx_models.shapes import STAND_INS, STANDARD, Shapes, infer_shapes


@dataclass(frozen=True, slots=True)
class Macs:
    """``count`` for one instance; None where it is not known, and ``unknown`` says why."""

    count: int | None
    unknown: str = ""


class _NotKnownError(Exception):
    """A node whose cost cannot be told; the text says why."""


def count_macs(model: ModelProto, shapes: Shapes | None = None) -> Macs:
    """Multiply-accumulates of one instance; ``shapes`` are inferred where they are not given.

    Convolutions, matrix products and recurrent layers are counted, with dense arithmetic: zeros
    count too, and what is element by element (activations, norms, additions) does not. Nothing is
    guessed: one node whose shape is not known, or whose operator is none of these but multiplies
    matrices, leaves the sum unknown.
    """
    shapes = shapes or infer_shapes(model)
    total = 0
    own = {(function.domain, function.name) for function in model.functions}
    try:
        for node in model.graph.node:
            if (node.domain, node.op_type) in own:
                raise _NotKnownError(f"the file's own function {node.op_type[:60]} is not counted")
            total += _cost(node, shapes)
    except _NotKnownError as error:
        return Macs(None, str(error))
    return Macs(total // shapes.batch)


def _cost(node: NodeProto, shapes: Shapes) -> int:
    # An operator of some library's own may multiply matrices, too.
    if node.op_type not in _COSTS and _multiplies(node):
        raise _NotKnownError(f"{node.op_type[:60]} is not counted")
    if any(_multiplies(inner) for inner in _subgraph_nodes(node)):
        raise _NotKnownError(f"how often the graph inside {node.op_type} runs is not known")
    count = _COSTS.get(node.op_type)
    return count(node, shapes) if count else 0


def _is_known(operator: str) -> bool:
    return operator in _COSTS or operator in STAND_INS or operator in _ELEMENTWISE


def _subgraph_nodes(node: NodeProto) -> list[NodeProto]:
    """The nodes of all graphs inside a node, however deep."""
    found: list[NodeProto] = []
    pending = [node]
    while pending:
        for held in pending.pop().attribute:
            inner = [n for graph in (*([held.g] if held.HasField("g") else []), *held.graphs)
                     for n in graph.node]  # fmt: skip
            found += inner
            pending += inner
    return found


def _multiplies(node: NodeProto) -> bool:
    foreign = node.domain not in STANDARD and not _is_known(node.op_type)
    return foreign or node.op_type in _COSTS or node.op_type in _UNCOUNTED


def _shape(name: str, node: NodeProto, shapes: Shapes) -> tuple[int, ...]:
    shape = shapes.of.get(name)
    if shape is not None and all(side is not None and side >= 0 for side in shape):
        return tuple(side for side in shape if side is not None)
    if shapes.free:
        raise _NotKnownError(f"the graph leaves dimensions open: {', '.join(shapes.free[:3])}")
    raise _NotKnownError(f"the shapes of {node.op_type} {node.name[:60]!r} cannot be inferred")


def _place(node: NodeProto, place: int, shapes: Shapes) -> tuple[int, ...]:
    name = node.input[place] if place < len(node.input) else ""
    return _shape(name, node, shapes)


def _output(node: NodeProto, shapes: Shapes) -> tuple[int, ...]:
    return _shape(node.output[0] if node.output else "", node, shapes)


def _convolution(weight: int) -> Callable[[NodeProto, Shapes], int]:
    """Each output value sums over the input channels of its group and the kernel."""

    def cost(node: NodeProto, shapes: Shapes) -> int:
        return math.prod(_output(node, shapes)) * math.prod(_place(node, weight, shapes)[1:])

    return cost


def _transposed_convolution(node: NodeProto, shapes: Shapes) -> int:
    """Each input value goes to the output channels of its group and the kernel."""
    return math.prod(_place(node, 0, shapes)) * math.prod(_place(node, 1, shapes)[1:])


def _product(first: int) -> Callable[[NodeProto, Shapes], int]:
    """Each output value sums over the last dimension of the first factor."""

    def cost(node: NodeProto, shapes: Shapes) -> int:
        factor = _place(node, first, shapes)
        if not factor:
            raise _NotKnownError(f"{node.op_type} {node.name[:60]!r} multiplies a single number")
        transposed = attribute(node, "transA")
        inner = factor[-2] if transposed and transposed.i and len(factor) > 1 else factor[-1]
        return math.prod(_output(node, shapes)) * inner

    return cost


def _recurrent(gates: int) -> Callable[[NodeProto, Shapes], int]:
    """At each step every gate of every direction multiplies the input and the state before."""

    def cost(node: NodeProto, shapes: Shapes) -> int:
        steps, batch, width = _three(_place(node, 0, shapes), node)
        directions, rows, _ = _three(_place(node, 1, shapes), node)
        return steps * batch * directions * rows * (width + rows // gates)

    return cost


def _three(shape: tuple[int, ...], node: NodeProto) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise _NotKnownError(f"the shapes of {node.op_type} {node.name[:60]!r} cannot be inferred")
    return shape[0], shape[1], shape[2]


_COSTS: Mapping[str, Callable[[NodeProto, Shapes], int]] = {
    "Conv": _convolution(1),
    "FusedConv": _convolution(1),
    "ConvInteger": _convolution(1),
    "QLinearConv": _convolution(3),
    "ConvTranspose": _transposed_convolution,
    "Gemm": _product(0),
    "QGemm": _product(0),
    "MatMul": _product(0),
    "FusedMatMul": _product(0),
    "MatMulInteger": _product(0),
    "QLinearMatMul": _product(0),
    "MatMulIntegerToFloat": _product(0),
    "DynamicQuantizeMatMul": _product(0),
    "MatMulNBits": _product(0),
    "MatMulBnb4": _product(0),
    "RNN": _recurrent(1),
    "GRU": _recurrent(3),
    "LSTM": _recurrent(4),
}
# Operators of onnxruntime that only look like more.
_ELEMENTWISE = frozenset(
    {
        "BiasAdd", "BiasDropout", "BiasSoftmax", "BiasSplitGelu", "BitmaskBiasDropout",
        "EmbedLayerNormalization", "GatherBlockQuantized", "GroupNorm", "QEmbedLayerNormalization",
        "RelativePositionBias", "SimplifiedLayerNormalization", "SkipGroupNorm", "TorchEmbedding",
    }
)  # fmt: skip
# They multiply matrices, in ways that shapes alone do not tell.
_UNCOUNTED = frozenset(
    {
        "AttnLSTM", "Attention", "CausalConvWithState", "ConvTransposeWithDynamicPads",
        "DecoderAttention", "DecoderMaskedMultiHeadAttention", "DecoderMaskedSelfAttention",
        "DeformConv", "DynamicQuantizeLSTM", "Einsum", "FusedGemm", "FusedMatMulActivation",
        "GatedRelativePositionBias", "GemmFastGelu", "GemmFloat8", "GroupQueryAttention",
        "LongformerAttention", "MatMulBlockQuantizedFp4Weight", "MatMulBlockQuantizedFp8Weight",
        "MatMulFpQ4", "MatMulInteger16", "MatMulNBitsMlp", "MatMulNBitsQLoRA", "MatMulNBitsQkv",
        "MatMulPacked", "MoE", "MoEPacked", "MultiHeadAttention", "NhwcConv", "NhwcFusedConv",
        "PackedAttention", "PackedMultiHeadAttention", "QAttention", "QLinearConvTranspose", "QMoE",
        "QOrderedAttention", "QOrderedLongformerAttention", "QOrderedMatMul", "SparseAttention",
        "SparseToDenseMatMul", "TransposeMatMul", "WordConvEmbedding",
    }
)  # fmt: skip
