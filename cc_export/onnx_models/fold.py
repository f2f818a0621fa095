"""What a graph computes from nothing but what it stores: unpacked integers, scales of scales."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator

from cc_export.errors import ModelError
from cc_export.onnx_models.graph import Graph, attribute

Array = NDArray[np.generic]
# The most values of one tensor on the way: no layer of today's largest models has more.
_MOST_VALUES = 1 << 28
# Int64 tensors of at most so many values are shapes and axes, and nothing of a weight.
_SHAPE = 8


def cone(graph: Graph, name: str) -> tuple[NodeProto, ...] | None:
    """The nodes that a tensor is computed by, in order; None where not all is stored."""
    if name not in graph.fixed:
        return None
    found: dict[str, NodeProto] = {}
    pending, seen = [(name, False)], set()
    while pending:
        current, behind = pending.pop()
        node = graph.producers.get(current)
        if node is None or current in graph.constants:
            continue
        if behind:
            found[node.output[0]] = node
        elif node.output[0] not in seen:
            seen.add(node.output[0])
            pending.append((current, True))
            pending += [(one, False) for one in node.input if one]
    return tuple(found.values())


def leaves(graph: Graph, name: str) -> tuple[str, ...]:
    """The stored tensors that a tensor is computed from (itself, where it is stored), without
    shapes; nothing where inputs of the model take part."""
    if name in graph.constants:
        return (graph.stored_as(name),)
    inputs = (i for node in cone(graph, name) or () for i in node.input)
    found = dict.fromkeys(graph.stored_as(i) for i in inputs if i in graph.constants)
    return tuple(leaf for leaf in found if not _is_shape(graph.constants[leaf]))


def fold(graph: Graph, name: str) -> Array:
    """The values of a tensor that is stored, or computed from what is.

    Raises:
        ModelError: an operator is not known here, or asks for far too much.
    """
    if name in graph.constants:
        return graph.values(name)
    nodes = cone(graph, name) or ()
    left = Counter(i for node in nodes for i in node.input)
    values: dict[str, Array] = {}
    for node in nodes:
        given = [_given(graph, values, i) for i in node.input]
        values.update(zip(node.output, _run(graph, node, given), strict=False))
        for used in filter(None, node.input):
            left[used] -= 1
            if not left[used] and used != name:
                values.pop(used, None)
    if name not in values:
        raise ModelError(f"the tensor {name!r} is computed, not stored; it cannot be read")
    return values[name]


def _given(graph: Graph, values: dict[str, Array], name: str) -> Array | None:
    if not name:
        return None
    if name not in values and name not in graph.constants:
        raise ModelError(f"the tensor {name!r} is computed from itself")
    return values[name] if name in values else graph.values(name)


def _run(graph: Graph, node: NodeProto, given: Sequence[Array | None]) -> list[Array]:
    most = _MOST.get(node.op_type)
    if most is None:
        raise ModelError(
            f"node {node.name!r}: weights are computed by way of {node.op_type[:60]}, which is not "
            "understood",
            "Let the exporter fold constants, so that the weights themselves are stored.",
        )
    try:
        count = most(node, [value for value in given if value is not None])
        if not 0 <= count <= _MOST_VALUES:
            raise ModelError(
                f"node {node.name!r}: weights are computed by way of {count:,} values, more than "
                f"any layer has"
            )
        names = [f"i{place}" if value is not None else "" for place, value in enumerate(given)]
        copy = NodeProto()
        copy.CopyFrom(node)
        # onnxruntime's own (de)quantization is the standard one.
        copy.domain = ""
        del copy.input[:]
        copy.input.extend(names)
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None)
            for name in filter(None, names)
        ]
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None)
            for name in node.output
            if name
        ]
        made = helper.make_graph([copy], "one", inputs, outputs)
        opset = [helper.make_opsetid("", graph.flat.opset)]
        model = helper.make_model(made, opset_imports=opset)
        feeds = {name: value for name, value in zip(names, given, strict=True) if name}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return [np.asarray(one) for one in ReferenceEvaluator(model).run(None, feeds)]
    except ModelError:
        raise
    except Exception as error:  # whatever the evaluator of a hostile graph stumbles over
        raise ModelError(
            f"node {node.name!r}: weights are computed by way of {node.op_type}, which fails: "
            f"{str(error)[:200]}"
        ) from None


def _broadcast(node: NodeProto, given: Sequence[Array]) -> int:
    return int(math.prod(np.broadcast_shapes(*(value.shape for value in given))))


def _all(node: NodeProto, given: Sequence[Array]) -> int:
    return sum(value.size for value in given)


def _looked_up(node: NodeProto, given: Sequence[Array]) -> int:
    data, places = given
    held = attribute(node, "axis")
    rows = data.shape[held.i if held else 0]
    return int(places.size * (data.size // max(rows, 1)))


def _expanded(node: NodeProto, given: Sequence[Array]) -> int:
    wanted = tuple(int(side) for side in given[1].reshape(-1))
    sides = zip(_padded(given[0].shape, len(wanted)), _padded(wanted, given[0].ndim), strict=True)
    return math.prod(max(side, other) for side, other in sides)


def _padded(shape: tuple[int, ...], rank: int) -> Iterator[int]:
    yield from (1,) * (rank - len(shape))
    yield from shape


def _tiled(node: NodeProto, given: Sequence[Array]) -> int:
    return given[0].size * math.prod(int(count) for count in given[1].reshape(-1))


def _filled(node: NodeProto, given: Sequence[Array]) -> int:
    return math.prod(int(side) for side in given[0].reshape(-1))


def _counted(node: NodeProto, given: Sequence[Array]) -> int:
    start, stop, step = (float(value) for value in given)
    return max(math.ceil((stop - start) / step), 0) if step else -1


# How many values a node makes at most, by its operator; those of others are not known.
_MOST: dict[str, Callable[[NodeProto, Sequence[Array]], int]] = {
    **dict.fromkeys(
        (
            "Cast", "CastLike", "Identity", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor",
            "BitwiseNot", "And", "Or", "Not", "Add", "Sub", "Mul", "Div", "Mod", "Pow", "Neg",
            "Abs", "Sign", "Floor", "Ceil", "Round", "Clip", "Max", "Min", "Sqrt", "Reciprocal",
            "Exp", "Log", "Relu", "Sigmoid", "Tanh", "Equal", "Less", "LessOrEqual", "Greater",
            "GreaterOrEqual", "Where",
        ),
        _broadcast,
    ),
    **dict.fromkeys(
        (
            "Reshape", "Transpose", "Unsqueeze", "Squeeze", "Flatten", "Shape", "Size", "Concat",
            "Slice", "Split", "QuantizeLinear", "DequantizeLinear", "ReduceL1", "ReduceL2",
            "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "ReduceSumSquare",
        ),
        _all,
    ),
    "Gather": _looked_up, "Expand": _expanded, "Tile": _tiled, "ConstantOfShape": _filled,
    "Range": _counted,
    # A pair of places finds at most one slice.
    "GatherND": lambda node, given: given[1].size * given[0].size // max(len(given[0]), 1),
    "GatherElements": lambda node, given: given[1].size,
}  # fmt: skip


# The operators whose results can be computed.
FOLDABLE = frozenset(_MOST)


def _is_shape(tensor: TensorProto) -> bool:
    return tensor.data_type == TensorProto.INT64 and math.prod(tensor.dims) <= _SHAPE
