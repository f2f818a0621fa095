"""Training scripts add models to a study: at once, from many processes, killed at any moment."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import appending
import numpy as np
import onnx
import pytest
import tiny_models
import tiny_study
from hypothesis import given
from hypothesis import strategies as st

from cc_export import ExportError, LoadedStudy, Study, export, load_study, read_site
from cc_export.study.record_files import record_path
from cc_export.study.records import Metric, Operation, OperationType, StudyModel
from cc_export.viewer import Viewer

DAY = datetime(2026, 1, 2, tzinfo=UTC)


def appended(what: str, folder: Path) -> dict[str, Any]:
    """What tests/appending.py found out; it has asserted on the way that each read was whole."""
    done = subprocess.run(
        [sys.executable, appending.__file__, what, folder],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be forked")
def test_eight_processes(tmp_path: Path) -> None:
    """Nothing is lost, each id that several add has one winner, and readers see whole models."""
    found = appended("race", tmp_path)
    lines: list[str] = found["lines"]
    own = [f"{n}-{i}" for n in range(appending.WRITERS) for i in range(appending.OWN)]
    for index in range(appending.SHARED):
        refused = f"refused {tmp_path}: there is a model 'shared-{index}' already"
        assert lines.count(f"added shared-{index}") == 1
        assert lines.count(refused) == appending.WRITERS - 1
        own.append(f"shared-{index}")
    assert sorted(line.removeprefix("added ") for line in lines if "refused" not in line) == sorted(
        own
    )
    study = load_study(tmp_path)
    assert appending.check(study) == set(own)
    assert found["reads"] > 1
    assert study.title == "Race"
    assert study.metrics == (Metric("Score", "higher"),)
    # Of those that were refused, nothing is left.
    kept = [path.name for path in (tmp_path / "records/models").iterdir()]
    assert len(kept) == 3 * len(own)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be forked")
def test_a_hundred_kills(tmp_path: Path) -> None:
    """A process killed at any moment has lost no model it was told is there, and left none half."""
    found = appended("kill", tmp_path)
    assert found["missing"] == []
    # The moments were spread: between models, and within the adding of one.
    assert found["acknowledged"] > 20
    assert found["unfinished"] > 20
    appending.add(Study.open(tmp_path), "after all")
    assert "after all" in appending.check(load_study(tmp_path))


NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20
)  # fmt: skip
NUMBERS = st.integers(-(2**53), 2**53) | st.floats()
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
MODELS = st.lists(
    st.fixed_dictionaries(
        {
            "id": NAMES,
            "operation": st.none() | st.tuples(NAMES, st.dictionaries(NAMES, VALUES, max_size=3)),
            "metrics": st.dictionaries(NAMES, NUMBERS, max_size=3),
            "tag": st.text(st.characters(exclude_categories=("Cs",)), max_size=5),
            "embed": st.none() | st.booleans(),
            "above": st.lists(st.integers(0, 9), max_size=2, unique=True),
        }
    ),
    min_size=1, max_size=6, unique_by=lambda model: model["id"],
)  # fmt: skip


@given(MODELS)
def test_round_trip(models: list[dict[str, Any]]) -> None:
    """Whatever a script adds is read back as it was, in order, in another process's words too."""
    with tempfile.TemporaryDirectory() as folder:
        study = Study.open(folder)
        expected = []
        for index, model in enumerate(models):
            parents = [models[above]["id"] for above in model["above"] if above < index]
            study.add_model(
                model["id"], parents=parents, operation=model["operation"], created=DAY,
                metrics=model["metrics"], tag=model["tag"], embed=model["embed"],
            )  # fmt: skip
            name, parameters = model["operation"] or ("", {})
            expected.append(
                StudyModel(
                    id=model["id"],
                    parents=tuple(parents),
                    operation=Operation(name, parameters) if model["operation"] else None,
                    tag=model["tag"],
                    created=DAY.isoformat(),
                    embed=bool(model["embed"]),
                    metrics=model["metrics"],
                )
            )
        # NaN differs from itself; its spelling does not.
        assert repr(study.save().models) == repr(tuple(expected))
        assert repr(load_study(folder).models) == repr(tuple(expected))


