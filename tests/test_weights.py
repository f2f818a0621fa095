"""The weights of a model, found and dequantized whatever form they are stored in."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import tiny_models
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    quantize_dynamic,
    quantize_static,
)
from tiny_models import Array

from cc_export.errors import ModelError
from cc_export.onnx_models.quantization import Quantization, dequantize
from cc_export.onnx_models.read import read_model
from cc_export.onnx_models.weights import Weight, weights

BASE = tiny_models.weights()


class Images(CalibrationDataReader):
    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        self._images = iter([{"image": rng.random((1, 1, 4, 4), np.float32)} for _ in range(4)])

    def get_next(self) -> dict[str, Array] | None:
        return next(self._images, None)


def quantized(folder: Path, kind: str) -> Path:
    source, target = folder / "float.onnx", folder / f"{kind}.onnx"
    source.write_bytes(tiny_models.float32(BASE).SerializeToString())
    per_channel = kind.endswith("per channel")
    if kind.startswith("dynamic"):
        quantize_dynamic(source, target, per_channel=per_channel)
    else:
        form = QuantFormat.QDQ if kind.startswith("QDQ") else QuantFormat.QOperator
        quantize_static(source, target, Images(), quant_format=form, per_channel=per_channel)
    return target


def found(model: ModelProto) -> dict[str, Weight]:
    return {f"{weight.layer}.{weight.name}": weight for weight in weights(model)}


@pytest.mark.parametrize(
    "kind",
    [
        "dynamic",
        "dynamic per channel",
        "QDQ",
        "QDQ per channel",
        "QOperator",
        "QOperator per channel",
    ],
)
def test_every_quantizer_keeps_the_rows(tmp_path: Path, kind: str) -> None:
    """Each form of int8 has the tensors of the float model, near in value, and no others."""
    rows = found(read_model(quantized(tmp_path, kind)))
    assert set(rows) == set(BASE)
    for name, original in BASE.items():
        weight = rows[name]
        values = weight.read()
        assert weight.shape == values.shape == original.shape
        assert np.abs(values - original).max() < 0.004
        assert weight.role == ("weight" if name.endswith("weight") else "bias")


@pytest.mark.parametrize(
    "kind", ["QDQ per channel", "QOperator per channel", "dynamic per channel"]
)
def test_scales_lie_along_the_reported_axis(tmp_path: Path, kind: str) -> None:
    """Scales, zero points and axis, as reported, fit the shape that is reported."""
    weight = found(read_model(quantized(tmp_path, kind)))["fc.weight"]
    assert weight.quantization is not None
    assert weight.dtype in ("int8", "uint8")
    assert weight.quantization.scale.size == weight.shape[weight.quantization.axis] == 3
    steps = weight.read() / weight.quantization.scale.reshape(-1, 1)
    assert np.abs(steps - np.rint(steps)).max() < 1e-3


def test_dequantized_weights_are_what_onnxruntime_computes_with(tmp_path: Path) -> None:
    """A model whose weights are replaced by the dequantized ones gives the same answers."""
    original = tiny_models.int8_per_channel(BASE)
    values = {name: weight.read() for name, weight in found(original).items()}
    plain = tiny_models.float32(values)
    image = np.arange(32, dtype=np.float32).reshape(2, 1, 4, 4) / 8
    answers = [
        ort.InferenceSession(model.SerializeToString()).run(None, {"image": image})[0]
        for model in (original, plain)
    ]
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize(
    ("model", "dtype"),
    [(tiny_models.float32(BASE), "float32"), (tiny_models.float16(BASE), "float16")],
)
def test_floats_are_read_as_they_are(model: ModelProto, dtype: str) -> None:
    """float32 and float16 tensors are named as torch names them, with their stored values."""
    rows = found(model)
    assert list(rows) == list(BASE)
    for name, weight in rows.items():
        assert weight.dtype == dtype
        np.testing.assert_array_equal(weight.read(), BASE[name].astype(dtype))
    assert rows["conv1.weight"].operators == ("Conv",)


def network(**changes: Array) -> tiny_models.Parts:
    parts = tiny_models.network(BASE)
    parts.initializers |= changes
    return parts


def test_constants_in_nodes() -> None:
    """A weight that is a Constant node is found like an initializer."""
    parts = network()
    array = parts.initializers.pop("conv1.weight")
    value = numpy_helper.from_array(array)
    parts.nodes.insert(0, helper.make_node("Constant", [], ["conv1.weight"], value=value))
    assert set(found(parts.model())) == set(BASE)


def test_shared_tensors_are_rows_of_their_own() -> None:
    """Equal tensors that an exporter stores once are told apart by the copies' names."""
    parts = network()
    parts.nodes.insert(0, helper.make_node("Identity", ["conv1.bias"], ["norm.bias"]))
    parts.nodes.append(helper.make_node("Add", ["image", "norm.bias"], ["sum"]))
    assert {"conv1.bias", "norm.bias"} <= set(found(parts.model()))


