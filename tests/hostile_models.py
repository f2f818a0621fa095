"""Models that are built to hurt: they promise more than their files hold, or never end."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tiny_models
from onnx import (
    GraphProto,
    ModelProto,
    NodeProto,
    SparseTensorProto,
    TensorProto,
    helper,
    numpy_helper,
)


def hostile() -> Mapping[str, Callable[[Path], Path]]:
    """Named ways to write a model file into a folder that promises more than it holds."""
    return {
        "a shape of 2^60 without data": lambda f: _saved(f, _with(dims=[2**30, 2**30])),
        "a shape that overflows": lambda f: _saved(f, _with(dims=[2**62, 2**62, 2**62])),
        "a negative side": lambda f: _saved(f, _with(dims=[-3, -7])),
        "a side of zero": lambda f: _saved(f, _with(dims=[0, 2**62], raw=b"")),
        "a thousand sides": lambda f: _saved(f, _with(dims=[1] * 1_000, raw=b"\0\0\0\0")),
        "a sparse tensor of 2^60": lambda f: _saved(f, _sparse([2**30, 2**30], [0, 1])),
        "places of a sparse tensor beyond it": lambda f: _saved(f, _sparse([2, 2], [3, 2**62])),
        "a graph in a circle": lambda f: _saved(f, _circle()),
        "a node of its own output": lambda f: _saved(f, _own_output()),
        "identities in a circle": lambda f: _saved(f, _identities()),
        "graphs in graphs": lambda f: _saved(f, _nested(30)),
        "graphs deeper than protobuf reads": lambda f: _written(f, _too_deep()),
        "functions that call each other": lambda f: _saved(f, _functions()),
        "ten thousand nodes": lambda f: _saved(f, _chain(10_000)),
        "one tensor of ten thousand uses": lambda f: _saved(f, _fan(10_000)),
        "outputs without end": lambda f: _saved(f, _outputs(20_000)),
        "external data far beyond its file": lambda f: _external(f, offset=2**40, length=16),
        "external data of a huge length": lambda f: _external(f, offset=0, length=2**62),
        "external data before its file": lambda f: _external(f, offset=-8, length=16),
        "external data of no number": lambda f: _external(f, offset="x", length="y"),
        "external data elsewhere": lambda f: _external(f, location="/etc/passwd"),
        "external data above": lambda f: _external(f, location="../../../etc/passwd"),
        "external data behind a link": _linked,
        "external data that is a pipe": _pipe,
        "external data that is a folder": lambda f: _external(f, location="."),
        "external data that is the model": lambda f: _external(f, location="model.onnx"),
        "a string where numbers are meant": lambda f: _saved(f, _with(kind=TensorProto.STRING)),
        "a type that is none": lambda f: _saved(f, _with(kind=117)),
        "names of a megabyte": lambda f: _saved(f, _named("n" * 1_000_000)),
        "quantized along no axis": lambda f: _saved(f, _quantized(axis=99)),
        "blocks of no size": lambda f: _saved(f, _quantized(scales=0)),
        "scales that do not fit": lambda f: _saved(f, _quantized(scales=5)),
    }


def _saved(folder: Path, model: ModelProto) -> Path:
    return _written(folder, model.SerializeToString())


def _written(folder: Path, content: bytes) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(content)
    return path


def _graph(*nodes: NodeProto, weights: tuple[TensorProto, ...] = ()) -> ModelProto:
    image = tiny_models.value("image", ["batch", 1, 4, 4], TensorProto.FLOAT)
    result = tiny_models.value("logits", None, TensorProto.FLOAT)
    return tiny_models.finished(helper.make_graph(nodes, "g", [image], [result], list(weights)))


def _with(
    dims: list[int] | None = None, kind: int = TensorProto.FLOAT, raw: bytes = b"\0" * 16
) -> ModelProto:
    weight = TensorProto(name="w", data_type=kind, dims=dims or [2, 2], raw_data=raw)
    return _graph(helper.make_node("MatMul", ["image", "w"], ["logits"]), weights=(weight,))


def _sparse(dims: list[int], places: list[int]) -> ModelProto:
    tensor = SparseTensorProto(
        values=numpy_helper.from_array(np.ones(len(places), np.float32), "w"),
        indices=numpy_helper.from_array(np.array(places), "places"),
        dims=dims,
    )
    model = _graph(helper.make_node("MatMul", ["image", "w"], ["logits"]))
    model.graph.sparse_initializer.append(tensor)
    return model


def _circle() -> ModelProto:
    return _graph(
        helper.make_node("Add", ["image", "b"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "a"], ["logits"]),
    )


def _own_output() -> ModelProto:
    return _graph(helper.make_node("Conv", ["logits", "logits"], ["logits"]))


def _identities() -> ModelProto:
    names = ["w", "v", "u"]
    nodes = [
        helper.make_node("Identity", [a], [b])
        for a, b in zip(names, [*names[1:], "w"], strict=True)
    ]
    weight = numpy_helper.from_array(np.ones((2, 2), np.float32), "w")
    return _graph(*nodes, helper.make_node("MatMul", ["image", "u"], ["logits"]), weights=(weight,))


def _nested(levels: int) -> ModelProto:
    node = helper.make_node("MatMul", ["image", "w"], ["logits"])
    for _ in range(levels):
        inner = GraphProto(name="inner", node=[node])
        node = (
            helper.make_node("If", ["c"], ["logits"], then_branch=inner, else_branch=inner)
            if levels < 10
            else helper.make_node("Loop", ["n", "c"], ["logits"], body=inner)
        )
    return _graph(node)


def _too_deep() -> bytes:
    """Groups of length-delimited graphs, each of one node with one graph, far beyond any limit."""
    content = b""
    for _ in range(3_000):
        for tag in (b"\x32", b"\x2a", b"\x0a"):  # attribute.g, node.attribute, graph.node
            content = tag + _varint(len(content)) + content
    return b"\x3a" + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def _functions() -> ModelProto:
    model = _graph(helper.make_node("f", ["image"], ["logits"], domain="own"))
    for name, other in (("f", "g"), ("g", "f")):
        call = helper.make_node(other, ["x"], ["y"], domain="own")
        opset = [helper.make_opsetid("own", 1)]
        model.functions.append(helper.make_function("own", name, ["x"], ["y"], [call], opset))
    model.opset_import.add(domain="own", version=1)
    return model


def _chain(count: int) -> ModelProto:
    names = ["image", *(f"t{i}" for i in range(count)), "logits"]
    return _graph(*(helper.make_node("Relu", [a], [b]) for a, b in itertools.pairwise(names)))


def _fan(count: int) -> ModelProto:
    weight = numpy_helper.from_array(np.ones((4, 4), np.float32), "w")
    nodes = [helper.make_node("MatMul", ["image", "w"], [f"t{i}"]) for i in range(count)]
    return _graph(*nodes, helper.make_node("Relu", ["t0"], ["logits"]), weights=(weight,))


def _outputs(count: int) -> ModelProto:
    names = [f"t{i}" for i in range(count)]
    return _graph(
        helper.make_node("Split", ["image"], names), helper.make_node("Relu", ["t0"], ["logits"])
    )


def _named(name: str) -> ModelProto:
    weight = numpy_helper.from_array(np.ones((4, 4), np.float32), name)
    return _graph(
        helper.make_node("MatMul", ["image", name], ["logits"], name=name), weights=(weight,)
    )


def _quantized(axis: int = 0, scales: int = 2) -> ModelProto:
    parts = (
        numpy_helper.from_array(np.ones((2, 3), np.int8), "w"),
        numpy_helper.from_array(np.ones(scales, np.float32), "s"),
    )
    return _graph(
        helper.make_node("DequantizeLinear", ["w", "s"], ["d"], axis=axis, block_size=0),
        helper.make_node("MatMul", ["image", "d"], ["logits"]),
        weights=parts,
    )


def _external(folder: Path, location: str = "data.bin", **entries: object) -> Path:
    (folder / "data.bin").write_bytes(bytes(64))
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4, 4])
    weight.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        weight.external_data.add(key=key, value=str(value))
    product = helper.make_node("MatMul", ["image", "w"], ["logits"])
    return _saved(folder, _graph(product, weights=(weight,)))


def _linked(folder: Path) -> Path:
    (folder / "link.bin").symlink_to("/etc/passwd")
    return _external(folder, location="link.bin")


def _pipe(folder: Path) -> Path:
    import os

    os.mkfifo(folder / "pipe.bin")
    return _external(folder, location="pipe.bin")
