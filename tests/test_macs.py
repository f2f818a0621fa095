"""Multiply-accumulates: known where shapes are, and never guessed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
import pytest
import tiny_models
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from cc_export.onnx_models.macs import Macs, count_macs

FLOAT = TensorProto.FLOAT


def model(
    nodes: Sequence[NodeProto],
    inputs: dict[str, list[str | int]],
    weights: dict[str, tuple[int, ...]],
    dtype: type = np.float32,
) -> ModelProto:
    """A graph whose last node's first output is the result; weights are zeros of a shape."""
    graph = helper.make_graph(
        nodes, "g",
        [tiny_models.value(name, shape, FLOAT) for name, shape in inputs.items()],
        [tiny_models.value(nodes[-1].output[0], None, FLOAT)],
        [numpy_helper.from_array(np.zeros(s, dtype), name) for name, s in weights.items()],
    )  # fmt: skip
    made = tiny_models.finished(graph)
    made.opset_import.add(domain="com.microsoft", version=1)
    return made


def node(operator: str, inputs: str, output: str = "y", **attributes: object) -> NodeProto:
    return helper.make_node(operator, inputs.split(" "), [output], **attributes)


def contrib(operator: str, inputs: str, output: str = "y", **attributes: object) -> NodeProto:
    return node(operator, inputs, output, domain="com.microsoft", **attributes)


def test_the_tiny_network() -> None:
    """A convolution of 3×3 over 4×4 pixels into 2 channels, and a product of 32 by 3."""
    found = count_macs(tiny_models.float32(tiny_models.weights()))
    assert found == Macs(2 * 16 * 9 + 32 * 3)


def test_zeros_and_types_cost_the_same() -> None:
    """Pruning and quantization change no shapes, and so no count."""
    base = tiny_models.weights()
    counts = {
        count_macs(made).count
        for made in (
            tiny_models.float32(base), tiny_models.float32(tiny_models.pruned(base)),
            tiny_models.float16(base), tiny_models.int8_per_channel(base),
        )
    }  # fmt: skip
    assert counts == {384}


@pytest.mark.parametrize(
    ("nodes", "inputs", "weights", "expected"),
    [
        ([node("MatMul", "x w")], {"x": ["b", 5, 7]}, {"w": (7, 3)}, 5 * 7 * 3),
        ([node("MatMul", "x z")], {"x": ["b", 2, 5, 7], "z": ["b", 2, 7, 3]}, {}, 2 * 5 * 7 * 3),
        ([node("Gemm", "x w", transA=1)], {"x": [7, 5]}, {"w": (7, 3)}, 5 * 7 * 3),
        ([node("Gemm", "x w", transB=1)], {"x": ["b", 7]}, {"w": (3, 7)}, 7 * 3),
        ([node("ConvTranspose", "x w", strides=[2, 2])], {"x": ["b", 4, 5, 5]},
         {"w": (4, 3, 2, 2)}, 4 * 25 * 3 * 4),
        ([node("LSTM", "x w r", layout=1)], {"x": ["b", 6, 5]}, {"w": (2, 12, 5), "r": (2, 12, 3)},
         6 * 2 * 12 * (5 + 3)),
        ([node("GRU", "x w r", layout=1)], {"x": ["b", 6, 5]}, {"w": (1, 9, 5), "r": (1, 9, 3)},
         6 * 9 * (5 + 3)),
        ([contrib("MatMulNBits", "x w s", K=64, N=8, bits=4, block_size=32)],
         {"x": ["b", 3, 64]}, {"w": (8, 2, 16), "s": (16,)}, 3 * 64 * 8),
        ([contrib("Gelu", "x", "h"), node("MatMul", "h w")], {"x": ["b", 7]}, {"w": (7, 3)}, 21),
        ([node("Relu", "x")], {"x": ["b", 9]}, {}, 0),
    ],
    ids=lambda value: value[0].op_type if isinstance(value, list) else None,
)  # fmt: skip
def test_each_operator(
    nodes: list[NodeProto],
    inputs: dict[str, list[str | int]],
    weights: dict[str, tuple[int, ...]],
    expected: int,
) -> None:
    """Each kind of layer costs what its definition says, for one instance."""
    assert count_macs(model(nodes, inputs, weights)) == Macs(expected)


