"""Weights that nodes unpack or round are the numbers that onnxruntime computes with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
import pytest
import tiny_models
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from tiny_models import Array

from cc_export.align import align_study
from cc_export.errors import ModelError
from cc_export.onnx_models.storage import StoredWeights, stored_weights
from cc_export.onnx_models.weights import Weight, weights

FLOAT = TensorProto.FLOAT
INPUTS, OUTPUTS, GROUP = 64, 32, 16
RNG = np.random.default_rng(4)
NUMBERS = RNG.integers(0, 16, (INPUTS, OUTPUTS))
ZEROS = RNG.integers(0, 15, (INPUTS // GROUP, OUTPUTS))
SCALES = RNG.random((INPUTS // GROUP, OUTPUTS)).astype(np.float32)
# As GPTQ with act-order has it: columns of a group need not stand together.
GROUPS = RNG.permutation(np.arange(INPUTS) // GROUP)


def node(operator: str, inputs: str, output: str, **attributes: object) -> NodeProto:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def model(nodes: Sequence[NodeProto], arrays: dict[str, Array], width: int) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [tiny_models.value("image", ["batch", width], FLOAT)],
        [tiny_models.value("logits", None, FLOAT)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    made = tiny_models.finished(graph, 21)
    made.ir_version = 10
    return made


def matrix(made: ModelProto, width: int) -> Array:
    """What the model multiplies by: its answers to rows of the identity."""
    options = ort.SessionOptions()
    # An optimized model may multiply by other integers, in blocks.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(made.SerializeToString(), options)
    return np.asarray(session.run(None, {"image": np.eye(width, dtype=np.float32)})[0])


def stored_in(made: ModelProto, found: Sequence[Weight]) -> StoredWeights:
    return stored_weights(made, [(one.initializer, one.read().size) for one in found])


def packed(numbers: Array, axis: int) -> Array:
    """Eight numbers of four bits to 32, along an axis, the first one lowest."""
    rows = np.moveaxis(numbers, axis, 0).astype(np.uint32)
    whole = sum(rows[n::8] << np.uint32(4 * n) for n in range(8))
    return np.moveaxis(np.asarray(whole, np.uint32), 0, axis)


def unpacking(kind: type, *, shifted: bool) -> tuple[list[NodeProto], dict[str, Array]]:
    """GPTQ's matrix as exporters write it: with a shift of bits, or with a division for it."""
    steps = np.arange(0, 32, 4)
    by = steps.astype(np.uint32) if shifted else 2 ** steps.astype(kind)
    operator, how = ("BitShift", {"direction": "RIGHT"}) if shifted else ("Div", {})
    nodes = [
        node("Unsqueeze", "fc.qweight one", "a"),
        node(operator, "a down", "b", **how),
        node("BitwiseAnd", "b fifteen", "c"),
        node("Reshape", "c matrix", "d"),
        node("Cast", "d", "numbers", to=FLOAT),
        node("Unsqueeze", "fc.qzeros two", "e"),
        node(operator, "e across", "f", **how),
        node("BitwiseAnd", "f fifteen", "g"),
        node("Reshape", "g groups", "h"),
        node("Cast", "h", "i", to=FLOAT),
        node("Add", "i more", "j"),
        node("Gather", "j fc.g_idx", "zeros"),
        node("Gather", "fc.scales fc.g_idx", "scales"),
        node("Sub", "numbers zeros", "k"),
        node("Mul", "scales k", "w"),
        node("MatMul", "image w", "logits", name="/fc/MatMul"),
    ]
    arrays = {
        "fc.qweight": packed(NUMBERS, 0).view(kind),
        "fc.qzeros": packed(ZEROS, 1).view(kind),
        "fc.scales": SCALES,
        "fc.g_idx": GROUPS.astype(np.int32),
        "one": np.array([1]),
        "two": np.array([2]),
        "down": by.reshape(1, 8, 1),
        "across": by.reshape(1, 1, 8),
        "fifteen": np.array(15, kind),
        "matrix": np.array([INPUTS, OUTPUTS]),
        "groups": np.array(ZEROS.shape),
        "more": np.array(1, np.float32),
    }
    return nodes, arrays


