"""A first study file for a folder of models."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import tiny_models
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from typer.testing import CliRunner

from cc_export import load_study
from cc_export.cli import BAD_INPUT, DONE, SOME_FAILED, app
from cc_export.draft import draft_study
from cc_export.draft.text import spell
from cc_export.errors import ExportError
from cc_export.study.yaml_values import parse_yaml
from cc_export.validate import validate_study

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A network, half of it pruned, and both in other numbers."""
    base = tiny_models.weights()
    half = tiny_models.pruned(base)
    models = {
        "base": tiny_models.float32(base),
        "half": tiny_models.float32(half),
        "base-f16": tiny_models.float16(base),
        "half-int8": tiny_models.int8_per_channel(half),
    }
    made = tmp_path / "my models"
    made.mkdir()
    for name, model in models.items():
        onnx.save_model(model, made / f"{name}.onnx")
    return made


def data(folder: Path, **arrays: np.ndarray) -> None:
    np.savez(folder / "held-out.npz", **arrays)


def test_what_was_made_from_what(folder: Path) -> None:
    """Pruning and other numbers are seen in the weights, and the file that says so is valid."""
    found = draft_study(folder)
    study = load_study(folder)
    assert (found.models, found.guessed, found.data, found.unread) == (4, 3, None, {})
    assert study.title == "my models"
    made = {m.id: (m.parents, m.operation and m.operation.name) for m in study.models}
    assert made == {
        "base": ((), None),
        "half": (("base",), "prune"),
        "base-f16": (("base",), "quantize"),
        "half-int8": (("half",), "quantize"),
    }
    assert study.models[0].id == "base"
    assert validate_study(folder).failures == {}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        # Its weights are nearer to those of another finetuned network.
        ("digits", {"finetune-all-70"}),
        # Of another architecture: nothing in its weights says whose answers it learnt.
        ("tumours", {"student"}),
    ],
)
def test_the_history_of_real_studies(name: str, wrong: set[str], tmp_path: Path) -> None:
    """Weights alone tell who comes from whom, for all but one model of each example."""
    source = CHECKOUT / "examples" / name
    shutil.copytree(source / "models", tmp_path / "models")
    shutil.copytree(source / "data", tmp_path / "data")
    draft_study(tmp_path)
    known = {m.onnx.stem: m for m in load_study(source).models if m.onnx}
    stems = {m.id: stem for stem, m in known.items()}
    found = {m.id: m.parents for m in load_study(tmp_path).models}
    assert found.keys() == known.keys()
    parents = {stem: tuple(stems[p] for p in m.parents) for stem, m in known.items()}
    assert {stem for stem in known if found[stem] != parents[stem]} == wrong


def test_the_evaluation_set(folder: Path) -> None:
    """An array that fits the input is it, and labels that fit the output say what is asked."""
    images = np.zeros((5, 1, 4, 4), np.uint8)
    data(folder, pictures=images, y=np.arange(5) % 3, ids=np.arange(5), other=np.zeros((5, 7)))
    assert draft_study(folder).data == "held-out.npz"
    study = load_study(folder)
    assert study.dataset and study.evaluation
    assert [(i.name, i.array) for i in study.dataset.inputs] == [("image", "pictures")]
    assert (study.dataset.label, study.dataset.ids) == (("y",), "ids")
    assert (study.evaluation.task, study.evaluation.scores) == ("classification", "logits")
    assert "0.00392156862745098" in (folder / "study.yaml").read_text("utf-8")
    assert validate_study(folder).instances == 5


@pytest.mark.parametrize("scale", [1.0, 1 / 255])
def test_how_bytes_are_scaled(scale: float, folder: Path) -> None:
    """The way in which a root answers right is taken, and none where both do as well."""
    images = np.random.default_rng(3).integers(0, 256, (60, 1, 4, 4), np.uint8)
    weights = tiny_models.weights()
    weights["fc.bias"] = np.float32([0, 40, -40])  # which bytes outweigh, and fractions do not
    onnx.save_model(tiny_models.float32(weights), folder / "base.onnx")
    session = ort.InferenceSession(folder / "base.onnx")
    feeds = {"image": (images * np.float32(scale)).astype(np.float32)}
    data(folder, images=images, labels=session.run(None, feeds)[0].argmax(1))
    draft_study(folder)
    study = load_study(folder)
    assert study.dataset and study.dataset.inputs[0].scale == scale
    assert "# a guess: 100% right so, " in (folder / "study.yaml").read_text("utf-8")


def test_doubt_is_left_to_the_reader(folder: Path) -> None:
    """Two arrays that fit are no evaluation set, and labels below zero are no classes."""
    images = np.zeros((5, 1, 4, 4), np.float32)
    data(folder, first=images, second=images)
    assert draft_study(folder).data is None
    text = (folder / "study.yaml").read_text("utf-8")
    assert "#     image: {array: image}  # float32 [n, 1, 4, 4]" in text
    (folder / "study.yaml").unlink()
    data(folder, image=images, labels=np.arange(5) - 1)
    draft_study(folder)
    assert load_study(folder).evaluation is None


