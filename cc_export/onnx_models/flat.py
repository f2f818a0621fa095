"""A model's nodes in one list: those of its graph, of graphs inside nodes and of its functions."""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from onnx import (
    AttributeProto,
    FunctionProto,
    GraphProto,
    ModelProto,
    NodeProto,
    SparseTensorProto,
    TensorProto,
)

from cc_export.errors import ModelError

# Domains whose operators are known: a function of the same name only says the same in other words.
KNOWN_DOMAINS = frozenset(
    {
        "", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc",
        "com.ms.internal.nhwc",
    }
)  # fmt: skip
# Functions may call functions: how deep, and into how many nodes calls are followed.
_MOST_CALLS, _MOST_NODES = 64, 200_000
# Names of a graph, and of those around it, as they are in the list.
Names = ChainMap[str, str]


@dataclass(frozen=True, slots=True)
class Inside:
    """Where an inner node is: in the graph that ``node`` has as ``branch``, or in the function that
    it calls, where ``branch`` is empty. ``outer``: where that node is itself, None in the graph."""

    node: NodeProto
    branch: str
    outer: Inside | None = None


@dataclass(frozen=True, slots=True)
class Flat:
    """All nodes, in order. Inner ones are copies, under names that are one tensor's alone.

    ``constants`` are the initializers of all graphs. ``links`` are an Identity for each result of a
    branch, which is one of its node's. ``inside`` knows where an inner node is, by its first
    output. ``in_file`` are the names that had to be changed, as they were. ``slices`` are the
    tensors of which an inner graph gets one slice after another. ``opset`` is that of the standard
    operators.
    """

    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, TensorProto] = field(default_factory=dict)
    sparse: dict[str, SparseTensorProto] = field(default_factory=dict)
    links: list[NodeProto] = field(default_factory=list)
    inside: dict[str, Inside] = field(default_factory=dict)
    in_file: dict[str, str] = field(default_factory=dict)
    slices: set[str] = field(default_factory=set)
    opset: int = 1


def flatten(model: ModelProto) -> Flat:
    """The model without graphs inside nodes, and without calls of its own functions.

    What runs several times stands there once; a tensor stored in a function is one tensor, however
    often that is called.

    Raises:
        ModelError: functions call themselves, or each other without reasonable end.
    """
    return _Flattening(model).flat


@dataclass(frozen=True, slots=True)
class _Place:
    """Where nodes are copied from: inside what, and of which function's call, if of any.

    ``path`` tells the graphs of one function apart.
    """

    inside: Inside
    function: FunctionProto | None = None
    call: NodeProto | None = None
    path: tuple[str, ...] = ()