def test_nameless_tensors_take_their_node() -> None:
    """A matrix called onnx::MatMul_12 is the weight of the module whose node takes it."""
    nodes = [
        helper.make_node("MatMul", ["image", "onnx::MatMul_12"], ["/head/MatMul_output_0"],
                         name="/head/MatMul"),
        helper.make_node("Add", ["/head/MatMul_output_0", "head.bias"], ["logits"],
                         name="/head/Add"),
    ]  # fmt: skip
    arrays = {
        "onnx::MatMul_12": np.eye(4, 3, dtype=np.float32),
        "head.bias": np.ones(3, np.float32),
    }
    rows = found(tiny_models.Parts(nodes, arrays).model())
    assert {name: weight.role for name, weight in rows.items()} == {
        "head.weight": "weight",
        "head.bias": "bias",
    }


def test_two_tensors_of_one_name_stay_two() -> None:
    """The matrices of a recurrent node, both its weights, are told apart by a number."""
    node = helper.make_node("GRU", ["image", "W", "R"], ["logits"], name="/rnn/GRU", hidden_size=2)
    arrays = {"W": np.ones((1, 6, 4), np.float32), "R": np.zeros((1, 6, 2), np.float32)}
    rows = found(tiny_models.Parts([node], arrays).model())
    assert {name: float(weight.read().max()) for name, weight in rows.items()} == {
        "rnn.weight": 1.0,
        "rnn.weight (2)": 0.0,
    }


def test_many_tensors_of_one_name() -> None:
    """Thousands of nodes of one name are numbered without counting from the first each time."""
    count = 20_000
    nodes = [
        helper.make_node("Add", [f"t{n}", f"b{n}"], [f"t{n + 1}"], name="same")
        for n in range(count)
    ]
    arrays = {f"b{n}": np.ones(2, np.float32) for n in range(count)}
    model = tiny_models.Parts(nodes, arrays).model((f"t{count}",))
    begin = time.process_time()
    names = [weight.name for weight in weights(model)]
    assert names == ["bias", *(f"bias ({number})" for number in range(2, count + 1))]
    # Of what counting from the first takes, less than a tenth.
    assert time.process_time() - begin < 10


def test_what_is_no_weight() -> None:
    """Shapes, indices, texts, flags and single numbers are no trained tensors."""
    nodes = [
        helper.make_node("Reshape", ["image", "shape"], ["flat"]),
        helper.make_node("Gather", ["names", "index"], ["name"]),
        helper.make_node("Mul", ["flat", "half"], ["logits"]),
        helper.make_node("Where", ["flag", "logits", "logits"], ["chosen"]),
    ]
    arrays = {
        "shape": np.array([-1, 16]),
        "names": np.array(["a", "b"], object),
        "index": np.array([0]),
        "half": np.array([0.5], np.float32),
        "flag": np.array([True, False]),
    }
    assert found(tiny_models.Parts(nodes, arrays).model()) == {}


