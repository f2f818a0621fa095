"""Small pictures of instances, for the reader to look at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Pixels of the longer side at most.
SIDE = 64


def pictures(images: NDArray[np.generic]) -> NDArray[np.uint8] | None:
    """Images (n, h, w), (n, c, h, w) or (n, h, w, c) with one or three channels c, made small.

    uint8 in the same order of axes. Numbers of another type are shares of white where all of an
    image are between 0 and 1, and else span the image's own range. A side above ``SIDE`` is divided
    into squares, of which each becomes a pixel, their mean. None: no images.
    """
    axes = _sides(images.shape[1:])
    if axes is None or images.dtype.kind not in "biuf":
        return None
    high, wide = (1 + axis for axis in axes)
    step = -(-max(images.shape[high], images.shape[wide]) // SIDE)
    values = images if step <= 1 else _means(_means(images, high, step), wide, step)
    if images.dtype != np.uint8:
        values = _shares(values.astype(np.float32)) * 255
    if values.dtype == np.uint8:
        return np.asarray(values)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _sides(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Which axes of an image are its height and its width."""
    if len(shape) == 2:
        return 0, 1
    if len(shape) == 3 and shape[0] in {1, 3}:
        return 1, 2
    if len(shape) == 3 and shape[2] in {1, 3}:
        return 0, 1
    return None


def _means(values: NDArray[np.generic], axis: int, step: int) -> NDArray[np.float32]:
    """Means of so many values in a row, the last ones of fewer."""
    starts = np.arange(0, values.shape[axis], step)
    counts = np.minimum(step, values.shape[axis] - starts).astype(np.float32)
    sums = np.add.reduceat(values.astype(np.float32), starts, axis)
    across = [1] * values.ndim
    across[axis] = len(counts)
    return np.asarray(sums / counts.reshape(across), np.float32)


def _shares(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Between 0 for black and 1 for white, each image by itself; what is no number is black."""
    rest = tuple(range(1, values.ndim))
    finite = np.isfinite(values)
    low = np.where(finite, values, np.inf).min(axis=rest, keepdims=True, initial=np.inf)
    high = np.where(finite, values, -np.inf).max(axis=rest, keepdims=True, initial=-np.inf)
    spans = (low < 0) | (high > 1)
    with np.errstate(all="ignore"):
        found = np.where(spans, (values - low) / (high - low), values)
    return np.nan_to_num(np.asarray(found, np.float32), posinf=1, neginf=0)
