"""A training script hands over its module, and the study has an ONNX file of it."""

from __future__ import annotations

from pathlib import Path

import networks
import numpy as np
import pytest
import torch

from cc_export import ExportError, Study, export, read_site
from cc_export.viewer import Viewer


def batch(count: int) -> torch.Tensor:
    return torch.randn(count, 1, 12, 12, generator=torch.Generator().manual_seed(1))


def test_from_module_to_site(tmp_path: Path, viewer: Viewer) -> None:
    """Modules are exported as they are added; layers, sparsity and answers are in the site."""
    study = Study.open(tmp_path / "study")
    images = batch(12)
    module = networks.trained(networks.Net())
    with torch.no_grad():
        labels = module.eval()(images).argmax(1)
    module.train()
    study.dataset(
        arrays={"images": images, "labels": labels}, inputs={"image": "images"}, label="labels",
        classes=["a", "b", "c"],
    ).evaluation("classification")  # fmt: skip
    study.add_model("dense", model=module, example=images[:2], metrics={"Loss": torch.tensor(0.25)})
    torch.nn.utils.prune.l1_unstructured(module.fc, "weight", amount=0.5)
    study.add_model(
        "pruned", model=module, example={"image": images[:2]}, parent="dense",
        operation=("prune", {"amount": 0.5}),
    )  # fmt: skip
    assert module.training
    report = export(study, tmp_path / "site", viewer=viewer)
    assert report.failures == {}
    dense, pruned = read_site(tmp_path / "site").models
    assert dense["metrics"]["Loss"] == 0.25
    # The labels are what the module itself said.
    assert dense["metrics"]["Accuracy"] == 1
    assert pruned["metrics"]["Sparsity"] > dense["metrics"]["Sparsity"]


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ({"model": networks.READY}, "model 'x' needs an `example`"),
        ({"model": networks.READY, "onnx": b"x", "example": torch.ones(1, 2)},
         "model 'x' has both `model` and `onnx`"),
        ({"model": networks.READY, "example": (torch.ones(1, 2),) * 2},
         "model 'x': example: 2 inputs for a forward of 1"),
        ({"model": networks.Fails(), "example": torch.ones(2, 1)},
         "the module cannot be run on x [2, 1] float32: RuntimeError: no such luck"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, model: dict, text: str) -> None:
    """A module that cannot be exported is not added, and leaves nothing."""
    study = Study.open(tmp_path)
    with pytest.raises(ExportError) as caught:
        study.add_model("x", **model)
    assert caught.value.what == text
    assert "x" not in study
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "study.json"]


def test_tensors_are_arrays(tmp_path: Path) -> None:
    """Outputs and parameters may be tensors, also of types that numpy does not know."""
    study = Study.open(tmp_path)
    scores = torch.ones(3, 2, requires_grad=True, dtype=torch.bfloat16)
    study.add_model("a", outputs=scores, operation=("train", {"rates": torch.tensor([1, 2])}))
    (model,) = study.save().models
    assert model.operation is not None
    assert model.operation.parameters == {"rates": [1, 2]}
    assert model.outputs is not None
    with np.load(model.outputs) as file:
        assert file["scores"].tolist() == [[1, 1]] * 3