@pytest.mark.parametrize("before", ["", "Cast", "Gather"])
@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ([11, "N"], Macs(11 * 2 * 36 * (5 + 9))),
        # What begins with the number of steps insists on no batch of as many.
        ([11, 4], Macs(11 * 2 * 36 * (5 + 9))),
        ([11, 1], Macs(11 * 2 * 36 * (5 + 9))),
        (["T", "N"], Macs(None, "the graph leaves dimensions open: T")),
    ],
)
def test_sequences_of_which_each_step_is_a_batch(
    before: str, shape: list[str | int], expected: Macs
) -> None:
    """Recurrent layers take [steps, batch, features]: the batch is no first dimension there."""
    weights = {"w": (2, 36, 5), "r": (2, 36, 9), "table": (50, 5)}
    first = {
        "": [],
        "Cast": [node("Cast", "x", "h", to=FLOAT)],
        "Gather": [node("Gather", "table x", "h")],
    }[before]
    lstm = node("LSTM", f"{'h' if before else 'x'} w r", direction="bidirectional", hidden_size=9)
    made = model([*first, lstm], {"x": shape if before == "Gather" else [*shape, 5]}, weights)
    if before == "Gather":
        made.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    assert count_macs(made) == expected


def test_states_are_batches_of_directions() -> None:
    """First states, too, have the batch behind another dimension."""
    weights = {"w": (1, 9, 5), "r": (1, 9, 3)}
    gru = helper.make_node("GRU", ["x", "w", "r", "", "", "state"], ["y"], hidden_size=3)
    for side in ("N", 4):
        made = model([gru], {"x": [6, side, 5], "state": [1, side, 3]}, weights)
        assert count_macs(made) == Macs(6 * 9 * (5 + 3))


def test_integer_operators() -> None:
    """Layers that compute on integers cost what their twins on floats do."""
    weights = {"w": (7, 3), "s": (), "z": ()}
    made = model([contrib("QGemm", "x s z w s z")], {"x": ["b", 7]}, weights)
    assert count_macs(made) == Macs(21)
    made = model([node("MatMulInteger", "x w")], {"x": ["b", 5, 7]}, {"w": (7, 3)}, np.int8)
    made.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    assert count_macs(made) == Macs(105)
    made = model(
        [node("QLinearConv", "x s z w s z s z", kernel_shape=[3, 3])],
        {"x": ["b", 4, 5, 5]}, {"w": (6, 4, 3, 3), "s": (), "z": ()},
    )  # fmt: skip
    assert count_macs(made) == Macs(6 * 9 * 4 * 9)