def test_columns_of_a_table(tmp_path: Path) -> None:
    """Numbers side by side fill an input of as many."""
    weight = helper.make_tensor("fc.weight", TensorProto.FLOAT, [2, 3], [1.0] * 6)
    node = helper.make_node("Gemm", ["features", "fc.weight"], ["odds"], transB=1)
    last = helper.make_node("Softmax", ["odds"], ["shares"])
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node, last], "g", [value("features", TensorProto.FLOAT, ["n", 3])],
        [value("shares", TensorProto.FLOAT, ["n", 2])], [weight],
    )  # fmt: skip
    onnx.save_model(helper.make_model(graph, ir_version=8), tmp_path / "linear.onnx")
    (tmp_path / "rows.csv").write_text("id,a,b,c,label\nx,1,2,3,0\ny,4,5,6,1\n", "utf-8")
    draft_study(tmp_path)
    study = load_study(tmp_path)
    assert study.dataset and study.evaluation
    assert study.dataset.inputs[0].columns == ("a", "b", "c")
    assert study.evaluation.scores == "probabilities"


@pytest.mark.parametrize("shape", [["n"], ["n", 1]])
def test_one_score_of_two_classes(shape: list[str | int], tmp_path: Path) -> None:
    """A binary classifier with one output is one, and its bytes are scaled as makes it right."""
    weight = helper.make_tensor("fc.weight", TensorProto.FLOAT, [1, 3], [9.0, -9.0, 0.0])
    bias = helper.make_tensor("fc.bias", TensorProto.FLOAT, [1], [-3.0])
    side = helper.make_tensor("side", TensorProto.INT64, [len(shape)], [-1, 1][: len(shape)])
    nodes = [
        helper.make_node("Gemm", ["features", "fc.weight", "fc.bias"], ["gap"], transB=1),
        helper.make_node("Reshape", ["gap", "side"], ["flat"]),
        helper.make_node("Sigmoid", ["flat"], ["share"]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [value("features", TensorProto.FLOAT, ["n", 3])],
        [value("share", TensorProto.FLOAT, shape)], [weight, bias, side],
    )  # fmt: skip
    onnx.save_model(helper.make_model(graph, ir_version=8), tmp_path / "linear.onnx")
    features = np.random.default_rng(5).integers(0, 256, (60, 3), np.uint8)
    gap = (features[:, 0] / 255.0 - features[:, 1] / 255.0) * 9 - 3
    np.savez(tmp_path / "data.npz", features=features, labels=(gap > 0).astype(np.int64))
    draft_study(tmp_path)
    study = load_study(tmp_path)
    assert study.dataset and study.evaluation
    assert (study.evaluation.task, study.evaluation.scores) == ("classification", "probabilities")
    assert study.dataset.inputs[0].scale == 1 / 255
    assert validate_study(tmp_path).failures == {}


def test_names(folder: Path) -> None:
    """Equal file names are told apart by their folders, and any name can be written."""
    odd = folder / "yes: #1 \u201equoted\u201c"
    odd.mkdir()
    shutil.copy(folder / "half.onnx", odd / "half.onnx")
    (folder / ".hidden").mkdir()
    shutil.copy(folder / "half.onnx", folder / ".hidden" / "half.onnx")
    draft_study(folder)
    found = {model.id: model.onnx for model in load_study(folder).models}
    assert found[f"{odd.name}/half"] == odd / "half.onnx"
    assert len(found) == 5


def test_what_cannot_be_read_is_left_out(folder: Path) -> None:
    """A damaged file costs itself; without any other there is nothing to write."""
    (folder / "half.onnx").write_bytes(b"no model")
    (folder / "a\nb.onnx").write_bytes(b"no model")
    result = CliRunner().invoke(app, ["init", str(folder)])
    assert result.exit_code == SOME_FAILED
    assert "half.onnx: half.onnx: not an ONNX file" in result.output
    text = (folder / "study.yaml").read_text("utf-8")
    assert "  # half.onnx is left out: " in text
    assert len(load_study(folder).models) == 3
    (folder / "study.yaml").unlink()
    for file in folder.glob("*.onnx"):
        file.write_bytes(b"no model")
    result = CliRunner().invoke(app, ["init", str(folder)])
    assert result.exit_code == BAD_INPUT
    assert not (folder / "study.yaml").exists()


def test_a_study_that_is_there_stays(folder: Path, study_file: Callable[..., Path]) -> None:
    """Nothing is written over, and folders without models say what they lack."""
    (folder / "study.json").write_text("{}", "utf-8")
    with pytest.raises(ExportError, match="there is a study file already"):
        draft_study(folder)
    with pytest.raises(ExportError, match="there is no such folder"):
        draft_study(folder / "none")
    with pytest.raises(ExportError, match="is no folder"):
        draft_study(folder / "base.onnx")
    empty = folder / "empty"
    empty.mkdir()
    with pytest.raises(ExportError, match="holds no ONNX files"):
        draft_study(empty)
    with pytest.raises(ExportError, match=r"`cc-export init .*empty'` writes"):
        load_study(empty)


def test_what_is_printed(folder: Path) -> None:
    """One line says what was found, the next what to do with it."""
    result = CliRunner().invoke(app, ["init", str(folder)])
    assert result.exit_code == DONE
    assert "4 models, 3 of them made from another (a guess); no evaluation set" in result.output
    assert f"cc-export build '{folder}' -o site" in result.output


# A lone half of a character is no text that a file can hold.
texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = texts | st.booleans() | st.integers(-1000, 1000) | st.none() | st.floats(-1, 1)


@given(st.dictionaries(texts, scalars | st.lists(scalars, max_size=3), max_size=3))
def test_any_text_can_be_written(values: dict[str, object]) -> None:
    """What is spelled is read again as it was, whatever it holds."""
    assert parse_yaml(f"key: {spell(values)}\n")[0] == {"key": values}
