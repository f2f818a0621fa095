"""Records of a study: complete or not there, one winner, and joined to the study file in order."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cc_export.errors import ExportError
from cc_export.study import load_study
from cc_export.study import record_files as records
from cc_export.study.record_files import publish, record_path, record_text


def put(folder: Path, section: str, values: object, name: str = "") -> Path:
    path = record_path(folder, section, name)
    publish(path, record_text(values).encode(), replacing=True)  # type: ignore[arg-type]
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study.yaml").write_text("title: T\nmodels:\n- id: own\n", "utf-8")
    return tmp_path


def without_links(*_: object) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False])
def test_one_of_many_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    """Of many that give a file the same name, one succeeds, also where there are no hard links."""
    if not links:
        monkeypatch.setattr(os, "link", without_links)

    def attempt(number: int) -> bool:
        try:
            publish(tmp_path / "record.json", str(number).encode() * 10_000)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(1, 9)))
    assert sum(won) == 1
    assert (tmp_path / "record.json").read_bytes() == str(won.index(True) + 1).encode() * 10_000
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_a_claim_of_the_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without hard links, a name that a killed process took is free again after a minute."""
    monkeypatch.setattr(os, "link", without_links)
    claimed = tmp_path / "record.json"
    claimed.touch()
    with pytest.raises(FileExistsError):
        publish(claimed, b"x")
    os.utime(claimed, (time.time() - 61,) * 2)
    publish(claimed, b"x")
    assert claimed.read_bytes() == b"x"


def test_what_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is found out before a file has its name; the temporary one is removed."""

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        publish(tmp_path / "record.json", b"x")
    assert list(tmp_path.iterdir()) == []


def test_what_was_killed_is_removed(tmp_path: Path) -> None:
    """Unfinished files are removed a day later, not while somebody may be writing them."""
    models = record_path(tmp_path, "models", "a").parent
    models.mkdir(parents=True)
    for name, hours in (("old", 25), ("new", 23)):
        (models / f".{name}.part").write_bytes(b"x")
        os.utime(models / f".{name}.part", (time.time() - hours * 3600,) * 2)
    (models / ".folder.part" / "inner").mkdir(parents=True)
    (models / ".folder.part" / "inner" / "file").write_bytes(b"x")
    os.utime(models / ".folder.part", (0, 0))
    records.remove_unfinished(tmp_path)
    assert [path.name for path in models.iterdir()] == [".new.part"]


def test_records_join_in_order(folder: Path) -> None:
    """Models of the study file come first, then records as they were added."""
    put(folder, "models", {"added": "2026-01-02", "id": "a"}, "a")
    put(folder, "models", {"added": "2026-01-01", "id": "b", "base": "own"}, "b")
    put(folder, "models", {"added": "2026-01-03", "id": "c", "parents": ["a", "b"]}, "c")
    put(folder, "metrics", {"added": "2", "name": "A"}, "A")
    put(folder, "metrics", {"added": "1", "name": "Z"}, "Z")
    study = load_study(folder)
    assert [model.id for model in study.models] == ["own", "b", "a", "c"]
    assert study.models[3].parents == ("a", "b")
    assert [metric.name for metric in study.metrics] == ["Z", "A"]


def test_the_study_file_wins(folder: Path) -> None:
    """What a person wrote into the study file holds against the records of a script."""
    text = (
        "metrics: [{name: m, unit: s}]\noperations: [{name: o, description: by hand}]\n"
        "evaluation: {task: classification, scores: probabilities}\n"
        "dataset: {path: ., label: l, classes: [x], inputs: {i: {array: i}}}\n"
        "models:\n- id: own\n"
    )
    (folder / "study.yaml").write_text(text, "utf-8")
    put(folder, "metrics", {"name": "m", "unit": "h"}, "m")
    put(folder, "operations", {"name": "o"}, "o")
    put(folder, "evaluation", {"task": "classification"})
    study = load_study(folder)
    assert [metric.unit for metric in study.metrics] == ["s"]
    assert [operation.description for operation in study.operations] == ["by hand"]
    assert study.evaluation is not None
    assert study.evaluation.scores == "probabilities"


def test_undeclared_metrics_of_records(folder: Path) -> None:
    """A value that an experiment measured is kept, declared or not, in the order of the models."""
    put(folder, "models", {"added": "1", "id": "a", "metrics": {"x": 1, "y": 2}}, "a")
    put(folder, "models", {"added": "2", "id": "b", "metrics": {"y": 3, "z": 4}}, "b")
    assert [metric.name for metric in load_study(folder).metrics] == ["x", "y", "z"]


def test_a_parent_that_the_listing_missed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that grows while it is listed shows no child without its parents."""
    put(folder, "models", {"added": "1", "id": "old"}, "old")
    put(folder, "models", {"added": "2", "id": "middle", "base": "old"}, "middle")
    put(folder, "models", {"added": "3", "id": "young", "base": "middle"}, "young")
    listed = Path.glob

    def partly(path: Path, pattern: str) -> list[Path]:
        return [file for file in listed(path, pattern) if "young" in file.name]

    monkeypatch.setattr(Path, "glob", partly)
    assert [m.id for m in load_study(folder).models] == ["own", "old", "middle", "young"]


