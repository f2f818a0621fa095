"""What docs/pytorch.md tells to write works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cc_export import load_study

PAGE = Path(__file__).parents[2] / "docs" / "pytorch.md"


def test_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script on the page leaves a study of two models with files."""
    monkeypatch.chdir(tmp_path)
    (script,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    exec(compile(script, str(PAGE), "exec"), {})
    study = load_study("torch-study")
    assert [model.id for model in study.models] == ["dense", "pruned"]
    assert all(model.onnx and model.onnx.is_file() for model in study.models)
