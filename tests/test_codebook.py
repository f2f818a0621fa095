"""Weights in the four-bit tables of MatMulBnb4 are what onnxruntime multiplies by."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization.matmul_bnb4_quantizer import MatMulBnb4Quantizer
from tiny_models import Array, finished, value

from cc_export.errors import ModelError
from cc_export.onnx_models.macs import count_macs
from cc_export.onnx_models.storage import stored_weights
from cc_export.onnx_models.weights import weights

COLUMNS, ROWS = 48, 6


def product(nodes: list[object], arrays: dict[str, Array]) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [value("x", ["n", COLUMNS], TensorProto.FLOAT)],
        [value("y", None, TensorProto.FLOAT)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    return finished(graph)


def quantized(kind: int, block: int) -> ModelProto:
    """What onnxruntime's quantizer makes of a MatMul."""
    rng = np.random.default_rng(2)
    matrix = {"fc.weight": rng.normal(size=(COLUMNS, ROWS)).astype(np.float32)}
    node = helper.make_node("MatMul", ["x", "fc.weight"], ["y"], name="/fc/MatMul")
    quantizer = MatMulBnb4Quantizer(product([node], matrix), kind, block)
    quantizer.process()
    made: ModelProto = quantizer.model.model
    return made


@pytest.mark.parametrize("block", [16, 32])
@pytest.mark.parametrize(("kind", "name"), [(0, "fp4"), (1, "nf4")])
def test_both_tables(kind: int, name: str, block: int) -> None:
    """Either table, in blocks that divide a row and in blocks that go on in the next one."""
    made = quantized(kind, block)
    session = ort.InferenceSession(made.SerializeToString())
    expected = session.run(None, {"x": np.eye(COLUMNS, dtype=np.float32)})[0].T
    [weight] = weights(made)
    assert (weight.layer, weight.name, weight.role) == ("fc", "weight", "weight")
    assert (weight.dtype, weight.shape, weight.output_axis) == (name, (ROWS, COLUMNS), 0)
    np.testing.assert_array_equal(weight.read(), expected)
    parts = [part.copy() for part in weight.values.blocks([(0, 100), (100, ROWS * COLUMNS)])]
    np.testing.assert_array_equal(np.concatenate(parts), expected.reshape(-1))
    found = stored_weights(made, [(weight.initializer, ROWS * COLUMNS)])
    assert found.types == ((name.upper(), ROWS * COLUMNS),)
    assert found.bits == ROWS * COLUMNS * 4 + ROWS * COLUMNS // block * 32
    assert count_macs(made).count == ROWS * COLUMNS


@pytest.mark.parametrize(
    ("attribute", "wrong", "text"),
    [
        ("quant_type", 2, "node 'fc': 6 × 48 numbers in blocks of 16, by table 2?"),
        (
            "K",
            50,
            "node 'fc': 144 numbers of uint8 are stored, which is not 6 × 50 numbers of 4 bits",
        ),
        ("block_size", 32, "node 'fc': 18 scales do not fit 288 numbers in blocks of 32"),
    ],
)
def test_what_does_not_fit(attribute: str, wrong: int, text: str) -> None:
    """Attributes that contradict the tensors are named."""
    given = {"K": COLUMNS, "N": ROWS, "block_size": 16, "quant_type": 1, attribute: wrong}
    node = helper.make_node(
        "MatMulBnb4", ["x", "w", "s"], ["y"], name="fc", domain="com.microsoft", **given
    )
    arrays = {"w": np.zeros(144, np.uint8), "s": np.ones(18, np.float32)}
    with pytest.raises(ModelError) as caught:
        list(weights(product([node], arrays)))
    assert str(caught.value) == text


def test_the_other_way_round() -> None:
    """A matrix that is multiplied from the other side has its outputs along the other side."""
    made = quantized(1, 16)
    made.graph.node[0].attribute.append(helper.make_attribute("transB", 0))
    [weight] = weights(made)
    assert (weight.shape, weight.output_axis) == ((ROWS, COLUMNS), 1)
