"""Patterns of zeros in model files: groups lie along the inputs, whatever the layer's layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny_models
from onnx import helper

from cc_core.patterns import add_up
from cc_export.onnx_models.read import read_model
from cc_export.onnx_models.weights import weights
from cc_export.zero_patterns import input_axis, worth_reading, zero_patterns

# Two of four inputs are zero for each output, but not two of four outputs for each input.
PATTERN = np.tile(np.array([1, 0, 1, 0], np.float32), (6, 2)) * np.arange(1, 7)[:, None]


def saved(folder: Path, weight: np.ndarray, *nodes: object) -> Path:
    path = folder / "model.onnx"
    parts = tiny_models.Parts(list(nodes), {"w": weight.astype(np.float32)})  # type: ignore[arg-type]
    path.write_bytes(parts.model().SerializeToString())
    return path


def test_along_the_inputs(tmp_path: Path) -> None:
    """A matrix keeps its pattern in either layout, and a kernel in its channels."""
    by_rows = helper.make_node("Gemm", ["image", "w"], ["logits"], transB=1)
    by_columns = helper.make_node("MatMul", ["image", "w"], ["logits"])
    kernel = helper.make_node("Conv", ["image", "w"], ["logits"])
    spread = np.repeat(PATTERN[:, :, None, None], 3, axis=3)
    for weight, node in ((PATTERN, by_rows), (PATTERN.T, by_columns), (spread, kernel)):
        [found] = zero_patterns(saved(tmp_path, weight, node), (True,))
        assert (found.share("2:4"), found.share("1:4"), found.share("4:8")) == (1.0, 0.0, 1.0)
        assert (found.inputs, found.empty_inputs) == (8, 4)
    # As outputs, the zero rows alone keep it, in one group of 4 inputs and not in the last 2.
    [turned] = zero_patterns(saved(tmp_path, PATTERN.T, by_rows), (True,))
    assert turned.share("2:4") == 4 / 12


def test_what_is_not_wanted_counts_as_dense(tmp_path: Path) -> None:
    """A weight that is not read has values and inputs, and no group that fits."""
    node = helper.make_node("MatMul", ["image", "w"], ["logits"])
    [found] = zero_patterns(saved(tmp_path, PATTERN.T, node), (False,))
    assert (found.count, found.share("2:4"), found.inputs) == (48, 0.0, 8)
    assert [worth_reading(16, 0), worth_reading(16, 1), worth_reading(0, 0)] == [False, True, False]


def test_quantized_zeros(tmp_path: Path) -> None:
    """What counts is the number that a stored one stands for."""
    path = tmp_path / "model.onnx"
    pruned = tiny_models.pruned(tiny_models.weights(), 0.7)
    path.write_bytes(tiny_models.int8_per_channel(pruned).SerializeToString())
    wanted = tuple(True for _ in weights(read_model(path), path))
    found = zero_patterns(path, wanted)
    assert 0 < (add_up(found).share("2:4") or 0) < 1
    # Biases have none.
    roles = [weight.role for weight in weights(read_model(path), path)]
    assert [bool(one.count) for one in found] == [role == "weight" for role in roles]


@pytest.mark.parametrize(
    ("shape", "output", "operator", "expected"),
    [
        ((6, 8), 0, "Gemm", 1), ((8, 6), 1, "MatMul", 0), ((6, 8, 3, 3), 0, "Conv", 1),
        ((8, 6, 3, 3), 1, "ConvTranspose", 0), ((2, 12, 5), 1, "LSTM", 2),
        ((4, 8, 6), 2, "MatMul", 1), ((4, 6, 8), 1, "MatMul", 2), ((6,), 0, "Conv", None),
        ((5, 8), None, "Gather", None),
    ],
)  # fmt: skip
def test_input_axis(
    shape: tuple[int, ...], output: int | None, operator: str, expected: int | None
) -> None:
    """Inputs lie beside outputs; an embedding has neither."""
    assert input_axis(shape, output, (operator,)) == expected