def test_eight_numbers_in_32_bits() -> None:
    """GPTQ's packed matrix is one weight of four bits, with its zero points, scales and groups."""
    made = model(*unpacking(np.uint32, shifted=True), INPUTS)
    found = [*weights(made)]
    [one] = found
    assert (one.layer, one.name, one.role, one.dtype) == ("fc", "weight", "weight", "uint4")
    assert (one.shape, one.output_axis) == ((INPUTS, OUTPUTS), 1)
    np.testing.assert_array_equal(one.read(), matrix(made, INPUTS))
    expected = SCALES[GROUPS] * (NUMBERS - (ZEROS[GROUPS] + 1))
    np.testing.assert_allclose(one.read(), expected, rtol=1e-6)
    sizes = stored_in(made, found)
    # Two tables of shifts, a mask and the 1 that is added take a few bits too.
    own = 4 * NUMBERS.size + 4 * ZEROS.size + 32 * SCALES.size + 32 * INPUTS + 32 * (8 + 8 + 1 + 1)
    assert (sizes.weights, sizes.bits, sizes.quantized) == (NUMBERS.size, own, NUMBERS.size)
    assert sizes.types == (("UINT4", NUMBERS.size),)
    turned = [part.copy() for part in one.values.turned().blocks([(0, 100), (100, 2_048)])]
    np.testing.assert_array_equal(np.concatenate(turned), one.read().T.reshape(-1))


def test_a_division_is_what_it_is() -> None:
    """A shift of signed integers that was written as a division gives other numbers where these
    are negative, and the model computes with those."""
    made = model(*unpacking(np.int32, shifted=False), INPUTS)
    [one] = weights(made)
    np.testing.assert_array_equal(one.read(), matrix(made, INPUTS))
    assert np.abs(one.read() - SCALES[GROUPS] * (NUMBERS - (ZEROS[GROUPS] + 1))).max() > 1


def test_it_aligns_with_the_matrix_it_comes_from() -> None:
    """Unpacked, a matrix is the float model's, whichever way round that stores it."""
    plain = {"fc.weight": np.ones((OUTPUTS, INPUTS), np.float32)}
    gemm = node("Gemm", "image fc.weight", "logits", transB=1)
    models = {
        "float": [*weights(model([gemm], plain, INPUTS))],
        "packed": [*weights(model(*unpacking(np.uint32, shifted=True), INPUTS))],
    }
    [one] = align_study(models, {"packed": ["float"]})["packed"].placed
    assert (one.key, one.shape, one.transposed) == (("fc", "weight"), (OUTPUTS, INPUTS), True)


def test_packed_integers_without_a_scale() -> None:
    """Integers that are unpacked and multiplied as they are stand for numbers that nobody knows."""
    nodes, arrays = unpacking(np.uint32, shifted=True)
    unscaled = [one for one in nodes if one.output[0] not in ("scales", "w")]
    unscaled[-1].input[:] = ["image", "k"]
    with pytest.raises(ModelError) as caught:
        list(weights(model(unscaled, arrays, INPUTS)))
    assert str(caught.value) == (
        "no scale found for the integers that 'fc.qweight' packs\n"
        "    Let the exporter multiply weights by their scales before they are used."
    )


SMALL = RNG.integers(-99, 99, (8, 6)).astype(np.int8)
COLUMNS = RNG.random(6).astype(np.float32) + np.float32(0.1)
PRODUCT = node("MatMul", "image w", "logits", name="/fc/MatMul")


