"""Nodes that give a tensor another shape, one step at a time, and what undoes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from cc_export.onnx_models.graph import Graph, attribute

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """A tensor's shape after a node; ``order`` of its axes where the node transposes it."""

    after: Shape
    order: tuple[int, ...] | None = None


def turn_of(graph: Graph, node: NodeProto, shape: Shape) -> Turn | None:
    """What a node does to the shape of its first input; None where that is not known.

    Raises:
        ModelError: a stored shape cannot be read.
    """
    if node.op_type == "Transpose":
        given = attribute(node, "perm")
        order = tuple(given.ints) if given else tuple(reversed(range(len(shape))))
        if sorted(order) != list(range(len(shape))):
            return None
        return Turn(tuple(shape[axis] for axis in order), order)
    find = _SHAPES.get(node.op_type)
    after = find(graph, node, shape) if find else None
    return None if after is None or math.prod(after) != math.prod(shape) else Turn(after)


def undone(values: NDArray[np.generic], turns: Sequence[Turn], shape: Shape) -> NDArray[np.generic]:
    """Values that lie on a tensor after the turns, as they lie on it before, in its ``shape``."""
    before = [shape, *(turn.after for turn in turns)]
    for turn, side in zip(reversed(turns), reversed(before[:-1]), strict=True):
        if turn.order is None:
            values = values.reshape(side)
        else:
            values = values.transpose(np.argsort(turn.order))
    return values


def _reshaped(graph: Graph, node: NodeProto, shape: Shape) -> Shape | None:
    wanted = _numbers(graph, node, 1)
    if wanted is None or wanted.count(-1) > 1 or len(wanted) > len(shape) + _MOST_MORE:
        return None
    zero = attribute(node, "allowzero")
    if not (zero and zero.i):
        if any(not side and axis >= len(shape) for axis, side in enumerate(wanted)):
            return None
        wanted = [side or shape[axis] for axis, side in enumerate(wanted)]
    known = math.prod(side for side in wanted if side != -1)
    rest = math.prod(shape) // known if known else 0
    return tuple(rest if side == -1 else side for side in wanted)


def _flattened(graph: Graph, node: NodeProto, shape: Shape) -> Shape | None:
    given = attribute(node, "axis")
    axis = given.i if given else 1
    axis += len(shape) if axis < 0 else 0
    if not 0 <= axis <= len(shape):
        return None
    return math.prod(shape[:axis]), math.prod(shape[axis:])


def _squeezed(graph: Graph, node: NodeProto, shape: Shape) -> Shape | None:
    axes = _axes(graph, node)
    gone = {axis % len(shape) for axis in axes} if axes and shape else set()
    return tuple(s for axis, s in enumerate(shape) if (axis not in gone if axes else s != 1))


def _unsqueezed(graph: Graph, node: NodeProto, shape: Shape) -> Shape | None:
    axes = _axes(graph, node)
    if not axes or len(axes) > _MOST_MORE:
        return None
    sides, rank = iter(shape), len(shape) + len(axes)
    new = {axis % rank for axis in axes}
    if len(new) != len(axes):
        return None
    return tuple(1 if axis in new else next(sides) for axis in range(rank))


_SHAPES = {
    "Reshape": _reshaped, "Flatten": _flattened, "Squeeze": _squeezed, "Unsqueeze": _unsqueezed,
}  # fmt: skip
# numpy's arrays have 64 axes at most; no model needs nearly as many more than it has.
_MOST_MORE = 8


def _axes(graph: Graph, node: NodeProto) -> list[int] | None:
    """An attribute up to opset 12, an input since."""
    given = attribute(node, "axes")
    return list(given.ints) if given else _numbers(graph, node, 1)


def _numbers(graph: Graph, node: NodeProto, place: int) -> list[int] | None:
    name = node.input[place] if place < len(node.input) else ""
    if name not in graph.constants:
        return None
    values = graph.values(name).reshape(-1)
    return [int(value) for value in values] if values.dtype.kind in "iu" else None
