"""A model file tensor by tensor, beside another: exact where it can be worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import tiny_models
import tiny_study

from cc_export.errors import ModelError
from cc_export.layer_table import layer_table
from cc_export.onnx_models.read import read_model

MODELS = tiny_study.TINY / "models"
BASE = tiny_models.weights()


def test_a_file_alone() -> None:
    """Rows in graph order with shape, type and counts, which add up to the totals."""
    found = layer_table(MODELS / "pruned.onnx")
    pruned = tiny_models.pruned(BASE)
    assert [f"{row.layer}.{row.name}" for row in found.rows] == list(tiny_models.NAMES)
    for row, values in zip(found.rows, pruned.values(), strict=True):
        assert (row.shape, row.dtype, row.count) == (values.shape, "float32", values.size)
        assert row.sparsity == (values == 0).mean()
        assert (row.minimum, row.maximum) == (values.min(), values.max())
        assert (row.difference, row.unmatched) == (None, "")
    assert found.parameters == sum(row.count for row in found.rows) == 119
    zeros = sum(int((values == 0).sum()) for values in pruned.values())
    assert found.sparsity == zeros / 119
    assert (found.macs, found.effective_bits, found.difference) == (384, 32.0, None)


def test_beside_its_parent() -> None:
    """SQNR and relative change are those of the definitions, worked out on whole arrays."""
    found = layer_table(MODELS / "pruned.onnx", MODELS / "base.onnx")
    pruned = tiny_models.pruned(BASE)
    assert found.only_other == ()
    signal = noise = 0.0
    for row, (name, reference) in zip(found.rows, BASE.items(), strict=True):
        r, t = reference.astype(np.float64), pruned[name].astype(np.float64)
        gap, power = float(((r - t) ** 2).sum()), float((r * r).sum())
        assert row.difference is not None
        assert row.difference.relative_l2 == pytest.approx(math.sqrt(gap / power))
        assert row.difference.largest == np.abs(r - t).max()
        assert row.difference.equal == (r == t).all()
        if gap:
            assert row.difference.sqnr_db == pytest.approx(10 * math.log10(power / gap))
        signal, noise = signal + power, noise + gap
    assert found.difference is not None
    assert found.difference.sqnr_db == pytest.approx(10 * math.log10(signal / noise))


def test_beside_itself() -> None:
    """Equal tensors have no change and no SQNR, which would be infinite."""
    found = layer_table(MODELS / "base.onnx", MODELS / "base.onnx")
    assert len(found.rows) == len(BASE)
    for row in found.rows:
        assert row.difference is not None
        assert (row.difference.relative_l2, row.difference.sqnr_db) == (0.0, None)
        assert row.difference.equal


def test_quantized_weights_find_their_partner() -> None:
    """Weights in int8 are compared as the numbers they stand for."""
    found = layer_table(MODELS / "int8.onnx", MODELS / "base.onnx")
    weights = [row for row in found.rows if row.dtype == "int8"]
    assert len(weights) == 2
    for row in weights:
        assert row.difference is not None
        assert row.difference.relative_l2 is not None
        assert row.difference.relative_l2 < 0.2


def test_what_has_no_partner(tmp_path: Path) -> None:
    """A tensor that only one file has is listed with the reason, on its side."""
    parts = tiny_models.network(BASE)
    parts.nodes[3].input[2] = ""
    del parts.initializers["fc.bias"]
    path = tmp_path / "bare.onnx"
    path.write_bytes(parts.model().SerializeToString())
    assert [name for name, _ in layer_table(path, MODELS / "base.onnx").only_other] == ["fc.bias"]
    found = layer_table(MODELS / "base.onnx", path)
    (row,) = [row for row in found.rows if row.difference is None]
    assert (row.layer, row.name) == ("fc", "bias")
    assert row.unmatched


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """The error names the file, be it the first or the other one."""
    path = tmp_path / "no.onnx"
    path.write_bytes(b"no model")
    for arguments in ((path,), (MODELS / "base.onnx", path)):
        with pytest.raises(ModelError) as caught:
            layer_table(*arguments)
        assert str(caught.value) == (
            "no.onnx: not an ONNX file, or a damaged one\n    Export it again."
        )


@pytest.mark.parametrize("name", ["study.yaml", "study.json"])
def test_a_study_in_place_of_a_model(tmp_path: Path, name: str) -> None:
    """A study file is no model that has to be exported again."""
    (tmp_path / name).write_text("models: [{id: a}]\n", "utf-8")
    with pytest.raises(ModelError) as caught:
        read_model(tmp_path / name)
    assert str(caught.value) == (
        f"{name}: not an ONNX file, or a damaged one\n"
        "    Is it a study file? `cc-export validate` checks one, and its models are in it."
    )
