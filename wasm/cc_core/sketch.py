"""Aligned sketches: the same positions of a tensor in every model, so that any two can be compared.

A difference of two sketches estimates the difference of the tensors: with K positions the relative
standard error of Σ(r-t)² is about √(kurtosis / K), some 3 % for K = 2,048 and normal differences.
Tensors of at most K values are sketched whole: they are compared exactly, but for float16.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cc_core.change import Change
from cc_core.errors import CoreError

POSITIONS = 2_048
_GOLDEN, _MIX_1, _MIX_2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


@dataclass(frozen=True, slots=True)
class Sketch:
    """``values`` float16 (k,) times 2^``exponent``, at the positions of ``positions``."""

    exponent: int
    values: NDArray[np.float16]


def positions(name: str, size: int, most: int = POSITIONS) -> NDArray[np.int64]:
    """Positions in a flattened tensor of ``size`` values: int64, ascending, at most ``most``.

    One at random in each of ``most`` equal parts, by a hash of the tensor's name and size: equal
    in every model and on every machine, and never in step with the tensor's rows.
    """
    if size <= most:
        return np.arange(size, dtype=np.int64)
    seed = hashlib.sha256(f"{name}\0{size}".encode()).digest()[:8]
    # Part p begins at ⌊size · p / most⌋, in steps that stay below 2^63.
    whole, over = divmod(size, most)
    parts = np.arange(most + 1, dtype=np.int64)
    edges = parts * whole + parts * over // most
    starts, widths = edges[:-1], np.diff(edges)
    drawn = _random(int.from_bytes(seed, "little"), most) % widths.astype(np.uint64)
    return np.asarray(starts + drawn.astype(np.int64), np.int64)


def sketch(values: NDArray[np.floating]) -> Sketch:
    """Values (k,) at the positions, scaled so that the largest finite one is between 1/2 and 1."""
    finite = np.abs(values[np.isfinite(values)].astype(np.float64))
    largest = float(finite.max()) if finite.size else 0.0
    exponent = math.frexp(largest)[1]
    # A signalling NaN stays one, and is nothing to warn of.
    with np.errstate(invalid="ignore"):
        scaled = np.ldexp(values.astype(np.float64), -exponent).astype(np.float16)
    return Sketch(exponent, scaled)


def unsketch(found: Sketch) -> NDArray[np.float64]:
    """The values (k,) a sketch stands for: float64, with the 11 binary digits of float16."""
    with np.errstate(over="ignore"):
        return np.asarray(np.ldexp(found.values.astype(np.float64), found.exponent), np.float64)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The change between two tensors of which sketches are known.

    Sums of ``change`` are those of the sketches times count / k; ``largest`` is of the sketches
    alone, a lower bound. ``error`` is the relative standard error of Σ(r-t)², as far as k
    independent draws have it: 0 where the sketches hold every value, None where nothing differs
    in them.
    """

    change: Change
    error: float | None


def estimate(reference: Sketch, other: Sketch, count: int) -> Estimate:
    """Compare two tensors of ``count`` values by their sketches (k,).

    Raises:
        CoreError: the sketches are not of equal length, or hold more values than there are.
    """
    r, t = unsketch(reference), unsketch(other)
    if r.shape != t.shape or r.size > count:
        raise CoreError(
            f"sketches of {r.size} and {t.size} values are not of one tensor with {count}"
        )
    usable = np.isfinite(r) & np.isfinite(t)
    kept_r, kept_t = r[usable], t[usable]
    scale = count / r.size if r.size else 0.0
    # Sums beyond float64 are infinite.
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.square(kept_r - kept_t)
        change = Change(
            count=count,
            skipped=round(scale * (r.size - kept_r.size)),
            same=round(scale * int((kept_r == kept_t).sum())),
            signal=scale * float(np.square(kept_r).sum()),
            power=scale * float(np.square(kept_t).sum()),
            noise=scale * float(squares.sum()),
            product=scale * float((kept_r * kept_t).sum()),
            largest=float(np.abs(kept_r - kept_t).max(initial=0)),
        )
        if r.size == count:
            return Estimate(change, 0.0)
        mean = float(squares.mean()) if squares.size else 0.0
        deviation = float(squares.std()) if squares.size else 0.0
    known = mean > 0 and math.isfinite(deviation)
    return Estimate(change, deviation / mean / math.sqrt(squares.size) if known else None)


def _random(seed: int, count: int) -> NDArray[np.uint64]:
    """splitmix64 (Steele, Lea, Flood 2014): ``count`` numbers of 64 bits from a seed."""
    with np.errstate(over="ignore"):
        state = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(_MIX_1)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(_MIX_2)
        return state ^ (state >> np.uint64(31))
