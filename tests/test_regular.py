"""A named pipe among the files of a study is an error or is passed over; nothing waits for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cc_export.cache.files import all_within, digest_files
from cc_export.regular import check_regular

STUDY = """
dataset: {path: data.npz, label: y}
evaluation: {task: classification}
models: [{id: m, outputs: answers.npz}]
"""
pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no named pipes")


def said(*arguments: str | Path) -> tuple[int, str]:
    """The exit code and the first line of errors of a command, which may not take for ever."""
    ended = subprocess.run(
        [sys.executable, "-m", "cc_export", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ended.returncode, ended.stderr


def test_pipes_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    """What is hashed of a folder is its files; a pipe by itself cannot be read."""
    (tmp_path / "a").write_bytes(b"a")
    os.mkfifo(tmp_path / "pipe")
    assert all_within(tmp_path) == (tmp_path, tmp_path / "a")
    digest_files(all_within(tmp_path))
    for read in (check_regular, lambda path: digest_files((path,))):
        with pytest.raises(OSError, match="no regular file, but a pipe or a device"):
            read(tmp_path / "pipe")


@pytest.mark.parametrize("name", ["study.yaml", "data.npz", "model.onnx"])
def test_pipes_in_place_of_a_file(tmp_path: Path, name: str) -> None:
    """A pipe as study, data or model is named, and nothing waits."""
    (tmp_path / "study.yaml").write_text(STUDY)
    for file in ("data.npz", "answers.npz"):
        np.savez(tmp_path / file, y=np.zeros(3, np.int64), scores=np.zeros((3, 2), np.float32))
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    code, errors = said(
        *("inspect", tmp_path / name)
        if name == "model.onnx"
        else ("validate", tmp_path / "study.yaml")
    )
    assert code != 0
    assert "no regular file, but a pipe or a device" in errors
    assert name in errors
