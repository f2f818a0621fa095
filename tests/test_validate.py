"""Validation: what is found before anything is exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_models

from cc_export.dataset import dataset_of
from cc_export.errors import ExportError, ModelError
from cc_export.evaluate import Subject, evaluate
from cc_export.study import load_study
from cc_export.study.records import Evaluation
from cc_export.validate import validate_study

CLASSIFY = Evaluation("classification", output="logits")


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


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"scores": np.zeros((12, 3))}, None),
        ({"values": np.zeros((12, 3))}, None),
        ({"texts": np.array(["a"] * 12)}, "there is no array 'scores' or 'values'"),
        ({"scores": np.zeros((11, 3))}, "array 'scores' has 11 answers for 12 instances"),
        ({"scores": np.zeros((12, 4))}, "array 'scores' is float64 of shape [12, 4], but"),
        ({"scores": np.zeros((12, 3)), "ids": np.arange(12)}, "its id '0' is that of no instance"),
    ],
)
def test_answers_that_are_handed_over(
    arrays: dict[str, np.ndarray], told: str | None, tiny: Path
) -> None:
    """They are looked at, and stand for what the model's file would answer."""
    np.savez(tiny / "given.npz", **arrays)
    study = tiny / "study.yaml"
    text = study.read_text("utf-8").replace(
        "  - id: base\n", "  - id: base\n    outputs: given.npz\n"
    )
    study.write_text(text.replace("output: logits", "output: zz"), "utf-8")
    found = validate_study(tiny).failures.get("base")
    assert found is None if told is None else found is not None and told in found


def test_texts_where_a_model_takes_numbers(tiny: Path) -> None:
    """They are found before an export, with the words that an export has for them."""
    (tiny / "rows.csv").write_text("pixels;labels\n0,5;0\n0,25;1\n", "utf-8")
    (tiny / "study.yaml").write_text(
        "dataset: {path: rows.csv, inputs: {image: {array: pixels}}, label: labels}\n"
        "evaluation: {task: classification}\n"
        "models: [{id: base, onnx: models/base.onnx}]\n",
        "utf-8",
    )
    told = (
        "base.onnx: input 'image' takes numbers, and an instance has '0,5' among its values\n"
        "    Numbers have a decimal point: 0.5."
    )
    assert validate_study(tiny).failures == {"base": told}
    study = load_study(tiny)
    with pytest.raises(ModelError) as caught:
        evaluate(Subject("base", tiny / "models/base.onnx"), dataset_of(study), CLASSIFY)
    assert str(caught.value) == told


def test_instances_that_cannot_be_read(tiny: Path) -> None:
    """The evaluation set is every model's, so without it nothing is valid."""
    (tiny / "evaluation.npz").unlink()
    (tiny / "evaluation.npz").write_bytes(b"PK")
    with pytest.raises(ExportError) as caught:
        validate_study(tiny)
    assert str(caught.value).startswith(f"{tiny.resolve() / 'evaluation.npz'}: ")


def test_classes_that_no_label_has(tiny: Path) -> None:
    """Without `classes` there are as many as the labels name: models of more are named before an
    export, with the same words as there.
    """
    study = tiny / "study.yaml"
    text = study.read_text("utf-8")
    study.write_text(text.replace('  classes: [left, right, "both */"]\n', ""), "utf-8")
    model = onnx.load(tiny / "models" / "base.onnx")
    model.graph.output[0].CopyFrom(
        onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["n", 3])
    )
    onnx.save(model, tiny / "models" / "base.onnx")
    assert validate_study(tiny).failures == {}
    with np.load(tiny / "evaluation.npz") as file:
        arrays = dict(file)
    np.savez(tiny / "evaluation.npz", **{**arrays, "labels": np.minimum(arrays["labels"], 1)})
    found = validate_study(tiny).failures
    assert found["base"] == (
        "base.onnx: output 'logits' is float32 of shape [12, 3], but 12 instances of 2 classes "
        "(as many as the labels name) need numbers of shape [12, 2]\n"
        "    Check `evaluation.output`, and name every class in `dataset.classes`, also those that "
        "no label has."
    )
    dataset = dataset_of(load_study(tiny))
    assert dataset is not None
    with pytest.raises(ModelError) as caught:
        evaluate(Subject("base", tiny / "models" / "base.onnx"), dataset, CLASSIFY)
    assert str(caught.value) == found["base"]
