"""The trained tensors of a model, by layer, as the numbers they stand for (dequantized)."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto

from cc_export.errors import ModelError
from cc_export.onnx_models.blocks import OPERATORS as BLOCKED
from cc_export.onnx_models.blocks import Form, block_weight
from cc_export.onnx_models.computed import Recipe, computed, find_recipes, kind_of, rounded
from cc_export.onnx_models.flat import Inside
from cc_export.onnx_models.graph import Graph, Use, whole_graph, without_quantization
from cc_export.onnx_models.integers import is_plain
from cc_export.onnx_models.modules import given_place, layer_of, path_inside
from cc_export.onnx_models.outputs import output_axis
from cc_export.onnx_models.quantization import Quantization, Values
from cc_export.onnx_models.roles import FLOATS, ROLES, role_of
from cc_export.onnx_models.scales import Source, find_sources, integer_scales, quantization_of
from cc_export.onnx_models.stored import element_type

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
        ModelError: a tensor's bytes do not match its shape, a scale is missing, or weights are
            stored in a form that is not understood.
    """
    graph = whole_graph(model, path)
    taken: set[tuple[str, str]] = set()
    numbers: defaultdict[tuple[str, str], Iterator[int]] = defaultdict(lambda: itertools.count(2))
    sources = find_sources(graph)
    recipes = find_recipes(graph, sources)
    scales = set(integer_scales(graph))
    scales.update(leaf for recipe in recipes.values() for leaf in recipe.stored)
    for name, known in sources.items():
        scales.update(known.stored_with if _roles(graph, name, known) else ())
    for name in _in_graph_order(graph, recipes):
        source, recipe = sources.get(name), recipes.get(name)
        roles = _roles(graph, name, source) if name not in scales else []
        if not roles or (source is None and recipe is None and is_plain(graph, name, roles[0][0])):
            continue
        uses, role = [use for use, _ in roles], roles[0][1]
        form = _form(graph, name, source, recipe)
        quantization = form.quantization
        inside = graph.flat.inside.get(uses[0].node.output[0])
        initializer = recipe.main if recipe else name
        layer, own_name = _place(_bare(graph, initializer), role, uses[0].node, inside)
        if recipe:
            # Of what is packed, and of its scales, each has a name; together they are the weight.
            own_name = role
        if (layer, own_name) in taken:
            # Both branches of a condition may have a layer of one name.
            layer = path_inside(inside, layer)
        # Two matrices of one recurrent node, say: the second is told apart by a number.
        number = numbers[layer, own_name]
        plain = own_name
        while (layer, own_name) in taken:
            own_name = f"{plain} ({next(number)})"
        taken.add((layer, own_name))
        # onnxruntime turns a transposed Gemm into a product with a transposed copy of the matrix.
        shape = form.numbers.shape
        transposed = _TRANSPOSED in name and len(shape) == 2
        axis = _output_axis(graph, name, uses[0], shape)
        if transposed:
            shape, axis = shape[::-1], None if axis is None else 1 - axis
        yield Weight(
            layer=layer,
            name=own_name,
            role=role,
            initializer=initializer,
            shape=shape,
            dtype=form.kind,
            operators=tuple(dict.fromkeys(use.node.op_type for use in uses)),
            quantization=_turned(quantization) if transposed else quantization,
            values=Values(form.numbers, quantization, transposed),
            output_axis=axis,
        )


def _in_graph_order(graph: Graph, recipes: Mapping[str, Recipe]) -> Iterator[str]:
    seen: set[str] = set()
    for node in graph.nodes:
        for name in map(graph.stored_as, node.input):
            if (name in graph.constants or name in recipes) and name not in seen:
                seen.add(name)
                yield name


def _roles(graph: Graph, name: str, source: Source | None) -> list[tuple[Use, str]]:
    """The uses of a stored tensor that say what it is trained for."""
    if source is not None and source.output:
        turns = sum(turn.order is not None for turn in source.turns)
        uses = graph.real_uses(source.output, turned=turns % 2 == 1)
    else:
        uses = graph.real_uses(name)
    tensor = graph.constants.get(name)
    if tensor is None:
        found = ((use, ROLES.get((use.node.op_type, use.place))) for use in uses)
    else:
        found = ((use, role_of(use, tensor, source is not None)) for use in uses)
    return [(use, role) for use, role in found if role is not None]


def _form(graph: Graph, name: str, source: Source | None, recipe: Recipe | None) -> Form:
    if recipe is not None:
        values = computed(graph, name)
        return Form(values, None, kind_of(graph, recipe, values.count))
    blocked = next((use.node for use in graph.uses[name] if _is_blocked(use)), None)
    if blocked is not None:
        return block_weight(graph, blocked, name)
    tensor = graph.constants[name]
    numbers = graph.numbers(name)
    quantized = rounded(graph, name) if tensor.data_type in FLOATS else None
    if quantized is not None:
        return Form(quantized, None, element_type(tensor).name)
    how = quantization_of(graph, source, numbers.shape) if source is not None else None
    if name in graph.flat.slices and how is not None and how.scale.size > 1:
        raise ModelError(
            f"tensor {name!r}: its integers are scaled slice by slice inside a Scan, which is not "
            "understood",
            "Is there a newer cc-export?",
        )
    return Form(numbers, how, element_type(tensor).name)


def _output_axis(graph: Graph, name: str, use: Use, shape: tuple[int, ...]) -> int | None:
    if name not in graph.flat.slices:
        return output_axis(use, shape)
    # The node takes one slice after another.
    axis = output_axis(use, shape[1:])
    return None if axis is None else axis + 1


def _bare(graph: Graph, name: str) -> str:
    return without_quantization(graph.in_file(name))


def _place(name: str, role: str, user: NodeProto, inside: Inside | None) -> tuple[str, str]:
    """Layer and tensor name: from ``stage1.conv1.weight``, else from the node that uses it."""
    given = given_place(name)
    if given is None:
        return layer_of(user, inside), role
    layer, own = given
    # What torch's exporter calls the bias it makes of a batch normalization.
    return layer, "bias" if own == "weight_bias" else own


def _is_blocked(use: Use) -> bool:
    return use.node.op_type in BLOCKED and ROLES.get((use.node.op_type, use.place)) == "weight"


def _turned(found: Quantization | None) -> Quantization | None:
    """The quantization of a matrix, for the transposed matrix."""
    if found is None:
        return None
    turned = replace(found, axis=1 - found.axis % 2)
    if found.block is None:
        return turned
    return replace(turned, scale=found.scale.T, zero_point=found.zero_point.T)
