"""Damage for untrusted files: study texts and ONNX models, each case made from a seed alone."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tiny_models
import tiny_study
import yaml
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from onnx import ModelProto, TensorProto, helper, numpy_helper

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
