"""Integers without a scale: some are looked up or counted, some stand for unknown numbers."""

from __future__ import annotations

from onnx import NodeProto

from cc_export.errors import ModelError
from cc_export.onnx_models.graph import Graph, Use, attribute
from cc_export.onnx_models.roles import FLOATS
from cc_export.onnx_models.scales import is_scaled
from cc_export.onnx_models.stored import element_type

# Of as many bytes and more, integers are indices and lengths, not weights.
_INDEX_BYTES = 4


def is_plain(graph: Graph, name: str, use: Use) -> bool:
    """Whether integers without a scale are but that: indices, say, that are looked up.

    Raises:
        ModelError: they are weights.
    """
    kind = element_type(graph.constants[name])
    if not is_scaled(graph, name) or kind.kind not in "iuV" or "float" in kind.name:
        return False
    if use.node.op_type == "Gather":
        # Rows that become floats as they are: the table's numbers are these integers.
        if kind.itemsize < _INDEX_BYTES and _gives_floats(graph, use.node):
            return False
        if not graph.is_cast(use.node.output[0]) or _gives_integers(graph, use.node):
            return True
    if kind.itemsize < _INDEX_BYTES:
        raise ModelError(f"no scale found for the integer weights of node {use.node.name!r}")
    return True


def _gives_integers(graph: Graph, table: NodeProto) -> bool:
    """Whether what is looked up becomes whole numbers again: indices of another table, say."""
    return all(kind not in FLOATS for kind in _casts(graph, table))


def _gives_floats(graph: Graph, table: NodeProto) -> bool:
    """Whether what is looked up becomes floats that nobody multiplies, so that none is a scale."""
    kinds = _casts(graph, table)
    uses = graph.real_uses(table.output[0])
    scaled = any(use.node.op_type in ("Mul", "Div") for use in uses)
    return bool(kinds) and all(kind in FLOATS for kind in kinds) and not scaled


def _casts(graph: Graph, table: NodeProto) -> list[int]:
    casts = (use.node for use in graph.uses.get(table.output[0], ()))
    return [a.i for node in casts if node.op_type == "Cast" and (a := attribute(node, "to"))]