Break = Callable[[Path], object]


def text(content: str) -> Break:
    return lambda file: file.write_text(content, "utf-8")


@pytest.mark.parametrize(
    ("break_it", "expected"),
    [
        (text("{"), "FILE:1: not valid JSON: Expecting property name enclosed in double quotes "
         "(column 2)"),
        (text("[]"), "FILE: this record has no id\n    Mend the file, or remove it."),
        (text('{\n"id": "a",\n"tog": ""}'),
         "FILE:3: tog: unknown key\n    Did you mean `tag`? Allowed: "),
        (text('{"id": "a",\n"metrics": {"m": "x"}}'),
         "FILE:2: metrics.m: must be a number, got 'x'"),
        (text('{"id": "a",\n\n"base": "b"}'),
         "FILE:3: base: model 'a' has the unknown parent 'b'\n    Known: 'own', 'a'."),
        (text('{"id": "own"}'), "FILE:1: id: 'own' is already used by models[0]\n"
         "    Every id in models must be different."),
        (text('{"id": "a", "onnx": "x.onnx"}'),
         "FILE:1: onnx: model 'a': there is no file 'x.onnx'"),
        (text('{"id": "a", "outputs": "x.npz"}'),
         "FILE:1: outputs: model 'a': there is no file 'x.npz'"),
    ],
)  # fmt: skip
def test_problems_name_the_record(folder: Path, break_it: Break, expected: str) -> None:
    """What is wrong in a record is told with the record's own file, line and key."""
    file = put(folder, "models", {"id": "a"}, "a")
    break_it(file)
    with pytest.raises(ExportError) as caught:
        load_study(folder)
    assert str(caught.value).replace(str(file), "FILE").startswith(expected)


def test_an_empty_record_is_passed_over(folder: Path) -> None:
    """A name that is only claimed is no model yet."""
    put(folder, "models", {"id": "a"}, "a").write_bytes(b"")
    assert [model.id for model in load_study(folder).models] == ["own"]


def test_wrong_sections_are_told_not_joined(folder: Path) -> None:
    """A study file whose lists are none is refused in its own words."""
    (folder / "study.yaml").write_text("metrics: 7\nmodels: 8\n", "utf-8")
    put(folder, "models", {"id": "a", "metrics": {"m": 1}}, "a")
    put(folder, "metrics", {"name": "m"}, "m")
    with pytest.raises(ExportError) as caught:
        load_study(folder)
    assert [line.partition(": ")[2] for line in str(caught.value).splitlines()] == [
        "metrics: must be a list, got 8".replace("8", "7"),
        "models: must be a list, got 8",
    ]


def test_records_belong_to_the_main_file(folder: Path) -> None:
    """Another study file in the same folder is a study of its own."""
    put(folder, "models", {"id": "a"}, "a")
    (folder / "other.json").write_text(json.dumps({"models": [{"id": "x"}]}), "utf-8")
    assert [model.id for model in load_study(folder / "other.json").models] == ["x"]
