"""A trained tensor is found wherever an operator takes it, or the model is refused by name."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_models
from onnx import ModelProto, NodeProto, TensorProto, helper
from tiny_models import Array

from cc_export.errors import ModelError
from cc_export.onnx_models.storage import stored_weights
from cc_export.onnx_models.weights import weights

ARRAY = np.arange(8, dtype=np.float32).reshape(2, 4)


def model(nodes: list[NodeProto], arrays: dict[str, Array]) -> ModelProto:
    return tiny_models.Parts(nodes, arrays).model()


@pytest.mark.parametrize(
    ("operator", "domain", "inputs", "role"),
    [
        ("Einsum", "", "image l.w", "weight"),
        ("Concat", "", "l.w image", "weight"),
        ("Where", "", "flag l.w image", "weight"),
        ("Expand", "", "l.w shape", "weight"),
        ("LSTM", "", "image a b c d e f l.w", "weight"),
        ("DeformConv", "", "image l.w offset", "weight"),
        ("MultiHeadAttention", "com.microsoft", "q k v l.w", "bias"),
        ("MoE", "com.microsoft", "image router l.w", "weight"),
        ("Anything", "other.operators", "image l.w", "weight"),
    ],
)
def test_floats(operator: str, domain: str, inputs: str, role: str) -> None:
    """Operators that a float model multiplies, adds or joins a trained array with."""
    node = helper.make_node(operator, inputs.split(), ["logits"], name="/l/op", domain=domain)
    [weight] = weights(model([node], {"l.w": ARRAY}))
    assert (weight.layer, weight.name, weight.role) == ("l", "w", role)
    np.testing.assert_array_equal(weight.read(), ARRAY)


@pytest.mark.parametrize("operator", ["Concat", "Where", "Einsum", "Expand"])
def test_single_numbers_are_not_trained(operator: str) -> None:
    """A single number in their place is a constant of the graph."""
    node = helper.make_node(operator, ["image", "l.w"], ["logits"])
    assert [*weights(model([node], {"l.w": np.ones(1, np.float32)}))] == []


def test_an_added_array_that_is_quantized() -> None:
    """What a float model adds is the same bias behind DequantizeLinear, or in integers."""
    scale, zero = np.array(0.5, np.float32), np.array(1, np.int8)
    arrays = {"l.w": ARRAY.astype(np.int8), "s": scale, "z": zero}
    behind = [
        helper.make_node("DequantizeLinear", ["l.w", "s", "z"], ["w"]),
        helper.make_node("Add", ["image", "w"], ["logits"]),
    ]
    inside = helper.make_node(
        "QLinearAdd", ["q", "s", "z", "l.w", "s", "z", "s", "z"], ["logits"], domain="com.microsoft"
    )
    for nodes in (behind, [inside]):
        [weight] = weights(model(nodes, arrays))
        assert (weight.role, weight.dtype) == ("bias", "int8")
        np.testing.assert_array_equal(weight.read(), (ARRAY - 1) / 2)


def test_constants_however_they_are_spelt() -> None:
    """A Constant node may hold a tensor or a list of numbers."""
    nodes = [
        helper.make_node("Constant", [], ["bias"], value_floats=[1.0, 2.0]),
        helper.make_node("Constant", [], ["half"], value_float=0.5),
        helper.make_node("Mul", ["image", "half"], ["m"]),
        helper.make_node("Add", ["m", "bias"], ["logits"], name="/l/Add"),
    ]
    made = model(nodes, {})
    [weight] = weights(made)
    np.testing.assert_array_equal(weight.read(), [1, 2])
    assert stored_weights(made, [("bias", 2)]).bits == 64


@pytest.mark.parametrize(("operator", "place"), [("MatMulFpQ4", 1), ("QMoE", 2)])
def test_packed_forms_that_are_not_read(operator: str, place: int) -> None:
    """A model whose weights cannot be read says so; it does not seem to have none."""
    inputs = ["image", *("x" * at for at in range(1, place)), "l.w"]
    node = helper.make_node(operator, inputs, ["logits"], name="/l/op", domain="com.microsoft")
    with pytest.raises(ModelError) as caught:
        list(weights(model([node], {"l.w": np.zeros(8, np.uint8)})))
    assert str(caught.value) == (
        f"the weights 'l.w' of the {operator} node '/l/op' are packed in a form that is not "
        "understood\n    Is there a newer cc-export?"
    )


def test_scales_of_tables_take_bits() -> None:
    """Scales and zero points of a table in blocks are part of what its weights take."""
    node = helper.make_node(
        "GatherBlockQuantized", ["emb.weight", "x", "s", "z"], ["logits"], domain="com.microsoft",
        block_size=16, quantize_axis=1,
    )  # fmt: skip
    made = model([node], {"s": np.ones((6, 3), np.float32)})
    for name, shape in (("emb.weight", (6, 40)), ("z", (6, 3))):
        numbers = np.zeros(shape, np.int8).ravel()
        made.graph.initializer.append(
            helper.make_tensor(name, TensorProto.INT4, list(shape), numbers)
        )
    [weight] = weights(made)
    found = stored_weights(made, [(weight.initializer, 240)])
    assert found.bits == 240 * 4 + 18 * 32 + 18 * 4
