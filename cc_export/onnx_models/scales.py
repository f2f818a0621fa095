"""Where the scales and zero points of stored weights are, in whatever form a model applies them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from cc_export.errors import ModelError
from cc_export.onnx_models.fold import fold, leaves
from cc_export.onnx_models.graph import Graph, Use, attribute, without_quantization
from cc_export.onnx_models.outputs import output_axis
from cc_export.onnx_models.quantization import Quantization, broadcast_values
from cc_export.onnx_models.roles import FLOATS, NO_NUMBERS
from cc_export.onnx_models.turns import Shape, Turn, turn_of, undone

# Where an operator takes scale and zero point of the stored weight at a place.
PLACES: Mapping[tuple[str, int], tuple[int, int]] = {
    ("DequantizeLinear", 0): (1, 2),
    ("QLinearConv", 3): (4, 5),
    ("QLinearMatMul", 0): (1, 2),
    ("QLinearMatMul", 3): (4, 5),
    ("QGemm", 3): (4, 5),
    ("MatMulIntegerToFloat", 1): (3, 5),
    ("DynamicQuantizeMatMul", 1): (2, 3),
    ("QLinearAdd", 0): (1, 2),
    ("QLinearAdd", 3): (4, 5),
    ("QLinearMul", 0): (1, 2),
    ("QLinearMul", 3): (4, 5),
    ("DynamicQuantizeLSTM", 1): (8, 9),
    ("DynamicQuantizeLSTM", 2): (10, 11),
    ("QAttention", 1): (4, 7),
    ("MatMulNBits", 1): (2, 3),
    ("MatMulBnb4", 1): (2, 3),
    ("GatherBlockQuantized", 0): (2, 3),
    ("QLinearConvTranspose", 3): (4, 5),
    ("QLinearWhere", 1): (2, 3),
    ("QLinearWhere", 4): (5, 6),
    **{("QEmbedLayerNormalization", place): (place + 6, place + 11) for place in range(2, 7)},
}
# What else is stored for it: the block that each column belongs to.
_BESIDE: Mapping[tuple[str, int], int] = {("MatMulNBits", 1): 4}
# A bias is stored in units of activation scale times weight scale, taken at these places.
_BIAS_SCALES: Mapping[tuple[str, int], tuple[int, int]] = {
    ("QLinearConv", 8): (1, 4),
    ("QLinearConvTranspose", 8): (1, 4),
    ("QGemm", 6): (1, 4),
}
# Products of integers, which are scaled behind them.
_INTEGER_PRODUCTS: Mapping[tuple[str, int], int] = {
    ("ConvInteger", 1): 3,
    ("MatMulInteger", 0): 2,
    ("MatMulInteger", 1): 3,
}
# How many nodes may lie between a weight and its scale.
_MOST_STEPS = 16


@dataclass(frozen=True, slots=True)
class Source:
    """The scales (their product is meant) and the zero point of one stored tensor, by name.

    They lie along ``axis`` (in blocks of ``block`` places), or broadcast as in a product where
    ``axis`` is None, against the tensor as it is after ``turns``. ``output``: the tensor whose
    uses are those of the weights, where nodes for any numbers made them. ``stored_with`` are those
    that are kept for this tensor.
    """

    scales: tuple[str, ...]
    zero: str
    axis: int | None
    block: int | None = None
    turns: tuple[Turn, ...] = ()
    output: str = ""
    operator: str = ""
    stored_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """A tensor that holds the stored numbers, turned, and a zero point that was subtracted."""

    name: str
    shape: Shape
    turns: tuple[Turn, ...] = ()
    zero: str = ""


def find_sources(graph: Graph) -> dict[str, Source]:
    """Those of every stored tensor that has any, by its name.

    Raises:
        ModelError: a shape that a tensor takes on before it is scaled cannot be read.
    """
    found = {}
    for name in graph.constants:
        source = _source(graph, name) if is_scaled(graph, name) else None
        if source is not None:
            # A scale may be computed, from a stored one of fewer bits, say.
            beside = (leaf for one in source.stored_with if one for leaf in leaves(graph, one))
            found[name] = replace(source, stored_with=tuple(dict.fromkeys(beside)))
    return found


def scale_places(operator: str, place: int) -> tuple[int, int] | None:
    """Where an operator takes scale and zero point of what it takes at a place; None: nowhere."""
    if operator == "QLinearConcat" and place >= 2 and place % 3 == 2:
        # After those of the result, any number of tensors with theirs.
        return place + 1, place + 2
    return PLACES.get((operator, place))


def is_scaled(graph: Graph, name: str) -> bool:
    """Whether a stored tensor is of a type whose numbers stand for others."""
    return graph.constants[name].data_type not in FLOATS | NO_NUMBERS


def integer_scales(graph: Graph) -> Iterator[str]:
    """Scales of integer products: they are multiplied in like trained ones, and are none."""
    for node in graph.nodes:
        if any(operator == node.op_type for operator, _ in _INTEGER_PRODUCTS):
            yield from _behind_integers(graph, node)


def quantization_of(graph: Graph, source: Source, shape: Shape) -> Quantization:
    """The values of scales and zero point, as they lie on the stored tensor of that shape.

    Raises:
        ModelError: they are computed, or do not fit the tensor.
    """
    scale, zero = _scale(graph, source.scales), _zero_point(graph, source.zero)
    if source.axis is not None and not source.turns:
        return Quantization(scale, zero, source.axis, source.block)
    before = source.turns[-1].after if source.turns else shape
    laid: list[NDArray[np.generic]] = []
    for values in (scale, zero):
        if source.operator == "DynamicQuantizeLSTM" and values.ndim and values.size:
            # One, or one for each column, of each direction: (directions, inputs, columns).
            laid.append(_laid(values.reshape(len(values), 1, -1), source, shape, before))
        else:
            laid.append(_laid(values, source, shape, before))
    axes = {axes for axes in map(_varying, laid) if axes}
    if not axes or (len(axes) == 1 and all(len(one) == 1 for one in axes)):
        axis = next(iter(axes))[0] if axes else 0
        laid = [_line(values, axis) for values in laid]
        return Quantization(laid[0].astype(np.float32), laid[1], axis)
    laid = [np.ascontiguousarray(values) for values in laid]
    return Quantization(laid[0].astype(np.float32), laid[1], 0, 1)


def _laid(
    values: NDArray[np.generic], source: Source, shape: Shape, before: Shape
) -> NDArray[np.generic]:
    """Values for every place of the stored tensor, without copies as far as they repeat."""
    if source.axis is not None:
        how = Quantization(np.zeros((), np.float32), values, source.axis, source.block)
        values = broadcast_values(values, before, how)
    try:
        return undone(np.broadcast_to(values, before), source.turns, shape)
    except ValueError:
        raise ModelError(
            f"scales of shape {list(values.shape)} do not fit a tensor of shape {list(before)}"
        ) from None


def _varying(values: NDArray[np.generic]) -> tuple[int, ...]:
    """The axes along which broadcast values are not all the same."""
    sides = zip(values.shape, values.strides, strict=True)
    return tuple(axis for axis, (side, stride) in enumerate(sides) if side > 1 and stride)


def _line(values: NDArray[np.generic], axis: int) -> NDArray[np.generic]:
    if not _varying(values):
        return values.reshape(-1)[:1].reshape(())
    return values[tuple(slice(None) if at == axis else 0 for at in range(values.ndim))].copy()


def _source(graph: Graph, name: str) -> Source | None:
    """The first scale on the ways that a tensor takes, else one behind a product with it."""
    steps = list(_steps(graph, _Step(name, tuple(graph.constants[name].dims))))
    pairs = [(step, use) for step in steps for use in graph.uses.get(step.name, ())]
    for find in (_where_used, _in_integers, _multiplied, _behind_product, _behind_table):
        for step, use in pairs:
            found = find(graph, step, use)
            if found is not None:
                return found
    return _by_name(graph, name)


def _steps(graph: Graph, first: _Step) -> Iterator[_Step]:
    pending, seen = [first], {first.name}
    while pending:
        step = pending.pop(0)
        yield step
        for use in graph.uses.get(step.name, ()):
            output = use.node.output[0]
            following = _following(graph, step, use)
            if following is not None and output not in seen and len(seen) < _MOST_STEPS:
                seen.add(output)
                pending.append(following)


def _following(graph: Graph, step: _Step, use: Use) -> _Step | None:
    """The tensor behind a node that keeps the numbers, or takes their zero point away."""
    node, output = use.node, use.node.output[0]
    if use.place == 0 and node.op_type in ("Cast", "CastLike", "Identity"):
        return replace(step, name=output)
    if use.place == 0 and node.op_type == "Sub" and not step.zero:
        zero = _other(node, use.place)
        return replace(step, name=output, zero=zero) if zero in graph.constants else None
    turn = turn_of(graph, node, step.shape) if use.place == 0 and not step.zero else None
    if turn is None:
        return None
    return replace(step, name=output, shape=turn.after, turns=(*step.turns, turn))


def _where_used(graph: Graph, step: _Step, use: Use) -> Source | None:
    """Of operators that take what the integers stand for beside them."""
    node, place = use.node, (use.node.op_type, use.place)
    if place in _BIAS_SCALES:
        first, second = (_input(node, at) for at in _BIAS_SCALES[place])
        return Source((first, second), "", 0, turns=step.turns)
    places = scale_places(node.op_type, use.place)
    if places is None:
        return None
    scale, zero = (_input(node, at) for at in places)
    axis: int | None = output_axis(use, step.shape) or 0
    block = 0
    if node.op_type == "DynamicQuantizeLSTM":
        axis = None
    elif node.op_type == "DequantizeLinear":
        axis, block = _integer(node, "axis", 1), _integer(node, "block_size", 0)
    beside = _input(node, _BESIDE[place]) if place in _BESIDE else ""
    return Source(
        (scale,), zero, axis, block if block > 0 else None, step.turns,
        operator=node.op_type, stored_with=(scale, zero, beside),
    )  # fmt: skip


def _in_integers(graph: Graph, step: _Step, use: Use) -> Source | None:
    """Of a product of integers, whose stored scales are multiplied in behind it."""
    node, place = use.node, (use.node.op_type, use.place)
    scales = _behind_integers(graph, node) if place in _INTEGER_PRODUCTS else []
    if not scales:
        return None
    zero = _input(node, _INTEGER_PRODUCTS[place])
    # Per channel: the first axis of a convolution, the last of a matrix. Of two stored ones, the
    # second is that of the second factor.
    axis = 0 if node.op_type == "ConvInteger" else len(step.shape) - 1
    scale = scales[-1 if use.place else 0]
    return Source((scale,), zero, axis, turns=step.turns, stored_with=(zero,))


def _multiplied(graph: Graph, step: _Step, use: Use) -> Source | None:
    """Cast, a stored zero point taken away, a stored scale multiplied: DequantizeLinear by hand."""
    scale = _other(use.node, use.place)
    if use.node.op_type != "Mul" or scale not in graph.constants:
        return None
    return _by_hand(step, scale, None, use.node.output[0])


def _behind_product(graph: Graph, step: _Step, use: Use) -> Source | None:
    """A product with the integers, whose outputs are multiplied by a stored scale."""
    axis = output_axis(use, step.shape)
    if axis is None or len(step.shape) < 2:
        return None
    for behind in graph.uses.get(use.node.output[0], ()):
        scale = _other(behind.node, behind.place)
        if behind.node.op_type == "Mul" and scale in graph.constants:
            return _by_hand(step, scale, axis, step.name if step.zero else "")
    return None


def _behind_table(graph: Graph, step: _Step, use: Use) -> Source | None:
    """Rows of a table, which are scaled once they are looked up."""
    node = use.node
    if (node.op_type, use.place, _integer(node, "axis", 0)) != ("Gather", 0, 0) or step.turns:
        return None
    for row in _steps(graph, _Step(node.output[0], ())):
        for behind in graph.uses.get(row.name, ()):
            scale, zero = _other(behind.node, behind.place), row.zero or step.zero
            if (behind.node.op_type, behind.place) == ("DequantizeLinear", 0):
                scale, zero = _input(behind.node, 1), _input(behind.node, 2)
                if _is_one(graph, scale):
                    return Source((scale,), zero, 0, stored_with=(scale, zero))
            elif behind.node.op_type == "Mul" and _is_one(graph, scale):
                return _by_hand(replace(step, zero=zero), scale, 0)
            elif behind.node.op_type == "Mul" and scale in graph.producers:
                rows = graph.producers[scale]
                same = rows.op_type == "Gather" and rows.input[1:] == node.input[1:]
                if same and not zero and rows.input[0] in graph.constants:
                    # A scale for each row, looked up like it.
                    return _by_hand(step, rows.input[0], None)
    return None


def _by_name(graph: Graph, name: str) -> Source | None:
    """That of a table of integers, which are scaled only where they are used."""
    stem = without_quantization(name)
    scale, zero = f"{stem}_scale", f"{stem}_zero_point"
    if stem == name or scale not in graph.constants:
        return None
    known = zero if zero in graph.constants else ""
    return Source((scale,), known, 0, stored_with=(scale, known))


def _by_hand(step: _Step, scale: str, axis: int | None, output: str = "") -> Source:
    return Source((scale,), step.zero, axis, None, step.turns, output, "", (scale, step.zero))


def _behind_integers(graph: Graph, node: NodeProto) -> list[str]:
    """Stored scales behind an integer product: product → Cast → Mul(activation · weight), or one
    Mul after the other."""
    casts = [use.node for use in _behind(graph, node)]
    products = [use.node for cast in casts for use in _behind(graph, cast)]
    for product in products:
        scales = [_other(use.node, use.place) for use in _behind(graph, product)
                  if "Mul" == use.node.op_type == product.op_type]  # fmt: skip
        # The scale of an activation that is quantized as the model runs is not stored.
        if scales and not graph.fixed.intersection(product.input):
            stored = [scale for scale in scales if scale in graph.constants]
            if stored:
                return stored[:1]
        for operand in product.input:
            both = graph.producers.get(operand)
            if product.op_type == "Mul" and both is not None and both.op_type == "Mul":
                known = [name for name in both.input if name in graph.constants]
                if known:
                    return known
    return []


def _behind(graph: Graph, node: NodeProto) -> list[Use]:
    return [use for output in node.output for use in graph.uses.get(output, ())]


def _scale(graph: Graph, names: tuple[str, ...]) -> NDArray[np.float32]:
    found = np.ones((), np.float32)
    for name in names:
        if name not in graph.fixed:
            raise ModelError(f"the scale {name!r} is computed, not stored; weights cannot be read")
        values = fold(graph, name).astype(np.float32)
        found = values if len(names) == 1 else np.asarray(found * values, np.float32)
    return found


def _zero_point(graph: Graph, name: str) -> NDArray[np.generic]:
    if not name:
        return np.zeros((), np.int8)
    if name not in graph.fixed:
        raise ModelError(f"the zero point {name!r} is computed, not stored; weights cannot be read")
    return fold(graph, name)


def _is_one(graph: Graph, name: str) -> bool:
    return name in graph.constants and all(side == 1 for side in graph.constants[name].dims)


def _other(node: NodeProto, place: int) -> str:
    """Of a node with two inputs, the one that is not at a place."""
    return node.input[1 - place] if len(node.input) == 2 else ""


def _input(node: NodeProto, place: int) -> str:
    """Name of an input; empty where the node leaves it out."""
    return node.input[place] if place < len(node.input) else ""


def _integer(node: NodeProto, name: str, default: int) -> int:
    found = attribute(node, name)
    return int(found.i) if found is not None else default
