"""Weights are what onnxruntime computes with, wherever a model applies their scales."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import tiny_models
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic
from tiny_models import Array

from cc_export.errors import ModelError
from cc_export.onnx_models.read import read_model
from cc_export.onnx_models.storage import stored_weights
from cc_export.onnx_models.weights import weights

ROWS, COLUMNS = 8, 6
RNG = np.random.default_rng(0)
NUMBERS = RNG.integers(-127, 128, (ROWS, COLUMNS)).astype(np.int8)
TURNED = NUMBERS.T.copy()
ROW_SCALES = RNG.random(ROWS).astype(np.float32) + np.float32(0.1)
COLUMN_SCALES = RNG.random(COLUMNS).astype(np.float32) + np.float32(0.1)
ZEROS = RNG.integers(-9, 9, COLUMNS).astype(np.int8)
FLOAT = TensorProto.FLOAT


def node(operator: str, inputs: str, output: str, **attributes: object) -> NodeProto:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def model(
    nodes: Sequence[NodeProto], arrays: dict[str, Array], kind: int = FLOAT, width: int = ROWS
) -> ModelProto:
    """A model of ``image``: rows of numbers, or the numbers of rows to be looked up."""
    given: list[str | int] = ["batch", width] if kind == FLOAT else ["batch"]
    graph = helper.make_graph(
        nodes,
        "g",
        [tiny_models.value("image", given, kind)],
        [tiny_models.value("logits", None, FLOAT)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    made = tiny_models.finished(graph, 21)
    made.ir_version = 10
    made.opset_import.add(domain="com.microsoft", version=1)
    return made


def answers(made: ModelProto, image: Array) -> Array:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(made.SerializeToString(), options)
    return np.asarray(session.run(None, {"image": image})[0])


PRODUCT = node("MatMul", "image w", "logits", name="product")


def products() -> Iterator[tuple[str, list[NodeProto], dict[str, Array]]]:
    """Ways to store one matrix of rows × columns in int8; it is the second factor of a product."""
    turned = node("Transpose", "fc.weight", "t", perm=[1, 0])
    for name, scale, axis in (
        ("tensor", np.array(0.5, np.float32), 0),
        ("rows", ROW_SCALES, 0),
        ("columns", COLUMN_SCALES, 1),
    ):
        yield (
            f"Transpose, DequantizeLinear by {name}",
            [turned, node("DequantizeLinear", "t s", "w", axis=axis), PRODUCT],
            {"fc.weight": TURNED, "s": scale},
        )
        yield (
            f"Reshape, DequantizeLinear by {name}",
            [
                node("Reshape", "fc.weight shape", "t"),
                node("DequantizeLinear", "t s", "w", axis=axis),
                PRODUCT,
            ],
            {"fc.weight": NUMBERS.reshape(-1), "shape": np.array([-1, COLUMNS]), "s": scale},
        )
    yield (
        "Transpose, DequantizeLinear with zero points in blocks",
        [turned, node("DequantizeLinear", "t s z", "w", axis=0, block_size=3), PRODUCT],
        {
            "fc.weight": TURNED,
            "s": RNG.random((3, COLUMNS)).astype(np.float32),
            "z": RNG.integers(-9, 9, (3, COLUMNS)).astype(np.int8),
        },
    )
    yield (
        "Unsqueeze, DequantizeLinear, Squeeze",
        [
            node("Unsqueeze", "fc.weight first", "t"),
            node("DequantizeLinear", "t s z", "q", axis=2),
            node("Squeeze", "q first", "w"),
            PRODUCT,
        ],
        {"fc.weight": NUMBERS, "first": np.array([0]), "s": COLUMN_SCALES, "z": ZEROS},
    )
    yield (
        "Flatten, DequantizeLinear",
        [
            node("Flatten", "fc.weight", "t"),
            node("DequantizeLinear", "t s", "w", axis=0),
            PRODUCT,
        ],
        {"fc.weight": NUMBERS.reshape(ROWS, 2, 3), "s": ROW_SCALES},
    )
    cast = node("Cast", "fc.weight", "f", to=FLOAT)
    for name, scale in (
        ("number", np.array(0.5, np.float32)),
        ("row", COLUMN_SCALES),
        ("column", ROW_SCALES.reshape(-1, 1)),
    ):
        yield (
            f"Cast, Mul by a {name}",
            [cast, node("Mul", "f fc.scales", "w"), PRODUCT],
            {"fc.weight": NUMBERS, "fc.scales": scale},
        )
    yield (
        "Cast, Sub, Mul, Transpose",
        [
            cast,
            node("Sub", "f fc.zeros", "c"),
            node("Mul", "fc.scales c", "m"),
            node("Transpose", "m", "w"),
            PRODUCT,
        ],
        {
            "fc.weight": TURNED,
            "fc.scales": COLUMN_SCALES.reshape(-1, 1),
            "fc.zeros": ZEROS.astype(np.float32).reshape(-1, 1),
        },
    )
    yield (
        "groups of four along a row",
        [
            cast,
            node("Reshape", "f groups", "g"),
            node("Mul", "g fc.scales", "m"),
            node("Reshape", "m shape", "t"),
            node("Transpose", "t", "w"),
            PRODUCT,
        ],
        {
            "fc.weight": TURNED,
            "fc.scales": RNG.random((COLUMNS, 2, 1)).astype(np.float32),
            "groups": np.array([COLUMNS, 2, 4]),
            "shape": np.array([COLUMNS, ROWS]),
        },
    )
    for name, scale in (("number", np.array(0.5, np.float32)), ("row", COLUMN_SCALES)):
        yield (
            f"product, Mul by a {name}",
            [cast, node("MatMul", "image f", "m"), node("Mul", "m fc.scales", "logits")],
            {"fc.weight": NUMBERS, "fc.scales": scale},
        )
    yield (
        "zero point, product, Mul",
        [
            cast,
            node("Sub", "f fc.zeros", "c"),
            node("MatMul", "image c", "m"),
            node("Mul", "m fc.scales", "logits"),
        ],
        {
            "fc.weight": NUMBERS,
            "fc.scales": COLUMN_SCALES,
            "fc.zeros": ZEROS.astype(np.float32),
        },
    )


@pytest.mark.parametrize(
    ("nodes", "arrays"), [case[1:] for case in products()], ids=[case[0] for case in products()]
)
def test_products(nodes: list[NodeProto], arrays: dict[str, Array]) -> None:
    """The matrix is read as it is multiplied; scales are no weights, and are part of its bits."""
    made = model(nodes, arrays)
    [weight] = weights(made)
    expected = answers(made, np.eye(ROWS, dtype=np.float32))
    read = weight.read()
    if read.shape != expected.shape:
        turned = any(n.op_type == "Transpose" for n in nodes)
        read = read.T if turned else read.reshape(expected.shape)
    np.testing.assert_allclose(read, expected, rtol=1e-6, atol=1e-6)
    assert (weight.layer, weight.name, weight.role) == ("fc", "weight", "weight")
    blocks = [part.copy() for part in weight.values.blocks([(0, 11), (11, ROWS * COLUMNS)])]
    np.testing.assert_array_equal(np.concatenate(blocks), weight.read().reshape(-1))
    kept = {name for name in arrays if name in ("s", "z", "fc.scales", "fc.zeros")}
    bits = sum(arrays[name].nbytes * 8 for name in kept | {"fc.weight"})
    assert stored_weights(made, [(weight.initializer, ROWS * COLUMNS)]).bits == bits


def tables() -> Iterator[tuple[str, list[NodeProto], dict[str, Array]]]:
    gathered = node("Gather", "fc.weight image", "r")
    yield (
        "DequantizeLinear",
        [gathered, node("DequantizeLinear", "r s z", "logits")],
        {"fc.weight": NUMBERS, "s": np.array(0.5, np.float32), "z": np.array(3, np.int8)},
    )
    cast = node("Cast", "r", "f", to=FLOAT)
    yield (
        "Mul by a number",
        [gathered, cast, node("Mul", "f s", "logits")],
        {"fc.weight": NUMBERS, "s": np.array([0.5], np.float32)},
    )
    yield (
        "Mul by the scale of each row",
        [gathered, cast, node("Gather", "s image", "each"), node("Mul", "f each", "logits")],
        {"fc.weight": NUMBERS, "s": ROW_SCALES.reshape(-1, 1)},
    )


@pytest.mark.parametrize(
    ("nodes", "arrays"), [case[1:] for case in tables()], ids=[case[0] for case in tables()]
)
def test_tables(nodes: list[NodeProto], arrays: dict[str, Array]) -> None:
    """Rows of a table that are scaled once they are looked up are those rows."""
    made = model(nodes, arrays, TensorProto.INT64)
    [weight] = weights(made)
    np.testing.assert_array_equal(weight.read(), answers(made, np.arange(ROWS)))
    bits = sum(array.nbytes * 8 for array in arrays.values())
    assert stored_weights(made, [(weight.initializer, ROWS * COLUMNS)]).bits == bits


def fused(operator: str) -> tuple[ModelProto, dict[str, Array]]:
    """A float model that onnxruntime's quantizer makes one operator of integers of."""
    rng = np.random.default_rng(1)

    def matrix(*shape: int) -> Array:
        return rng.normal(size=shape).astype(np.float32)

    if operator == "LSTM":
        arrays = {"l.weight_ih": matrix(2, 16, 5), "l.weight_hh": matrix(2, 16, 4)}
        nodes = [
            node("Unsqueeze", "image first", "x"),
            node("LSTM", "x l.weight_ih l.weight_hh", "logits", hidden_size=4,
                 direction="bidirectional"),
        ]  # fmt: skip
    else:
        arrays = {"a.weight": matrix(8, 24), "a.bias": matrix(24)}
        nodes = [
            node("Unsqueeze", "image first", "x"),
            node("Attention", "x a.weight a.bias", "logits", num_heads=2, domain="com.microsoft"),
        ]
    width = 5 if operator == "LSTM" else 8
    return model(nodes, {**arrays, "first": np.array([0])}, width=width), arrays


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("operator", ["LSTM", "Attention"])
def test_fused_operators_of_integers(tmp_path: Path, operator: str, per_channel: bool) -> None:
    """What dynamic quantization fuses keeps its weights, near those of the float model."""
    made, arrays = fused(operator)
    source, target = tmp_path / "float.onnx", tmp_path / "int8.onnx"
    source.write_bytes(made.SerializeToString())
    quantize_dynamic(source, target, per_channel=per_channel)
    quantized = read_model(target)
    assert {"DynamicQuantizeLSTM", "QAttention"} & {n.op_type for n in quantized.graph.node}
    found = {f"{w.layer}.{w.name}": w.read() for w in weights(quantized)}
    assert set(found) == set(arrays)
    for name, values in found.items():
        expected = arrays[name]
        if values.shape != expected.shape:
            expected = expected.transpose(0, 2, 1)
        assert np.abs(values - expected).max() < np.abs(expected).max() / 100


