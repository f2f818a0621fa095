"""Two sequences aligned in order, as far as there is only one best way to do it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]
# Cells of a table that is filled in: 64 MiB of it. No real model has 4,000 nameless tensors.
_MOST_CELLS = 1 << 24


def certain_pairs(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[Pair]:
    """The pairs of equal elements that **every** longest common subsequence holds, in order.

    Where two alignments are equally good (one of three equal layers is gone, but which?), the
    elements they disagree on are in no pair. Sequences too long to be sure of give no pairs
    beyond their equal parts when they are equal.
    """
    if len(first) == len(second) and all(a == b for a, b in zip(first, second, strict=True)):
        return [(place, place) for place in range(len(first))]
    if not first or not second or len(first) * len(second) > _MOST_CELLS:
        return []
    numbers: dict[Hashable, int] = {}
    one, two = (
        np.array([numbers.setdefault(element, len(numbers)) for element in sequence], np.int32)
        for sequence in (first, second)
    )
    before, after = _lengths(one, two), _lengths(one[::-1], two[::-1])[::-1, ::-1]
    best = before[-1, -1]
    pairs = []
    for row, number in enumerate(one):
        # Best alignments in which this element has no partner, and those in which it has.
        if np.any(before[row] + after[row + 1] == best):
            continue
        through = before[row, :-1] + 1 + after[row + 1, 1:] == best
        partners = np.flatnonzero(through & (two == number))
        if len(partners) == 1:
            pairs.append((row, int(partners[0])))
    return pairs


def _lengths(one: NDArray[np.int32], two: NDArray[np.int32]) -> NDArray[np.int32]:
    """Length of the longest common subsequence of every pair of beginnings."""
    table = np.zeros((len(one) + 1, len(two) + 1), np.int32)
    for row, number in enumerate(one):
        paired = table[row, :-1] + (two == number)
        np.maximum.accumulate(np.maximum(table[row, 1:], paired), out=table[row + 1, 1:])
    return table


def in_order(pairs: Sequence[Pair]) -> list[Pair]:
    """A longest part of the pairs in which both sides rise; the pairs' elements are distinct."""
    pairs = sorted(pairs)
    ends: list[int] = []
    lasts: list[int] = []
    previous: list[int] = []
    for place, (_, second) in enumerate(pairs):
        at = int(np.searchsorted(ends, second)) if ends else 0
        previous.append(lasts[at - 1] if at else -1)
        ends[at : at + 1], lasts[at : at + 1] = [second], [place]
    found = []
    place = lasts[-1] if lasts else -1
    while place >= 0:
        found.append(pairs[place])
        place = previous[place]
    return found[::-1]
