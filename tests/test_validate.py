"""Validation: what is found before anything is exported."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_models

from cc_export.errors import ExportError
from cc_export.validate import validate_study


def test_a_valid_study(tiny: Path) -> None:
    """Models, roots, files and instances are counted, and warnings stay warnings."""
    found = validate_study(tiny)
    assert (found.models, found.roots, found.opened, found.instances) == (6, 2, 4, 12)
    assert found.failures == {}
    assert len(found.warnings) == 1


def test_files_stay_closed(tiny: Path) -> None:
    """Without files neither models nor instances are opened."""
    (tiny / "models" / "base.onnx").write_bytes(b"no model")
    (tiny / "evaluation.npz").write_bytes(b"no instances")
    found = validate_study(tiny, files=False)
    assert (found.opened, found.instances, found.failures) == (0, None, {})


def test_every_model_file_is_tried(tiny: Path) -> None:
    """One file that cannot be used hides no other, and each has its reason."""
    (tiny / "models" / "base.onnx").write_bytes(b"no model")
    model = tiny_models.network(tiny_models.weights()).model()
    model.graph.node[0].input[0] = model.graph.input[0].name = "pixels"
    (tiny / "models" / "half.onnx").write_bytes(model.SerializeToString())
    assert validate_study(tiny).failures == {
        "base": "base.onnx: not an ONNX file, or a damaged one\n    Export it again.",
        "half": "half.onnx: the model takes pixels, the dataset gives image\n"
        "    Name the model's inputs under `dataset.inputs`.",
    }


def test_outputs_and_sizes_are_checked(tiny: Path) -> None:
    """A model that lacks the output asked for, or takes another number of values, is named."""
    study = tiny / "study.yaml"
    text = study.read_text("utf-8")
    assert "output: logits" in text
    study.write_text(text.replace("output: logits", "output: zz"), "utf-8")
    assert "there is no output 'zz'" in validate_study(tiny).failures["base"]
    study.write_text(text, "utf-8")
    model = tiny_models.network(tiny_models.weights()).model()
    for side in model.graph.input[0].type.tensor_type.shape.dim[1:]:
        side.dim_value = 7
    (tiny / "models" / "half.onnx").write_bytes(model.SerializeToString())
    assert "takes" in validate_study(tiny).failures["half"]


def test_instances_that_cannot_be_read(tiny: Path) -> None:
    """The evaluation set is every model's, so without it nothing is valid."""
    (tiny / "evaluation.npz").unlink()
    (tiny / "evaluation.npz").write_bytes(b"PK")
    with pytest.raises(ExportError) as caught:
        validate_study(tiny)
    assert str(caught.value).startswith(f"{tiny.resolve() / 'evaluation.npz'}: ")