def test_declarations(tmp_path: Path) -> None:
    """Metrics and operations are declared in order, again with a change, or the same many times."""
    for _ in range(2):
        study = Study.open(tmp_path / "pruning", description="D", embed=True)
        study.metric("Zeal", direction="higher", unit="%", format=".1%", min=0, max=np.float32(1))
        study.metric("Age").metric("Calm", direction="neither", definition="Text.", primary=True)
        study.operation("prune", "amount", "scope").operation("train", ["epochs"])
        study.operation("quantize", {"bits": {"min": 2}}, description="Fewer bits.")
    study.operation("train", "epochs", "seed").metric("Age", direction="lower")
    study.add_model("a")
    found = study.save()
    assert (found.title, found.description, found.models[0].embed) == ("pruning", "D", True)
    assert found.metrics == (
        Metric("Zeal", "higher", "%", ".1%", "", 0, 1),
        Metric("Age", "lower"),
        Metric("Calm", "neither", definition="Text.", primary=True),
    )
    assert found.operations == (
        OperationType("prune", ("amount", "scope")),
        OperationType("train", ("epochs", "seed")),
        OperationType("quantize", ("bits",), "Fewer bits."),
    )


def test_a_declaration_that_stands_is_not_written_again(tmp_path: Path) -> None:
    """A thousand starts of one script write one file."""
    Study.open(tmp_path, title="T").metric("m", unit="s")
    before = {path: path.stat().st_ino for path in tmp_path.rglob("*.json")}
    Study.open(tmp_path, title="T").metric("m", unit="s")
    assert {path: path.stat().st_ino for path in tmp_path.rglob("*.json")} == before
    Study.open(tmp_path, title="U")
    assert json.loads((tmp_path / "study.json").read_text("utf-8")) == {"title": "U"}


def test_a_study_written_by_hand(tmp_path: Path) -> None:
    """A script adds to a study file that a person wrote, and never changes it."""
    file = tmp_path / "study.yaml"
    text = "title: Mine\nmetrics: [{name: m}]\noperations: [{name: o}]\nmodels: [{id: a}]\n"
    text += "dataset: {path: ., label: l, classes: [x], inputs: {i: {array: i}}}\n"
    text += "evaluation: {task: classification}\n"
    file.write_text(text, "utf-8")
    study = Study.open(tmp_path, title="Mine")
    study.add_model("b", parent="a", operation="o", metrics={"m": 1})
    assert [model.id for model in load_study(file).models[:1]] == ["a"]
    assert "a" in study
    assert "b" in study
    assert "c" not in study
    for wrong, expected in (
        (lambda: Study.open(tmp_path, title="Yours"), "says 'Mine' for `title`, not 'Yours'\n"
         "    It was written by hand: change it there."),
        (lambda: study.metric("m"), "declares the metric 'm' itself\n    Change it there."),
        (lambda: study.operation("o"), "declares the operation 'o' itself\n    Change it there."),
        (lambda: study.evaluation("classification"),
         "has the key `evaluation` itself\n    Change it there."),
        (lambda: study.add_model("a", replace=True),
         "has a model 'a' already\n    Change it there."),
    ):  # fmt: skip
        with pytest.raises(ExportError) as caught:
            wrong()
        assert str(caught.value) == f"{file}: {expected}"
    assert file.read_text("utf-8") == text


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"id": "a"}, "FOLDER: there is a model 'a' already\n"
     "    Give it another id, or say replace=True."),
    ({"id": "x", "parent": "b"}, "model 'x' has the unknown parent 'b'\n"
     "    Add the parent to FOLDER first."),
    ({"id": "x", "parent": "x"}, "model 'x' has the unknown parent 'x'\n"
     "    Add the parent to FOLDER first."),
    ({"id": "x", "parent": "a", "parents": ["a"]},
     "model 'x' has both `parent` and `parents`\n    Use one of them."),
    ({"id": 7}, "model 7: id: must be text, got 7\n    Put it in quotes."),
    ({"id": ""}, "model '': id: must not be empty"),
    ({"id": "a\nb"}, "model 'a\\nb': id: must be one line without control characters, got 'a\\nb'"),
    ({"id": "\ud800"}, "model '\\ud800': text with half a surrogate pair"),
    ({"id": "x", "metrics": {"m": "0.5"}}, "model 'x': metrics.m: must be a number, got '0.5'"),
    ({"id": "x", "metrics": {"m": True, "n": [1]}},
     "model 'x': metrics.m: must be a number, got true\n"
     "model 'x': metrics.n: must be a number, got a list"),
    ({"id": "x", "metrics": {"m": 10**400}},
     f"model 'x': metrics.m: must be a number below 1.8e308, got {'1' + '0' * 78}…"),
    ({"id": "x", "operation": 7}, "model 'x': operation: cannot be 7\n"
     '    Give a name, or ("prune", {"amount": 0.5}).'),
    ({"id": "x", "operation": {"nam": "o"}},
     "model 'x': operation.name: this key is missing\nmodel 'x': operation.nam: unknown key\n"
     "    Did you mean `name`? Allowed: name, parameters."),
    ({"id": "x", "operation": ("o", {"net": object()})},
     "model 'x': operation.parameters.net: a object cannot be written down\n"
     "    Give text, numbers, lists or dicts of them."),
    ({"id": "x", "onnx": "nowhere.onnx"}, "model 'x': there is no file 'nowhere.onnx'\n"
     "    Looked in HERE and FOLDER."),
    ({"id": "x", "outputs": {"logits": [1]}}, "model 'x': outputs: unknown array 'logits'\n"
     "    Allowed: one of `scores`, `values`, `texts`, and `ids` beside it."),
    ({"id": "x", "parents": ["a", "a"]},
     "model 'x': parents: model 'x' has the parent 'a' 2 times\n    Name it once."),
    ({"id": "x", "created": "banana"}, "model 'x': created: 'banana' is no date of ISO 8601\n"
     "    Allowed are such as 2026-03-01 or 2026-03-01T14:30:00Z."),
    ({"id": "x", "embed": "yes"}, "model 'x': embed: must be true or false, got 'yes'"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "expected"), WRONG)