def quantized(operator: str, inputs: str, **attributes: object) -> list[NodeProto]:
    """An operator of onnxruntime on quantized images, whose result is made floats again."""
    attributes.setdefault("domain", "com.microsoft")
    return [
        node("QuantizeLinear", "image xs xz", "xq"),
        node(operator, inputs, "yq", **attributes),
        node("DequantizeLinear", "yq ys yz", "logits"),
    ]


FINE = {
    "xs": np.array(0.01, np.float32), "xz": np.array(0, np.uint8),
    "ys": np.array(0.01, np.float32), "yz": np.array(128, np.uint8),
}  # fmt: skip
STORED = {
    "c": RNG.integers(0, 256, (1, ROWS)).astype(np.uint8),
    "cs": np.array(0.01, np.float32),
    "cz": np.array(120, np.uint8),
}
EVEN = np.array([[True, False] * (ROWS // 2)])


@pytest.mark.parametrize(
    ("nodes", "arrays"),
    [
        (quantized("QLinearConcat", "ys yz c cs cz xq xs xz", axis=0), {}),
        (quantized("QLinearConcat", "ys yz xq xs xz c cs cz", axis=0), {}),
        (quantized("QLinearWhere", "every c cs cz xq xs xz ys yz"), {"every": EVEN | True}),
        (quantized("QLinearWhere", "none xq xs xz c cs cz ys yz"), {"none": EVEN & False}),
        (quantized("QLinearAdd", "xq xs xz c cs cz ys yz"), {}),
        (quantized("QLinearAdd", "c cs cz xq xs xz ys yz"), {}),
    ],
)
def test_stored_integers_among_others(nodes: list[NodeProto], arrays: dict[str, Array]) -> None:
    """A stored tensor that is joined, chosen or added is what comes out of it, nearly."""
    made = model(nodes, {**FINE, **STORED, **arrays})
    [weight] = weights(made)
    rows = answers(made, np.zeros((1, ROWS), np.float32))
    nearest = min(np.abs(row - weight.read()).max() for row in rows)
    assert nearest <= 0.0051
    bits = stored_weights(made, [(weight.initializer, ROWS)])
    assert (bits.bits, bits.types) == (8 * ROWS + 32 + 8, (("UINT8", ROWS),))


def test_embeddings_of_integers() -> None:
    """The tables, scale and bias of a QEmbedLayerNormalization are those of the float operator."""
    sides = {"word": (10, 8), "place": (4, 8), "segment": (2, 8), "gamma": (8,), "beta": (8,)}
    arrays = {n: RNG.integers(0, 256, shape).astype(np.uint8) for n, shape in sides.items()}
    scales = {f"{n}_s": np.array(0.01 * (k + 1), np.float32) for k, n in enumerate(sides)}
    zeros = {f"{n}_z": np.array(100 + k, np.uint8) for k, n in enumerate(sides)}
    inputs = " ".join(["image segments", *sides, "mask", *scales, *zeros])
    ones = {"segments": np.array([[0, 1, 0, 1]], np.int32), "mask": np.ones((1, 4), np.int32)}
    operator = node("QEmbedLayerNormalization", inputs, "logits m", domain="com.microsoft")
    operator.output[:] = ["logits", "m"]
    kind = TensorProto.INT32
    made = model([operator], {**arrays, **scales, **zeros, **ones}, kind)
    found = {one.initializer: one for one in weights(made)}
    assert {n: one.role for n, one in found.items()} == {
        "word": "weight", "place": "weight", "segment": "weight", "gamma": "scale", "beta": "bias",
    }  # fmt: skip
    plain = node(
        "EmbedLayerNormalization", " ".join(["image segments", *sides, "mask"]), "logits",
        domain="com.microsoft",
    )  # fmt: skip
    plain.output[:] = ["logits", "m"]
    floats = model([plain], {**{n: one.read() for n, one in found.items()}, **ones}, kind)
    for one in (made, floats):
        one.graph.input[0].type.tensor_type.shape.dim.add(dim_value=4)
    image = np.array([[1, 5, 9, 2]], np.int32)
    np.testing.assert_allclose(answers(made, image), answers(floats, image), atol=1e-4)


def test_one_scale_after_the_other() -> None:
    """Behind a product of integers, the scale of the activation may be multiplied in first."""
    nodes = [
        node("DynamicQuantizeLinear", "image", "q"),
        node("MatMulInteger", "q fc.weight zero", "i"),
        node("Cast", "i", "f", to=FLOAT),
        node("Mul", "f scale", "m"),
        node("Mul", "m fc.scale", "logits"),
    ]
    nodes[0].output[:] = ["q", "scale", "zero"]
    made = model(nodes, {"fc.weight": NUMBERS, "fc.scale": COLUMN_SCALES})
    [weight] = weights(made)
    np.testing.assert_allclose(
        answers(made, np.eye(ROWS, dtype=np.float32)), weight.read(), rtol=1e-5
    )
    assert stored_weights(made, [("fc.weight", NUMBERS.size)]).bits == 8 * 48 + 32 * COLUMNS


def test_tables_of_whole_numbers() -> None:
    """Rows of bytes that become floats as they are, are these numbers; as indices they are none."""
    look = node("Gather", "fc.table image", "r")
    cast = node("Cast", "r", "logits", to=FLOAT)
    made = model([look, cast], {"fc.table": NUMBERS}, TensorProto.INT64)
    [weight] = weights(made)
    assert (weight.role, weight.dtype, weight.quantization) == ("weight", "int8", None)
    np.testing.assert_array_equal(weight.read(), answers(made, np.arange(ROWS)))
    indices = [look, node("Cast", "r", "i", to=TensorProto.INT64), node("Identity", "i", "logits")]
    assert [*weights(model(indices, {"fc.table": NUMBERS}, TensorProto.INT64))] == []


def test_integers_that_are_looked_up_as_such() -> None:
    """A table of whole numbers that nobody scales is no trained one."""
    nodes = [node("Gather", "table image", "r"), node("Identity", "r", "logits")]
    for kind in (np.uint8, np.int32):
        assert [*weights(model(nodes, {"table": NUMBERS.astype(kind)}, TensorProto.INT64))] == []


@pytest.mark.parametrize(
    ("nodes", "text"),
    [
        ([node("Cast", "fc.weight", "w", to=FLOAT), PRODUCT], "'product'"),
        (
            [
                node("Gather", "fc.weight image", "r", name="look"),
                node("Cast", "r", "f", to=FLOAT),
                node("Mul", "f image", "logits"),
            ],
            "'look'",
        ),
    ],
)
def test_integers_without_a_scale(nodes: list[NodeProto], text: str) -> None:
    """Integers that are multiplied as they are stand for numbers that nobody knows."""
    with pytest.raises(ModelError) as caught:
        list(weights(model(nodes, {"fc.weight": NUMBERS})))
    assert str(caught.value) == f"no scale found for the integer weights of node {text}"


def test_scales_that_do_not_fit() -> None:
    """A factor that is no scale of the matrix is named with both shapes."""
    nodes = [
        node("Cast", "fc.weight", "f", to=FLOAT),
        node("Mul", "f fc.scales", "w"),
        PRODUCT,
    ]
    made = model(nodes, {"fc.weight": NUMBERS, "fc.scales": np.ones(5, np.float32)})
    with pytest.raises(ModelError) as caught:
        list(weights(made))
    assert str(caught.value) == (
        f"scales of shape [5] do not fit a tensor of shape [{ROWS}, {COLUMNS}]"
    )
