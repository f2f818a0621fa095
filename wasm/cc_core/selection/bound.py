"""A lower bound of what the steps that are not placed yet will cost.

Let the remaining recipes hold an operation at most ``most`` and at least ``least`` times. Columns
of that operation alone number at least ``most``; at most ``least`` of them can hold a step of every
model, and each of the others is a presence (2). A parameter with more distinct values than columns
varies in one of them (1), or takes a further column (2).

A column of several operations costs 5 and can take the place of presences: with one such column,
operation x needs a column less only if no recipe holds the most of x *and* the most of another
operation so saved, because a recipe has one step in a column. With m such columns, a recipe of
n steps still has n - m steps in columns of one operation.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations

from cc_core.selection.cost import OPERATION, PRESENCE
from cc_core.selection.tree import PACKED, RecipeTree, pack

# One number orders alignments: cost first, then the number of variables, then that of columns.
COST, VARIABLE, COLUMN = 1 << 40, 1 << 20, 1


def lower_bound(tree: RecipeTree, frontier: tuple[int, ...], absent: bool) -> int:
    """Bound for the steps at and below ``frontier``; ``absent``: some model has no step left."""
    if not frontier:
        return 0
    known = [tree.below[step] for step in frontier]
    most = list(map(max, zip(*(k.most for k in known), strict=True)))
    if absent:
        least = [0] * len(most)
    else:
        least = list(map(min, zip(*(k.least for k in known), strict=True)))
    values = 0
    for k in known:
        values |= k.values
    varying = [0] * len(most)
    for parameter in tree.parameters:
        distinct = (values & parameter.mask).bit_count()
        varying[parameter.name] += distinct > most[parameter.name]
    cost = variables = 0
    for high, low, more in zip(most, least, varying, strict=True):
        missing = high - low
        # What varies does so in a column, or takes a further one: a presence more, or two where
        # all columns held every model.
        cost += PRESENCE * missing + min(more, PRESENCE if missing else 2 * PRESENCE)
        variables += missing + min(more, 1 if missing else 2)
    bound = cost * COST + variables * VARIABLE
    longest = max(k.longest for k in known)
    if cost >= OPERATION:
        profiles = frozenset().union(*(k.profiles for k in known))
        bound = min(bound, _with_mixed(profiles, most, least, longest))
    return bound + longest * COLUMN


def _with_mixed(profiles: Iterable[int], most: list[int], least: list[int], longest: int) -> int:
    """The least bound over one or more columns of several operations."""
    everywhere = sum(least)
    presences = sum(most) - everywhere
    left = max(presences - _most_saved(profiles, most, least), longest - 1 - everywhere, 0)
    best = (OPERATION + PRESENCE * left) * COST + (1 + left) * VARIABLE
    mixed = 2
    while mixed * OPERATION * COST < best:
        left = max(
            sum(max(0, high - low - mixed) for high, low in zip(most, least, strict=True)),
            longest - mixed - everywhere,
            0,
        )
        cost = mixed * OPERATION + PRESENCE * left
        best = min(best, cost * COST + (mixed + left) * VARIABLE)
        mixed += 1
    return best


def _most_saved(profiles: Iterable[int], most: list[int], least: list[int]) -> int:
    """How many operations one mixed column can save a presence: no recipe at the most of two."""
    saveable = sum(
        1 << PACKED * x for x, (high, low) in enumerate(zip(most, least, strict=True)) if high > low
    )
    highest = pack(most)
    together = set()
    for profile in profiles:
        # Sets the lowest bit of each count that differs from the highest.
        differs = profile ^ highest
        for shift in (8, 4, 2, 1):
            differs |= differs >> shift
        together.add(~differs & saveable)
    clashes = frozenset(mask for mask in together if mask & (mask - 1))
    return _largest_free(saveable, clashes)


@lru_cache(maxsize=4096)
def _largest_free(things: int, clashes: frozenset[int]) -> int:
    """Size of the largest subset of ``things`` (bits) that has at most one of each clash."""
    count = things.bit_count()
    if not clashes or count > _MOST_NAMES:
        return count
    single = [1 << place for place in range(things.bit_length()) if things >> place & 1]
    for size in range(count, 0, -1):
        for chosen in combinations(single, size):
            together = sum(chosen)
            if all((together & clash).bit_count() <= 1 for clash in clashes):
                return size
    return 0


# Beyond, all subsets of names are too many to try; saving all of them is a bound as well.
_MOST_NAMES = 10
