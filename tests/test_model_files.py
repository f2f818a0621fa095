"""A model's files are kept in the study, whole, and moved along with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_models
import tiny_study

from cc_export.errors import ExportError
from cc_export.study.model_files import ModelFiles

BASE = tiny_study.TINY / "models" / "base.onnx"


@pytest.fixture
def files(tmp_path: Path) -> ModelFiles:
    (tmp_path / "study").mkdir()
    return ModelFiles(tmp_path / "study", "a/b")


def test_a_file_elsewhere_is_copied(files: ModelFiles) -> None:
    """The script may overwrite or remove its own file afterwards."""
    kept = files.folder / files.onnx(str(BASE))
    assert kept.read_bytes() == BASE.read_bytes()
    assert kept.parent == files.folder / "records/models"
    assert files.written == [kept]


def test_a_file_within_stays(files: ModelFiles) -> None:
    """A file that lies in the study is named as it is, wherever the script runs."""
    shutil.copyfile(BASE, files.folder / "own.onnx")
    assert files.onnx("own.onnx") == "own.onnx"
    assert files.onnx(files.folder / "own.onnx") == "own.onnx"
    assert files.written == []


def test_a_model_in_memory(files: ModelFiles) -> None:
    """Bytes and onnx's own models are written as they are."""
    model = onnx.load(BASE)
    for source in (model, model.SerializeToString()):
        assert onnx.load(files.folder / files.onnx(source)) == model


def test_external_data_comes_along(files: ModelFiles, tmp_path: Path) -> None:
    """Weights in files of their own are copied beside the model, under the names it knows."""
    (tmp_path / "run").mkdir()
    model = tiny_models.float32(tiny_models.weights())
    onnx.save(
        model, tmp_path / "run" / "net.onnx", save_as_external_data=True, location="net.data",
        size_threshold=0,
    )  # fmt: skip
    kept = files.folder / files.onnx(tmp_path / "run" / "net.onnx")
    shutil.rmtree(tmp_path / "run")
    assert sorted(path.name for path in kept.parent.iterdir()) == ["net.data", "net.onnx"]
    original = tiny_models.float32(tiny_models.weights())
    pairs = zip(onnx.load(kept).graph.initializer, original.graph.initializer, strict=True)
    for found, wanted in pairs:
        np.testing.assert_array_equal(
            onnx.numpy_helper.to_array(found), onnx.numpy_helper.to_array(wanted)
        )


def test_a_broken_file_is_kept(files: ModelFiles, tmp_path: Path) -> None:
    """An experiment is not lost to a file that is no model; the export says what is wrong."""
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    kept = files.folder / files.onnx(tmp_path / "broken.onnx")
    assert kept.read_bytes() == b"no model"


def test_a_missing_file(files: ModelFiles) -> None:
    """A file that is nowhere is an error that says where it was looked for."""
    with pytest.raises(ExportError) as caught:
        files.onnx("nowhere.onnx")
    assert str(caught.value) == (
        "model 'a/b': there is no file 'nowhere.onnx'\n"
        f"    Looked in {Path.cwd()} and {files.folder.resolve()}."
    )


def test_discarded(files: ModelFiles, tmp_path: Path) -> None:
    """A model that is not added after all leaves nothing behind."""
    (tmp_path / "run").mkdir()
    onnx.save(
        tiny_models.float32(tiny_models.weights()), tmp_path / "run" / "net.onnx",
        save_as_external_data=True, location="net.data", size_threshold=0,
    )  # fmt: skip
    files.onnx(tmp_path / "run" / "net.onnx")
    files.onnx(BASE)
    files.outputs({"scores": np.eye(2)})
    assert len(files.written) == 3
    files.discard()
    assert list((files.folder / "records/models").iterdir()) == []
