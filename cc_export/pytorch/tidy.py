"""An exported graph whose stored tensors are the module's parameters: none hidden, none invented.

Pure but for the model it is given. torch's exporters reorder the weights of recurrent layers in the
graph, cast parameters to the type they have, and store constants where an operator of ONNX takes a
weight that the module does not have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper
from onnx import numpy_helper as arrays

_RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
# Inputs 1 to 3 of a recurrent node: weights of the inputs, of the state, and both biases.
_PARTS = ("weight_ih", "weight_hh", "bias")
_BIASED = {"Conv": 2, "ConvTranspose": 2, "Gemm": 2}
_FLOATS = frozenset({TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE})
_NORMS = frozenset({"InstanceNormalization", "GroupNormalization", "LayerNormalization"})


def tidy(
    model: ModelProto, parameters: Collection[str], module_of: Callable[[NodeProto], str]
) -> None:
    """Make the stored tensors those of the module, in place.

    ``parameters`` are the names in its state dict; ``module_of`` says to which module a node
    belongs.
    """
    _drop_casts(model.graph)
    _store_recurrent(model, parameters, module_of)
    _drop_zero_biases(model.graph, parameters)
    _compute_constants(model.graph, parameters)
    _drop_unused(model.graph)


def _drop_casts(graph: GraphProto) -> None:
    """A cast to the type that a tensor has already; readers would not find the weight behind it."""
    types = {v.name: v.type.tensor_type.elem_type for v in (*graph.value_info, *graph.input)}
    types |= {tensor.name: tensor.data_type for tensor in graph.initializer}
    floats = {tensor.data_type for tensor in graph.initializer if tensor.data_type in _FLOATS}
    # Types between nodes are not all noted; in a model of one precision there is one to guess.
    usual = floats.pop() if len(floats) == 1 else 0
    same: dict[str, str] = {}
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = same.get(name, name)
        known = types.get(node.input[0], 0) if node.input else 0
        if node.op_type == "CastLike" and known == types.get(node.input[1], usual):
            same[node.output[0]] = node.input[0]
            types[node.output[0]] = types[node.input[0]]
    # An output of the model keeps its cast.
    for output in graph.output:
        same.pop(output.name, None)
    for node in _nodes(graph):
        for place, name in enumerate(node.input):
            node.input[place] = same.get(name, name)


def _store_recurrent(
    model: ModelProto, parameters: Collection[str], module_of: Callable[[NodeProto], str]
) -> None:
    """Weights of recurrent layers as their nodes take them, by the names of the parameters.

    Gates stand in ONNX's order, and the two biases of a layer side by side.
    """
    layers: Counter[str] = Counter()
    for node in model.graph.node:
        if node.op_type not in _RECURRENT:
            continue
        module = module_of(node)
        layer = layers[module]
        layers[module] += 1
        for place, part in enumerate(_PARTS, 1):
            known = f"{module}.{'weight_ih' if part == 'bias' else part}_l{layer}".lstrip(".")
            if place >= len(node.input) or not node.input[place] or known not in parameters:
                continue
            values = _value(model, node.input[place])
            if values is not None:
                name = f"{module}.{part}_l{layer}".lstrip(".")
                kept = [t for t in model.graph.initializer if t.name != name]
                del model.graph.initializer[:]
                model.graph.initializer.extend([*kept, arrays.from_array(values, name)])
                node.input[place] = name


def _value(model: ModelProto, name: str) -> np.ndarray | None:
    """A tensor that is computed from stored ones alone."""
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    makers = {output: node for node in model.graph.node for output in node.output}
    needed: dict[int, NodeProto] = {}
    leaves: dict[str, TensorProto] = {}
    pending = [name]
    while pending:
        wanted = pending.pop()
        if wanted in stored:
            leaves[wanted] = stored[wanted]
        elif wanted in makers:
            node = makers[wanted]
            if id(node) not in needed:
                needed[id(node)] = node
                pending += [inner for inner in node.input if inner]
        else:
            return None  # it depends on the model's inputs
    nodes = [node for node in model.graph.node if id(node) in needed]
    output = ValueInfoProto(name=name)
    graph = helper.make_graph(nodes, "weights", [], [output], list(leaves.values()))
    part = helper.make_model(graph, opset_imports=list(model.opset_import))
    from onnx.reference import ReferenceEvaluator  # noqa: PLC0415 (slow to import, rarely needed)

    (found,) = ReferenceEvaluator(part).run(None, {})
    return np.asarray(found)


def _drop_zero_biases(graph: GraphProto, parameters: Collection[str]) -> None:
    """torch's newer exporter gives a convolution without bias one of zeros."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        place = _BIASED.get(node.op_type)
        if place is None or len(node.input) <= place or node.input[place] in parameters:
            continue
        tensor = stored.get(node.input[place])
        if tensor is not None and not arrays.to_array(tensor).any():
            del node.input[place:]


def _compute_constants(graph: GraphProto, parameters: Collection[str]) -> None:
    """Scales of ones and shifts of zeros that a norm of ONNX needs and the module has not.

    They are computed in the graph, so that no reader counts them as trained.
    """
    stored = {tensor.name: tensor for tensor in graph.initializer}
    stored |= {
        node.output[0]: attribute.t
        for node in graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value"
    }
    made: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        for name in node.input[1:3] if node.op_type in _NORMS else ():
            tensor = stored.get(name)
            if tensor is None or name in parameters or name in made:
                continue
            values = arrays.to_array(tensor)
            if values.ndim == 1 and values.size and (values == values[0]).all():
                shape = helper.make_node(
                    "Constant", [], [f"{name}_shape"], f"{name}_shape",
                    value=arrays.from_array(np.array(values.shape, np.int64)),
                )  # fmt: skip
                fill = helper.make_node(
                    "ConstantOfShape", [f"{name}_shape"], [name], name,
                    value=arrays.from_array(values[:1]),
                )  # fmt: skip
                made[name] = [shape, fill]
    if made:
        kept = [node for node in graph.node if not set(node.output) & set(made)]
        tensors = [tensor for tensor in graph.initializer if tensor.name not in made]
        del graph.node[:]
        del graph.initializer[:]
        graph.node.extend([*(new for pair in made.values() for new in pair), *kept])
        graph.initializer.extend(tensors)


def _drop_unused(graph: GraphProto) -> None:
    """Nodes and stored tensors that nothing depends on any more."""
    used = {value.name for value in graph.output}
    kept: list[NodeProto] = []
    for node in reversed(graph.node):
        if used & set(node.output):
            kept.append(node)
            used |= set(node.input)
            for inner in _inside(node):
                used |= {name for one in _nodes(inner) for name in one.input}
                used |= {value.name for value in inner.output}
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:]
    del graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(tensors)


def _nodes(graph: GraphProto) -> Iterator[NodeProto]:
    for node in graph.node:
        yield node
        for inner in _inside(node):
            yield from _nodes(inner)


def _inside(node: NodeProto) -> Iterator[GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs
