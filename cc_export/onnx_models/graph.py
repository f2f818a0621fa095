"""A model's graph, indexed: who makes and who uses each tensor."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

from cc_export.onnx_models.flat import Flat, flatten
from cc_export.onnx_models.sparse import Sparse, outline, sparse
from cc_export.onnx_models.stored import Files, Stored, stored

# A tensor passes through these unchanged in meaning; its real user is behind them.
TRANSPARENT = frozenset(
    {
        "DequantizeLinear", "QuantizeLinear", "Cast", "CastLike", "Identity", "Transpose",
        "Reshape", "Squeeze", "Unsqueeze", "Flatten",
    }
)  # fmt: skip
# Behind these are parts of a tensor, or the whole of it among other values.
_PARTS = frozenset({"Slice", "Split", "Pad"})


@dataclass(frozen=True, slots=True)
class Use:
    """A node and the place among its inputs at which it takes a tensor.

    ``turned``: it takes the tensor's transpose. ``part``: it takes a part of it.
    """

    node: NodeProto
    place: int
    turned: bool = False
    part: bool = False


class Graph:
    """Initializers (and constants in nodes) by name, producers and uses of every tensor.

    Of the graph alone; with ``flat`` (of ``flatten``) also of what is inside its nodes.
    """

    def __init__(
        self, graph: GraphProto, path: Path | None = None, flat: Flat | None = None
    ) -> None:
        self.files = Files(path)
        self.flat = flat or Flat(
            list(graph.node),
            {tensor.name: tensor for tensor in graph.initializer},
            {tensor.values.name: tensor for tensor in graph.sparse_initializer},
        )
        self.nodes = tuple(self.flat.nodes)
        self.outputs = tuple(value.name for value in graph.output)
        self.inputs = tuple(value.name for value in graph.input)
        self.constants = dict(self.flat.constants)
        self.sparse = dict(self.flat.sparse)
        self.constants |= {name: outline(one, name) for name, one in self.sparse.items()}
        self.producers: dict[str, NodeProto] = {}
        self.uses: dict[str, list[Use]] = defaultdict(list)
        self._same: dict[str, str] = {}
        takers = Counter(name for node in self.nodes for name in node.input)
        takers.update(link.input[0] for link in self.flat.links)
        for node in self.nodes:
            if node.op_type == "Constant":
                value, held = _constant(node), attribute(node, "sparse_value")
                if held is not None:
                    self.sparse[node.output[0]] = held.sparse_tensor
                    value = outline(held.sparse_tensor, node.output[0])
                if value is not None:
                    self.constants[node.output[0]] = value
            elif node.op_type == "Identity" and node.input and node.input[0] in self.constants:
                # torch's exporter stores equal tensors once; the copy is a tensor of its own.
                self.constants[node.output[0]] = self.constants[node.input[0]]
                if node.input[0] in self.sparse:
                    self.sparse[node.output[0]] = self.sparse[node.input[0]]
                if takers[node.input[0]] == 1:
                    self._same[node.output[0]] = self.stored_as(node.input[0])
                continue
            for name in node.output:
                self.producers[name] = node
            self._take(node)
        for link in self.flat.links:
            self._take(link)

    def _take(self, node: NodeProto) -> None:
        for place, name in enumerate(node.input):
            if name:
                self.uses[self.stored_as(name)].append(Use(node, place))

    def stored_as(self, name: str) -> str:
        """The name of the one tensor that an Identity only gives another name."""
        return self._same.get(name, name)

    def in_file(self, name: str) -> str:
        """A tensor's name as it stands in the file, where others inside nodes may have it, too."""
        return self.flat.in_file.get(name, name)

    @cached_property
    def fixed(self) -> frozenset[str]:
        """Tensors that are stored, or computed from nothing but what is stored."""
        found = set(self.constants)
        for node in self.nodes:
            inner = any(held.HasField("g") or held.graphs for held in node.attribute)
            if node.input and not inner and found.issuperset(filter(None, node.input)):
                found.update(filter(None, node.output))
        return frozenset(found)

    def values(self, name: str) -> NDArray[np.generic]:
        """The values of a constant, in its shape.

        Raises:
            ModelError: they cannot be read.
        """
        return self.numbers(name).whole()

    def numbers(self, name: str) -> Stored | Sparse:
        """Where the numbers of a constant are.

        Raises:
            ModelError: their place or type is unknown.
        """
        if name in self.sparse:
            return sparse(self.sparse[name], self.files)
        return stored(self.constants[name], self.files)

    def is_cast(self, name: str) -> bool:
        """Whether a tensor is made into numbers of another type."""
        return any(use.node.op_type == "Cast" for use in self.uses.get(name, ()))

    def real_uses(self, name: str, turned: bool = False) -> list[Use]:
        """Uses of a tensor and of its parts, seen through casts, shapes and (de)quantization.

        ``turned``: the tensor itself is the transpose of what is asked for.
        """
        found: list[Use] = []
        pending, seen = [(name, turned, False)], {name}
        while pending:
            current, turned, part = pending.pop()
            for use in self.uses.get(current, ()):
                through, cut = use.node.op_type in TRANSPARENT, use.node.op_type in _PARTS
                if use.place > 0 or not (through or cut):
                    as_it_is = (use.turned, use.part) == (turned, part)
                    found.append(use if as_it_is else replace(use, turned=turned, part=part))
                    continue
                after = turned != (use.node.op_type == "Transpose")
                for output in use.node.output:
                    if output not in seen:
                        seen.add(output)
                        pending.append((output, after, part or cut))
        return found


