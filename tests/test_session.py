"""Inputs in the shapes that models declare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from cc_export.errors import ModelError
from cc_export.onnx_models.session import Session

WORDS = ("cat", "dog", "cow")


def session(folder: Path, declared: list[int | str], kind: int = TensorProto.FLOAT) -> Session:
    """A model that hands its input out again; of texts, the number of each word."""
    node = helper.make_node("Identity", ["x"], ["y"])
    if kind == TensorProto.STRING:
        node = helper.make_node(
            "LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml",
            keys_strings=WORDS, values_floats=[0.0, 1.0, 2.0],
        )  # fmt: skip
    graph = helper.make_graph(
        [node],
        "given",
        [helper.make_tensor_value_info("x", kind, declared)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    path = folder / "given.onnx"
    path.write_bytes(
        helper.make_model(graph, opset_imports=domains, ir_version=8).SerializeToString()
    )
    return Session(path)


@pytest.mark.parametrize(
    ("shape", "declared", "expected"),
    [
        ((4,), ["n", 1], (4, 1)),
        ((4, 1), ["n"], (4,)),
        ((4, 6), ["n", 1, 2, 3], (4, 1, 2, 3)),
        ((4, 6), ["n", 2, "rest"], (4, 2, 3)),
        ((4, 2, 3), ["n", 2, 3], (4, 2, 3)),
        ((2, 6), [4, 2, 3], (2, 2, 3)),
    ],
)
def test_numbers_take_the_declared_shape(
    shape: tuple[int, ...], declared: list[int | str], expected: tuple[int, ...], tmp_path: Path
) -> None:
    """The same numbers in the same order; an instance is never torn apart."""
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    [found] = session(tmp_path, declared).run(["y"], {"x": values})
    np.testing.assert_array_equal(found, values.reshape(expected))


@pytest.mark.parametrize("declared", [["n"], ["n", 1], ["n", "k"]])
def test_texts_take_the_declared_shape(declared: list[int | str], tmp_path: Path) -> None:
    """A column of texts is a vector or a matrix of one column."""
    words = np.array(["dog", "cow", "cat"], object)
    [found] = session(tmp_path, declared, TensorProto.STRING).run(["y"], {"x": words})
    np.testing.assert_array_equal(found, np.array([1, 2, 0]).reshape(3, *[1] * (len(declared) - 1)))


def test_lists_stack(tmp_path: Path) -> None:
    """Lists of one length are a batch, of texts as of numbers."""
    rows = np.empty(2, object)
    rows[:] = [["dog", "cat"], ["cow", "dog"]]
    [found] = session(tmp_path, ["n", "k"], TensorProto.STRING).run(["y"], {"x": rows})
    assert found.tolist() == [[1, 0], [2, 1]]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            [[1, 2], [3]],
            "given.onnx: input 'x' gets lists of 1 to 2 values, which do not stack to a batch",
        ),
        (
            [["1", 2], [3, "large"]],
            "given.onnx: input 'x' takes numbers, and an instance has 'large' among its values",
        ),
    ],
)
def test_lists_that_make_no_batch(rows: list[list[object]], text: str, tmp_path: Path) -> None:
    """Lists of other lengths, or of texts where numbers are taken, are an error in words."""
    values = np.empty(2, object)
    values[:] = rows
    with pytest.raises(ModelError) as caught:
        session(tmp_path, ["n", "k"]).run(["y"], {"x": values})
    assert caught.value.what == text


def test_what_does_not_fit_is_said_by_the_runtime(tmp_path: Path) -> None:
    """Seven numbers make no two by three."""
    with pytest.raises(ModelError, match=r"given.onnx: onnxruntime cannot run it"):
        session(tmp_path, ["n", 2, 3]).run(["y"], {"x": np.zeros((4, 7), np.float32)})
