"""Measured metrics, and how they join those of the study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import tiny_study

from cc_export import stages
from cc_export.inspect import inspect_model
from cc_export.metrics import MEASURED, metric_values, study_metrics
from cc_export.results import ModelResult, Results
from cc_export.study import LoadedStudy, load_study
from cc_export.study.names import MEASURED_NAMES, with_root
from cc_export.study.records import Metric, StudyModel
from cc_export.tasks.table import TASKS
from cc_export.weigh import Aligned, weigh_model


def inspected(**metrics: float) -> Results:
    """One model with a file and the study's values for it, one without either."""
    path = tiny_study.TINY / "models" / "pruned.onnx"
    model = StudyModel("a", onnx=path, metrics=metrics)
    result = ModelResult(model, inspection=inspect_model(path))
    (aligned,) = stages.align((result,))
    assert aligned.alignment is not None
    weights = weigh_model(Aligned(path, aligned.alignment.placed), ())
    return replace(aligned, weights=weights), ModelResult(StudyModel("b"))


def study(*metrics: Metric) -> LoadedStudy:
    return replace(load_study(tiny_study.TINY), metrics=metrics)


def test_names_are_those_of_the_records() -> None:
    """The names that a study's check knows are the names of the records."""
    of_tasks = [
        metric
        for task in TASKS.values()
        for metric in (
            *task.metrics,
            *(replace(m, name=with_root(m.name)) for m in task.comparisons),
        )
    ]
    assert {metric.name for metric in (*MEASURED, *of_tasks)} == MEASURED_NAMES


def test_what_a_file_measures() -> None:
    """Size and counts are measured where there is a file, and only there."""
    values = metric_values(inspected())
    assert values["b"] == {}
    assert values["a"].keys() == {"Size", "Sparsity", "Parameters", "Non-zero parameters"}
    assert values["a"]["Parameters"] == 119
    assert values["a"]["Sparsity"] == 1 - values["a"]["Non-zero parameters"] / 119


def test_only_metrics_with_values_are_listed() -> None:
    """A measured metric without a value is not listed; a declared one is, in its order."""
    names = [m.name for m in study_metrics(study(Metric("Z"), Metric("Y")), inspected(Z=1))]
    assert names == ["Size", "Sparsity", "Parameters", "Non-zero parameters", "Z", "Y"]


def test_a_declaration_completes_what_is_measured() -> None:
    """A study may say how to show a measured metric; what it leaves open stays ours."""
    declared = study(Metric("Size", format=",d"))
    size = next(m for m in study_metrics(declared, inspected()) if m.name == "Size")
    assert (size.format, size.unit, size.direction, size.source) == (",d", "B", "lower", "measured")


def test_a_given_metric_is_the_studys() -> None:
    """Values of the study come without our unit; its direction and meaning may be ours."""
    declared = study(Metric("Size", unit="MB"))
    results = inspected(Size=1.5)
    size = next(m for m in study_metrics(declared, results) if m.name == "Size")
    assert (size.format, size.unit, size.direction, size.source) == ("", "MB", "lower", "study")
    assert [values.get("Size") for values in metric_values(results).values()] == [1.5, None]


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("Top-1 Accuracy", "higher"), ("F1", "higher"), ("ExactMatch", "higher"),
        ("val_loss", "lower"), ("Model Size", "lower"), ("Latency", "lower"),
        ("Epochs", None), ("Sparsity", None), ("accuracy loss", None), ("Timeless", None),
        # Abbreviations, as they are written.
        ("mAP", "higher"), ("mAP@0.5", "higher"), ("mAP50-95", "higher"), ("IoU", "higher"),
        ("mIoU", "higher"), ("F1Score", "higher"), ("F-score", "higher"), ("top1", "higher"),
        ("Top-5", "higher"), ("top1_acc", "higher"), ("top1Acc", "higher"), ("AUC-ROC", "higher"),
        ("AUCScore", "higher"), ("BERTScore", "higher"), ("nDCG", "higher"), ("R²", "higher"),
        ("FLOPs", "lower"), ("MACs", "lower"), ("valLoss", "lower"), ("RMSE", "lower"),
        ("Speed-up", "higher"), ("SpeedUp", "higher"), ("Throughput (images/s)", "higher"),
        # The word that decides.
        ("Top-1 error", "lower"), ("Brier score", "lower"), ("Latency (ms/sample)", "lower"),
        # Words that turn another one's meaning.
        ("Accuracy drop", None), ("AccuracyDrop", None), ("accuracy_drop", None),
        ("Loss of accuracy", None), ("Accuracy degradation", None), ("Size reduction", None),
        ("Compression ratio", None), ("Size ratio", None), ("Time saved", None),
        ("Δ accuracy", None), ("Δaccuracy", None), ("1 - accuracy", None), ("1-F1", None),
        ("Accuracy std", None), ("Error gap", None), ("Latency improvement", None),
        ("Batch size", None), ("Half precision", None), ("Precision (bits)", None),
        ("MACs/s", None), ("Toxicity score", None), ("Feature map size", None),
    ],
)  # fmt: skip
def test_a_usual_name_says_which_way_is_better(name: str, direction: str | None) -> None:
    """Where a study is silent, a usual name decides, and one that speaks both ways does not."""
    for declared, expected in ((None, direction), ("neither", None), ("lower", "lower")):
        study = LoadedStudy(Path("s.yaml"), "s", (), metrics=(Metric(name, declared),))
        [record] = study_metrics(study, ())
        assert record.direction == expected


def test_declared_metrics_keep_their_order() -> None:
    """The study's order is the reader's order, also for names that could have been measured."""
    names = ("Top-1", "Latency", "Size", "Accuracy")
    study = LoadedStudy(Path("s.yaml"), "s", (), metrics=tuple(Metric(name) for name in names))
    assert tuple(metric.name for metric in study_metrics(study, ())) == names
