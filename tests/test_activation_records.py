"""The records of activations: what stands in a site, against root and parent."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_study

from cc_core.change import relative_l2
from cc_core.comparison import compare
from cc_export import export, read_site
from cc_export.dataset import open_dataset
from cc_export.evaluate import activation
from cc_export.study import load_study
from cc_export.viewer import Viewer

INT8 = "*/ <img src=x onerror=alert(1)>"
CONV, RELU = "/conv1/Conv_output_0", "/relu/Relu_output_0"


def chunk(site: Path, model: str) -> dict[str, Any]:
    found = read_site(site)
    [record] = [one for one in found.models if one["id"] == model]
    return dict(found.json(record["activations"]))


def test_changes_are_those_of_the_values(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Where every value is in the sketch, a change is that of the arrays themselves."""
    export(tiny, tmp_path / "site", viewer=viewer)
    study = load_study(tiny_study.TINY)
    assert study.dataset is not None
    dataset = open_dataset(study.dataset)
    record = chunk(tmp_path / "site", INT8)
    assert (record["references"], record["problem"]) == (["base"], "")
    paths = [tiny_study.TINY / "models" / f"{name}.onnx" for name in ("base", "int8")]
    arrays = [activation(path, dataset, (CONV, RELU), slice(0, 12)) for path in paths]
    for row, base, int8 in zip(record["activations"], *arrays, strict=True):
        expected = compare(base, int8)
        [change] = row["changes"]
        assert (change["count"], row["size"], row["instances"]) == (base.size, base.size, 12)
        known = relative_l2(change["noise"], change["signal"])
        # Sketches have the 11 binary digits of float16.
        assert known == pytest.approx(expected.relative_l2, abs=1e-3) != 0
        sketch = np.frombuffer(base64.b64decode(row["sketch"]), "<f2")
        assert len(sketch) == base.size
    root = chunk(tmp_path / "site", "base")
    assert [(row["layer"], row["name"], row["changes"]) for row in root["activations"]] == [
        ("conv1", "Conv", []),
        ("relu", "Relu", []),
    ]
