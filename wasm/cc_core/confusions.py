"""Which classes are taken for which, and what became of that; where models disagree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.classification import NO_CLASS
from cc_core.errors import CoreError


@dataclass(frozen=True, slots=True)
class Confusion:
    """Instances of class ``true`` that are taken for ``predicted``: by the base, by the model.

    ``predicted`` is None for instances without a class.
    """

    true: int
    predicted: int | None
    base: int
    model: int


@dataclass(frozen=True, slots=True)
class Move:
    """``count`` instances of class ``true`` that the base takes for ``before``, the model for
    ``after``; None for none."""

    true: int
    before: int | None
    after: int | None
    count: int


def confusions(
    base: NDArray[np.integer],
    model: NDArray[np.integer],
    truth: NDArray[np.integer],
    of: int | None = None,
    most: int = 1_000,
) -> tuple[Confusion, ...]:
    """Pairs of true and predicted class that either model has, the most changed first.

    Args:
        base: classes (n,) predicted by the base, NO_CLASS for none.
        model: those predicted by the model.
        truth: the true classes (n,).
        of: a class: only pairs that it is one of.
        most: so many pairs at most.

    Raises:
        CoreError: the three are not about the same instances.
    """
    _check(base, model, truth)
    counts: dict[tuple[int, int], list[int]] = {}
    for side, predicted in enumerate((base, model)):
        pairs, found = np.unique(np.stack([truth, predicted], axis=1), axis=0, return_counts=True)
        for (true, taken), count in zip(pairs.tolist(), found.tolist(), strict=True):
            if of is None or of in (true, taken):
                counts.setdefault((true, taken), [0, 0])[side] = count
    order = sorted(counts, key=lambda pair: (-abs(counts[pair][1] - counts[pair][0]), pair))
    return tuple(
        Confusion(true, _class(taken), *counts[true, taken]) for true, taken in order[:most]
    )


def moves(
    base: NDArray[np.integer],
    model: NDArray[np.integer],
    truth: NDArray[np.integer],
    of: int | None = None,
    most: int = 1_000,
) -> tuple[Move, ...]:
    """Instances whose predicted class changed, by true class, before and after; most first.

    Arguments and errors are those of ``confusions``.
    """
    _check(base, model, truth)
    changed = base != model
    if of is not None:
        changed &= (truth == of) | (base == of) | (model == of)
    triples = np.stack([truth, base, model], axis=1)[changed]
    found, counts = np.unique(triples, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    return tuple(
        Move(true, _class(before), _class(after), count)
        for (true, before, after), count in zip(
            found[order].tolist(), counts[order].tolist(), strict=True
        )
    )


@dataclass(frozen=True, slots=True)
class Disagreement:
    """How m models answer n instances: ``apart`` uint16 (n,) models differ from the most common
    answer, ``from_first`` uint16 (n,) from the first model's."""

    apart: NDArray[np.uint16]
    from_first: NDArray[np.uint16]


def disagreement(answers: Sequence[NDArray[np.generic]]) -> Disagreement:
    """How many models differ in each instance; answers (n,) or (n, k) are the same or not.

    Instances on which compressed models differ from the one they came from are what Hooker et al.,
    "What Do Compressed Deep Neural Networks Forget?" (2019), call compression-identified.

    Raises:
        CoreError: there are no models, or they are not about the same instances.
    """
    if not answers:
        raise CoreError("disagreement needs at least one model")
    n = len(answers[0])
    if any(len(one) != n for one in answers):
        sizes = sorted({len(one) for one in answers})
        raise CoreError(f"answers to {sizes[0]} and to {sizes[-1]} instances cannot be compared")
    rows = [one.reshape(n, math.prod(one.shape[1:])) for one in answers]
    width = max(row.shape[1] for row in rows)
    if any(row.shape[1] != width for row in rows):
        raise CoreError("answers of different forms cannot be compared")
    most, first = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for place, row in enumerate(rows):
        same = sum((row == other).all(axis=1).astype(np.int64) for other in rows)
        most = np.maximum(most, same)
        first = np.asarray(same) if place == 0 else first
    return Disagreement((len(rows) - most).astype(np.uint16), (len(rows) - first).astype(np.uint16))


def _check(*arrays: NDArray[np.integer]) -> None:
    if len({array.shape for array in arrays}) > 1 or arrays[0].ndim != 1:
        shapes = ", ".join(str(list(array.shape)) for array in arrays)
        raise CoreError(f"classes of shapes {shapes} are not about the same instances")


def _class(label: int) -> int | None:
    return None if label == NO_CLASS else label
