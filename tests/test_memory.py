"""Peak memory: of a process of its own, and of the model alone."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tiny_models
import tiny_study
from onnx import TensorProto, helper

from cc_export.dataset import Dataset, open_dataset
from cc_export.memory import peak_memory
from cc_export.study import load_study

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it")


@pytest.fixture
def dataset() -> Dataset:
    source = load_study(tiny_study.TINY).dataset
    assert source is not None
    return open_dataset(source)


def large(folder: Path) -> Path:
    """A model of 16 MiB of weights and an activation of 32 MiB, for images of 4 × 4."""
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["wide"]),
        helper.make_node("Concat", ["wide"] * 32, ["wider"], axis=1),
        helper.make_node("ReduceSum", ["wider"], ["logits"]),
    ]
    path = folder / "large.onnx"
    weight = np.ones((16, 1 << 18), np.float32)
    path.write_bytes(tiny_models.Parts(nodes, {"w": weight}).model().SerializeToString())
    return path


def test_what_a_model_takes(tmp_path: Path, dataset: Dataset) -> None:
    """A model of 16 MiB takes that and its activations; a tiny one next to nothing."""
    with peak_memory(lambda: dataset) as measure:
        tiny = measure(tiny_study.TINY / "models" / "base.onnx")
        found = measure(large(tmp_path))
        again = measure(tiny_study.TINY / "models" / "base.onnx")
    assert tiny is not None
    assert again is not None
    assert found is not None
    assert tiny < 8 << 20
    assert 48 << 20 < found < 200 << 20
    # What ran before is no part of it.
    assert abs(again - tiny) < 4 << 20


def test_a_model_that_cannot_be_run(tmp_path: Path, dataset: Dataset) -> None:
    """There is no number for it, and the next one is measured."""
    parts = tiny_models.network(tiny_models.weights())
    parts.nodes[3].input[1] = "conv1.weight"
    path = tmp_path / "wrong.onnx"
    path.write_bytes(parts.model().SerializeToString())
    with peak_memory(lambda: dataset) as measure:
        assert measure(path) is None
        assert measure(tiny_study.TINY / "models" / "base.onnx") is not None


def test_a_model_that_does_not_end(tmp_path: Path, dataset: Dataset) -> None:
    """A model that would run for years is given up, and the next one is measured."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["again"]),
            helper.make_node("Add", ["sum", "sum"], ["more"]),
        ],
        "body",
        [
            tiny_models.value("n", [], TensorProto.INT64),
            tiny_models.value("go", [], TensorProto.BOOL),
            tiny_models.value("sum", None, TensorProto.FLOAT),
        ],
        [
            tiny_models.value("again", [], TensorProto.BOOL),
            tiny_models.value("more", None, TensorProto.FLOAT),
        ],
    )
    node = helper.make_node("Loop", ["most", "", "image"], ["logits"], body=body)
    path = tmp_path / "loop.onnx"
    model = tiny_models.Parts([node], {"most": np.array(1 << 50)}).model()
    path.write_bytes(model.SerializeToString())
    begin = time.monotonic()
    with peak_memory(lambda: dataset, most_seconds=10) as measure:
        assert measure(path) is None
        assert 9 < time.monotonic() - begin < 60
        assert measure(tiny_study.TINY / "models" / "base.onnx") is not None


def test_a_server_that_is_gone(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its process there is no number, and no error."""
    monkeypatch.setattr("cc_export.memory._SERVER", "cc_export.no_such_module")
    with peak_memory(lambda: dataset) as measure:
        assert measure(tiny_study.TINY / "models" / "base.onnx") is None
