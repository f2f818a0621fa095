"""What docs/pytorch.md tells to write works as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cc_export import load_study

PAGE = Path(__file__).parents[2] / "docs" / "pytorch.md"


SCRIPT, NET = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)


def test_module() -> None:
    """The function on the page gives a network that takes the inputs of the study beside it."""
    found: dict[str, Any] = {}
    exec(compile(NET, str(PAGE), "exec"), found)
    batch = found["torch"].zeros(2, 3, 32, 32)
    assert found["resnet"](width=0.5).eval()(batch).shape == (2, 10)


def test_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script on the page leaves a study of two models with files."""
    monkeypatch.chdir(tmp_path)
    exec(compile(SCRIPT, str(PAGE), "exec"), {})
    study = load_study("torch-study")
    assert [model.id for model in study.models] == ["dense", "pruned"]
    assert all(model.onnx and model.onnx.is_file() for model in study.models)