@pytest.mark.parametrize(
    ("nodes", "arrays", "bits"),
    [
        (
            [node("Cast", "fc.weight", "f", to=FLOAT), node("Div", "f s", "w"), PRODUCT],
            {"fc.weight": SMALL, "s": COLUMNS},
            8 * 48 + 32 * 6,
        ),
        (
            [
                node("Mul", "s half", "t"),
                node("DequantizeLinear", "fc.weight t", "w", axis=1),
                PRODUCT,
            ],
            {"fc.weight": SMALL, "s": COLUMNS, "half": np.array(0.5, np.float32)},
            8 * 48 + 32 * 7,
        ),
        (
            [
                node("Cast", "s", "t", to=FLOAT),
                node("DequantizeLinear", "fc.weight t", "w", axis=1),
                PRODUCT,
            ],
            {"fc.weight": SMALL, "s": COLUMNS.astype(np.float16)},
            8 * 48 + 16 * 6,
        ),
        (
            [
                node("DequantizeLinear", "s all", "t"),
                node("DequantizeLinear", "fc.weight t", "w", axis=0, block_size=4),
                PRODUCT,
            ],
            {
                "fc.weight": SMALL,
                "s": RNG.integers(1, 99, (2, 6)).astype(np.uint8),
                "all": np.array(0.01, np.float32),
            },
            8 * 48 + 8 * 12 + 32,
        ),
    ],
    ids=["divided", "a product of scales", "a scale of another type", "scales of scales"],
)
def test_scales_that_are_computed(
    nodes: list[NodeProto], arrays: dict[str, Array], bits: int
) -> None:
    """A scale may be made of others: values and bits hold all of them, and only the weight is one
    of the model's layers."""
    made = model(nodes, arrays, 8)
    found = [*weights(made)]
    assert [(one.layer, one.name, one.dtype) for one in found] == [("fc", "weight", "int8")]
    np.testing.assert_array_equal(found[0].read(), matrix(made, 8))
    assert stored_in(made, found).bits == bits


@pytest.mark.parametrize("turned", [None, "before", "behind"])
def test_floats_that_are_rounded(turned: str | None) -> None:
    """Floats behind QuantizeLinear and DequantizeLinear are what these leave of them, in the shape
    they are stored in."""
    stored = RNG.normal(size=(8, 6) if turned is None else (6, 8)).astype(np.float32)
    axis = 0 if turned == "behind" else 1
    names = {None: ("fc.weight", "w"), "before": ("t", "w"), "behind": ("fc.weight", "d")}[turned]
    turn = {"before": ("fc.weight", "t"), "behind": ("d", "w")}.get(turned or "")
    nodes = [
        node("QuantizeLinear", f"{names[0]} s z", "q", axis=axis),
        node("DequantizeLinear", "q s z", names[1], axis=axis),
    ]
    if turn:
        step = node("Transpose", *turn)
        nodes = [step, *nodes] if turned == "before" else [*nodes, step]
    scales = {"s": np.full(6, 0.1, np.float32), "z": np.zeros(6, np.int8)}
    made = model([*nodes, PRODUCT], {"fc.weight": stored, **scales}, 8)
    found = [*weights(made)]
    [one] = found
    assert (one.shape, one.dtype) == (stored.shape, "float32")
    assert one.output_axis == (1 if turned is None else 0)
    values = one.read() if turned is None else one.read().T
    np.testing.assert_array_equal(values, matrix(made, 8))
    assert np.abs(one.read() - stored).max() > 0.01
    assert stored_in(made, found).bits == 32 * 48 + 6 * (32 + 8)


def test_floats_that_others_take_too_stay_as_they_are() -> None:
    """Of a table that is rounded for a product only, the stored floats are the weight."""
    nodes = [
        node("QuantizeLinear", "fc.weight s z", "q"),
        node("DequantizeLinear", "q s z", "w"),
        PRODUCT,
        node("MatMul", "image fc.weight", "other"),
    ]
    stored = RNG.normal(size=(8, 6)).astype(np.float32)
    scales = {"s": np.array(0.1, np.float32), "z": np.array(0, np.int8)}
    [one] = weights(model(nodes, {"fc.weight": stored, **scales}, 8))
    np.testing.assert_array_equal(one.read(), stored)


