"""What a model's weights take in its file: bits, with the scales and zero points they need."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from onnx import ModelProto, TensorProto

from cc_export.onnx_models.blocks import packed_kind
from cc_export.onnx_models.computed import Recipe, find_recipes, kind_of, rounded
from cc_export.onnx_models.fold import leaves
from cc_export.onnx_models.graph import Graph, whole_graph
from cc_export.onnx_models.roles import FLOATS
from cc_export.onnx_models.scales import Source, find_sources, integer_scales

# Bits of one stored element. Types of fewer than 8 bits are packed.
_BITS: Mapping[str, int] = {
    "FLOAT": 32, "FLOAT16": 16, "BFLOAT16": 16, "DOUBLE": 64,
    "INT8": 8, "UINT8": 8, "INT16": 16, "UINT16": 16,
    "INT32": 32, "UINT32": 32, "INT64": 64, "UINT64": 64,
    "INT4": 4, "UINT4": 4, "INT2": 2, "UINT2": 2,
    "FLOAT8E4M3FN": 8, "FLOAT8E4M3FNUZ": 8, "FLOAT8E5M2": 8, "FLOAT8E5M2FNUZ": 8,
    "FLOAT8E8M0": 8, "FLOAT6E2M3": 6, "FLOAT6E3M2": 6, "FLOAT4E2M1": 4,
}  # fmt: skip
# Few enough bits that a weight counts as quantized.
QUANTIZED = 8


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """``bits`` of ``weights`` numbers in all, ``quantized`` of which take at most 8 bits each.

    ``types`` counts the weights by the type they are stored in, as ONNX calls it. ``each`` are the
    bits of one tensor after the other, scales and zero points included; what two of them share
    counts for the first.
    """

    weights: int
    bits: int
    quantized: int
    types: tuple[tuple[str, int], ...] = ()
    each: tuple[int, ...] = ()

    @property
    def effective_bits(self) -> float | None:
        """Bits for each weight, scales and zero points included; None without weights."""
        return self.bits / self.weights if self.weights else None

    @property
    def quantized_share(self) -> float | None:
        """Share of the weights that are stored in at most 8 bits; None without weights."""
        return self.quantized / self.weights if self.weights else None


def stored_weights(
    model: ModelProto, counts: Iterable[tuple[str, int]], path: Path | None = None
) -> StoredWeights:
    """Add up what trained tensors take, each tensor of the file once.

    Args:
        model: the model they are stored in.
        counts: the initializers that hold trained numbers, and how many numbers they stand for (a
            packed tensor stands for more than it has elements).
        path: the model's file.

    Raises:
        ModelError: a shape that a tensor takes on before it is scaled cannot be read.
    """
    graph = whole_graph(model, path)
    sources = find_sources(graph)
    recipes = {recipe.main: recipe for recipe in find_recipes(graph, sources).values()}
    weights = quantized = 0
    types: Counter[str] = Counter()
    each: list[int] = []
    taken: set[int] = set()
    companions: set[str] = set()
    # Integer products are scaled behind them.
    behind = set(integer_scales(graph))
    for name, count in counts:
        tensor = graph.constants[name]
        weights += count
        recipe = recipes.get(name)
        if recipe is not None and math.prod(tensor.dims) < count:
            packed: str | None = kind_of(graph, recipe, count)
        else:
            packed = packed_kind(graph, name)
        types[packed.upper() if packed else _type(tensor)] += count
        own = _bits_of(graph, [name])
        quantized += count if own <= QUANTIZED * count else 0
        # Two names may stand for one stored tensor.
        each.append(own if id(tensor) not in taken else 0)
        taken.add(id(tensor))
        with_it = set(_stored_with(graph, name, recipe, sources.get(name), behind)) - companions
        companions |= with_it
        each[-1] += _bits_of(graph, with_it)
    rest = _bits_of(graph, behind - companions)
    return StoredWeights(
        weights, sum(each) + rest, quantized, tuple(sorted(types.items())), tuple(each)
    )


def _stored_with(
    graph: Graph, name: str, recipe: Recipe | None, source: Source | None, behind: set[str]
) -> Iterator[str]:
    """The stored tensors that are kept for a weight, beside its own."""
    found: Iterable[str] = ()
    if recipe is not None:
        found = recipe.stored
    elif source is not None:
        found = (*source.stored_with, *behind.intersection(source.scales))
    elif graph.constants[name].data_type in FLOATS:
        made = rounded(graph, name)
        found = leaves(graph, made.name) if made else ()
    yield from (leaf for leaf in found if leaf != name)


def _bits_of(graph: Graph, names: Iterable[str]) -> int:
    found = 0
    for name in names:
        if name in graph.sparse:
            found += _bits(graph.sparse[name].values) + _bits(graph.sparse[name].indices)
        elif name in graph.constants:
            found += _bits(graph.constants[name])
    return found


def _bits(tensor: TensorProto) -> int:
    return math.prod(tensor.dims) * _BITS.get(_type(tensor), 0)


def _type(tensor: TensorProto) -> str:
    try:
        return str(TensorProto.DataType.Name(tensor.data_type))
    except ValueError:  # a newer type than this onnx package knows, or none
        return f"type {tensor.data_type}"