def dequantizing(stored: TensorProto, scale: Array, zero: Array | None, axis: int) -> ModelProto:
    """A MatMul whose weight ``w.weight`` goes through DequantizeLinear."""
    inputs = ["w.weight", "s"] + (["z"] if zero is not None else [])
    nodes = [
        helper.make_node("DequantizeLinear", inputs, ["w"], axis=axis),
        helper.make_node("MatMul", ["image", "w"], ["logits"], name="/w/MatMul"),
    ]
    model = tiny_models.Parts(nodes).model()
    tensors = [stored, numpy_helper.from_array(scale, "s")]
    tensors += [numpy_helper.from_array(zero, "z")] if zero is not None else []
    model.graph.initializer.extend(tensors)
    return model


@pytest.mark.parametrize(
    "kind", ["INT8", "UINT8", "INT16", "UINT16", "INT4", "UINT4", "INT2", "UINT2"]
)
def test_integers_of_every_width(kind: str) -> None:
    """In 2, 4, 8 or 16 bits, weights are the numbers that scale and zero point make of them."""
    unsigned, two = kind.startswith("U"), kind.endswith("2")
    numbers = [[0, 3, 7], [1, 2, 6]] if unsigned else [[-8, 3, 7], [-1, 0, 6]]
    if two:
        numbers = [[0, 3, 1], [1, 2, 3]] if unsigned else [[-2, 1, 0], [-1, 0, 1]]
    stored = helper.make_tensor("w.weight", getattr(TensorProto, kind), [2, 3], np.ravel(numbers))
    zero = np.array(2, np.uint8) if unsigned else np.array(-1, np.int8)
    [weight] = weights(dequantizing(stored, np.array(0.5, np.float32), zero, 0))
    expected = (np.array(numbers, np.float32) - float(zero)) * np.float32(0.5)
    np.testing.assert_array_equal(weight.read(), expected)
    assert weight.dtype == kind.lower()


@pytest.mark.parametrize("count", [5, 8])
@pytest.mark.parametrize("kind", ["INT2", "UINT4", "FLOAT4E2M1", "FLOAT6E2M3", "FLOAT6E3M2"])
def test_few_bits_are_packed_in_bytes(tmp_path: Path, kind: str, count: int) -> None:
    """Values of fewer bits than a byte are read from raw bytes, typed fields and other files."""
    element = getattr(TensorProto, kind)
    numbers = np.arange(count) % 2
    typed = helper.make_tensor("w.weight", element, [1, count], numbers)
    raw = numpy_helper.from_array(numpy_helper.to_array(typed), "w.weight")
    for tensor in (typed, raw):
        model = dequantizing(tensor, np.array(0.5, np.float32), None, 0)
        [weight] = weights(model)
        np.testing.assert_array_equal(weight.read(), numbers[None] / 2)
        path = tmp_path / "model.onnx"
        onnx.save(model, path, save_as_external_data=True, location="data.bin", size_threshold=0)
        [weight] = weights(read_model(path), path)
        np.testing.assert_array_equal(weight.read(), numbers[None] / 2)
        (tmp_path / "data.bin").unlink()


def test_float8_is_no_integer() -> None:
    """Eight-bit floats keep their fractions when they are scaled."""
    stored = helper.make_tensor("w.weight", TensorProto.FLOAT8E4M3FN, [1, 2], [0.5, 1.75])
    [weight] = weights(dequantizing(stored, np.array(2.0, np.float32), None, 0))
    np.testing.assert_array_equal(weight.read(), [[1.0, 3.5]])