MATRIX = RNG.normal(size=(8, 6)).astype(np.float32)
MASK = MATRIX > 0
LENGTHS = RNG.random((1, 6)).astype(np.float32)


@pytest.mark.parametrize(
    ("nodes", "arrays", "bits"),
    [
        (
            [node("Mul", "fc.weight_mask fc.weight_orig", "w")],
            {"fc.weight_mask": MASK.astype(np.float32), "fc.weight_orig": MATRIX},
            2 * 32 * 48,
        ),
        (
            [node("Cast", "fc.mask", "m", to=FLOAT), node("Mul", "fc.weight m", "w")],
            {"fc.mask": MASK, "fc.weight": MATRIX},
            32 * 48,
        ),
        (
            [
                node("ReduceL2", "fc.v axes", "n"),
                node("Div", "fc.v n", "d"),
                node("Mul", "fc.g d", "w"),
            ],
            {"fc.v": MATRIX, "fc.g": LENGTHS, "axes": np.array([0])},
            32 * (48 + 6),
        ),
    ],
    ids=["a mask of floats", "a mask of flags", "normalized columns"],
)
def test_floats_that_are_multiplied(
    nodes: list[NodeProto], arrays: dict[str, Array], bits: int
) -> None:
    """A masked or normalized matrix is one weight: what its parts make, zeros included."""
    made = model([*nodes, PRODUCT], arrays, 8)
    found = [*weights(made)]
    assert [(one.layer, one.name, one.role, one.output_axis) for one in found] == [
        ("fc", "weight", "weight", 1)
    ]
    np.testing.assert_allclose(found[0].read(), matrix(made, 8), rtol=1e-6)
    sizes = stored_in(made, found)
    assert (sizes.weights, sizes.types) == (48, (("FLOAT", 48),))
    # Flags are no numbers.
    assert sizes.bits == bits


def test_factors_that_others_take_too_are_tensors_of_their_own() -> None:
    """Of a scale that activations are multiplied by as well, nothing is folded into a weight."""
    nodes = [node("Mul", "fc.weight gain", "w"), PRODUCT, node("Mul", "logits gain", "other")]
    found = [*weights(model(nodes, {"fc.weight": MATRIX, "gain": LENGTHS}, 8))]
    assert [(one.initializer, one.role) for one in found] == [
        ("fc.weight", "scale"),
        ("gain", "scale"),
    ]


@pytest.mark.parametrize("quantized", [False, True])
def test_parts_of_a_tensor(quantized: bool) -> None:
    """A matrix that is cut for two products is one weight, as it is stored; so is one that is
    quantized first. A table of which a part is added to activations is none."""
    name = "d" if quantized else "qkv.weight"
    cut = helper.make_node("Split", [name, "sides"], ["q", "k"], axis=1)
    nodes = [
        cut,
        node("MatMul", "image q", "a"),
        node("MatMul", "image k", "b"),
        node("Slice", "table first last", "t"),
        node("Add", "a t", "c"),
        node("Add", "b c", "logits"),
    ]
    numbers = np.concatenate([SMALL, SMALL[::-1]], axis=1)
    arrays = {
        "qkv.weight": numbers if quantized else numbers.astype(np.float32),
        "sides": np.array([6, 6]),
        "table": MATRIX,
        "first": np.array([0]),
        "last": np.array([1]),
    }
    if quantized:
        nodes.insert(0, node("DequantizeLinear", "qkv.weight s", "d"))
        arrays["s"] = np.array(0.5, np.float32)
    [one] = weights(model(nodes, arrays, 8))
    assert (one.layer, one.role, one.output_axis) == ("qkv", "weight", 1)
    np.testing.assert_array_equal(one.read(), numbers * (0.5 if quantized else 1))
