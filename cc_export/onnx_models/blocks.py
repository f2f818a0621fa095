"""Weights quantized in blocks along a row, as onnxruntime's MatMulNBits and Gather take them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto

from cc_export.errors import ModelError
from cc_export.onnx_models.codebook import NAMES, coded_weight
from cc_export.onnx_models.fold import fold
from cc_export.onnx_models.graph import Graph, attribute
from cc_export.onnx_models.packed import BITS, Packed, unpacked
from cc_export.onnx_models.quantization import Numbers, Quantization
from cc_export.onnx_models.stored import element_type, stored

OPERATORS = frozenset({"MatMulNBits", "MatMulBnb4", "GatherBlockQuantized"})
# Where an operator takes the block that each column belongs to.
_ORDER = {"MatMulNBits": 4}
_SCALE, _ZERO = 2, 3
_PACKED = {"MatMulNBits": 1, "MatMulBnb4": 1, "GatherBlockQuantized": 0}


@dataclass(frozen=True, slots=True)
class Form:
    """How a weight is stored: its numbers, what they stand for, the name of their type."""

    numbers: Numbers
    quantization: Quantization | None
    kind: str


def block_weight(graph: Graph, node: NodeProto, name: str) -> Form:
    """A weight of a block-quantized operator.

    Raises:
        ModelError: attributes, scales or zero points are missing, or do not fit each other.
    """
    if node.op_type == "MatMulBnb4":
        coded, how = coded_weight(graph, node, name)
        return Form(coded, how, coded.name)
    tensor = stored(graph.constants[name], graph.files)
    block = _number(node, "block_size", 128 if node.op_type == "GatherBlockQuantized" else 0)
    if node.op_type == "MatMulNBits":
        if _number(node, "weight_prepacked", 0):
            raise ModelError(
                f"node {node.name!r}: its weights are packed for one kind of device, which is not "
                "understood",
                "Export the model with weight_prepacked=0.",
            )
        bits = _number(node, "bits", 4)
        shape = (_number(node, "N", 0), _number(node, "K", 0))
        numbers = Packed(tensor, bits, shape)
        kind = f"uint{bits}"
    elif element_type(tensor.tensor) == np.uint8:
        bits = _number(node, "bits", 4)
        if len(tensor.shape) != 2 or bits not in BITS:
            raise ModelError(f"node {node.name!r}: its table of {bits} bits is not understood")
        shape = (tensor.shape[0], tensor.shape[1] * (8 // bits))
        numbers, kind = Packed(tensor, bits, shape), f"uint{bits}"
    else:
        return Form(tensor, _typed(graph, node, block), element_type(tensor.tensor).name)
    if bits not in BITS:
        raise ModelError(
            f"tensor {name!r}: {bits} bits a number, packed in uint8, are not understood",
            "Is there a newer cc-export?",
        )
    if min(shape) < 1 or block < 1:
        raise ModelError(f"node {node.name!r}: {shape[0]} × {shape[1]} in blocks of {block}?")
    # Before anything is made in the size that attributes state.
    held = tensor.count * tensor.dtype.itemsize
    if shape[0] * shape[1] * bits > 8 * held:
        raise ModelError(
            f"node {node.name!r}: {held:,} bytes are stored, too few for {shape[0]} × {shape[1]} "
            f"numbers of {bits} bits"
        )
    return Form(numbers, _packed(graph, node, bits, shape, block), kind)


def packed_kind(graph: Graph, name: str) -> str | None:
    """The type of the numbers that a tensor of bytes holds for these operators; None: no such."""
    if graph.constants[name].data_type != TensorProto.UINT8:
        return None
    for use in graph.uses.get(name, ()):
        if use.place == _PACKED.get(use.node.op_type):
            if use.node.op_type == "MatMulBnb4":
                return NAMES[1 if _number(use.node, "quant_type", 0) else 0]
            return f"uint{_number(use.node, 'bits', 4)}"
    return None


def _typed(graph: Graph, node: NodeProto, block: int) -> Quantization:
    """Scales and zero points of a table stored in a type of four bits."""
    shape, axis = tuple(graph.constants[_given(node, 0)].dims), _number(node, "quantize_axis", 1)
    if not -len(shape) <= axis < len(shape) or block < 0:
        raise ModelError(f"node {node.name!r}: its table in blocks of {block}?")
    side = shape[axis]
    # None given: the whole side is one block.
    block = block or max(side, 1)
    zero = _values(graph, node, _ZERO) if _given(node, _ZERO) else np.zeros((), np.int8)
    scale = _values(graph, node, _SCALE).astype(np.float32)
    wanted = [-(-side // block) if at == axis % len(shape) else s for at, s in enumerate(shape)]
    try:
        # One scale may be that of every row.
        scale = np.broadcast_to(scale, wanted)
    except ValueError:
        raise ModelError(
            f"node {node.name!r}: scales of shape {list(scale.shape)} do not fit a table of shape "
            f"{list(shape)} in blocks of {block}"
        ) from None
    return Quantization(scale, zero, axis, block)


def _packed(
    graph: Graph, node: NodeProto, bits: int, shape: tuple[int, int], block: int
) -> Quantization:
    rows, columns = shape
    blocks = math.ceil(columns / block)
    scale = _values(graph, node, _SCALE).astype(np.float32)
    if scale.size != rows * blocks:
        raise ModelError(
            f"node {node.name!r}: {scale.size} scales do not fit {rows} rows of {blocks} blocks"
        )
    scale = scale.reshape(rows, blocks)
    zero = _zero_points(graph, node, bits, rows, blocks)
    order = _ORDER.get(node.op_type)
    if order is not None and _given(node, order):
        which = _values(graph, node, order).astype(np.int64).reshape(-1)
        if len(which) != columns or which.min() < 0 or which.max() >= blocks:
            raise ModelError(f"node {node.name!r}: its columns do not fit {blocks} blocks")
        # A scale for each value, where blocks are no parts of a row.
        return Quantization(scale[:, which], zero[:, which] if zero.ndim else zero, 1, 1)
    return Quantization(scale, zero, 1, block)


def _zero_points(
    graph: Graph, node: NodeProto, bits: int, rows: int, blocks: int
) -> NDArray[np.generic]:
    if not _given(node, _ZERO):
        return np.array(1 << (bits - 1), np.uint8)
    zero = _values(graph, node, _ZERO)
    if zero.dtype != np.uint8:
        found: NDArray[np.generic] = zero.reshape(-1)
    elif zero.size % rows:
        found = np.empty(0)
    else:
        found = unpacked(zero.reshape(rows, -1), bits)[:, :blocks].reshape(-1)
    if found.size != rows * blocks:
        raise ModelError(
            f"node {node.name!r}: its zero points do not fit {rows} rows of {blocks} blocks"
        )
    return found.reshape(rows, blocks)


def _values(graph: Graph, node: NodeProto, place: int) -> NDArray[np.generic]:
    name = _given(node, place)
    if name not in graph.fixed:
        raise ModelError(
            f"node {node.name!r}: input {place} is computed, not stored; its weights cannot be read"
        )
    return fold(graph, name)


def _given(node: NodeProto, place: int) -> str:
    return node.input[place] if place < len(node.input) else ""


def _number(node: NodeProto, name: str, default: int) -> int:
    found = attribute(node, name)
    return int(found.i) if found is not None else default