@settings(max_examples=60)
@given(st.data())
def test_convolutions_as_they_run(data: st.DataObject) -> None:
    """Whatever stride, padding, dilation and groups: the values that a run gives × sums of each."""
    groups = data.draw(st.integers(1, 3))
    inside, outside = groups * data.draw(st.integers(1, 3)), groups * data.draw(st.integers(1, 3))
    kernel = data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=2))
    made = model(
        [
            node(
                "Conv", "x w", group=groups, kernel_shape=kernel,
                strides=data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=2)),
                pads=data.draw(st.lists(st.integers(0, 2), min_size=4, max_size=4)),
                dilations=data.draw(st.lists(st.integers(1, 2), min_size=2, max_size=2)),
            )
        ],
        {"x": ["b", inside, 9, 8]},
        {"w": (outside, inside // groups, *kernel)},
    )  # fmt: skip
    session = ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    answer = session.run(None, {"x": np.zeros((1, inside, 9, 8), np.float32)})[0]
    assert count_macs(made).count == answer.size * (inside // groups) * math.prod(kernel)


def test_a_batch_that_is_fixed() -> None:
    """A model that insists on 8 instances costs an eighth of its run for each."""
    made = model([node("MatMul", "x w")], {"x": [8, 7]}, {"w": (7, 3)})
    assert count_macs(made) == Macs(21)


def test_open_dimensions_are_not_guessed() -> None:
    """A length that the file leaves open leaves the count unknown, and is named."""
    made = model([node("MatMul", "x w")], {"x": ["batch", "length", 7]}, {"w": (7, 3)})
    assert count_macs(made) == Macs(None, "the graph leaves dimensions open: length")


def test_shapes_that_the_graph_computes() -> None:
    """torch flattens to a shape worked out from the batch: list of its one side, and the rest."""
    nodes = [
        node("Shape", "x", "sides", start=0, end=1),
        node("Squeeze", "sides", "side"),
        node("Constant", "", "one", value_ints=[-1]),
        node("Reshape", "side one", "listed"),
        node("Constant", "", "rest", value_ints=[6]),
        node("Concat", "listed rest", "flat", axis=0),
        node("Reshape", "x flat", "h", allowzero=1),
        node("MatMul", "h w"),
    ]
    for made in nodes[2], nodes[4]:
        del made.input[:]
    made = model(nodes, {"x": ["batch", 2, 3]}, {"w": (6, 5)})
    assert count_macs(made) == Macs(30)
    # Something else than a list of one: nothing is known of it.
    nodes[2].attribute[0].ints[:] = [1, 1]
    made = model(nodes, {"x": ["batch", 2, 3]}, {"w": (6, 5)})
    assert count_macs(made).count is None


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([node("Einsum", "x w", equation="bi,ij->bj")], "Einsum is not counted"),
        ([node("Attention2", "x w", domain="ours")], "Attention2 is not counted"),
        ([node("NoSuch", "x", "h"), node("MatMul", "h w", name="last")],
         "the shapes of MatMul 'last' cannot be inferred"),
        ([contrib("FusedMatMul", "x w", transA=1, name="f")],
         "the shapes of FusedMatMul 'f' cannot be inferred"),
        ([node("MatMul", "", "y", name="n")], "the shapes of MatMul 'n' cannot be inferred"),
    ],
)  # fmt: skip
def test_what_cannot_be_told(nodes: list[NodeProto], reason: str) -> None:
    """One product that cannot be counted leaves the sum unknown, with the reason."""
    made = model(nodes, {"x": ["b", 7]}, {"w": (7, 7)})
    assert count_macs(made) == Macs(None, reason)


def test_functions_of_the_file() -> None:
    """What a function of the file's own does is not looked into, and so not counted as nothing."""
    made = model([node("f", "x w", domain="own")], {"x": ["b", 7]}, {"w": (7, 7)})
    inside = [node("MatMul", "a b", "c")]
    opsets = [helper.make_opsetid("", 17)]
    made.functions.append(helper.make_function("own", "f", ["a", "b"], ["c"], inside, opsets))
    assert count_macs(made) == Macs(None, "the file's own function f is not counted")


def test_products_inside_a_loop() -> None:
    """How often a loop runs is in no shape, so its products are not counted."""
    body = helper.make_graph(
        [node("MatMul", "x w", "h")], "body",
        [
            tiny_models.value("i", [], TensorProto.INT64),
            tiny_models.value("c", [], TensorProto.BOOL),
        ],
        [tiny_models.value("c", [], TensorProto.BOOL), tiny_models.value("h", None, FLOAT)],
    )  # fmt: skip
    made = model([node("Loop", "n c", body=body)], {"x": ["b", 7]}, {"w": (7, 7)})
    assert count_macs(made) == Macs(None, "how often the graph inside Loop runs is not known")
