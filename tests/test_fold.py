"""What a graph computes from stored tensors alone is computed as onnxruntime does it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
import pytest
import tiny_models
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from tiny_models import Array

from cc_export.errors import ModelError
from cc_export.onnx_models.fold import fold, leaves
from cc_export.onnx_models.graph import whole_graph

INT32, FLOAT = TensorProto.INT32, TensorProto.FLOAT


def node(operator: str, inputs: str, output: str, **attributes: object) -> NodeProto:
    return helper.make_node(operator, inputs.split(), [output], name=output, **attributes)


def model(nodes: Sequence[NodeProto], arrays: dict[str, Array], kind: int = FLOAT) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [tiny_models.value("image", [1], FLOAT)],
        [tiny_models.value("r", None, kind)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    made = tiny_models.finished(graph, 21)
    made.ir_version = 10
    return made


NUMBERS = np.array([[-7, 7, 1], [0, -2147483648, 2147483647]], np.int32)
CASES = {
    "whole numbers are divided towards zero": (
        [node("Div", "n d", "r")], {"d": np.array(4, np.int32)}, INT32,
    ),
    "bits are moved and masked": (
        [
            node("Cast", "n", "u", to=TensorProto.UINT32),
            node("BitShift", "u s", "v", direction="RIGHT"),
            node("BitwiseAnd", "v m", "w"),
            node("Cast", "w", "r", to=INT32),
        ],
        {"s": np.array([[0], [4]], np.uint32), "m": np.array(15, np.uint32)},
        INT32,
    ),
    "rows are looked up": (
        [node("Gather", "n places", "r")], {"places": np.array([1, 0, 1, -1])}, INT32,
    ),
    "columns are looked up": (
        [node("Gather", "n places", "r", axis=1)], {"places": np.array([2, 0])}, INT32,
    ),
    "sides are repeated": (
        [node("Unsqueeze", "n first", "u"), node("Expand", "u shape", "r")],
        {"first": np.array([1]), "shape": np.array([1, 4, 1])},
        INT32,
    ),
    "scales are scaled": (
        [node("Cast", "n", "i", to=TensorProto.INT8), node("DequantizeLinear", "i s", "r")],
        {"s": np.array(0.25, np.float32)},
        FLOAT,
    ),
    "floats are rounded to integers": (
        [
            node("QuantizeLinear", "f s z", "q", axis=1),
            node("DequantizeLinear", "q s z", "r", axis=1),
        ],
        {
            "f": np.array([[0.5, 1.5, -9], [2.5, 300, -0.49]], np.float32),
            "s": np.array([1, 2, 0.5], np.float32),
            "z": np.array([0, 3, -4], np.int8),
        },
        FLOAT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_as_onnxruntime_does_it(case: str) -> None:
    """Shape, type and every value are those that onnxruntime gives."""
    nodes, arrays, kind = CASES[case]
    made = model(nodes, {"n": NUMBERS, **arrays}, kind)
    session = ort.InferenceSession(made.SerializeToString())
    expected = session.run(None, {"image": np.zeros(1, np.float32)})[0]
    found = fold(whole_graph(made), "r")
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_leaves_are_what_is_stored() -> None:
    """Shapes are none of them; what an input takes part in has none."""
    nodes = [
        node("Reshape", "n shape", "m"),
        node("Cast", "m", "f", to=FLOAT),
        node("Mul", "f s", "r"),
        node("Mul", "r image", "t"),
    ]
    arrays = {"n": NUMBERS, "shape": np.array([3, 2]), "s": np.array(2, np.float32)}
    graph = whole_graph(model(nodes, arrays))
    assert set(leaves(graph, "r")) == {"n", "s"}
    assert leaves(graph, "n") == ("n",)
    assert leaves(graph, "t") == ()


COMPUTED = "the tensor 'r' is computed, not stored; it cannot be read"


@pytest.mark.parametrize(
    ("nodes", "arrays", "text"),
    [
        (
            [node("MatMul", "n n", "r")],
            {},
            "node 'r': weights are computed by way of MatMul, which is not understood\n"
            "    Let the exporter fold constants, so that the weights themselves are stored.",
        ),
        (
            [node("Expand", "n shape", "r")],
            {"shape": np.array([2**20, 2**20, 2, 3])},
            "node 'r': weights are computed by way of 6,597,069,766,656 values, more than any "
            "layer has",
        ),
        (
            [node("ConstantOfShape", "shape", "r")],
            {"shape": np.array([2**40])},
            "node 'r': weights are computed by way of 1,099,511,627,776 values, more than any "
            "layer has",
        ),
        (
            [node("Tile", "n times", "r")],
            {"times": np.array([2**20, 2**20])},
            "node 'r': weights are computed by way of 6,597,069,766,656 values, more than any "
            "layer has",
        ),
        (
            [node("Range", "a b c", "r")],
            {"a": np.array(0), "b": np.array(2**40), "c": np.array(1)},
            "node 'r': weights are computed by way of 1,099,511,627,776 values, more than any "
            "layer has",
        ),
        ([node("Identity", "image", "r")], {}, COMPUTED),
        ([node("Add", "r n", "r")], {}, COMPUTED),
    ],
)  # fmt: skip
def test_what_is_not_computed(nodes: list[NodeProto], arrays: dict[str, Array], text: str) -> None:
    """Other operators, and what is far too large, are refused before anything is made."""
    graph = whole_graph(model(nodes, {"n": NUMBERS, **arrays}))
    with pytest.raises(ModelError) as caught:
        fold(graph, "r")
    assert str(caught.value) == text


def test_what_does_not_fit() -> None:
    """Shapes that do not fit are an error with the node's name."""
    graph = whole_graph(model([node("Add", "n m", "r")], {"n": NUMBERS, "m": NUMBERS[:, :2]}))
    with pytest.raises(ModelError, match="node 'r': weights are computed by way of Add, which"):
        fold(graph, "r")
