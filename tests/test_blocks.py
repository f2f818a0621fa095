"""Weights quantized in blocks are the numbers that onnxruntime computes with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic
from tiny_models import Array, finished, value

from cc_export import export, read_site
from cc_export.align import align_study
from cc_export.errors import ModelError
from cc_export.onnx_models.packed import unpacked
from cc_export.onnx_models.storage import stored_weights
from cc_export.onnx_models.weights import Weight, weights

ROWS, COLUMNS = 8, 48


def packed(numbers: Array, bits: int) -> Array:
    """Numbers (…, n) in bytes, lowest bits first: one number after another, plainly."""
    per = 8 // bits
    grouped = numbers.reshape(*numbers.shape[:-1], -1, per).astype(np.uint16)
    return sum(grouped[..., n] << (bits * n) for n in range(per)).astype(np.uint8)


def product(bits: int, block: int, *, zeros: bool, columns: int = COLUMNS) -> ModelProto:
    """A MatMulNBits of random numbers, whose first and last rows of a block differ in scale."""
    rng = np.random.default_rng(bits * block)
    blocks = -(-columns // block)
    numbers = rng.integers(0, 1 << bits, (ROWS, blocks, block))
    arrays = {
        "onnx::MatMul_5_Q4": packed(numbers, bits),
        "onnx::MatMul_5_scales": rng.random((ROWS, blocks), np.float32),
    }
    if zeros:
        wide = -(-blocks * bits // 8) * 8 // bits
        arrays["onnx::MatMul_5_zero_points"] = packed(
            rng.integers(0, 1 << bits, (ROWS, wide)), bits
        ).reshape(-1)
    node = helper.make_node(
        "MatMulNBits", ["x", *arrays], ["y"], name="/up/MatMul_Q4", domain="com.microsoft",
        K=columns, N=ROWS, bits=bits, block_size=block,
    )  # fmt: skip
    return model([node], arrays, value("x", ["n", columns], TensorProto.FLOAT))


def model(nodes: list[object], arrays: dict[str, Array], given: object) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "blocks",
        [given],
        [value("y", None, TensorProto.FLOAT)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    made = finished(graph)
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made


def found(made: ModelProto) -> dict[str, Weight]:
    return {f"{weight.layer}.{weight.name}": weight for weight in weights(made)}


@pytest.mark.parametrize("zeros", [False, True], ids=["symmetric", "zero points"])
@pytest.mark.parametrize(
    ("bits", "block"), [(2, 16), (2, 32), (2, 64), (4, 16), (4, 32), (4, 64), (8, 16), (8, 32)]
)
def test_products_of_few_bits(bits: int, block: int, zeros: bool) -> None:
    """Packed in blocks, also where the last one is not full: what the operator multiplies by."""
    made = product(bits, block, zeros=zeros)
    session = ort.InferenceSession(made.SerializeToString())
    expected = session.run(None, {"x": np.eye(COLUMNS, dtype=np.float32)})[0].T
    weight = found(made)["up.weight"]
    assert (weight.shape, weight.dtype, weight.output_axis) == ((ROWS, COLUMNS), f"uint{bits}", 0)
    np.testing.assert_allclose(weight.read(), expected, rtol=1e-3, atol=1e-3)
    turned = [part.copy() for part in weight.values.turned().blocks([(0, 100), (100, 384)])]
    np.testing.assert_array_equal(np.concatenate(turned), weight.read().T.reshape(-1))


def test_zero_points_between_whole_numbers(tmp_path: Path) -> None:
    """Zero points that are floats, one of them no number, are in a site as they are stored."""
    made = product(4, 48, zeros=False)
    zeros = np.array([7.5, np.nan, *range(6)], np.float32)
    made.graph.initializer.append(numpy_helper.from_array(zeros, "zeros"))
    made.graph.node[0].input.append("zeros")
    (tmp_path / "model.onnx").write_bytes(made.SerializeToString())
    (tmp_path / "study.yaml").write_text("models: [{id: four, onnx: model.onnx}]")
    export(tmp_path, tmp_path / "site", cache="off")
    site = read_site(tmp_path / "site")
    [model] = site.models
    [layer] = site.json(model["layers"])["layers"]
    how = layer["tensors"][0]["quantization"]
    assert how["zero_point"] == [7.5, "NaN", 0, 1, 2, 3, 4, 5]
    assert (how["axis"], how["block"], how["scales"]) == (1, 48, ROWS)


def test_columns_in_any_block() -> None:
    """As act-order leaves them, columns have the scales of the blocks that are named for them, and
    these names take bits."""
    made = product(4, 16, zeros=False)
    which = np.random.default_rng(1).permutation(np.arange(COLUMNS) // 16).astype(np.int32)
    made.graph.initializer.append(numpy_helper.from_array(which, "g_idx"))
    made.graph.node[0].input.extend(["", "g_idx"])
    session = ort.InferenceSession(made.SerializeToString())
    expected = session.run(None, {"x": np.eye(COLUMNS, dtype=np.float32)})[0].T
    weight = found(made)["up.weight"]
    np.testing.assert_allclose(weight.read(), expected, rtol=1e-3, atol=1e-3)
    sizes = stored_weights(made, [(weight.initializer, ROWS * COLUMNS)])
    assert sizes.bits == 4 * ROWS * COLUMNS + 32 * ROWS * 3 + 32 * COLUMNS


@pytest.mark.parametrize("one", [False, True], ids=["scales of rows", "one scale for all"])
@pytest.mark.parametrize("block", [0, 16])
@pytest.mark.parametrize("kind", ["FLOAT8E4M3FN", "FLOAT8E5M2", "FLOAT4E2M1"])
def test_tables_of_small_floats(kind: str, block: int, one: bool) -> None:
    """Floats of 8 or 4 bits are scaled in blocks, or a whole row by one scale, each row by its own
    or all by the same."""
    numbers = np.random.default_rng(2).choice([-3, -1, 0, 0.5, 1.5, 2], (ROWS, 32))
    table = helper.make_tensor(
        "emb.weight", getattr(TensorProto, kind), [ROWS, 32], numbers.ravel()
    )
    shape = (1 if one else ROWS, 2 if block else 1)
    scales = np.random.default_rng(3).random(shape).astype(np.float32)
    node = helper.make_node(
        "GatherBlockQuantized", ["emb.weight", "x", "scales"], ["y"], name="/emb/Gather",
        domain="com.microsoft", block_size=block, gather_axis=0, quantize_axis=1,
    )  # fmt: skip
    made = model([node], {"scales": scales}, value("x", ["n"], TensorProto.INT64))
    made.graph.initializer.append(table)
    del made.opset_import[:]
    made.opset_import.extend([helper.make_opsetid("", 23), helper.make_opsetid("com.microsoft", 1)])
    made.ir_version = 11
    session = ort.InferenceSession(made.SerializeToString())
    expected = session.run(None, {"x": np.arange(ROWS)})[0]
    weight = found(made)["emb.weight"]
    np.testing.assert_array_equal(weight.read(), expected)
    parts = [part.copy() for part in weight.values.blocks([(0, 20), (20, ROWS * 32)])]
    np.testing.assert_array_equal(np.concatenate(parts), expected.reshape(-1))
    sizes = stored_weights(made, [("emb.weight", ROWS * 32)])
    assert sizes.bits == (4 if kind == "FLOAT4E2M1" else 8) * ROWS * 32 + 32 * scales.size


def test_they_align_with_the_matrix_they_come_from() -> None:
    """A MatMul's matrix, stored the other way round, is the same tensor."""
    node = helper.make_node("MatMul", ["x", "onnx::MatMul_5"], ["y"], name="/up/MatMul")
    matrix = {"onnx::MatMul_5": np.ones((COLUMNS, ROWS), np.float32)}
    plain = model([node], matrix, value("x", ["n", COLUMNS], TensorProto.FLOAT))
    models = {"plain": [*weights(plain)], "packed": [*weights(product(4, 16, zeros=True))]}
    aligned = align_study(models, {"packed": ["plain"]})
    [one] = aligned["packed"].placed
    assert (one.key, one.shape, one.transposed) == (("up", "weight"), (COLUMNS, ROWS), True)


