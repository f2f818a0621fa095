"""Weights inside control flow and functions are weights of the model, wherever they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import tiny_models
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from tiny_models import Array

from cc_export.errors import ModelError
from cc_export.evaluate import batch_size
from cc_export.inspect import inspect_model
from cc_export.onnx_models.flat import flatten
from cc_export.onnx_models.modules import is_counted
from cc_export.onnx_models.read import read_model
from cc_export.onnx_models.storage import stored_weights
from cc_export.onnx_models.weights import Weight, weights

RNG = np.random.default_rng(3)
W, V, B = (RNG.random(shape).astype(np.float32) for shape in ((4, 4), (4, 4), (4,)))
FLOAT = TensorProto.FLOAT


def node(operator: str, inputs: str, output: str, **attributes: object) -> NodeProto:
    return helper.make_node(operator, inputs.split(), output.split(), **attributes)


def body(
    nodes: Sequence[NodeProto], arrays: dict[str, Array], given: Sequence[object] = (), *made: str
) -> GraphProto:
    """A graph inside a node, of results ``made``."""
    results = [tiny_models.value(name, None, FLOAT) for name in made]
    stored = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    return helper.make_graph(nodes, "inner", given, results, stored)


def model(nodes: Sequence[NodeProto], arrays: dict[str, Array]) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [tiny_models.value("image", [2, 4], FLOAT)],
        [tiny_models.value("logits", None, FLOAT)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    made = tiny_models.finished(graph, 17)
    ort.InferenceSession(made.SerializeToString()).run(None, {"image": np.ones((2, 4), np.float32)})
    return made


def rows(made: ModelProto) -> dict[str, Weight]:
    return {f"{one.layer}.{one.name}": one for one in weights(made)}


YES = {"yes": np.array(True)}


def condition(then: GraphProto, other: GraphProto, name: str = "") -> NodeProto:
    return node("If", "yes", "logits", then_branch=then, else_branch=other, name=name)


def test_branches_have_layers_of_their_own() -> None:
    """What a branch stores, and what only a branch takes, are layers with values and roles."""
    then = body(
        [node("MatMul", "image w", "p"), node("Add", "p b", "o")], {"w": W, "b": B}, (), "o"
    )
    other = body([node("Gemm", "image fc.weight fc.bias", "o", name="/fc/Gemm")], {}, (), "o")
    made = model([condition(then, other, "If_1")], {**YES, "fc.weight": V, "fc.bias": B})
    found = rows(made)
    assert {name: (one.role, one.operators) for name, one in found.items()} == {
        "If_1.then_branch.p.weight": ("weight", ("MatMul",)),
        "If_1.then_branch.o.bias": ("bias", ("Add",)),
        "fc.weight": ("weight", ("Gemm",)),
        "fc.bias": ("bias", ("Gemm",)),
    }
    assert np.array_equal(found["If_1.then_branch.p.weight"].read(), W)
    assert found["If_1.then_branch.p.weight"].output_axis == 1
    assert np.array_equal(found["fc.weight"].read(), V)


def test_branches_of_one_name_stay_two() -> None:
    """Two branches may use one name for two tensors: each has its values, and its layer."""
    graphs = [
        body([node("MatMul", "image fc.weight", "o", name="/fc/MatMul")], {"fc.weight": w}, (), "o")
        for w in (W, V)
    ]
    found = rows(model([condition(graphs[0], graphs[1], "/gate/If")], YES))
    assert list(found) == ["fc.weight", "gate.else_branch.fc.weight"]
    assert [np.array_equal(one.read(), w) for one, w in zip(found.values(), (W, V), strict=True)]
    assert len({one.initializer for one in found.values()}) == 2


def test_a_weight_that_a_branch_chooses() -> None:
    """Weights that leave a branch are taken by who takes the result of the condition."""
    graphs = [body([node("Identity", name, "o")], {name: w}, (), "o") for name, w in
              (("first.weight", W), ("second.weight", V))]  # fmt: skip
    choice = node("If", "yes", "w", then_branch=graphs[0], else_branch=graphs[1])
    found = rows(model([choice, node("MatMul", "image w", "logits", name="fc")], YES))
    assert {name: (one.role, one.output_axis) for name, one in found.items()} == {
        "first.weight": ("weight", 1),
        "second.weight": ("weight", 1),
    }


def scan(nodes: Sequence[NodeProto], scanned: str, **attributes: object) -> NodeProto:
    given = [tiny_models.value("state", [2, 4], FLOAT), tiny_models.value("slice", None, FLOAT)]
    inner = body(nodes, {}, given, "next")
    return node("Scan", f"image {scanned}", "logits", body=inner, num_scan_inputs=1, **attributes)


def test_a_loop_over_its_layers() -> None:
    """Slices of a stack of matrices are its layers: one tensor, whose outputs lie one side on."""
    stack = np.stack([W, V])
    found = rows(model([scan([node("MatMul", "state slice", "next")], "layers.weight")],
                       {"layers.weight": stack}))  # fmt: skip
    assert list(found) == ["layers.weight"]
    assert found["layers.weight"].shape == (2, 4, 4)
    assert found["layers.weight"].output_axis == 2
    assert np.array_equal(found["layers.weight"].read(), stack)


def test_what_goes_round_unchanged() -> None:
    """A matrix that a loop hands on from round to round is the one that is stored outside."""
    given = [
        tiny_models.value("i", [], TensorProto.INT64),
        tiny_models.value("go", [], TensorProto.BOOL),
        tiny_models.value("x", [2, 4], FLOAT),
        tiny_models.value("w", [4, 4], FLOAT),
    ]
    nodes = [
        node("Identity", "go", "on"),
        node("MatMul", "x w", "y"),
        node("Identity", "w", "w_next"),
    ]
    inner = body(nodes, {}, given, "on", "y", "w_next")
    inner.output[0].type.tensor_type.elem_type = TensorProto.BOOL
    loop = node("Loop", "n yes image fc.weight", "logits rest", body=inner)
    found = rows(model([loop], {**YES, "n": np.array(2), "fc.weight": W}))
    assert list(found) == ["fc.weight"]
    assert found["fc.weight"].operators == ("MatMul",)


def with_functions(nodes: Sequence[NodeProto], arrays: dict[str, Array]) -> ModelProto:
    """Functions ``linear`` (of a matrix that is given) and ``stored`` (of one that it stores)."""
    graph = helper.make_graph(
        nodes,
        "g",
        [tiny_models.value("image", [2, 4], FLOAT)],
        [tiny_models.value("logits", None, FLOAT)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    made = tiny_models.finished(graph, 17)
    made.opset_import.add(domain="own", version=1)
    opsets = [helper.make_opsetid("", 17)]
    turned = helper.make_node("Gemm", ["x", "w", "b"], ["y"])
    turned.attribute.add(name="transB", ref_attr_name="turned", type=2)
    made.functions.append(
        helper.make_function("own", "linear", ["x", "w", "b"], ["y"], [turned], opsets, ["turned"])
    )
    inside = [
        helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(V)),
        helper.make_node("MatMul", ["x", "w"], ["y"], name="product"),
    ]
    made.functions.append(helper.make_function("own", "stored", ["x"], ["y"], inside, opsets))
    ort.InferenceSession(made.SerializeToString()).run(None, {"image": np.ones((2, 4), np.float32)})
    return made


def test_functions_are_what_they_do(tmp_path: Path) -> None:
    """Roles are those inside the function, with the attributes of the call; what a function stores
    is one tensor, however often it is called."""
    made = with_functions(
        [
            node("linear", "image fc.weight fc.bias", "a", domain="own", turned=1),
            node("stored", "a", "b", domain="own", name="first"),
            node("stored", "b", "logits", domain="own", name="second"),
        ],
        {"fc.weight": W, "fc.bias": B},
    )
    found = rows(made)
    assert {name: (one.role, one.operators, one.output_axis) for name, one in found.items()} == {
        "fc.weight": ("weight", ("Gemm",), 0),
        "fc.bias": ("bias", ("Gemm",), 0),
        "first.product.weight": ("weight", ("MatMul",), 1),
    }
    assert np.array_equal(found["first.product.weight"].read(), V)
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    assert [one.layer for one in inspect_model(path).tensors] == ["fc", "fc", "first.product"]
    counts = [(one.initializer, one.read().size) for one in weights(read_model(path), path)]
    bits = stored_weights(read_model(path), counts, path)
    assert (bits.weights, bits.bits) == (36, 36 * 32)


def test_large_weights_of_functions_and_branches_stay_in_the_file(tmp_path: Path) -> None:
    """Tensors inside functions and branches are read from their places in the file."""
    large = RNG.random((4, 2_000)).astype(np.float32)
    then = body([node("MatMul", "image w", "o")], {"w": large}, (), "o")
    made = model([condition(then, then, "If_1")], YES)
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    found = list(weights(read_model(path), path))
    assert len(found) == 2
    assert all(np.array_equal(one.read(), large) for one in found)


def test_operators_inside_others_count(tmp_path: Path) -> None:
    """What quantizes by the whole batch inside a branch has the model run one instance at a time,
    as it does outside."""
    dynamic = node("DynamicQuantizeLinear", "image", "q s z")
    nodes = [dynamic, node("DequantizeLinear", "q s z", "o")]
    then = body(nodes, {}, (), "o")
    other = body([node("Identity", "image", "o")], {}, (), "o")
    path = tmp_path / "model.onnx"
    path.write_bytes(model([condition(then, other, "If_1")], YES).SerializeToString())
    operators = dict(inspect_model(path).operators)
    expected = {"If": 1, "DynamicQuantizeLinear": 1, "DequantizeLinear": 1, "Identity": 1}
    assert operators == expected
    assert batch_size(operators) == 1


def test_functions_without_end() -> None:
    """Functions that call themselves, or each other far too often, are named and refused."""
    made = tiny_models.float32(tiny_models.weights())
    opsets = [helper.make_opsetid("own", 1)]
    calls = [helper.make_node("f", ["x"], ["y"], domain="own")]
    made.functions.append(helper.make_function("own", "f", ["x"], ["y"], calls, opsets))
    made.graph.node.append(helper.make_node("f", ["image"], ["z"], domain="own"))
    with pytest.raises(ModelError) as caught:
        flatten(made)
    assert str(caught.value) == (
        "the file's own function 'f' calls itself, or is called by too many others\n"
        "    Export the model without functions."
    )
    del made.functions[:]
    for level in range(30):
        calls = [helper.make_node(f"f{level + 1}", ["x"], [f"y{n}"], domain="own") for n in "ab"]
        name = "f" if not level else f"f{level}"
        made.functions.append(helper.make_function("own", name, ["x"], ["ya"], calls, opsets))
    with pytest.raises(ModelError, match="more than 200,000 nodes"):
        flatten(made)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("MatMul_12", True),
        ("If_1.then_branch.MatMul_12", True),
        ("MatMul", True),
        ("stage1.conv_2", False),
        ("stage1.conv", False),
        ("fc", False),
        ("", True),
    ],
)
def test_paths_that_only_count(layer: str, expected: bool) -> None:
    """Operators with a number are no names, inside a branch neither."""
    assert is_counted(layer) is expected
