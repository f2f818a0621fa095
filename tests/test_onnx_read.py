"""ONNX files from disk: external data, and everything that is no ONNX file."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import tiny_models
from onnx import TensorProto, helper

from cc_export.errors import ModelError
from cc_export.executor import Inline, run_all
from cc_export.inspect import Inspection, inspect_model
from cc_export.onnx_models.read import model_files, read_file

BASE = tiny_models.weights()


def saved(folder: Path, location: str = "model.data") -> Path:
    """The tiny model with its weights in a file of their own."""
    path = folder / "model.onnx"
    onnx.save_model(
        tiny_models.float32(BASE),
        path,
        save_as_external_data=True,
        location=location,
        size_threshold=0,
    )
    return path


def relocated(folder: Path, location: str) -> Path:
    path = saved(folder)
    model = onnx.load(path, load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = location
    path.write_bytes(model.SerializeToString())
    return path


def error_of(work: Callable[[], object]) -> str:
    with pytest.raises(ModelError) as caught:
        work()
    return str(caught.value)


def test_external_data_counts(tmp_path: Path) -> None:
    """Size and hash include external data, and the model in one piece answers the same."""
    path = saved(tmp_path)
    data = tmp_path / "model.data"
    file = read_file(path)
    assert file.files == (data, path)
    assert file.size == path.stat().st_size + data.stat().st_size
    assert file.sha256() == hashlib.sha256(data.read_bytes() + path.read_bytes()).hexdigest()
    image = {"image": np.ones((1, 1, 4, 4), np.float32)}
    whole = ort.InferenceSession(file.content()).run(None, image)[0]
    alone = ort.InferenceSession(tiny_models.float32(BASE).SerializeToString()).run(None, image)[0]
    np.testing.assert_array_equal(whole, alone)
    found = {tensor.shape for tensor in inspect_model(path).tensors}
    assert found == {array.shape for array in BASE.values()}


def test_a_model_of_one_file_is_kept_byte_by_byte(tmp_path: Path) -> None:
    """What travels with a site is the very file."""
    path = tmp_path / "model.onnx"
    path.write_bytes(tiny_models.float32(BASE).SerializeToString())
    file = read_file(path)
    assert file.content() == path.read_bytes()
    assert (file.files, file.size) == ((path,), path.stat().st_size)


@pytest.mark.parametrize(
    "location", ["../secret", "/etc/passwd", "C:\\secret", "sub/../../secret", "", "a\0b"]
)
def test_external_data_stays_in_the_folder(tmp_path: Path, location: str) -> None:
    """A model file may not name other files of the machine."""
    (tmp_path / "secret").write_bytes(bytes(4_000))
    (tmp_path / "models").mkdir()
    path = relocated(tmp_path / "models", location)
    assert error_of(lambda: read_file(path)) == (
        f"model.onnx: tensor 'conv1.weight' lies outside the model's folder, at {location!r}\n"
        "    Keep external data beside the model file."
    )


def test_a_link_is_no_way_out(tmp_path: Path) -> None:
    """A link beside the model that points elsewhere is elsewhere."""
    (tmp_path / "secret").write_bytes(bytes(4_000))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "link").symlink_to(tmp_path / "secret")
    path = relocated(tmp_path / "models", "link")
    assert "lies outside the model's folder, at 'link'" in error_of(lambda: read_file(path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes")
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """A tensor in a pipe or a folder is refused, for reading it might wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for place in ("pipe", "folder"):
        path = relocated(tmp_path, place)
        for read in (read_file, model_files):
            assert error_of(partial(read, path)) == (
                f"model.onnx: tensor 'conv1.weight' lies at {place!r}, which is no regular file\n"
                "    Copy the files of external data along with the model file."
            )


def test_tensors_inside_nodes_are_confined_too(tmp_path: Path) -> None:
    """External data of a Constant node is held to the same rule."""
    tensor = TensorProto(
        name="inner", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL
    )
    tensor.external_data.add(key="location", value="/etc/passwd")
    parts = tiny_models.network(BASE)
    parts.nodes.append(helper.make_node("Constant", [], ["c"], value=tensor))
    path = tmp_path / "model.onnx"
    path.write_bytes(parts.model().SerializeToString())
    assert "tensor 'inner' lies outside the model's folder" in error_of(lambda: read_file(path))


def test_missing_external_data(tmp_path: Path) -> None:
    """A model without its data is said to lack it."""
    path = saved(tmp_path)
    (tmp_path / "model.data").unlink()
    error = error_of(lambda: read_file(path))
    assert error.startswith("model.onnx: its external data cannot be read: ")
    assert str(tmp_path) not in error
    assert error.endswith("\n    Copy the files of external data along with the model file.")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "model.onnx: holds no graph\n    Is this an ONNX model?"),
        (b"\x08\x07", "model.onnx: holds no graph\n    Is this an ONNX model?"),
        (b"PK\x03\x04", "model.onnx: not an ONNX file, or a damaged one\n    Export it again."),
        (
            tiny_models.float32(BASE).SerializeToString()[:-10],
            "model.onnx: not an ONNX file, or a damaged one\n    Export it again.",
        ),
        (
            random.Random(4).randbytes(5_000),
            "model.onnx: not an ONNX file, or a damaged one\n    Export it again.",
        ),
    ],
    ids=["empty", "no graph", "another format", "truncated", "random"],
)
def test_files_that_are_no_model(tmp_path: Path, content: bytes, text: str) -> None:
    """Empty, foreign, cut and random files are told apart as far as they can be."""
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert error_of(lambda: read_file(path)) == text


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """A name with a damaged byte is shown as bytes."""
    content = tiny_models.float32(BASE).SerializeToString()
    path = tmp_path / "model.onnx"
    path.write_bytes(content.replace(b"conv1.bias", b"conv1\xffbias"))
    assert error_of(lambda: read_file(path)) == (
        "model.onnx: damaged: the name b'conv1\\xffbias' is no UTF-8 text\n    Export it again."
    )


def test_a_node_without_output(tmp_path: Path) -> None:
    """A node that makes nothing is no node of a whole file."""
    model = tiny_models.float32(BASE)
    del model.graph.node[1].output[:]
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    assert error_of(lambda: read_file(path)) == (
        "model.onnx: damaged: the Relu node '/relu/Relu' has no output\n    Export it again."
    )


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    """A folder and a missing file are named by name, not by place."""
    (tmp_path / "folder.onnx").mkdir()
    assert error_of(lambda: read_file(tmp_path / "folder.onnx")) == (
        "folder.onnx: cannot be read: Is a directory"
    )
    assert error_of(lambda: read_file(tmp_path / "none.onnx")) == (
        "none.onnx: cannot be read: No such file or directory"
    )


def test_no_bytes_give_a_traceback(tmp_path: Path) -> None:
    """However a model file is damaged, inspecting it gives facts or an error in words."""
    rng = random.Random(11)
    originals = [
        model.SerializeToString()
        for model in (tiny_models.float32(BASE), tiny_models.int8_per_channel(BASE))
    ]
    facts = 0
    for case in range(400):
        content = bytearray(originals[case % 2])
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(content))
            content[at : at + rng.choice([0, 1, 1, 8])] = rng.randbytes(rng.choice([0, 1, 1, 8]))
        path = tmp_path / "model.onnx"
        path.write_bytes(content)
        [(_, outcome)] = run_all(Inline(), {"m": lambda path=path: inspect_model(path)})
        assert isinstance(outcome, Inspection | ModelError)
        facts += isinstance(outcome, Inspection)
    assert 20 < facts < 380
