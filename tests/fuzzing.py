"""Damage for untrusted files: study texts and ONNX models, each case made from a seed alone."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tiny_models
import tiny_study
import yaml
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

BASE = tiny_models.weights()
_NUMBERS = (0, 1, -1, 2, 7, 255, 2**16, 2**31 - 1, 2**40, 2**62, 2**63 - 1, -(2**63))
_TEXTS = (
    "",
    "\0",
    "x" * 5_000,
    "../../etc/passwd",
    "/etc/passwd",
    "location",
    "é\u202e\n",
    "ai.onnx",
)
# --- study files -----------------------------------------------------------------------------

_PIECES = (
    b"[" * 500, b"&a [*a]", b"*b", b"!!x ", b"!!python/object/apply:os.system [id]", b"\x00",
    b"\xff",
    b"{", b": ", b"- ", b"\t", b".nan", b"9" * 4_500, b"'", b'"\\ud800"', b"---\n", b"null", b"[]",
    b"~", b"1e999", b"<<: *a", b"\xef\xbb\xbf", b"\r", b"? ", b"|2\n", b"%YAML 9.9\n", b"0x", b"= ",
)  # fmt: skip


def study_texts() -> Mapping[str, bytes]:
    """One study in every format, by file name."""
    values = yaml.safe_load(tiny_study.STUDY)
    plain = json.loads(json.dumps(values).replace("Infinity", "1").replace("NaN", "1"))
    return {
        "study.yaml": tiny_study.STUDY.encode(),
        "study.json": json.dumps(plain, indent=1).encode(),
        "study.toml": _toml(plain).encode(),
    }


def _toml(values: Mapping[str, Any]) -> str:
    """Tables of values; TOML has no null, and none stands in the study."""
    lines = [f"{k} = {_inline(v)}" for k, v in values.items() if not isinstance(v, list)]
    lines += [f"{k} = {_inline(v)}" for k, v in values.items() if isinstance(v, list)]
    return "\n".join(lines)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items())
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


def damaged_text(original: bytes, rng: random.Random) -> bytes:
    """A text with bytes flipped, cut, doubled, or replaced by what parsers trip over."""
    text = bytearray(original)
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(text) + 1), rng.randint(0, 40)
        flipped = bytes([rng.randrange(256)])
        piece = rng.choice([flipped, rng.choice(_PIECES), bytes(text[at : at + length]) * 2])
        text[at : at + rng.choice([0, 1, length])] = piece
    return bytes(text)


def damaged_values(rng: random.Random) -> bytes:
    """A study in JSON with values of the wrong kind, size or place."""
    values: Any = json.loads(study_texts()["study.json"])
    for _ in range(rng.randint(1, 5)):
        place: Any = values
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(place[key], dict | list) and rng.random() < 0.8:
                place = place[key]
                continue
            place[key] = rng.choice(
                [None, True, -1, 1e308, 2**70, "", "x" * 3_000, [], {}, [[[[]]]], {"a": {"b": 1}},
                 "\u202e", "__proto__", "models/base.onnx", "../study.json", "\0", [None] * 50]
            )  # fmt: skip
            break
    return json.dumps(values).encode()


# --- ONNX models -----------------------------------------------------------------------------


def models() -> tuple[ModelProto, ...]:
    """What is damaged: floats, halves, and several ways to store integers."""
    return (
        tiny_models.float32(BASE), tiny_models.float16(BASE), tiny_models.int8_per_channel(BASE),
        _integer_product(), _packed_product(), _odd(), _large(),
        _scaled_by_hand(), _fused_integers(),
    )  # fmt: skip


def _odd() -> ModelProto:
    """Weights in nodes, copied, turned, gathered and of a recurrent layer."""
    rows = numpy_helper.from_array(np.ones((3, 4), np.float32), "rows")
    nodes = [
        helper.make_node("Constant", [], ["c"], value=rows),
        helper.make_node("Identity", ["c"], ["i"]),
        helper.make_node("Transpose", ["i"], ["t"], perm=[1, 0]),
        helper.make_node("MatMul", ["image", "t"], ["m"]),
        helper.make_node("Gather", ["emb", "which"], ["g"]),
        helper.make_node("LSTM", ["g", "w", "r"], ["", "h"], hidden_size=2),
        helper.make_node("Add", ["m", "b"], ["logits"]),
    ]
    stored = {
        "emb": np.ones((5, 2, 4), np.float32), "which": np.zeros(2, np.int64),
        "w": np.ones((1, 8, 4), np.float32), "r": np.ones((1, 8, 2), np.float32),
        "b": np.ones(3, np.float32),
    }  # fmt: skip
    return tiny_models.Parts(nodes, stored).model()


def _large() -> ModelProto:
    """Tensors large enough to be left in the file."""
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("MatMul", ["flat", "first"], ["hidden"]),
        helper.make_node("DequantizeLinear", ["second_q", "second_s"], ["second"], axis=1),
        helper.make_node("MatMul", ["hidden", "second"], ["logits"]),
    ]
    stored = {
        "first": np.ones((16, 40), np.float32),
        "second_q": np.ones((40, 60), np.int8),
        "second_s": np.ones(60, np.float32),
    }
    return tiny_models.Parts(nodes, stored).model()


def _integer_product() -> ModelProto:
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("DynamicQuantizeLinear", ["flat"], ["q", "qs", "qz"]),
        helper.make_node("MatMulInteger", ["q", "fc.weight_quantized", "qz", "z"], ["p"]),
        helper.make_node("Cast", ["p"], ["pf"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["qs", "fc.weight_scale"], ["s"]),
        helper.make_node("Mul", ["pf", "s"], ["logits"]),
    ]
    stored = {
        "fc.weight_quantized": np.arange(48, dtype=np.int8).reshape(16, 3),
        "fc.weight_scale": np.ones((), np.float32),
        "z": np.zeros((), np.int8),
    }
    return tiny_models.Parts(nodes, stored).model()


def _scaled_by_hand() -> ModelProto:
    """Integers that take other shapes before they are scaled, in parts of a row and in blocks."""
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("Cast", ["q"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["f", "groups"], ["g"]),
        helper.make_node("Sub", ["g", "zeros"], ["c"]),
        helper.make_node("Mul", ["c", "scales"], ["s"]),
        helper.make_node("Reshape", ["s", "square"], ["w"]),
        helper.make_node("MatMul", ["flat", "w"], ["m"]),
        helper.make_node("Unsqueeze", ["p", "first"], ["u"]),
        helper.make_node("Squeeze", ["u", "first"], ["v"]),
        helper.make_node("Transpose", ["v"], ["t"], perm=[1, 0]),
        helper.make_node("DequantizeLinear", ["t", "blocks"], ["d"], axis=0, block_size=5),
        helper.make_node("MatMul", ["m", "d"], ["logits"]),
        helper.make_node("Gather", ["table", "which"], ["rows"]),
        helper.make_node("Cast", ["rows"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["each", "which"], ["factors"]),
        helper.make_node("Mul", ["numbers", "factors"], ["looked up"]),
    ]
    stored = {
        "q": np.arange(128, dtype=np.int8).reshape(16, 8), "groups": np.array([16, 2, -1]),
        "zeros": np.ones((16, 2, 1), np.float32), "scales": np.ones((16, 2, 1), np.float32),
        "square": np.array([0, 8]), "p": np.ones((3, 8), np.int8), "first": np.array([0]),
        "blocks": np.ones((2, 3), np.float32), "table": np.ones((5, 4), np.int8),
        "which": np.zeros(2, np.int64), "each": np.ones((5, 1), np.float32),
    }  # fmt: skip
    return tiny_models.Parts(nodes, stored).model()


def _fused_integers() -> ModelProto:
    """Operators of onnxruntime that take the scales of their integers beside them."""
    recurrent = ["x", "w", "r", *[""] * 5, "scale", "zero", "scale", "zero"]
    nodes = [
        helper.make_node(
            "DynamicQuantizeLSTM", recurrent, ["y"], hidden_size=2, domain="com.microsoft"
        ),
        helper.make_node(
            "QAttention", ["y", "a", "b", "one", "columns", "", "", "zero"], ["z"], num_heads=1,
            domain="com.microsoft",
        ),
        helper.make_node(
            "MatMulBnb4", ["z", "coded", "columns"], ["more"], K=6, N=8, block_size=8,
            quant_type=1, domain="com.microsoft",
        ),
        helper.make_node(
            "GatherBlockQuantized", ["table", "which", "blocks"], ["logits"],
            domain="com.microsoft", block_size=16, quantize_axis=1,
        ),
    ]  # fmt: skip
    stored = {
        "w": np.ones((1, 5, 8), np.int8), "r": np.ones((1, 2, 8), np.int8),
        "scale": np.ones((1, 8), np.float32), "zero": np.zeros(1, np.int8),
        "a": np.ones((2, 6), np.int8), "b": np.ones(6, np.float32), "one": np.float32(1),
        "columns": np.ones(6, np.float32), "table": np.ones((4, 20), np.uint8),
        "which": np.zeros(2, np.int64), "blocks": np.ones((4, 3), np.float32),
        "coded": np.full(24, 0x3C, np.uint8),
    }  # fmt: skip
    return tiny_models.Parts(nodes, {n: np.asarray(a) for n, a in stored.items()}).model()


def _packed_product() -> ModelProto:
    product = helper.make_node(
        "MatMulNBits", ["flat", "fc.w_Q4", "fc.w_scales"], ["logits"],
        domain="com.microsoft", K=16, N=3, bits=4, block_size=16,
    )  # fmt: skip
    nodes = [helper.make_node("Flatten", ["image"], ["flat"]), product]
    stored = {"fc.w_Q4": np.full((3, 1, 8), 0x7A, np.uint8), "fc.w_scales": np.ones(3, np.float32)}
    model = tiny_models.Parts(nodes, stored).model()
    model.opset_import.add(domain="com.microsoft", version=1)
    return model


def damaged_bytes(content: bytes, rng: random.Random) -> bytes:
    """A file cut, or with some bytes flipped, left out or put in."""
    if rng.random() < 0.1:
        return content[: rng.randrange(len(content))]
    text = bytearray(content)
    # Most keep the length, for a file whose lengths are wrong is not even looked into.
    for _ in range(rng.randint(1, 3)):
        at, size = rng.randrange(len(text)), rng.choice([1, 1, 4])
        kept = size if rng.random() < 0.8 else rng.choice([0, 8])
        text[at : at + kept] = rng.randbytes(size)
    return bytes(text)


def damaged_fields(model: ModelProto, rng: random.Random) -> bytes:
    """A well-formed file whose fields say what no exporter writes."""
    changed = ModelProto()
    changed.CopyFrom(model)
    names = [name for node in model.graph.node for name in (*node.input, *node.output)]
    for _ in range(rng.randint(1, 4)):
        places = list(_fields(changed))
        _change(*rng.choice(places), names, rng)
    return changed.SerializeToString()


def _fields(message: Message) -> Iterator[tuple[Message, FieldDescriptor]]:
    for field, value in message.ListFields():
        yield message, field
        if field.message_type is not None:
            for inner in value if _repeated(field) else [value]:
                yield from _fields(inner)


def _repeated(field: FieldDescriptor) -> bool:
    return bool(field.is_repeated)


def _change(message: Message, field: FieldDescriptor, names: list[str], rng: random.Random) -> None:
    values = getattr(message, field.name)
    if not _repeated(field):
        if field.message_type is None:
            setattr(message, field.name, _other(field, values, names, rng))
        else:
            message.ClearField(field.name)
        return
    kind = rng.randrange(4)
    at = rng.randrange(len(values))
    if kind == 0:
        del values[at]
    elif kind == 1:
        values.extend([values[at]] * rng.choice([1, 1, 3, 300]))
    elif kind == 2 or field.message_type is not None:
        shuffled = list(values)
        rng.shuffle(shuffled)
        copies = [type(v).FromString(v.SerializeToString()) if field.message_type else v
                  for v in shuffled]  # fmt: skip
        del values[:]
        values.extend(copies)
    else:
        values[at] = _other(field, values[at], names, rng)


def _other(field: FieldDescriptor, old: Any, names: list[str], rng: random.Random) -> Any:
    if (
        field.cpp_type == FieldDescriptor.CPPTYPE_STRING
        and field.type == FieldDescriptor.TYPE_BYTES
    ):
        return rng.choice([b"", old[:-1], old * 3, rng.randbytes(40), old[: len(old) // 2]])
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return rng.choice([*_TEXTS, *names])
    if field.cpp_type in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        return rng.choice([0.0, -1.0, float("nan"), float("inf"), 1e30])
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        return rng.choice([value.number for value in field.enum_type.values])
    if field.cpp_type == FieldDescriptor.CPPTYPE_INT32:
        return rng.choice([0, 1, 2, 6, 7, 8, 10, 16, 17, 21, 22, 23, 99, -1, 2**31 - 1])
    return rng.choice(_NUMBERS)


# --- models that are built to hurt -----------------------------------------------------------


def hostile() -> Mapping[str, Callable[[Path], Path]]:
    """Named ways to write a model file into a folder that promises more than it holds."""
    return {
        "a shape of 2^60 without data": lambda f: _saved(f, _with(dims=[2**30, 2**30])),
        "a shape that overflows": lambda f: _saved(f, _with(dims=[2**62, 2**62, 2**62])),
        "a negative side": lambda f: _saved(f, _with(dims=[-3, -7])),
        "a side of zero": lambda f: _saved(f, _with(dims=[0, 2**62], raw=b"")),
        "a thousand sides": lambda f: _saved(f, _with(dims=[1] * 1_000, raw=b"\0\0\0\0")),
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


__all__ = [
    "damaged_bytes", "damaged_fields", "damaged_text", "damaged_values", "hostile", "models",
    "onnx", "study_texts",
]  # fmt: skip
