"""Embedding: a vector for each instance, of which only directions and neighbours matter."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core import embedding as core
from cc_core.outcomes import four_way
from cc_export.answers import Answers
from cc_export.dataset import Dataset
from cc_export.predictions import BaseComparison, Predictions
from cc_export.study import names
from cc_export.tasks.names import EMBEDDING
from cc_export.tasks.task import Base, Case, Task, by_level, half, mean, metric

# Instances among which neighbours are looked for: the same ones for every model.
GALLERY, NEIGHBOURS = 1_000, 10
# Stands where an instance has fewer neighbours, as one without a direction has none.
NOBODY = (1 << 32) - 1
_SEED = 0


def _fitted(values: NDArray[Any], *_: Any) -> NDArray[Any] | None:
    if values.dtype.kind not in "biuf" or not values.ndim:
        return None
    flat = values.reshape(len(values), -1)
    return flat if flat.shape[1] else None


def _wanted(count: int, _: Dataset) -> str:
    return f"{count} instances need vectors: numbers of shape [{count}, dimensions]"


def gallery_of(count: int) -> NDArray[np.int64]:
    """The instances among which neighbours are looked for, in rising order."""
    if count <= GALLERY:
        return np.arange(count)
    chosen = np.random.default_rng(_SEED).choice(count, GALLERY, replace=False)
    return np.sort(chosen).astype(np.int64)


def judge(case: Case) -> Predictions:
    """Each instance's neighbours, and what became of its direction and of those of its bases."""
    members = gallery_of(len(case.answers))
    near, invalid = _neighbours(case.answers, members)
    labels = case.dataset.labels
    correct = _correct(near, members, labels)
    values = {"neighbours": np.where(near < 0, NOBODY, members[near]).astype(np.uint32)}

    def metrics(which: Any) -> dict[str, float | None]:
        part = correct[which] if correct is not None else ()
        return {names.NEAREST: float(np.mean(part))} if len(part) else {}

    return Predictions(
        task=EMBEDDING,
        count=len(near),
        metrics=metrics(slice(None)),
        values=values,
        correct=correct,
        groups=by_level(case.dataset.groups, metrics),
        invalid=invalid,
        comparisons=tuple(_compared(base, case, near, members, correct) for base in case.bases),
    )


def _neighbours(answers: Answers, members: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    gallery = core.unit(np.concatenate([answers.block(i, i + 1) for i in members.tolist()]))
    place = np.full(len(answers), -1, np.int64)
    place[members] = np.arange(len(members))
    found, invalid = [], 0
    for part in answers.blocks():
        rows = core.unit(answers.block(part.start, part.stop))
        invalid += int((~rows.any(axis=1)).sum())
        found.append(core.neighbours(rows, gallery, place[part], NEIGHBOURS))
    width = min(part.shape[1] for part in found)
    return np.concatenate([part[:, :width] for part in found]), invalid


def _correct(
    near: NDArray[np.int64], members: NDArray[np.int64], labels: NDArray[np.int64] | None
) -> NDArray[np.bool_] | None:
    if labels is None or not near.shape[1]:
        return None
    nearest = near[:, 0]
    return np.asarray((labels[members[nearest]] == labels) & (nearest >= 0), np.bool_)


def _compared(
    base: Base,
    case: Case,
    near: NDArray[np.int64],
    members: NDArray[np.int64],
    correct: NDArray[np.bool_] | None,
) -> BaseComparison:
    own, other = case.answers, base.answers
    other_near, _ = _neighbours(other, members)
    width = min(near.shape[1], other_near.shape[1])
    kept = core.overlap(near[:, :width], other_near[:, :width])
    values: dict[str, NDArray[Any]] = {"kept": half(kept)}
    metrics = {names.KEPT_NEIGHBOURS: mean(kept)}
    # Another number of dimensions has no angle to this one, but neighbours all the same.
    if own.shape[1:] == other.shape[1:]:
        angle = np.concatenate(
            [
                core.cosine(other.block(p.start, p.stop), own.block(p.start, p.stop))
                for p in own.blocks()
            ]
        )
        values["cosine"] = angle.astype(np.float16)
        metrics[names.COSINE] = mean(angle)
    outcomes = None
    before = _correct(other_near, members, case.dataset.labels)
    if correct is not None and before is not None:
        outcomes = four_way(before, correct)
    return BaseComparison(base.model, base.roles, metrics, values, outcomes)


TASK = Task(
    name=EMBEDDING,
    arrays=("values", "scores"),
    paired=False,
    fitted=_fitted,
    wanted=_wanted,
    judge=judge,
    metrics=(
        metric(
            names.NEAREST,
            "Share of instances whose nearest neighbour by cosine has the same label, among at "
            "most 1,000 instances that are the same for every model.",
            primary=True,
        ),
    ),
    comparisons=(
        metric(
            names.COSINE,
            "Mean cosine between an instance's vectors of model and base.",
            format=".4f",
            minimum=-1.0,
            primary=True,
        ),
        metric(
            names.KEPT_NEIGHBOURS,
            "Mean share of an instance's 10 nearest neighbours that are the same in both models, "
            "over instances with a direction in both.",
        ),
    ),
)
