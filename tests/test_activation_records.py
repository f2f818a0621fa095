"""The records of activations: what stands in a site, against root and parent."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_study
from hypothesis import example, given
from hypothesis import strategies as st

from cc_core.change import relative_l2
from cc_core.comparison import compare
from cc_core.layout import Layout
from cc_core.sketch import sketch
from cc_core.weighing import weigh
from cc_export import export, read_site
from cc_export.bundle.activations import activation_grids, activations_chunk, measured_by_key
from cc_export.dataset import open_dataset
from cc_export.evaluate import activation
from cc_export.expose import Exposed, Measured
from cc_export.results import ModelResult
from cc_export.study import load_study
from cc_export.study.records import StudyModel
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


@given(
    st.lists(
        st.floats(width=32) | st.integers(-9999, 9999).map(lambda n: n / 100),
        min_size=2, max_size=12,
    ),
    st.data(),
)  # fmt: skip
@example([34.49, -26.3], None)
def test_rounded_sketches_fit_the_grid(values: list[float], data: st.DataObject | None) -> None:
    """An extreme that float16 rounds up is counted in the last bin, whatever the values are."""
    array = np.array(values, np.float32)
    other = array if data is None else np.array(data.draw(st.permutations(values)), np.float32)
    exposed = [Exposed((measured(one),)) for one in (array, other)]
    models = [StudyModel("base"), StudyModel("other", parents=("base",))]
    results = tuple(
        ModelResult(model, references=model.parents, exposed=one)
        for model, one in zip(models, exposed, strict=True)
    )
    known = measured_by_key(results)
    chunk = activations_chunk(results[1], known, activation_grids(known), slice(None), ())
    [change] = chunk.activations[0].changes
    assert change is not None
    assert change.count == len(values)


def measured(values: np.ndarray) -> Measured:
    [weighed] = [weigh([(values, ())], Layout(1, values.size), ())]
    key, shape = ("conv1", "Conv"), (values.size,)
    return Measured(key, "tensor", "", shape, 1, values.size, weighed, sketch(values))
