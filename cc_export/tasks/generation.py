"""Generation: a text for each instance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core import generation as core
from cc_core.outcomes import four_way
from cc_export.dataset import Dataset
from cc_export.predictions import BaseComparison, Predictions
from cc_export.study import names
from cc_export.tasks.names import GENERATION
from cc_export.tasks.task import Base, Case, Task, by_level, metric

_MOST_EDITS = 65_535


def _fitted(values: NDArray[Any], *_: Any) -> NDArray[Any] | None:
    flat = values.reshape(len(values), -1) if values.ndim else values
    if values.dtype.kind not in "OU" or flat.ndim != 2 or flat.shape[1] != 1:
        return None
    return np.array([str(text) for text in flat[:, 0].tolist()], object)


def _wanted(count: int, _: Dataset) -> str:
    return f"{count} instances need {count} texts"


def judge(case: Case) -> Predictions:
    """The texts, and how near they are to the reference texts."""
    texts: list[str] = case.answers.block(0, len(case.answers)).tolist()
    references = case.dataset.labels
    values: dict[str, NDArray[Any]] = {}
    correct = lengths = None
    if references is not None:
        pairs = list(zip(texts, references.tolist(), strict=True))
        nearest = [core.closest(text, known) for text, known in pairs]
        correct = np.array([core.exact_match(text, known) for text, known in pairs], np.bool_)
        values["f1"] = np.array([core.token_f1(text, known) for text, known in pairs], np.float32)
        values["edits"] = np.array([distance for distance, _ in nearest], np.int64)
        lengths = np.array([length for _, length in nearest], np.int64)

    def metrics(which: Any) -> dict[str, float | None]:
        if correct is None or lengths is None or not len(correct[which]):
            return {}
        edits, whole = values["edits"][which], int(lengths[which].sum())
        return {
            names.EXACT: float(correct[which].mean()),
            names.TOKEN_F1: float(values["f1"][which].mean(dtype=np.float64)),
            names.EDITS: float(edits.mean()),
            names.ERROR_RATE: float(edits.sum() / whole) if whole else None,
        }

    return Predictions(
        task=GENERATION,
        count=len(texts),
        metrics=metrics(slice(None)),
        values={name: _narrow(array) for name, array in values.items()},
        correct=correct,
        texts=tuple(texts),
        groups=by_level(case.dataset.groups, metrics),
        invalid=sum(not text for text in texts),
        comparisons=tuple(_compared(base, texts, correct, references) for base in case.bases),
    )


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind == "f":
        return array.astype(np.float16)
    return np.asarray(np.minimum(array, _MOST_EDITS), np.uint16)


def _compared(
    base: Base, texts: list[str], correct: NDArray[np.bool_] | None, references: Any
) -> BaseComparison:
    others: list[str] = base.answers.block(0, len(texts)).tolist()
    apart = np.array(
        [core.edit_distance(other, text) for other, text in zip(others, texts, strict=True)],
        np.int64,
    )
    outcomes = None
    if correct is not None:
        pairs = zip(others, references.tolist(), strict=True)
        before = np.array([core.exact_match(text, known) for text, known in pairs], np.bool_)
        outcomes = four_way(before, correct)
    return BaseComparison(
        base=base.model,
        roles=base.roles,
        metrics={
            names.AGREEMENT: float((apart == 0).mean()),
            names.EDITS_APART: float(apart.mean()),
        },
        values={"edits": _narrow(apart)},
        outcomes=outcomes,
    )


TASK = Task(
    name=GENERATION,
    arrays=("texts",),
    paired=False,
    fitted=_fitted,
    wanted=_wanted,
    judge=judge,
    metrics=(
        metric(
            names.EXACT,
            "Share of texts that equal a reference text, without case, punctuation, articles and "
            "repeated spaces.",
            primary=True,
        ),
        metric(
            names.TOKEN_F1,
            "Mean of 2·shared words / words of both texts, the best over the reference texts.",
        ),
        metric(
            names.EDITS,
            "Mean number of characters to insert, delete or replace to reach the nearest "
            "reference text.",
            direction="lower",
            unit="characters",
            format=".2f",
            maximum=None,
        ),
        metric(
            names.ERROR_RATE,
            "All edits to the nearest reference texts / characters of those.",
            direction="lower",
            maximum=None,
        ),
    ),
    comparisons=(
        metric(names.AGREEMENT, "Share of instances that get the same text from both models."),
        metric(
            names.EDITS_APART,
            "Mean edit distance between the texts of model and base.",
            direction="lower",
            unit="characters",
            format=".2f",
            maximum=None,
        ),
    ),
)
