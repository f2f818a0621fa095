"""Results of stages are kept for the next export, and failures are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cc_export.cache.store import Cache, Work
from cc_export.dataset import open_dataset
from cc_export.evaluate import Subject, evaluate
from cc_export.expose import Exposed
from cc_export.predictions import Predictions
from cc_export.progress import Silent
from cc_export.runner import Runner
from cc_export.study import load_study


def given(value: object) -> object:
    """Stands for work whose result is its argument."""
    return value


@pytest.mark.parametrize(
    ("found", "lasting"),
    [
        (Exposed(()), True),
        (Exposed((), "no room for its activations"), False),
        (Predictions("classification", 3, {}, {}), True),
        (Predictions("classification", 3, {}, {}, partial=True), False),
        (7, True),
    ],
    ids=str,
)
def test_failures_are_not_kept(found: object, lasting: bool, tmp_path: Path) -> None:
    """Activations that could not be had, and comparisons that are missing, are tried again."""
    runner = Runner(Silent(), Cache(tmp_path))
    work = Work(given, (str(found),))
    assert (runner.keep(work, found) is not None) is lasting
    assert (runner.find(work) is not None) is lasting


def test_a_base_that_fails_leaves_predictions_partial(tmp_path: Path) -> None:
    """Its comparison is missing, the warning says why, and all else is as without it."""
    np.savez(tmp_path / "data.npz", y=np.array([0, 1]))
    np.savez(tmp_path / "one.npz", scores=3 * np.eye(2))
    (tmp_path / "study.yaml").write_text(
        "dataset: {path: data.npz, label: y}\nevaluation: {task: classification}\n"
        "models: [{id: a}]\n",
        "utf-8",
    )
    study = load_study(tmp_path)
    assert study.dataset is not None and study.evaluation is not None
    dataset = open_dataset(study.dataset)
    one, none = (Subject(m, None, tmp_path / f"{m}.npz") for m in ("one", "none"))
    alone = evaluate(one, dataset, study.evaluation)
    found = evaluate(one, dataset, study.evaluation, [(none, ("root",))])
    assert (alone.partial, found.partial) == (False, True)
    assert found.comparisons == () and "not compared with 'none'" in found.warnings[0]
    assert found.metrics == alone.metrics
    whole = evaluate(one, dataset, study.evaluation, [(replace(one, model="b"), ("root",))])
    assert (whole.partial, len(whole.comparisons)) == (False, 1)
