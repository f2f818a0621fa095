"""Shapes of a graph's tensors for one instance, by onnx's own inference on a copy without weights.

The copy keeps what inference reads and nothing else, so that a large or hostile file costs little:
no weights, no local functions (which could call each other for ever), no large subgraphs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from cc_export.onnx_models.graph import attribute
from cc_export.onnx_models.sparse import outline

Shape = tuple[int | None, ...]
# Inference reads the values of small tensors only: shapes, axes, sizes.
_SMALL = 1_024
_MOST_NODE_BYTES = 1 << 20
# What a side is taken for that is not known, and the most values of a tensor that are believed.
_UNKNOWN, _MOST_VALUES = 512, 1 << 40
# Attributes with which an operator of onnxruntime works on another layout than its standard one.
_OTHERWISE = frozenset({"channels_last", "transA", "transB", "transBatchA", "transBatchB"})
STANDARD = frozenset({"", "ai.onnx", "ai.onnx.ml"})
_RECURRENT = frozenset({"RNN", "GRU", "LSTM", "DynamicQuantizeLSTM"})
# Operators whose result has the first dimensions of the input at that place.
_KEEPS_FIRST: Mapping[str, int] = {
    "Identity": 0, "Cast": 0, "QuantizeLinear": 0, "DequantizeLinear": 0, "Dropout": 0, "Relu": 0,
    "Tanh": 0, "Add": 0, "Mul": 0, "LayerNormalization": 0, "MatMul": 0, "Gather": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shapes:
    """Shapes by tensor name, None for a dimension that is not known.

    ``batch`` is the number of instances in them: 1, or what the model insists on. ``free`` names
    the dimensions of the inputs that the file leaves open.
    """

    of: Mapping[str, Shape]
    batch: int
    free: tuple[str, ...]


def infer_shapes(model: ModelProto) -> Shapes:
    """Shapes with one instance in a batch; a graph that inference refuses gives what is stated."""
    stored = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in stored]
    axes = _batch_axes(model.graph)
    light = _inferred(_light(model, inputs, axes))
    of = _stated(light)
    if _with_sides_as_lists(light.graph, of):
        light = _inferred(light)
        of = _stated(light)
    of |= {tensor.name: tuple(tensor.dims) for tensor in light.graph.initializer}
    free = dict.fromkeys(
        dim.dim_param or "one without a name"
        for value in light.graph.input
        for dim in value.type.tensor_type.shape.dim
        if not dim.HasField("dim_value")
    )
    outputs = [of.get(value.name, ()) for value in model.graph.output]
    sides = [of.get(v.name, ())[axis : axis + 1] for v in inputs for axis in [axes.get(v.name, 0)]]
    batch = _batch(sides, outputs, any(axes.get(value.name) for value in inputs))
    return Shapes(of, batch, tuple(free))


def _inferred(light: ModelProto) -> ModelProto:
    # Its exceptions share no base class; the graph is as it was then.
    with suppress(Exception):
        # With the values of shapes that are computed, which is how torch flattens.
        return onnx.shape_inference.infer_shapes(light, strict_mode=False, data_prop=True)
    return light


def _stated(light: ModelProto) -> dict[str, Shape]:
    values = (*light.graph.input, *light.graph.value_info)
    return {value.name: shape for value in values if (shape := _shape(value)) is not None}


def _with_sides_as_lists(graph: GraphProto, of: Mapping[str, Shape]) -> bool:
    """Make a list of one of a single number by Unsqueeze; whether there was such a node.

    torch does it by Reshape, through which inference follows no values.
    """
    shapes = ((node, [of.get(name) for name in node.input]) for node in graph.node)
    sides = [node for node, found in shapes if node.op_type == "Reshape" and found == [(), (1,)]]
    for node in sides:
        axes = f"{node.output[0]} axes"
        graph.initializer.append(helper.make_tensor(axes, TensorProto.INT64, [1], [0]))
        node.CopyFrom(helper.make_node("Unsqueeze", [node.input[0], axes], node.output))
    return bool(sides)


def widest(model: ModelProto, shapes: Shapes) -> int:
    """The most values of one instance that a node takes in and gives out, as far as is known."""
    stored = {tensor.name for tensor in model.graph.initializer}
    sizes = {
        name: math.prod(side if side is not None and side >= 0 else _UNKNOWN for side in shape)
        for name, shape in shapes.of.items()
        if name not in stored
    }
    nodes = (dict.fromkeys((*node.input, *node.output)) for node in model.graph.node)
    found = max((sum(sizes.get(name, 0) for name in names) for names in nodes), default=0)
    # A hostile file may claim any size: no more than what a machine could hold is believed.
    return min(found // shapes.batch, _MOST_VALUES)


def _batch(sides: list[Shape], outputs: list[Shape], anywhere: bool) -> int:
    """The batch that a model insists on: the size that all inputs and some output have there.

    An output begins with it, or has it ``anywhere`` where inputs do not begin with it either.
    """
    sizes = {side[0] if side else None for side in sides}
    size = sizes.pop() if len(sizes) == 1 else None
    return size if size and any(size in s[: None if anywhere else 1] for s in outputs) else 1


def _batch_axes(graph: GraphProto) -> dict[str, int]:
    """Inputs whose batch is no first dimension: sequences as recurrent layers take them.

    By the layout that is onnx's own they are [steps, batch, features], and states are
    [directions, batch, features].
    """
    origin: dict[str, str] = {}
    axes: dict[str, int] = {}
    for node in graph.node:
        place = _KEEPS_FIRST.get(node.op_type)
        if place is not None and place < len(node.input) and node.output:
            origin[node.output[0]] = origin.get(node.input[place], node.input[place])
        layout = attribute(node, "layout")
        if node.op_type in _RECURRENT and not (layout is not None and layout.i):
            # Its sequence, and its first states.
            taken = (*node.input[:1], *node.input[5:7])
            axes |= {origin.get(name, name): 1 for name in taken if name}
    return axes


def _first_dimensions(inputs: Iterable[ValueInfoProto], axes: Mapping[str, int]) -> frozenset[str]:
    """Names of free batch dimensions, wherever else the name stands; most are the first."""
    dims = ((v.type.tensor_type.shape.dim, axes.get(v.name, 0)) for v in inputs)
    return frozenset(
        dim[axis].dim_param for dim, axis in dims if axis < len(dim) and dim[axis].dim_param
    )


def _light(
    model: ModelProto, inputs: Sequence[ValueInfoProto], axes: Mapping[str, int]
) -> ModelProto:
    batch = _first_dimensions(inputs, axes)
    graph = GraphProto(name="light")
    graph.input.extend(_with_one(value, batch, axes.get(value.name, 0)) for value in inputs)
    graph.initializer.extend(_light_tensor(tensor) for tensor in model.graph.initializer)
    graph.initializer.extend(
        outline(one, one.values.name) for one in model.graph.sparse_initializer
    )
    foreign: set[str] = set()
    for node in model.graph.node:
        constant = attribute(node, "value") if node.op_type == "Constant" else None
        if constant is not None and constant.HasField("t") and node.output:
            graph.initializer.append(_light_tensor(constant.t, node.output[0]))
            continue
        stand_in = STAND_INS.get(node.op_type) if node.domain not in STANDARD else None
        if stand_in is not None:
            graph.node.extend(stand_in(node))
        elif node.ByteSize() <= _MOST_NODE_BYTES:
            graph.node.append(node)
        if node.domain not in STANDARD:
            foreign.update(node.output)
    # What the file says of tensors behind operators that inference does not know.
    graph.value_info.extend(
        _with_one(value, batch) for value in model.graph.value_info if value.name in foreign
    )
    # Without outputs: what the file states of them could contradict a stand-in's type.
    light = ModelProto(ir_version=model.ir_version, graph=graph)
    light.opset_import.extend(model.opset_import)
    return light


def _with_one(
    value: ValueInfoProto, batch: frozenset[str], axis: int | None = None
) -> ValueInfoProto:
    copy = ValueInfoProto()
    copy.CopyFrom(value)
    for place, dim in enumerate(copy.type.tensor_type.shape.dim):
        unnamed = place == axis and not dim.HasField("dim_value")
        if unnamed or dim.dim_param in batch:
            dim.dim_value = 1
    return copy


def _light_tensor(tensor: TensorProto, name: str | None = None) -> TensorProto:
    light = TensorProto(name=name or tensor.name, data_type=tensor.data_type, dims=tensor.dims)
    external = tensor.data_location == TensorProto.EXTERNAL
    if math.prod(tensor.dims) <= _SMALL and tensor.ByteSize() <= 64 * _SMALL and not external:
        light.CopyFrom(tensor)
        light.name = name or tensor.name
    return light


def _shape(value: ValueInfoProto) -> Shape | None:
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim)


def _like(operator: str, *places: int) -> Callable[[NodeProto], Iterator[NodeProto]]:
    """A standard operator on some of a node's inputs, with the node's attributes."""

    def stand_in(node: NodeProto) -> Iterator[NodeProto]:
        if any(a.name in _OTHERWISE and a.i for a in node.attribute):
            return  # no standard operator does that
        found = NodeProto(op_type=operator, output=node.output[:1])
        found.input.extend(node.input[p] for p in places if p < len(node.input))
        if operator not in ("Identity", "Add", "MatMul"):
            found.attribute.extend(node.attribute)
        yield found

    return stand_in


def _gemm(node: NodeProto) -> Iterator[NodeProto]:
    """QGemm takes scale and zero point beside each matrix."""
    found = NodeProto(op_type="Gemm", input=node.input[0:4:3], output=node.output)
    found.attribute.extend(a for a in node.attribute if a.name in ("transA", "transB"))
    yield found


def _concatenated(node: NodeProto) -> Iterator[NodeProto]:
    """QLinearConcat takes its tensors with scale and zero point each, after those of the output."""
    found = NodeProto(op_type="Concat", input=node.input[2::3], output=node.output)
    found.attribute.extend(node.attribute)
    yield found


def _n_bits(node: NodeProto) -> Iterator[NodeProto]:
    """MatMulNBits and MatMulBnb4 multiply by a packed matrix of K × N."""
    k, n = attribute(node, "K"), attribute(node, "N")
    if k is not None and n is not None and node.output:
        name = f"{node.output[0]} unpacked"
        matrix = TensorProto(data_type=TensorProto.FLOAT, dims=(k.i, n.i))
        yield helper.make_node("Constant", [], [name], value=matrix)
        yield helper.make_node("MatMul", [node.input[0], name], node.output[:1])


# Operators of onnxruntime that onnx does not know, as standard ones whose result has that shape.
STAND_INS: Mapping[str, Callable[[NodeProto], Iterator[NodeProto]]] = {
    "QGemm": _gemm,
    "QLinearAdd": _like("Add", 0, 3),
    "QLinearMul": _like("Add", 0, 3),
    "QLinearConcat": _concatenated,
    "QLinearWhere": _like("Where", 0, 1, 4),
    "QLinearGlobalAveragePool": _like("GlobalAveragePool", 0),
    "QLinearAveragePool": _like("AveragePool", 0),
    "QLinearSigmoid": _like("Identity", 0),
    "QLinearLeakyRelu": _like("Identity", 0),
    "QLinearSoftmax": _like("Identity", 0),
    "QuantizeLinear": _like("Identity", 0),
    "DequantizeLinear": _like("Identity", 0),
    "DynamicQuantizeMatMul": _like("MatMul", 0, 1),
    "MatMulIntegerToFloat": _like("MatMul", 0, 1),
    "MatMulNBits": _n_bits,
    "MatMulBnb4": _n_bits,
    "FusedConv": _like("Conv", 0, 1, 2),
    "FusedMatMul": _like("MatMul", 0, 1),
    "Gelu": _like("Identity", 0),
    "FastGelu": _like("Identity", 0),
    "QuickGelu": _like("Identity", 0),
    "BiasGelu": _like("Identity", 0),
    "SkipLayerNormalization": _like("Identity", 0),
    "SkipSimplifiedLayerNormalization": _like("Identity", 0),
}
