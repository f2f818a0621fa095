"""Module paths in an exported graph: torch's exporters rename weights, transpose and fold them.

Pure: an ONNX model and the module's arrays go in, an ONNX model comes out.
"""

from __future__ import annotations

import ast
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from cc_export.onnx_models.graph import module_path

State = Mapping[str, NDArray[np.generic]]
# What readers of weights take for: stored as the transpose of the layer's own matrix.
TRANSPOSED = "_Transposed"
# In the model's metadata: what an initializer was called by the exporter, by its name.
RENAMED = "cc_export.renamed"
_SCOPES = "pkg.torch.onnx.name_scopes"
_FLOATS = frozenset(
    {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16}
)


def with_module_names(model: ModelProto, state: State) -> dict[str, str]:
    """Give the weights and nodes of an exported model the module's own names, in place.

    An initializer that equals a parameter gets its name; one that is the transpose of a matrix
    gets it with ``_Transposed``. Nodes are named ``/stage1/conv1/Conv`` by the module they belong
    to, and their outputs ``/stage1/conv1/Conv_output_0``. Returns the exporter's names by the new
    ones; they are kept in the model's metadata too.
    """
    weights = _weight_names(model.graph, state)
    nodes = _node_names(model.graph, {*state, *weights.values()})
    _rename(model.graph, weights | nodes)
    known = {new: old for old, new in weights.items()}
    if known:
        helper.set_model_props(
            model,
            {p.key: p.value for p in model.metadata_props} | {RENAMED: json.dumps(known)},
        )
    return known


def _weight_names(graph: GraphProto, state: State) -> dict[str, str]:
    stored = {t.name: t for t in graph.initializer} | _constants(graph)
    free = {name: array for name, array in state.items() if name not in stored and array.ndim}
    by_shape: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for name, array in free.items():
        by_shape[array.shape].append(name)
    scopes = _scopes_of_uses(graph)
    found: dict[str, str] = {}
    for name, tensor in stored.items():
        if name in state or tensor.data_type not in _FLOATS:
            continue
        for suffix, values in _spellings(numpy_helper.to_array(tensor)):
            equal = [n for n in by_shape[values.shape] if np.array_equal(free[n], values)]
            # Equal values, as of fresh biases, are told apart by the module that uses them.
            fitting = [n for n in equal if n.rpartition(".")[0] in scopes[name]]
            chosen = equal if len(equal) == 1 else fitting
            if len(chosen) == 1:
                found[name] = chosen[0] + suffix
                by_shape[values.shape].remove(chosen[0])
                break
    return found


def _spellings(array: NDArray[np.generic]) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """What a stored array may be of a parameter: itself, its transpose, with sides of one more."""
    yield "", array
    if array.ndim == 2:
        yield TRANSPOSED, array.T
    if 1 in array.shape and array.size > 1:
        yield "", array.squeeze()


def _constants(graph: GraphProto) -> dict[str, TensorProto]:
    """Tensors in nodes; older exporters put small weights there."""
    return {
        node.output[0]: attribute.t
        for node in graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value" and attribute.t.dims
    }


def _scopes_of_uses(graph: GraphProto) -> dict[str, set[str]]:
    scopes: dict[str, set[str]] = defaultdict(set)
    for node in _nodes(graph):
        for name in node.input:
            scopes[name].add(module_of(node))
    return scopes


def module_of(node: NodeProto) -> str:
    """Path of the module that a node belongs to, as either exporter notes it."""
    listed = _scopes(node)
    return listed[-1] if listed else module_path(node.name)


def _node_names(graph: GraphProto, taken: set[str]) -> dict[str, str]:
    """New names of tensors, where the exporter notes modules in metadata; nodes get theirs."""
    fixed = taken | {v.name for v in (*graph.input, *graph.output)}
    counted: Counter[str] = Counter()
    names: dict[str, str] = {}
    for node in graph.node:
        scopes = _scopes(node)
        if not scopes:
            continue
        path = f"{_spelled(scopes)}/{node.op_type}"
        number = counted[path]
        counted[path] += 1
        node.name = f"{path}_{number}" if number else path
        for index, output in enumerate(node.output):
            if output and output not in fixed:
                names[output] = f"{node.name}_output_{index}"
    return names


def _scopes(node: NodeProto) -> list[str]:
    """Paths of the modules around a node, outermost first, as torch's newer exporter notes them."""
    text = next((p.value for p in node.metadata_props if p.key == _SCOPES), "")
    try:
        listed = ast.literal_eval(text) if text else []
    except (ValueError, SyntaxError):
        return []
    # The last one is the operation itself.
    return [str(scope) for scope in listed[:-1] if not str(scope).startswith("_empty_nn")]


def _spelled(scopes: list[str]) -> str:
    """``/stages/stages.0/conv1``: as torch's older exporter spells it, also for a Sequential."""
    path, before = "", ""
    for scope in scopes:
        if not scope:
            continue
        own = scope.removeprefix(f"{before}.") if before else scope
        path += f"/{before.rpartition('.')[2]}.{own}" if own.isdigit() and before else f"/{own}"
        before = scope
    return path


def _rename(graph: GraphProto, names: Mapping[str, str]) -> None:
    for tensor in graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
    for value in graph.value_info:
        value.name = names.get(value.name, value.name)
    for node in _nodes(graph):
        for kind in (node.input, node.output):
            for index, name in enumerate(kind):
                kind[index] = names.get(name, name)
    for value in graph.output:
        value.name = names.get(value.name, value.name)


def _nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """Nodes of a graph and of the graphs inside them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _nodes(inner)