def test_what_is_refused(tmp_path: Path, model: dict[str, Any], expected: str) -> None:
    """A model with anything wrong is refused in words, and nothing of it is written."""
    study = Study.open(tmp_path)
    study.add_model("a")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ExportError) as caught:
        study.add_model(**model)
    text = str(caught.value).replace(str(tmp_path.resolve()), "FOLDER")
    assert text.replace(str(Path.cwd()), "HERE") == expected
    assert sorted(tmp_path.rglob("*")) == before


def test_digits_without_end(tmp_path: Path) -> None:
    """A number too long to be spelled is refused, not a traceback."""
    with pytest.raises(ExportError, match=r"^model 'x': Exceeds the limit"):
        Study.open(tmp_path).add_model("x", metrics={"m": 10**5_000})


def test_declarations_that_are_refused(tmp_path: Path) -> None:
    """A declaration with an unknown key or a wrong value is refused in words."""
    study = Study.open(tmp_path)
    for wrong, expected in (
        (lambda: study.metric("m", units="s"), "metric 'm': units: unknown key\n"
         "    Did you mean `unit`?"),
        (lambda: study.metric("m", direction="up"),  # type: ignore[arg-type]
         "metric 'm': direction: 'up' is not allowed\n"),
        (lambda: study.metric("m", min=5, max=1), "metric 'm': min: `min` 5 of 'm' is above its"),
        (lambda: study.metric("m", format="zzz"), "metric 'm': format: 'zzz' is no d3-format"),
        (lambda: study.operation(""), "operation '': name: must not be empty"),
        (lambda: study.evaluation("guess"), "evaluation: task: 'guess' is not allowed"),
        (study.dataset, "dataset: needs either a path, arrays or `call`"),
        (lambda: study.dataset("no.npz"), "dataset: there is no file 'no.npz'"),
        (lambda: Study.open(tmp_path, title=7),  # type: ignore[arg-type]
         "the study: title: must be text, got 7"),
        (lambda: Study.open(tmp_path / "study.json"),
         f"{tmp_path / 'study.json'}: is a file, not a folder"),
    ):  # fmt: skip
        with pytest.raises(ExportError) as caught:
            wrong()
        assert str(caught.value).startswith(expected)


