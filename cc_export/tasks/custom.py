"""A task of the study's own: ``module:callable`` says what a model's answers amount to."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core.outcomes import four_way
from cc_export.answers import Answers
from cc_export.callables import FAILURES, described
from cc_export.dataset import Dataset
from cc_export.errors import ModelError
from cc_export.predictions import BaseComparison, Predictions
from cc_export.tasks.task import Case, Task, by_level, mean


def _fitted(values: NDArray[Any], *_: Any) -> NDArray[Any] | None:
    return values if values.ndim else None


def _wanted(count: int, _: Dataset) -> str:
    return f"{count} instances need answers whose first axis has length {count}"


def judge(case: Case) -> Predictions:
    """What the callable says of the answers: values of instances, correctness, metrics."""
    adapter = case.evaluation.custom
    assert adapter is not None
    found = _asked(case, case.answers)
    n = len(case.answers)
    values = {
        str(name): _column(value, n, f"{adapter.name}: values {name!r}")
        for name, value in dict(found.get("values", {})).items()
    }
    correct = _correct(found, n, adapter.name)
    metrics = {
        str(name): _number(value, f"{adapter.name}: metric {name!r}")
        for name, value in dict(found.get("metrics", {})).items()
    }
    texts = found.get("texts")

    def of_group(which: NDArray[np.intp]) -> dict[str, float | None]:
        means = {name: mean(value[which].astype(np.float64)) for name, value in values.items()}
        return means | ({"correct": mean(correct[which] * 1.0)} if correct is not None else {})

    comparisons = []
    for base in case.bases:
        other = _correct(_asked(case, base.answers), n, adapter.name)
        outcomes = four_way(other, correct) if other is not None and correct is not None else None
        comparisons.append(BaseComparison(base.model, base.roles, {}, {}, outcomes))
    return Predictions(
        task="custom",
        count=n,
        metrics=metrics,
        values=values,
        correct=correct,
        texts=tuple(map(str, texts)) if texts is not None else None,
        groups=by_level(case.dataset.groups, of_group),
        comparisons=tuple(comparisons),
    )


def _asked(case: Case, answers: Answers) -> Mapping[str, Any]:
    adapter = case.evaluation.custom
    assert adapter is not None
    call = adapter.load()
    try:
        found = call(answers.whole(), case.dataset.labels)
    except FAILURES as error:  # whatever the study's code raises
        raise ModelError(f"{adapter.name}: the task failed: {described(error)}") from None
    if not isinstance(found, Mapping):
        hint = "Return a mapping with `metrics`, `values`, `correct` or `texts`."
        raise ModelError(f"{adapter.name}: gave a {type(found).__name__}", hint)
    return found


def _column(value: object, count: int, what: str) -> NDArray[np.float32]:
    try:
        array = np.asarray(value, np.float32)
    except (TypeError, ValueError):
        raise ModelError(f"{what} are no numbers") from None
    if array.shape != (count,):
        raise ModelError(f"{what} have the shape {list(array.shape)}, {count} are needed")
    return array


def _correct(found: Mapping[str, Any], count: int, name: str) -> NDArray[np.bool_] | None:
    if found.get("correct") is None:
        return None
    array = np.asarray(found["correct"])
    if array.shape != (count,) or array.dtype.kind not in "b":
        raise ModelError(
            f"{name}: `correct` is {array.dtype} of shape {list(array.shape)}, "
            f"{count} truth values are needed"
        )
    return array


def _number(value: object, what: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Real | np.number):
        raise ModelError(f"{what} is {value!r:.80}, a number is needed")
    return float(value)


TASK = Task(
    name="custom",
    arrays=("values", "scores", "texts"),
    paired=False,
    fitted=_fitted,
    wanted=_wanted,
    judge=judge,
    metrics=(),
)