def test_blocks_along_an_axis() -> None:
    """A scale for each block of values is spread over its block, the last one cut."""
    stored = np.arange(10, dtype=np.int8).reshape(5, 2)
    scale = np.array([[1, 2], [10, 20]], np.float32)
    spread = np.repeat(scale, 4, axis=0)[:5]
    np.testing.assert_array_equal(
        dequantize(stored, Quantization(scale, np.zeros((), np.int8), 0, 4)), stored * spread
    )


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("side", [96, 100])
def test_blocks_are_those_that_onnxruntime_takes(axis: int, side: int) -> None:
    """Blocks of 32 among 96 or 100 values, along either side, give the weights that ran."""
    rng = np.random.default_rng(0)
    shape = (side, 8) if axis == 0 else (8, side)
    scales = (-(-side // 32), 8) if axis == 0 else (8, -(-side // 32))
    nodes = [
        helper.make_node(
            "DequantizeLinear", ["w.weight", "s", "z"], ["w"], axis=axis, block_size=32
        ),
        helper.make_node("MatMul", ["image", "w"], ["logits"]),
    ]
    arrays = {
        "w.weight": rng.integers(-128, 128, shape).astype(np.int8),
        "s": rng.random(scales).astype(np.float32),
        "z": rng.integers(-9, 9, scales).astype(np.int8),
    }
    model = matrix_model(nodes, arrays, shape[0])
    [weight] = weights(model)
    np.testing.assert_array_equal(weight.read(), answers_to_one_hot(model, shape[0]))


def test_blocks_that_do_not_fit() -> None:
    """Scales are of as many blocks as the side has, or are refused; nothing is guessed."""
    stored = np.zeros((4, 100), np.int8)
    with pytest.raises(ModelError) as caught:
        dequantize(stored, Quantization(np.ones((4, 5), np.float32), np.zeros((), np.int8), 1, 32))
    assert str(caught.value) == (
        "scales of shape [4, 5] do not fit a tensor of shape [4, 100] in blocks of 32"
    )


def matrix_model(nodes: Sequence[NodeProto], arrays: dict[str, Array], width: int) -> ModelProto:
    """A model of rows of ``width`` numbers, called ``image`` as in the other models."""
    graph = helper.make_graph(
        nodes,
        "g",
        [tiny_models.value("image", ["batch", width], TensorProto.FLOAT)],
        [tiny_models.value("logits", None, TensorProto.FLOAT)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = tiny_models.finished(graph, 21)
    model.ir_version = 10
    model.opset_import.add(domain="com.microsoft", version=1)
    return model


def answers_to_one_hot(model: ModelProto, width: int) -> Array:
    """What a product of matrices computes with, told by onnxruntime."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options)
    return np.asarray(session.run(None, {"image": np.eye(width, dtype=np.float32)})[0])


def broken() -> Iterator[tuple[str, ModelProto, str]]:
    scale = np.array(0.5, np.float32)
    stored = numpy_helper.from_array(np.zeros((4, 3), np.int8), "w.weight")
    computed = dequantizing(stored, scale, None, 0)
    del computed.graph.initializer[1]
    yield "scale", computed, "the scale 's' is computed, not stored; weights cannot be read"
    wrong = dequantizing(stored, np.ones(7, np.float32), None, 0)
    yield "axis", wrong, "scales of shape [7] do not fit a tensor of shape [4, 3]"
    short = numpy_helper.from_array(np.zeros((4, 3), np.float32), "w.weight")
    short.raw_data = short.raw_data[:8]
    nodes = [helper.make_node("MatMul", ["image", "w.weight"], ["logits"])]
    cut = tiny_models.Parts(nodes).model()
    cut.graph.initializer.append(short)
    yield "bytes", cut, "tensor 'w.weight' of shape [4, 3] cannot be read: "
    unknown = tiny_models.Parts(nodes).model()
    unknown.graph.initializer.append(TensorProto(name="w.weight", data_type=99, dims=[1]))
    yield (
        "type",
        unknown,
        (
            "tensor 'w.weight' has the unknown element type 99\n"
            "    Is there a newer cc-export, or a newer onnx package?"
        ),
    )
    product = helper.make_node("MatMulInteger", ["image", "w.weight"], ["logits"], name="/w/MatMul")
    lonely = tiny_models.Parts([product]).model()
    lonely.graph.initializer.append(stored)
    yield "product", lonely, "no scale found for the integer weights of node '/w/MatMul'"


@pytest.mark.parametrize(
    ("model", "text"), [case[1:] for case in broken()], ids=[case[0] for case in broken()]
)
def test_weights_that_cannot_be_read(model: ModelProto, text: str) -> None:
    """Missing scales, wrong shapes, cut bytes and unknown types are named."""
    with pytest.raises(ModelError) as caught:
        for weight in weights(model):
            weight.read()
    assert str(caught.value).startswith(text)
