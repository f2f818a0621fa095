"""Stored bits of weights, with the scales and zero points they need."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tiny_models
from onnx import ModelProto, TensorProto, helper

from cc_export.onnx_models.storage import StoredWeights, stored_weights
from cc_export.onnx_models.weights import weights

BASE = tiny_models.weights()
COUNT = sum(array.size for array in BASE.values())


def stored(model: ModelProto) -> StoredWeights:
    return stored_weights(model, [(w.initializer, math.prod(w.shape)) for w in weights(model)])


@pytest.mark.parametrize(("make", "bits"), [(tiny_models.float32, 32), (tiny_models.float16, 16)])
def test_floats(make: object, bits: int) -> None:
    """A float takes its own bits, pruned or not, and none of them is quantized."""
    for values in (BASE, tiny_models.pruned(BASE)):
        found = stored(make(values))  # type: ignore[operator]
        assert (found.weights, found.effective_bits, found.quantized_share) == (COUNT, bits, 0.0)


def test_scales_and_zero_points_count() -> None:
    """Weights in int8 with a float scale and an int8 zero point for each channel."""
    model = tiny_models.int8_per_channel(BASE)
    found = stored(model)
    matrices = BASE["conv1.weight"].size + BASE["fc.weight"].size
    channels = len(BASE["conv1.weight"]) + len(BASE["fc.weight"])
    biases = channels * 32
    assert found.bits == matrices * 8 + channels * (32 + 8) + biases
    assert (found.weights, found.quantized) == (COUNT, matrices)
    assert dict(found.types) == {"FLOAT": channels, "INT8": matrices}
    # Each with its own scales, and all of them together.
    kernel, outputs = BASE["conv1.weight"].size, len(BASE["conv1.weight"])
    [place] = [n for n, weight in enumerate(weights(model)) if weight.shape[1:] == (1, 3, 3)]
    assert found.each[place] == kernel * 8 + outputs * (32 + 8)
    assert sum(found.each) == found.bits


def test_a_tensor_of_two_layers_is_stored_once() -> None:
    """Weights that two layers share are two layers' weights, and one layer's bits."""
    model = tiny_models.float32(BASE)
    model.graph.node.insert(0, helper.make_node("Identity", ["conv1.bias"], ["again"]))
    found = stored_weights(model, [("conv1.bias", 2), ("again", 2)])
    assert (found.weights, found.bits, found.each) == (4, 64, (64, 0))


def test_four_bits_are_packed() -> None:
    """A tensor of UINT4 takes half a byte for each element; a packed matrix what its bytes say."""
    four = helper.make_tensor("w", TensorProto.UINT4, [3, 5], np.zeros(15, np.uint8))
    packed = helper.make_tensor("q", TensorProto.UINT8, [8, 2, 16], np.zeros(256, np.uint8))
    scales = helper.make_tensor("s", TensorProto.FLOAT, [16], np.ones(16, np.float32))
    product = helper.make_node("MatMulNBits", ["x", "q", "s"], ["y"], domain="com.microsoft")
    graph = helper.make_graph([product], "g", [], [], [four, packed, scales])
    model = tiny_models.finished(graph)
    assert stored_weights(model, [("w", 15)]).effective_bits == 4
    found = stored_weights(model, [("q", 8 * 64)])
    assert (found.bits, found.quantized_share) == (256 * 8 + 16 * 32, 1.0)
    assert found.effective_bits == 5.0
    assert found.types == (("UINT4", 512),)


def test_a_product_with_its_scale_beside_it() -> None:
    """MatMulIntegerToFloat: 8 bits for each weight, scales and zero points of each column."""
    arrays = [
        helper.make_tensor("w", TensorProto.UINT8, [5, 3], np.zeros(15, np.uint8)),
        helper.make_tensor("a", TensorProto.FLOAT, [], [0.5]),
        helper.make_tensor("s", TensorProto.FLOAT, [3], np.ones(3, np.float32)),
        helper.make_tensor("za", TensorProto.UINT8, [], [3]),
        helper.make_tensor("z", TensorProto.UINT8, [3], np.full(3, 128, np.uint8)),
    ]
    names = ["x", "w", "a", "s", "za", "z"]
    node = helper.make_node("MatMulIntegerToFloat", names, ["y"], domain="com.microsoft")
    model = tiny_models.finished(helper.make_graph([node], "g", [], [], arrays))
    found = stored_weights(model, [("w", 15)])
    assert (found.bits, found.quantized_share) == (15 * 8 + 3 * 32 + 3 * 8, 1.0)


def test_no_weights() -> None:
    """Without weights there is nothing to divide by."""
    found = stored_weights(tiny_models.float32(BASE), [])
    assert (found.effective_bits, found.quantized_share) == (None, None)
