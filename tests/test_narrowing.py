"""Numbers that the type of a model's input would change are refused, not changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny_models
from onnx import ModelProto, TensorProto, helper

from cc_export.errors import ModelError
from cc_export.onnx_models.narrowing import NARROWING_HINT, what_is_lost
from cc_export.onnx_models.session import Session
from cc_export.validate import validate_study

HALVES = np.array([1.0, 2.5, 3.0])


def cast_from(kind: int) -> ModelProto:
    """A model that hands its input out as floats."""
    graph = helper.make_graph(
        [helper.make_node("Cast", ["image"], ["logits"], to=TensorProto.FLOAT)], "given",
        [helper.make_tensor_value_info("image", kind, ["n"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n"])],
    )  # fmt: skip
    return tiny_models.finished(graph)


@pytest.mark.parametrize(
    ("values", "wanted", "text"),
    [
        (HALVES, "int64", "takes int64, and the data give float64: 2.5 is no whole number"),
        (HALVES.astype(np.float16), "bool",
         "takes bool, and the data give float16: 2.5 is no whole number"),
        (np.array([1, np.nan]), "int32",
         "takes int32, and the data give float64: nan is no whole number"),
        (np.array([0, 200], np.uint8), "int8",
         "takes int8, -128 to 127, and the data give 200 (uint8)"),
        (np.array([-1, 3]), "uint8", "takes uint8, 0 to 255, and the data give -1 (int64)"),
        (np.array([3e10]), "int32",
         "takes int32, -2,147,483,648 to 2,147,483,647, and the data give 30,000,000,000 "
         "(float64)"),
    ],
)  # fmt: skip
def test_what_is_lost(values: np.ndarray, wanted: str, text: str) -> None:
    """The first number that would be another one is named, with its type and the model's."""
    assert what_is_lost(values, np.dtype(wanted)) == text


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (np.array([1.0, -3.0], np.float32), "int64"), (np.array([0, 127], np.uint8), "int8"),
        (np.array([0, 255], np.uint8), "bool"), (HALVES, "float16"), (np.arange(3), "float32"),
        (np.array([]), "int8"), (np.array(["a"], object), "int64"),
    ],
)  # fmt: skip
def test_what_is_not(values: np.ndarray, wanted: str) -> None:
    """Whole numbers may be of any type that holds them, and are true or not."""
    assert what_is_lost(values, np.dtype(wanted)) == ""


def test_a_run_is_refused(tmp_path: Path) -> None:
    """A model gets the numbers of the data or none; whole ones it gets in its own type."""
    path = tmp_path / "whole.onnx"
    path.write_bytes(cast_from(TensorProto.INT64).SerializeToString())
    session = Session(path)
    with pytest.raises(ModelError) as caught:
        session.run(["logits"], {"image": HALVES})
    assert str(caught.value) == (
        "whole.onnx: input 'image' takes int64, and the data give float64: 2.5 is no whole number"
        f"\n    {NARROWING_HINT}"
    )
    (found,) = session.run(["logits"], {"image": np.trunc(HALVES)})
    assert found.tolist() == [1.0, 2.0, 3.0]


def test_validation_tells_it(tiny: Path) -> None:
    """It is told before anything is exported: scaled pixels are no bytes."""
    (tiny / "models" / "half.onnx").write_bytes(cast_from(TensorProto.UINT8).SerializeToString())
    found = validate_study(tiny).failures["half"]
    assert found.startswith(
        "half.onnx: input 'image' takes uint8, and the data give float32: 1.5 is "
    )
