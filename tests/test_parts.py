"""Answers are looked at in parts, and the parts leave no trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cc_core import regression
from cc_core.regression import Errors, Moments, Residuals
from cc_export import answers
from cc_export.dataset import open_dataset
from cc_export.evaluate import Subject, evaluate
from cc_export.predictions import Predictions
from cc_export.study import load_study
from cc_export.tasks import multilabel

N, LABELS = 61, 11
RNG = np.random.default_rng(5)
SCORES = {m: RNG.normal(size=(N, LABELS)).astype(np.float32).round(1) for m in ("base", "other")}
SCORES["other"][3, 4] = np.nan
DATA: dict[str, dict[str, Any]] = {
    "multilabel": {"y": RNG.integers(0, 2, (N, LABELS)), "sex": RNG.integers(0, 3, N)},
    "regression": {"y": RNG.normal(size=(N, LABELS)), "sex": RNG.integers(0, 3, N)},
    "classification": {"y": RNG.integers(0, LABELS, N), "sex": RNG.integers(0, 3, N)},
}


def judged(folder: Path, task: str) -> Predictions:
    """``other`` beside ``base``, from handed-over answers."""
    np.savez(folder / "data.npz", **DATA[task])
    for model, scores in SCORES.items():
        np.savez(folder / f"{model}.npz", scores=scores)
    (folder / "study.yaml").write_text(
        "dataset: {path: data.npz, label: y, groups: {sex: sex}}\n"
        f"evaluation: {{task: {task}}}\nmodels: [{{id: a}}]\n",
        "utf-8",
    )
    study = load_study(folder)
    assert study.dataset is not None and study.evaluation is not None
    base, other = (Subject(m, None, folder / f"{m}.npz") for m in ("base", "other"))
    return evaluate(
        other, open_dataset(study.dataset), study.evaluation, [(base, ("root", "parent"))]
    )


def same(one: Any, other: Any) -> bool:
    """Equal, but for the order in which sums were taken."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) if one is None else one == pytest.approx(other, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("task", DATA)
def test_parts_leave_no_trace(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All numbers are the same, whether answers are looked at at once or a few at a time."""
    whole = judged(tmp_path, task)
    monkeypatch.setattr(answers, "_BLOCK", 4 * LABELS)
    monkeypatch.setattr(multilabel, "_UNPACKED", 5 * LABELS)
    monkeypatch.setattr(multilabel, "_RANKED", 4 * 3 * N)
    monkeypatch.setattr(regression, "_TOGETHER", 6 * LABELS)
    parts = judged(tmp_path, task)
    for name, array in whole.values.items():
        np.testing.assert_array_equal(array, parts.values[name])
    assert whole.invalid == parts.invalid == 1
    for one, other in zip([whole, *whole.comparisons], [parts, *parts.comparisons], strict=True):
        assert same(dict(one.metrics), dict(other.metrics))
    assert same(dict(whole.classes), dict(parts.classes))
    assert same(dict(whole.groups), dict(parts.groups))


def test_average_precision_of_labels_and_levels(tmp_path: Path) -> None:
    """The mean over true instances of the precision at their place, ties taken together."""

    def slow(scores: np.ndarray, truth: np.ndarray) -> float:
        return float(np.mean([truth[scores >= score].mean() for score in scores[truth]]))

    found = judged(tmp_path, "multilabel")
    scores = np.nan_to_num(SCORES["other"], nan=-np.inf)
    truth = DATA["multilabel"]["y"].astype(bool)
    expected = [slow(scores[:, j], truth[:, j]) for j in range(LABELS)]
    assert found.classes["average_precision"] == pytest.approx(expected)
    for level in range(3):
        which = DATA["multilabel"]["sex"] == level
        mean = np.mean([slow(scores[which, j], truth[which, j]) for j in range(LABELS)])
        assert found.groups["sex"]["mAP"][level] == pytest.approx(mean)


def test_moments_in_parts_are_numpys() -> None:
    """The correlation of parts joined is that of all pairs, without those that are not finite."""
    first = RNG.normal(1e6, 1, 200)
    second = first + RNG.normal(size=200)
    first[7], second[9] = np.nan, np.inf
    moments = Moments()
    for at in range(0, 200, 30):
        moments = moments.joined(first[at : at + 30], second[at : at + 30])
    both = np.isfinite(first) & np.isfinite(second)
    assert moments.correlation == pytest.approx(np.corrcoef(first[both], second[both])[0, 1])
    assert Moments().correlation is None
    assert Moments().joined(np.ones(3), np.arange(3.0)).correlation is None
    # The mean of ten times 0.1 is not 0.1.
    tenth = Moments().joined(np.full(10, 0.1), np.arange(10.0))
    assert tenth.joined(np.full(7, 0.1), np.arange(7.0)).correlation is None


def test_errors_without_a_finite_instance() -> None:
    """Nothing to measure is no number."""
    assert Residuals(1, 1).errors(0, np.zeros(1)) == Errors(None, None, None)
