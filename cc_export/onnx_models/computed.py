"""Weights that a graph computes from what it stores, as packed integers are unpacked by nodes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from cc_export.errors import ModelError
from cc_export.onnx_models.fold import FOLDABLE, cone, fold, leaves
from cc_export.onnx_models.graph import TRANSPARENT, Graph
from cc_export.onnx_models.roles import FLOATS, ROLES
from cc_export.onnx_models.scales import Source, is_scaled
from cc_export.onnx_models.stored import Cuts, element_type
from cc_export.onnx_models.turns import Turn, turn_of, undone

# Without one of these, integers are not what a model computes with: their scale is behind.
_SCALING = frozenset({"Mul", "Div", "DequantizeLinear"})
# By these, integers that hold several numbers are taken apart.
_PACKING = frozenset({"BitShift", "BitwiseAnd"})
# How many nodes may lie between floats and where they are rounded.
_MOST_STEPS = 16


@dataclass(frozen=True, slots=True)
class Recipe:
    """A weight ``tensor`` that is computed from ``stored`` ones, most of it from ``main``."""

    tensor: str
    main: str
    stored: tuple[str, ...]


@dataclass(frozen=True)
class Computed:
    """The values of a tensor that a graph computes from nothing but what it stores.

    They are computed each time they are asked for, and held whole then; ``turns`` are those that
    the computed tensor has taken, and ``shape`` is that before.
    """

    graph: Graph
    name: str
    shape: tuple[int, ...]
    turns: tuple[Turn, ...] = ()

    @property
    def count(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def blocks(self, cuts: Cuts) -> Iterator[NDArray[np.generic]]:
        """The values of each part (start, stop), flat.

        Raises:
            ModelError: they cannot be computed.
        """
        flat = self.whole().reshape(-1)
        yield from (flat[start:stop] for start, stop in cuts)

    def whole(self) -> NDArray[np.generic]:
        """All values in their shape.

        Raises:
            ModelError: they cannot be computed.
        """
        return undone(fold(self.graph, self.name), self.turns, self.shape)


def computed(graph: Graph, name: str) -> Computed:
    """The values of a computed tensor; they are computed once for their shape.

    Raises:
        ModelError: they cannot be computed.
    """
    return Computed(graph, name, fold(graph, name).shape)


def rounded(graph: Graph, name: str) -> Computed | None:
    """Stored floats as a model computes with them: QuantizeLinear and DequantizeLinear behind them
    leave the numbers that an integer type has for them. None where there is no such pair.

    Raises:
        ModelError: a stored shape cannot be read.
    """
    current, shape = name, tuple(graph.constants[name].dims)
    turns: list[Turn] = []
    for _ in range(_MOST_STEPS):
        uses = graph.uses.get(current, ())
        if len(uses) != 1 or uses[0].place:
            return None
        node = uses[0].node
        current = node.output[0]
        if node.op_type == "QuantizeLinear":
            behind = [use.node for use in graph.uses.get(current, ())]
            if len(behind) != 1 or behind[0].op_type != "DequantizeLinear":
                return None
            made = behind[0].output[0]
            return Computed(graph, made, shape, tuple(turns)) if made in graph.fixed else None
        if node.op_type not in ("Cast", "Identity"):
            turn = turn_of(graph, node, turns[-1].after if turns else shape)
            if turn is None:
                return None
            turns.append(turn)
    return None


def find_recipes(graph: Graph, sources: Mapping[str, Source]) -> dict[str, Recipe]:
    """The weights that are computed from integers which have no scale of their own, and from floats
    that others multiply (a mask of zeros, the lengths of normalized rows), by name.

    Raises:
        ModelError: packed integers have no scale at all.
    """
    found = {}
    for node in graph.nodes:
        if node.output[0] in graph.fixed:
            # A step on the way to a weight.
            continue
        for place, name in enumerate(node.input):
            if (node.op_type, place) not in ROLES or name in found or name in graph.constants:
                continue
            recipe = _recipe(graph, sources, name) if name in graph.fixed else None
            if recipe is not None:
                found[name] = recipe
    return found


def _recipe(graph: Graph, sources: Mapping[str, Source], name: str) -> Recipe | None:
    nodes = cone(graph, name) or ()
    operators = {node.op_type for node in nodes}
    if operators <= TRANSPARENT or not operators & (_SCALING | _PACKING):
        return None
    stored = leaves(graph, name)
    whole = [
        leaf
        for leaf in stored
        if is_scaled(graph, leaf) and leaf not in sources and _size(graph, leaf) > 1
    ]
    if not whole:
        return _of_floats(graph, name, operators, stored)
    main = max(whole, key=lambda leaf: stored_bytes(graph, leaf))
    if not operators & _SCALING:
        raise ModelError(
            f"no scale found for the integers that {main!r} packs",
            "Let the exporter multiply weights by their scales before they are used.",
        )
    return Recipe(name, main, stored)


def _of_floats(
    graph: Graph, name: str, operators: set[str], stored: Sequence[str]
) -> Recipe | None:
    """Where a tensor is multiplied by others that are no larger, and none is used elsewhere."""
    if not operators & {"Mul", "Div"} or not operators <= FOLDABLE:
        return None
    floats = [leaf for leaf in stored if graph.constants[leaf].data_type in FLOATS]
    flags = [leaf for leaf in stored if graph.constants[leaf].data_type == TensorProto.BOOL]
    if not floats or len(floats) + len(flags) < len(stored):
        return None
    if any(_leaves_cone(graph, leaf) for leaf in stored):
        return None
    main = max(floats, key=lambda leaf: _size(graph, leaf))
    shape = tuple(graph.constants[main].dims)
    for leaf in stored:
        try:
            if np.broadcast_shapes(shape, tuple(graph.constants[leaf].dims)) != shape:
                return None
        except ValueError:
            return None
    return Recipe(name, main, tuple(stored)) if _size(graph, main) > 1 else None


def _leaves_cone(graph: Graph, leaf: str) -> bool:
    """Whether a stored tensor is used together with what depends on an input of the model."""
    return any(use.node.output[0] not in graph.fixed for use in graph.uses.get(leaf, ()))


def kind_of(graph: Graph, recipe: Recipe, count: int) -> str:
    """The type of the numbers a weight is computed from: uint4 where 32 bits hold eight."""
    element = element_type(graph.constants[recipe.main])
    bits = 8 * stored_bytes(graph, recipe.main)
    if not count or _size(graph, recipe.main) >= count or bits % count:
        return element.name
    return f"uint{bits // count}"


def stored_bytes(graph: Graph, name: str) -> int:
    """How many bytes a stored tensor takes once it is read."""
    return _size(graph, name) * element_type(graph.constants[name]).itemsize


def _size(graph: Graph, name: str) -> int:
    return math.prod(graph.constants[name].dims)
