"""A study's own Python may leave, fail or print: the export goes on, and says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cc_export import ExportError, export, read_site
from cc_export.viewer import Viewer

LEAVING = """\
import sys

def leave(*_):
    sys.exit()

def leave_with_three(*_):
    sys.exit(3)

def rows():
    yield {"y": 1}
    sys.exit(0)

def count(*_):
    return 2
"""
PRINTING = """\
import os

print("PRINTED by the import")

def count(*_):
    print("PRINTED by Python")
    os.system("echo PRINTED by another program")
    return 2

def rows():
    print("PRINTED by the dataset")
    for y in (0, 1, 0, 1):
        yield {"y": y}
"""


def study(folder: Path, code: str, text: str) -> Path:
    """A study of one model whose answers are in a file, with code of its own beside it."""
    folder.mkdir(exist_ok=True)
    (folder / "mine.py").write_text(code, "utf-8")
    scores = np.eye(2, dtype=np.float32)[[0, 1, 1, 1]]
    np.savez(folder / "answers.npz", scores=scores)
    np.savez(folder / "data.npz", y=np.array([0, 1, 0, 1]))
    (folder / "study.yaml").write_text(
        f"{text}\nmodels: [{{id: a, outputs: answers.npz}}]\n", "utf-8"
    )
    return folder


DATA = "dataset: {path: data.npz, label: y}"


@pytest.mark.parametrize("jobs", [None, 1])
def test_a_metric_that_leaves(tmp_path: Path, viewer: Viewer, jobs: int | None) -> None:
    """It is missing and named, here and in a worker process; the model and other metrics stay."""
    text = (
        f"{DATA}\nevaluation: {{task: classification}}\nmetrics:\n"
        "  - {name: M, compute: 'mine:leave'}\n  - {name: K, compute: 'mine:count'}"
    )
    found = export(
        study(tmp_path / "s", LEAVING, text),
        tmp_path / "site",
        viewer=viewer,
        jobs=jobs,
        cache="off",
    )
    assert found.failures == {}
    assert found.missing == {"a": ("metric 'M': mine:leave failed: SystemExit",)}
    (model,) = read_site(tmp_path / "site").models
    assert (model["metrics"]["K"], model["metrics"]["Accuracy"]) == (2, 0.75)
    assert model["missing"] == {"M": "mine:leave failed: SystemExit"}


def test_a_task_that_leaves(tmp_path: Path, viewer: Viewer) -> None:
    """It fails the model, whose reason is in the site."""
    text = f"{DATA}\nevaluation: {{task: 'mine:leave_with_three'}}"
    folder = study(tmp_path / "s", LEAVING, text)
    found = export(folder, tmp_path / "site", viewer=viewer, cache="off")
    reason = "mine:leave_with_three: the task failed: SystemExit: 3"
    assert found.failures == {"a": reason}
    (model,) = read_site(tmp_path / "site").models
    assert model["failure"] == reason


@pytest.mark.parametrize(("key", "doing"), [("post", "postprocessing"), ("pre", "preprocessing")])
def test_what_is_done_around_a_model_leaves(
    tiny: Path, tmp_path: Path, viewer: Viewer, key: str, doing: str
) -> None:
    """Pre- and postprocessing that leave are named as if they had raised."""
    (tiny / "mine.py").write_text(LEAVING, "utf-8")
    file = tiny / "study.yaml"
    changed = f"output: logits, {key}process: 'mine:leave'}}"
    file.write_text(file.read_text("utf-8").replace("output: logits}", changed), "utf-8")
    try:
        found = export(tiny, tmp_path / "site", viewer=viewer, cache="off").failures.values()
        told = "\n".join(found)
    except ExportError as error:
        told = str(error)
    assert f"mine:leave: {doing} failed: SystemExit" in told


def test_a_dataset_that_leaves(tmp_path: Path, viewer: Viewer) -> None:
    """Without instances there is no export, and the error names who left."""
    text = "dataset: {call: 'mine:rows', label: y}\nevaluation: {task: classification}"
    with pytest.raises(ExportError) as caught:
        export(study(tmp_path / "s", LEAVING, text), tmp_path / "site", viewer=viewer, cache="off")
    assert "mine:rows: it failed: SystemExit: 0" in str(caught.value)


def started(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command as people start it."""
    return subprocess.run(
        [sys.executable, "-m", "cc_export", *map(str, arguments)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


@pytest.mark.usefixtures("built_site")
def test_what_it_prints_is_not_what_the_command_says(tmp_path: Path) -> None:
    """stdout is the command's JSON; prints of the main process, of workers, and of programs that
    they start are on stderr.
    """
    text = (
        "dataset: {call: 'mine:rows', label: y}\nevaluation: {task: classification}\n"
        "metrics: [{name: M, compute: 'mine:count'}]"
    )
    folder = study(tmp_path / "s", PRINTING, text)
    found = started(
        "build", folder, "-o", tmp_path / "site", "--json", "-q", "--no-cache", "--jobs", 1
    )
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["missing"] == {}
    printed = set(found.stderr.splitlines())
    ways = ("the import", "Python", "another program", "the dataset")
    assert printed == {f"PRINTED by {way}" for way in ways}
    found = started("validate", folder, "--json")
    assert json.loads(found.stdout)["instances"] == 4
    assert "PRINTED by the dataset" in found.stderr


@pytest.mark.usefixtures("built_site")
def test_a_metric_that_fails_is_exit_code_1(tmp_path: Path) -> None:
    """The site is there; a script is told that something failed, and a person what."""
    text = (
        f"{DATA}\nevaluation: {{task: classification}}\n"
        "metrics: [{name: M, compute: 'mine:leave_with_three'}, {name: N, compute: 'mine:none'}]"
    )
    folder = study(tmp_path / "s", LEAVING, text)
    found = started("build", folder, "-o", tmp_path / "site", "-q", "--no-cache", "--jobs", 1)
    assert (found.returncode, found.stdout) == (1, "")
    assert [line for line in found.stderr.splitlines() if line.startswith("failed")] == [
        "failed a: metric 'M': mine:leave_with_three failed: SystemExit: 3",
        "failed a: metric 'N': mine:none: mine has no 'none'",
    ]
    assert (tmp_path / "site" / "index.html").is_file()