@pytest.mark.parametrize("columns", [32, 40])
@pytest.mark.parametrize("kind", ["INT4", "UINT4", "UINT8"])
def test_tables(kind: str, columns: int) -> None:
    """An embedding in blocks is what its operator gives for each row; bytes hold two numbers, and
    the last block may be cut."""
    low, high = (-8, 8) if kind == "INT4" else (0, 16)
    rng = np.random.default_rng(3)
    numbers = rng.integers(low, high, (ROWS, columns))
    node = helper.make_node(
        "GatherBlockQuantized", ["emb.weight_Q4", "x", "scales"], ["y"], name="/emb/Gather_Q4",
        domain="com.microsoft", block_size=16, gather_axis=0, quantize_axis=1,
    )  # fmt: skip
    scales = {"scales": rng.random((ROWS, -(-columns // 16)), np.float32)}
    made = model([node], scales, value("x", ["n"], TensorProto.INT64))
    if kind == "UINT8":
        table = numpy_helper.from_array(packed(numbers, 4), "emb.weight_Q4")
    else:
        table = helper.make_tensor(
            "emb.weight_Q4", getattr(TensorProto, kind), [ROWS, columns], numbers.ravel()
        )
    made.graph.initializer.append(table)
    del made.opset_import[:]
    made.opset_import.extend([helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)])
    made.ir_version = 10
    session = ort.InferenceSession(made.SerializeToString())
    expected = session.run(None, {"x": np.arange(ROWS)})[0]
    weight = found(made)["emb.weight"]
    assert weight.dtype == {"UINT8": "uint4"}.get(kind, kind.lower())
    np.testing.assert_allclose(weight.read(), expected, rtol=1e-6)


def test_tables_and_products_of_one_dynamic_model(tmp_path: object) -> None:
    """A table that is quantized keeps its own scale, and the product behind it has the other."""
    rng = np.random.default_rng(5)
    arrays = {
        "emb.weight": rng.standard_normal((20, 16)).astype(np.float32),
        "up.weight": 100 * rng.standard_normal((16, 8)).astype(np.float32),
    }
    nodes = [
        helper.make_node(
            "Gather", ["emb.weight", "x"], ["/emb/Gather_output_0"], name="/emb/Gather"
        ),
        helper.make_node("MatMul", ["/emb/Gather_output_0", "up.weight"], ["y"], name="/up/MatMul"),
    ]
    made = model(nodes, arrays, value("x", ["n"], TensorProto.INT64))
    folder = str(tmp_path)
    quantize_dynamic(made, f"{folder}/int8.onnx")
    with open(f"{folder}/int8.onnx", "rb") as stream:  # noqa: PTH123
        rows = found(ModelProto.FromString(stream.read()))
    assert set(rows) == set(arrays)
    for name, array in arrays.items():
        assert np.abs(rows[name].read() - array).max() < np.abs(array).max() / 100


def broken(**changes: int) -> ModelProto:
    made = product(4, 16, zeros=True)
    node = made.graph.node[0]
    kept = [attribute for attribute in node.attribute if attribute.name not in changes]
    del node.attribute[:]
    node.attribute.extend([*kept, *(helper.make_attribute(*change) for change in changes.items())])
    return made


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (broken(K=0), "node '/up/MatMul_Q4': 8 × 0 in blocks of 16?"),
        (broken(block_size=8), "node '/up/MatMul_Q4': 24 scales do not fit 8 rows of 6 blocks"),
        (
            broken(bits=3),
            "tensor 'onnx::MatMul_5_Q4': 3 bits a number, packed in uint8, are not understood\n"
            "    Is there a newer cc-export?",
        ),
        (
            broken(bits=8),
            "node '/up/MatMul_Q4': 192 bytes are stored, too few for 8 × 48 numbers of 8 bits",
        ),
        (
            broken(weight_prepacked=1),
            "node '/up/MatMul_Q4': its weights are packed for one kind of device, which is not "
            "understood\n    Export the model with weight_prepacked=0.",
        ),
    ],
)
def test_what_does_not_fit(made: ModelProto, text: str) -> None:
    """Attributes that contradict the tensors are named."""
    with pytest.raises(ModelError) as caught:
        for weight in weights(made):
            weight.read()
    assert str(caught.value) == text


def test_numbers_in_bytes() -> None:
    """The lowest bits come first."""
    content = np.array([[0b11100100, 0b00001111]], np.uint8)
    assert unpacked(content, 2).tolist() == [[0, 1, 2, 3, 3, 3, 0, 0]]
    assert unpacked(content, 4).tolist() == [[4, 14, 15, 0]]
    assert unpacked(content, 8).tolist() == content.tolist()
