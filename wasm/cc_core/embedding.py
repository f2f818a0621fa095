"""Embeddings: how far each instance moved, and whether it kept its neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cosine(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """Cosine (n,) of the angle between rows of two arrays (n, d), in float64.

    1 where they point the same way; NaN where either is all zero, or holds a NaN or infinity.
    """
    a, b = _within_one(first.astype(np.float64)), _within_one(second.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        product = np.einsum("ij,ij->i", a, b)
        found = product / np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b))
    return np.asarray(np.clip(found, -1.0, 1.0), np.float64)


def _within_one(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows (n, d) whose largest number is 1 or -1, as squares of larger ones may be infinite.

    NaN where a row is all zero, or holds a NaN or infinity.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)
        return np.asarray(np.where(np.isfinite(largest), rows / largest, np.nan), np.float64)


def unit(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows (n, d) of length 1; rows that have no direction become zero."""
    values = _within_one(rows.astype(np.float64))
    length = np.sqrt(np.einsum("ij,ij->i", values, values))[:, None]
    return np.where(np.isfinite(length), values / length, 0.0)


def neighbours(
    rows: NDArray[np.float64], gallery: NDArray[np.float64], own: NDArray[np.integer], k: int
) -> NDArray[np.int64]:
    """Indices (n, k) of the gallery (m, d) closest by cosine to each of n rows, closest first.

    Rows and gallery have length 1, or 0 where they have no direction: such have no neighbours, and
    are nobody's. ``own`` (n,) is the place of a row in the gallery, where it is left out, or -1.
    Ties go to the lower index; k is cut to what is left, and -1 stands where there are fewer.
    """
    likeness = rows @ gallery.T
    inside = own >= 0
    likeness[np.flatnonzero(inside), own[inside]] = -np.inf
    likeness[:, ~gallery.any(axis=1)] = -np.inf
    likeness[~rows.any(axis=1)] = -np.inf
    k = min(k, len(gallery) - bool(inside.any()))
    found = np.empty((len(rows), max(k, 0)), np.int64)
    place = np.arange(len(rows))
    for rank in range(found.shape[1]):
        best = likeness.argmax(axis=1)
        found[:, rank] = np.where(np.isneginf(likeness[place, best]), -1, best)
        likeness[place, best] = -np.inf
    return found


def overlap(first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.float64]:
    """Share (n,) of the k neighbours of one row that are neighbours of the other, too.

    k is how many the one with more of them has, -1 being none; NaN where either has none.
    """
    if not first.shape[1]:
        return np.full(len(first), np.nan)
    known, others = first >= 0, second >= 0
    same = ((first[:, :, None] == second[:, None, :]).any(axis=2) & known).sum(axis=1)
    most = np.maximum(known.sum(axis=1), others.sum(axis=1))
    either = known.any(axis=1) & others.any(axis=1)
    return np.where(either, same / np.maximum(most, 1), np.nan)