def whole_graph(model: ModelProto, path: Path | None = None) -> Graph:
    """A model's graph with what is inside nodes and functions; ``path`` is the model's file.

    Raises:
        ModelError: its functions call themselves.
    """
    return Graph(model.graph, path, flatten(model))


def _constant(node: NodeProto) -> TensorProto | None:
    """The numbers of a Constant node, however it spells them."""
    found = TensorProto(name=node.output[0])
    for held in node.attribute:
        if held.name == "value" and held.HasField("t"):
            return held.t
        if held.name in ("value_float", "value_floats"):
            found.data_type = TensorProto.FLOAT
            found.float_data.extend(held.floats if held.name == "value_floats" else [held.f])
            found.dims.extend([len(held.floats)] if held.name == "value_floats" else [])
            return found
        if held.name == "value_ints":
            found.data_type = TensorProto.INT64
            found.int64_data.extend(held.ints)
            found.dims.append(len(held.ints))
            return found
    return None


def attribute(node: NodeProto, name: str) -> AttributeProto | None:
    """The node's attribute of that name, None when it has none."""
    return next((a for a in node.attribute if a.name == name), None)


# What torch's exporter names an output: /stage1/conv1/Conv_output_0
_OUTPUT = re.compile(r"_output_\d+$")
_REPEATED = re.compile(r"_\d+$")
# What onnxruntime's quantizers append to names.
_QUANTIZED = (
    "_quantized", "_quant", "_DequantizeLinear_Output", "_QuantizeLinear_Output", "_scaled_output",
    "_output_scaled", "_output_quantized", "_matmul", "_scale", "_zero_point",
    "_QuantizeLinear_Input", "_Transposed", "_DQ", "_Q2", "_Q4", "_Q8", "_bnb4", "_Bnb4",
)  # fmt: skip
# How much of a name's end they are looked for in: no tool appends more, and a file may try.
_LONGEST_END = 1024
# What onnxruntime puts before the name of a weight that took in the next node.
_FOLDED = re.compile(r"^Conv\w+Fusion_W_")


def module_path(name: str) -> str:
    """The module that a node or tensor name of the form ``/stage1/conv1/Conv`` speaks of.

    ``stage1.conv1`` there; the name itself when it has no such form.
    """
    bare = _OUTPUT.sub("", without_endings(name, _QUANTIZED))
    parts = [part for part in bare.split("/") if part]
    if not bare.startswith("/") or not parts:
        return bare
    # torch writes /stage1/stage1.0/conv for a module inside a Sequential: keep the longer name.
    path: list[str] = []
    for part in parts[:-1]:
        if path and part.startswith(f"{path[-1]}."):
            path[-1] = part
        else:
            path.append(part)
    return ".".join(path) if path else _REPEATED.sub("", parts[-1])


def without_quantization(name: str) -> str:
    """A tensor's name before tools added to it: ``fc.weight_quantized`` → ``fc.weight``."""
    return _FOLDED.sub("", without_endings(name, _QUANTIZED))


def without_endings(name: str, endings: tuple[str, ...]) -> str:
    """A name without as many of the endings as can stand one after another at its end."""
    if not name.endswith(endings):
        return name
    floor, found, pending = max(len(name) - _LONGEST_END, 0), {len(name)}, [len(name)]
    while pending:
        end = pending.pop()
        for ending in endings:
            start = end - len(ending)
            if start >= floor and start not in found and name.endswith(ending, floor, end):
                found.add(start)
                pending.append(start)
    return name[: min(found)]
