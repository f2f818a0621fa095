"""Tensors that are stored without their zeros are weights with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import tiny_models
from onnx import ModelProto, SparseTensorProto, TensorProto, helper, numpy_helper
from tiny_models import Array

from cc_export.errors import ModelError
from cc_export.onnx_models.macs import count_macs
from cc_export.onnx_models.read import read_model
from cc_export.onnx_models.storage import stored_weights
from cc_export.onnx_models.weights import weights

ROWS, COLUMNS = 40, 30
RNG = np.random.default_rng(6)
DENSE = np.where(RNG.random((ROWS, COLUMNS)) < 0.9, 0, RNG.normal(size=(ROWS, COLUMNS)))
DENSE = DENSE.astype(np.float32)
PLACES = np.flatnonzero(DENSE)


def tensor(places: Array, values: Array, dims: tuple[int, ...] = DENSE.shape) -> SparseTensorProto:
    return SparseTensorProto(
        values=numpy_helper.from_array(values, "fc.weight"),
        indices=numpy_helper.from_array(places, "fc.weight places"),
        dims=dims,
    )


def model(sparse: SparseTensorProto, held: str = "initializer") -> ModelProto:
    nodes = [helper.make_node("MatMul", ["image", "fc.weight"], ["logits"], name="/fc/MatMul")]
    if held == "Constant":
        nodes.insert(0, helper.make_node("Constant", [], ["fc.weight"], sparse_value=sparse))
    graph = helper.make_graph(
        nodes,
        "g",
        [tiny_models.value("image", ["batch", ROWS], TensorProto.FLOAT)],
        [tiny_models.value("logits", None, TensorProto.FLOAT)],
        sparse_initializer=[sparse] if held == "initializer" else [],
    )
    return tiny_models.finished(graph)


@pytest.mark.parametrize("held", ["initializer", "Constant"])
@pytest.mark.parametrize("by_side", [False, True], ids=["counted through", "by side"])
def test_zeros_are_there(tmp_path: Path, held: str, by_side: bool) -> None:
    """Values are those that onnxruntime multiplies by; bits are those of what is stored."""
    places = np.argwhere(DENSE) if by_side else PLACES
    made = model(tensor(places, DENSE.reshape(-1)[PLACES]), held)
    session = ort.InferenceSession(made.SerializeToString())
    expected = session.run(None, {"image": np.eye(ROWS, dtype=np.float32)})[0]
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    read = read_model(path)
    [weight] = weights(read, path)
    assert (weight.layer, weight.name, weight.role) == ("fc", "weight", "weight")
    assert (weight.shape, weight.output_axis) == (DENSE.shape, 1)
    np.testing.assert_array_equal(weight.read(), expected)
    np.testing.assert_array_equal(weight.read(), DENSE)
    parts = [part.copy() for part in weight.values.blocks([(0, 7), (7, 900), (900, DENSE.size)])]
    np.testing.assert_array_equal(np.concatenate(parts), DENSE.reshape(-1))
    sizes = stored_weights(read, [(weight.initializer, DENSE.size)], path)
    assert sizes.bits == len(PLACES) * (32 + 64 * (2 if by_side else 1))
    assert sizes.weights == DENSE.size


def test_their_products_are_counted() -> None:
    """Zeros cost as much as other numbers do."""
    assert count_macs(model(tensor(PLACES, DENSE.reshape(-1)[PLACES]))).count == DENSE.size


ONE = np.ones(2, np.float32)


@pytest.mark.parametrize(
    ("sparse", "what"),
    [
        (tensor(np.array([1, 5_000]), ONE), "has places that do not rise, or lie beyond it"),
        (tensor(np.array([5, 1]), ONE), "has places that do not rise, or lie beyond it"),
        (tensor(np.array([-1, 1]), ONE), "has places that do not rise, or lie beyond it"),
        (tensor(np.array([[0, 1], [0, 30]]), ONE), "has places beyond a side"),
        (tensor(np.array([1]), ONE), "has 2 values at 1 places"),
        (tensor(np.array([0, 1], np.int32), ONE), "has places of type int32"),
    ],
)
def test_what_does_not_fit(sparse: SparseTensorProto, what: str) -> None:
    """Places that contradict the shape are an error, before anything is written to them."""
    with pytest.raises(ModelError) as caught:
        for weight in weights(model(sparse)):
            weight.read()
    assert str(caught.value) == f"sparse tensor 'fc.weight' of shape [40, 30] {what}"


def test_shapes_far_beyond_any_file() -> None:
    """A file of a few bytes may claim any number of zeros; it is refused before one is made."""
    with pytest.raises(ModelError) as caught:
        list(weights(model(tensor(np.array([0, 1]), ONE, (2**30, 2**30)))))
    assert str(caught.value) == (
        "sparse tensor 'fc.weight' of shape [1073741824, 1073741824] has more than 2 GiB with its "
        "zeros"
    )
