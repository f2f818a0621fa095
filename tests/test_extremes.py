"""Answers at the edges of what numbers can be: judged in silence, and never to a wrong number."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from cc_export.bundle.chunk import json_chunk
from cc_export.bundle.evaluation import predictions_chunk
from cc_export.dataset import Dataset, open_dataset
from cc_export.errors import ModelError
from cc_export.evaluate import Subject, evaluate
from cc_export.predictions import Predictions
from cc_export.study import load_study
from cc_export.study.records import Evaluation

N, WIDTH = 7, 4
EDGES = [0.0, -0.0, 1.0, 0.5, -3.0, 1e-320, 1e30, 1e300, -1e308, math.inf, -math.inf, math.nan]
LABELS: dict[str, np.ndarray] = {
    "classification": np.arange(N) % WIDTH,
    "multilabel": np.arange(N * WIDTH).reshape(N, WIDTH) % 3 == 0,
    "regression": np.linspace(-1, 1e200, N * WIDTH).reshape(N, WIDTH),
    "embedding": np.arange(N) % 2,
}
answers = st.sampled_from([np.float16, np.float32, np.float64]).flatmap(
    lambda dtype: npst.arrays(
        dtype, (N, WIDTH), elements=st.sampled_from([float(_cast(edge, dtype)) for edge in EDGES])
    )
)


def _cast(value: float, dtype: Any) -> Any:
    with np.errstate(over="ignore"):
        return dtype(value)


@pytest.fixture(scope="module", params=LABELS)
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("extremes")
    np.savez(folder / "data.npz", y=LABELS[request.param], g=np.arange(N) % 3)
    (folder / "study.yaml").write_text(
        "dataset: {path: data.npz, label: y, groups: {g: g}}\n"
        f"evaluation: {{task: {request.param}}}\nmodels: [{{id: a}}]\n",
        "utf-8",
    )
    loaded = load_study(folder)
    assert loaded.dataset is not None
    return folder, open_dataset(loaded.dataset), loaded.evaluation


def judged(
    study: tuple[Path, Dataset, Evaluation], own: np.ndarray, other: np.ndarray
) -> Predictions:
    folder, dataset, how = study
    for name, values in (("own", own), ("base", other)):
        np.savez(folder / f"{name}.npz", scores=values)
    subject, base = (Subject(name, None, folder / f"{name}.npz") for name in ("own", "base"))
    return evaluate(subject, dataset, how, [(base, ("root", "parent"))])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(own=answers, other=answers)
def test_judged_in_silence(study: Any, own: np.ndarray, other: np.ndarray) -> None:
    """NaN, infinities and huge numbers are counted or left out; shares stay between 0 and 1."""
    found = judged(study, own, other)
    for metrics in (found.metrics, *(one.metrics for one in found.comparisons)):
        for name, value in metrics.items():
            shared = name in {
                "Accuracy",
                "Agreement",
                "Macro F1",
                "Micro F1",
                "mAP",
                "Subset accuracy",
            }
            assert not shared or value is None or 0 <= value <= 1, name
    json_chunk("c", predictions_chunk("own", found, ()))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(own=answers)
def test_beside_itself_nothing_changed(study: Any, own: np.ndarray) -> None:
    """A model compared with its own answers is as it was."""
    [one] = judged(study, own, own).comparisons
    assert one.outcomes is None or one.outcomes.lost == one.outcomes.gained == 0
    for name in ("Agreement", "KL divergence", "Mean difference", "True class"):
        value = one.metrics.get(name)
        assert value in {None, 1.0 if name == "Agreement" else 0.0}, name


def test_probabilities_out_of_range(tmp_path: Path) -> None:
    """What is no probability is refused, of one model as of several."""
    np.savez(tmp_path / "data.npz", y=LABELS["classification"])
    np.savez(tmp_path / "a.npz", scores=np.full((N, WIDTH), 7.0))
    (tmp_path / "study.yaml").write_text(
        "dataset: {path: data.npz, label: y}\n"
        "evaluation: {task: classification, scores: probabilities}\nmodels: [{id: a}]\n",
        "utf-8",
    )
    loaded = load_study(tmp_path)
    assert loaded.dataset is not None and loaded.evaluation is not None
    with pytest.raises(ModelError, match=r"7 is no probability; are these scores logits\?"):
        evaluate(Subject("a", None, tmp_path / "a.npz"), open_dataset(loaded.dataset),
                 loaded.evaluation)  # fmt: skip
