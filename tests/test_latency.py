"""How long a run takes, in turns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models
import tiny_study

from cc_export.bundle.build import latency_records
from cc_export.dataset import Dataset, open_dataset
from cc_export.latency import TURNS, Latency, machine, measure_latency, together
from cc_export.results import ModelResult
from cc_export.study import load_study
from cc_export.study.records import StudyModel


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    source = load_study(tiny_study.TINY).dataset
    assert source is not None
    return open_dataset(source)


def test_a_turn_times_one_instance(dataset: Dataset) -> None:
    """A turn is some runs of one instance, each longer than nothing."""
    found = measure_latency(tiny_study.TINY / "models" / "base.onnx", dataset)
    assert (found.batch, len(found.times)) == (1, 10)
    assert min(found.times) > 0


def test_a_model_that_insists_on_a_batch(tmp_path: Path, dataset: Dataset) -> None:
    """The batch that was timed is told."""
    path = tmp_path / "model.onnx"
    parts = replace(tiny_models.network(tiny_models.weights()), batch=5)
    path.write_bytes(parts.model().SerializeToString())
    assert measure_latency(path, dataset).batch == 5


def test_turns_are_one_measurement() -> None:
    """Percentiles are of all runs together."""
    found = together([Latency(1, (3.0, 1.0)), Latency(1, (2.0, 10.0))])
    assert found.times == (3.0, 1.0, 2.0, 10.0)
    assert (found.mean, found.percentile(50), found.percentile(100)) == (4.0, 2.5, 10.0)


def test_what_is_told_is_of_one_instance() -> None:
    """Runs of eight instances take eight times as long as each of them."""
    found = Latency(8, (16.0, 8.0, 24.0))
    assert (found.mean, found.percentile(50), found.percentile(0)) == (2.0, 2.0, 1.0)


def test_a_record_has_each_percentile() -> None:
    """Of 101 runs of 0 to 100 ms each percentile is its own number."""
    times = tuple(float(time) for time in reversed(range(101)))
    model = StudyModel("a")
    found = latency_records((ModelResult(model, latency=Latency(1, times)), ModelResult(model)))
    record = found["a"]
    assert (record.batch, record.runs, record.mean) == (1, 101, 50.0)
    assert (record.p25, record.p50, record.p75, record.p95, record.p99) == (25, 50, 75, 95, 99)


def test_the_machine_is_described() -> None:
    """Timings say what they were taken on."""
    assert set(machine()) == {"cpu", "threads", "provider", "onnxruntime", "python", "system"}
    assert TURNS > 1