class _Flattening:
    def __init__(self, model: ModelProto) -> None:
        standard = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
        self.flat = Flat(opset=max(standard, default=1))
        self._functions = {
            (function.domain, function.name, function.overload): function
            for function in model.functions
            if function.domain not in KNOWN_DOMAINS
        }
        self._calls: list[tuple[str, str, str]] = []
        self._called = 0
        # What functions store, which all calls share.
        self._shared: dict[tuple[str, ...], str] = {}
        graph = model.graph
        self._numbers: defaultdict[str, int] = defaultdict(lambda: 2)
        self._taken = {tensor.name for tensor in graph.initializer}
        self._taken.update(value.name for value in graph.input)
        self._taken.update(name for node in graph.node for name in node.output)
        self._store(graph, ChainMap())
        for node in graph.node:
            self._add(node, node, ChainMap(), None)

    def _store(self, graph: GraphProto, names: Names) -> None:
        for tensor in graph.initializer:
            self.flat.constants[names.get(tensor.name, tensor.name)] = tensor
        for sparse in graph.sparse_initializer:
            name = sparse.values.name
            self.flat.sparse[names.get(name, name)] = sparse

    def _add(self, node: NodeProto, given: NodeProto, names: Names, place: _Place | None) -> None:
        """A node in the names of the list, and what is inside it; ``given`` is that of the file."""
        function = self._functions.get((node.domain, node.op_type, node.overload))
        if function is not None:
            self._call(node, function, place.inside if place else None)
            return
        self.flat.nodes.append(node)
        for held in sorted(given.attribute, key=lambda held: held.name == "else_branch"):
            for graph in (*([held.g] if held.HasField("g") else []), *held.graphs):
                inside = Inside(node, held.name, place.inside if place else None)
                path = (*place.path, given.output[0], held.name) if place else ()
                inner = replace(place, inside=inside, path=path) if place else _Place(inside)
                self._enter(graph, names, inner)

    def _enter(self, graph: GraphProto, names: Names, place: _Place) -> None:
        """Into a graph inside a node, which sees the names around it."""
        node, own = place.inside.node, names.new_child()
        own.update(_taken_over(node, graph))
        own.update(self._sliced(node, graph))
        for value in graph.input:
            if value.name not in own.maps[0]:
                own[value.name] = self._fresh(value.name)
        for tensor in (*graph.initializer, *(s.values for s in graph.sparse_initializer)):
            own[tensor.name] = self._stored_as(tensor.name, place)
        self._store(graph, own)
        self._copy(graph.node, own, place)
        if node.op_type == "If":
            for value, output in zip(graph.output, node.output, strict=False):
                source = own.get(value.name, value.name)
                link = NodeProto(op_type="Identity", input=[source], output=[output])
                self.flat.links.append(link)

    def _sliced(self, node: NodeProto, graph: GraphProto) -> Iterator[tuple[str, str]]:
        """Stored tensors that a Scan takes slice by slice, along their first axis."""
        given = {held.name: held for held in node.attribute}
        count = given["num_scan_inputs"].i if "num_scan_inputs" in given else 0
        if node.op_type != "Scan" or not 0 < count <= min(len(node.input), len(graph.input)):
            return
        axes = given["scan_input_axes"].ints if "scan_input_axes" in given else [0] * count
        scanned = zip(node.input[-count:], graph.input[-count:], axes, strict=False)
        for outer, value, axis in scanned:
            if outer in self.flat.constants and not axis:
                self.flat.slices.add(outer)
                yield value.name, outer

    def _call(self, node: NodeProto, function: FunctionProto, outer: Inside | None) -> None:
        key = (function.domain, function.name, function.overload)
        if key in self._calls or len(self._calls) >= _MOST_CALLS:
            raise ModelError(
                f"the file's own function {function.name[:60]!r} calls itself, or is called by too "
                "many others",
                "Export the model without functions.",
            )
        self._called += len(function.node)
        if self._called > _MOST_NODES:
            raise ModelError(
                "the file's own functions call each other so often that they have more than "
                f"{_MOST_NODES:,} nodes",
                "Export the model without functions.",
            )
        # Nothing of what is around a call is seen inside.
        names: Names = ChainMap(dict.fromkeys(function.input, ""))
        names.update(zip(function.input, node.input, strict=False))
        names.update(zip(function.output, node.output, strict=False))
        self._calls.append(key)
        self._copy(function.node, names, _Place(Inside(node, "", outer), function, node))
        self._calls.pop()

    def _copy(self, nodes: Iterable[NodeProto], names: Names, place: _Place) -> None:
        for node in nodes:
            held = [a for a in node.attribute if not a.HasField("g") and not a.graphs]
            output = node.output[0]
            fixed = node.op_type == "Constant" and not any(a.ref_attr_name for a in held)
            if fixed and output not in names.maps[0]:
                known = self._share(output, place) in self._shared
                names[output] = self._stored_as(output, place)
                if known:
                    continue
            elif place.function is not None and place.call is not None:
                held = list(_filled(held, place.function, place.call))
            for name in node.output:
                if name and name not in names.maps[0]:
                    names[name] = self._fresh(name)
            copy = NodeProto(
                op_type=node.op_type,
                domain=node.domain,
                overload=node.overload,
                name=node.name or output,
            )
            copy.input.extend(names.get(name, name) for name in node.input)
            copy.output.extend(names.get(name, name) for name in node.output)
            copy.attribute.extend(held)
            copy.metadata_props.extend(node.metadata_props)
            self.flat.inside[copy.output[0]] = place.inside
            self._add(copy, node, names, place)

    def _stored_as(self, name: str, place: _Place) -> str:
        """The name of a tensor that an inner graph stores; that of a function is the same in all
        its calls."""
        key = self._share(name, place)
        if key is None:
            return self._fresh(name)
        if key not in self._shared:
            self._shared[key] = self._fresh(name)
        return self._shared[key]

    def _share(self, name: str, place: _Place) -> tuple[str, ...] | None:
        function = place.function
        if function is None:
            return None
        return (function.domain, function.name, function.overload, *place.path, name)

    def _fresh(self, name: str) -> str:
        """The name, or one that nothing else has."""
        found = name
        while found in self._taken:
            found = f"{name} ({self._numbers[name]})"
            self._numbers[name] += 1
        self._taken.add(found)
        if found != name:
            self.flat.in_file[found] = name
        return found


def _taken_over(node: NodeProto, graph: GraphProto) -> Iterator[tuple[str, str]]:
    """Inputs of a graph that are the same in each run: (own name, name around it)."""
    inputs = [value.name for value in graph.input]
    outputs = [value.name for value in graph.output]
    if node.op_type == "Loop":
        # An iteration's number, a condition, then what goes round.
        rounds = zip(node.input[2:], inputs[2:], outputs[1:], strict=False)
    elif node.op_type == "Scan":
        rounds = zip(node.input, inputs, outputs, strict=False)
    else:
        return
    copies = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "Identity" and n.input}
    for outer, value, result in rounds:
        if outer and value == copies.get(result, result):
            yield value, outer


def _filled(
    held: Iterable[AttributeProto], function: FunctionProto, call: NodeProto
) -> Iterator[AttributeProto]:
    """Attributes of a node in a function, those that the call gives being filled in."""
    given = {a.name: a for a in (*function.attribute_proto, *call.attribute)}
    for attribute in held:
        if not attribute.ref_attr_name:
            yield attribute
        elif attribute.ref_attr_name in given:
            filled = AttributeProto()
            filled.CopyFrom(given[attribute.ref_attr_name])
            filled.name = attribute.name
            yield filled