def test_replaced(tmp_path: Path) -> None:
    """A model is replaced when that is asked for, and cannot become its own ancestor."""
    study = Study.open(tmp_path)
    study.add_model("a", metrics={"m": 1})
    study.add_model("b", parent="a")
    study.add_model("a", metrics={"m": 2}, replace=True)
    assert study.save().models[-1].metrics == {"m": 2}
    with pytest.raises(ExportError) as caught:
        study.add_model("a", parents=["b"], replace=True)
    assert str(caught.value) == "model 'a' would be its own ancestor\n    Choose another parent."


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full is an error in words; no part of the model stays."""
    study = Study.open(tmp_path)
    study.add_model("a")
    kept = sorted(tmp_path.rglob("*"))

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError) as caught:
        study.add_model("b", onnx=tiny_study.TINY / "models" / "base.onnx", outputs=np.eye(3))
    assert str(caught.value) == (
        f"{tmp_path}: cannot be written: No space left on device\n"
        "    What was added before is still there."
    )
    assert sorted(tmp_path.rglob("*")) == kept


@pytest.mark.parametrize("late", [True, False])
def test_an_interrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: bool) -> None:
    """Ctrl-C while a model is added leaves it whole or not at all, as far as it came."""
    study = Study.open(tmp_path)
    link = os.link

    def interrupted(source: Path, target: Path) -> None:
        if Path(target).suffix == ".json":
            if late:
                link(source, target)
            raise KeyboardInterrupt
        link(source, target)

    monkeypatch.setattr(os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt):
        study.add_model("b", onnx=tiny_study.TINY / "models" / "base.onnx", outputs=np.eye(3))
    assert ("b" in study) == late
    assert len(list((tmp_path / "records/models").iterdir())) == (3 if late else 0)


def test_from_script_to_site(tmp_path: Path, viewer: Viewer) -> None:
    """A study that only a script wrote is exported like any other, and its folder can be moved."""
    study = Study.open(tmp_path / "study", title="Dots", embed=True)
    study.metric("Effort", direction="lower", unit="h").operation("prune", "amount")
    arrays = tiny_study.evaluation_arrays()
    study.dataset(
        arrays=arrays,
        inputs={"image": {"array": "images", "scale": 0.25, "offset": -1}},
        label="labels", ids="ids", classes=["left", "right", "both"],
    ).evaluation("classification", output="logits")  # fmt: skip
    weights = tiny_models.weights()
    onnx.save(tiny_models.float32(weights), tmp_path / "run.onnx")
    study.add_model("base", onnx=tmp_path / "run.onnx", metrics={"Effort": np.float64(2.5)})
    study.add_model(
        "pruned", onnx=tiny_models.float32(tiny_models.pruned(weights)), parent="base",
        operation=("prune", {"amount": 0.5}), metrics={"Effort": math.nan},
    )  # fmt: skip
    study.add_model("planned", parent="pruned")
    report = export(study, tmp_path / "site", viewer=viewer)
    assert (report.failures, report.models, report.embedded) == ({}, 3, 2)
    site = read_site(tmp_path / "site")
    base, pruned, _ = site.models
    assert base["metrics"]["Effort"] == 2.5
    assert pruned["metrics"]["Sparsity"] > base["metrics"]["Sparsity"]
    assert pruned["operation"] == {"name": "prune", "parameters": {"amount": 0.5}}
    (tmp_path / "run.onnx").unlink()
    moved = shutil.move(tmp_path / "study", tmp_path / "elsewhere")
    again = export(moved, tmp_path / "again", viewer=viewer)
    assert (again.failures, again.instances) == ({}, len(arrays["labels"]))


def test_names_of_inputs_and_paths_are_short_hands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An input may be an array's name, and a dataset a path from where the script runs."""
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "outside.npz", images=np.zeros((2, 3)), labels=[0, 1])
    study = Study.open("study")
    shutil.copyfile("outside.npz", "study/inside.npz")
    study.add_model("a")
    for given_path, expected in (
        ("outside.npz", tmp_path / "outside.npz"), ("inside.npz", tmp_path / "study/inside.npz"),
    ):  # fmt: skip
        study.dataset(given_path, inputs={"x": "images"}, label="labels", classes=["a", "b"])
        source = study.save().dataset
        assert source is not None
        assert source.path == expected.resolve()
        assert [(entry.name, entry.array) for entry in source.inputs] == [("x", "images")]
    record = json.loads(record_path(Path("study"), "dataset").read_text("utf-8"))
    assert record["path"] == "inside.npz"


def test_created_is_now_unless_said(tmp_path: Path) -> None:
    """When a model was made is the time it was added, or what the script says."""
    study = Study.open(tmp_path)
    before = datetime.now(UTC).replace(microsecond=0)
    study.add_model("a")
    study.add_model("b", created="2026-03")
    first, second = study.save().models
    assert before <= datetime.fromisoformat(first.created) <= datetime.now(UTC)
    assert second.created == "2026-03"


@pytest.mark.parametrize("content", [b"garbage", b"", b"\xff" * 100])
def test_what_is_no_model_is_warned_of(tmp_path: Path, content: bytes) -> None:
    """An experiment is not lost to a broken file, but the script is told at once."""
    study = Study.open(tmp_path)
    with pytest.warns(UserWarning, match="^model 'a' is added, but no export can use its file: a"):
        study.add_model("a", onnx=content, metrics={"m": 1})
    assert study.folder.joinpath("records/models").is_dir() and "a" in study


def test_save_says_all_that_is_wrong(tmp_path: Path) -> None:
    """A study is checked as a whole by save, warnings included."""
    study = Study.open(tmp_path)
    study.metric("m").add_model("a")
    found = study.save()
    assert isinstance(found, LoadedStudy)
    assert [problem.what for problem in found.warnings] == ["no model has a value for 'm'"]
    record_path(tmp_path, "models", "a").write_text('{"id": "a", "base": "gone"}', "utf-8")
    with pytest.raises(ExportError, match="has the unknown parent 'gone'"):
        study.save()


def test_a_folder_given_as_text(tmp_path: Path) -> None:
    """The class itself takes what ``open`` takes."""
    study = Study.open(tmp_path / "study")
    Study(str(study.folder)).add_model("a")  # type: ignore[arg-type]  # as scripts write it
    assert [model.id for model in load_study(study.folder).models] == ["a"]
