"""A classifier's answers as a bundle lists them: the places that say enough, and what is left.

What follows from the places is not listed again: the probability of all other classes, and that of
a true class that stands among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.classification import NO_CLASS, STEPS, TopK, places
from cc_core.errors import CoreError


@dataclass(frozen=True, slots=True)
class Listed:
    """Answers to n instances; probabilities are uint16 in steps of 1/65535.

    ``places`` uint8 (n,) is how many classes each instance has listed, ``labels`` and
    ``probabilities`` are those of one instance after another, most probable first. ``rest`` (n,)
    is the probability of all other classes, None where it is what the listed ones leave.
    ``truth`` has that of the true class for each instance in which it is not listed, None where
    nothing is known to be true.
    """

    places: NDArray[np.uint8]
    labels: NDArray[np.uint16]
    probabilities: NDArray[np.uint16]
    rest: NDArray[np.uint16] | None = None
    truth: NDArray[np.uint16] | None = None


def listed(
    top: TopK,
    labels: NDArray[np.integer] | None = None,
    truth: NDArray[np.floating] | None = None,
) -> Listed:
    """What a bundle lists of answers; ``truth`` (n,) are probabilities of the true ``labels`` (n,).

    NaN of an instance without usable scores becomes 0.
    """
    count = places(top)
    kept = np.arange(top.labels.shape[1])[None, :] < count[:, None]
    unlisted = np.where(kept, 0, top.probabilities).sum(axis=1, dtype=np.int64) + top.rest
    found = Listed(count, top.labels[kept], top.probabilities[kept])
    # Each of the places and what is beyond them is rounded by half a step at most.
    rounded = (top.labels.shape[1] + 1) / 2
    follows = np.abs(rest_of(found).astype(np.int64) - unlisted) <= rounded
    rest = None if follows.all() else np.minimum(unlisted, STEPS).astype(np.uint16)
    others = None
    if labels is not None and truth is not None:
        there = (top.labels.astype(np.int64) == labels[:, None]) & kept
        share = np.clip(np.nan_to_num(truth[~there.any(axis=1)]), 0.0, 1.0)
        others = np.rint(share * STEPS).astype(np.uint16)
    return Listed(found.places, found.labels, found.probabilities, rest, others)


def rest_of(found: Listed) -> NDArray[np.uint16]:
    """Probability (n,) of all classes that an instance has not listed; 0 where it has no class.

    Where it is worked out, it is right to half a step for each listed place.
    """
    if found.rest is not None:
        return found.rest
    first = _first(found)
    total = _added(found.probabilities.astype(np.int64), found)
    left = np.where(found.labels[first] == NO_CLASS, 0, STEPS - total)
    return np.maximum(left, 0).astype(np.uint16)


def lists(found: Listed, labels: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which instances (n,) list their true label (n,); ``truth`` has an entry for the others."""
    owner = np.repeat(np.arange(len(found.places)), found.places)
    there = np.zeros(len(found.places), np.bool_)
    there[owner[found.labels.astype(np.int64) == labels[owner]]] = True
    return there


def truth_of(found: Listed, labels: NDArray[np.integer]) -> NDArray[np.uint16]:
    """Probability (n,) of the true ``labels`` (n,): the listed one, or the one kept for it.

    Raises:
        CoreError: these are not the labels that the answers were listed with.
    """
    owner = np.repeat(np.arange(len(found.places)), found.places)
    hits = found.labels.astype(np.int64) == labels[owner]
    truth = np.zeros(len(found.places), np.uint16)
    truth[owner[hits]] = found.probabilities[hits]
    missing = ~lists(found, labels)
    if found.truth is None or len(found.truth) != missing.sum():
        kept = 0 if found.truth is None else len(found.truth)
        raise CoreError(
            f"{int(missing.sum())} instances do not list their label, but {kept} probabilities "
            "are kept for such"
        )
    truth[missing] = found.truth
    return truth


def _first(found: Listed) -> NDArray[np.intp]:
    """Where the places of each instance begin."""
    # Of 32 bits in the page, where sums over parts take no wider numbers for places.
    ends = np.cumsum(found.places, dtype=np.intp)
    return ends - found.places


def _added(values: NDArray[np.int64], found: Listed) -> NDArray[np.int64]:
    """Sums over the places of each instance, of which each has at least one."""
    return np.add.reduceat(values, _first(found)) if len(values) else values
