"""Modules of a study become ONNX files in an export, once, and failures stay with their models."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import networks
import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file

from cc_export import ExportError, export, load_study, read_site
from cc_export.pipeline import Report
from cc_export.viewer import Viewer

Export = Callable[..., Report]
STUDY = {
    "dataset": {
        "path": "evaluation.npz", "inputs": {"image": {"array": "images"}}, "label": "labels",
        "classes": ["a", "b", "c"],
    },
    "evaluation": {"task": "classification"},
    "embed": True,
    "models": [
        {"id": "dense", "torch": "net:small", "weights": "dense.safetensors"},
        {"id": "narrow", "base": "dense", "operation": {"name": "narrow"}, "weights": "narrow.pt",
         "torch": {"call": "net:small", "arguments": {"width": 4}}},
    ],
}  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of two modules, whose labels are the first one's answers."""
    folder = tmp_path / "study"
    folder.mkdir()
    shutil.copyfile(networks.__file__, folder / "net.py")
    dense, narrow = (networks.trained(networks.Net(width)).eval() for width in (8, 4))
    save_file(dense.state_dict(), folder / "dense.safetensors")
    torch.save(narrow.state_dict(), folder / "narrow.pt")
    images = np.random.default_rng(0).normal(size=(20, 1, 12, 12)).astype(np.float32)
    with torch.no_grad():
        labels = dense(torch.from_numpy(images)).argmax(1).numpy()
    np.savez(folder / "evaluation.npz", images=images, labels=labels)
    write(folder, STUDY)
    return folder


def write(folder: Path, study: dict) -> None:
    (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False), "utf-8")


@pytest.fixture
def exported(tmp_path: Path, study: Path, viewer: Viewer) -> Export:
    def run(**how: object) -> Report:
        return export(study, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache", **how)  # type: ignore[arg-type]

    return run


@pytest.mark.parametrize("jobs", [None, 2])
def test_from_study_file_to_site(exported: Export, tmp_path: Path, jobs: int | None) -> None:
    """The site has the module's layers, answers and file, and how far it is from the module."""
    report = exported(jobs=jobs)
    assert report.failures == {}
    assert report.embedded == 2
    assert {m: made.exporter for m, made in report.conversions.items()} == {
        "dense": "dynamo", "narrow": "dynamo",
    }  # fmt: skip
    site = read_site(tmp_path / "site")
    dense, narrow = site.models
    assert dense["metrics"]["Accuracy"] == 1
    assert narrow["metrics"]["Parameters"] < dense["metrics"]["Parameters"]
    assert dense["conversion"]["relative"] < 1e-5
    assert dense["conversion"]["instances"] == 8
    paths = [layer["path"] for layer in site.json(dense["layers"])["layers"]]
    assert {"stem", "stages.0.bn1", "attn.out_proj", "head"} <= set(paths)


def test_nothing_is_made_twice(exported: Export, study: Path, tmp_path: Path) -> None:
    """Files are kept while nothing they depend on changes; a lost one is made again."""

    def files() -> dict[str, int]:
        return {p.name: p.stat().st_ino for p in (tmp_path / "cache").rglob("*.onnx")}

    exported()
    first = files()
    assert len(first) == 2
    exported()
    assert files() == first
    lost = next((tmp_path / "cache").rglob("*.onnx"))
    lost.unlink()
    assert exported().failures == {}
    assert set(files()) == set(first)
    save_file(networks.trained(networks.Net(), seed=9).state_dict(), study / "dense.safetensors")
    assert exported().failures == {}
    assert len(files()) == 3
    source = (study / "net.py").read_text("utf-8")
    (study / "net.py").write_text(f"{source}\n# changed\n", "utf-8")
    os.utime(study / "net.py", (time.time() + 5,) * 2)
    assert exported().failures == {}
    assert len(files()) == 5


def test_a_failure_stays_with_its_model(exported: Export, study: Path, tmp_path: Path) -> None:
    """A module that cannot be made is shown as failed with its reason; the others are exported."""
    models = [
        *STUDY["models"], {"id": "none", "torch": "net:nothing"},  # type: ignore[misc]
        {"id": "other", "torch": "net:small", "weights": "narrow.pt"},
        {"id": "no module", "torch": "net:no_module"},
    ]  # fmt: skip
    write(study, {**STUDY, "models": models})
    report = exported()
    assert set(report.failures) == {"none", "other", "no module"}
    assert report.failures["none"].startswith("net:nothing: ")
    assert report.failures["other"].startswith(
        "narrow.pt: does not fit the module: 'stem.weight' has shape [4, 1, 3, 3], the module wants"
    )
    shown = {model["id"]: model["failure"] for model in read_site(tmp_path / "site").models}
    assert shown["dense"] is None
    assert shown["no module"] == report.failures["no module"]


def test_examples_instead_of_instances(exported: Export, study: Path) -> None:
    """Without a dataset, modules are exported on inputs of the given shape."""
    how = {"inputs": {"image": {"shape": [1, 1, 12, 12]}}, "exporter": "legacy", "opset": 17}
    write(study, {"models": STUDY["models"], "to_onnx": how})
    report = exported()
    assert report.failures == {}
    assert {made.opset for made in report.conversions.values()} == {17}
    assert {made.exporter for made in report.conversions.values()} == {"legacy"}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"models": [{"id": "a", "torch": "net"}]},
         "study.yaml:3: models[0].torch: must have the form module:callable, got 'net'"),
        ({"models": [{"id": "a", "torch": "net:small", "onnx": "net.py"}]},
         "model 'a' has both `onnx` and `torch`"),
        ({"models": [{"id": "a", "weights": "narrow.pt"}]},
         "model 'a' has `weights` but no `torch` that they belong to"),
        ({"models": [{"id": "a", "torch": "net:small", "weights": "no.pt"}]},
         "model 'a': there is no file 'no.pt'"),
        ({"models": [{"id": "a", "torch": "net:small"}]},
         "model 'a' is a PyTorch module, and there is no example of its inputs"),
        ({"models": [{"id": "a"}], "to_onnx": {"exporter": "other"}},
         "to_onnx.exporter: 'other' is not allowed"),
    ],
)  # fmt: skip
def test_what_a_study_file_may_not_say(study: Path, changes: dict, text: str) -> None:
    """Wrong names, combinations and choices are found before anything is imported."""
    write(study, changes)
    with pytest.raises(ExportError) as caught:
        load_study(study)
    assert text in str(caught.value).replace(f"{study}/", "")


def test_failures_name_the_module(exported: Export, study: Path) -> None:
    """What is wrong with a module's answers is said of what makes it, not of a cached file."""
    write(study, {**STUDY, "dataset": {**STUDY["dataset"], "classes": ["a", "b", "c", "d"]}})  # type: ignore[dict-item]
    report = exported()
    assert set(report.failures) == {"dense", "narrow"}
    for reason in report.failures.values():
        assert reason.startswith("net:small: output ")
        assert ".onnx" not in reason
