"""Gather columns that cost less as one: alternatives that no merge of two recipes saw together.

Three models quantized, pruned and distilled from one base cost three presences of 2 side by side,
and 5 as one choice among three operations; two of them alone are cheaper apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cc_core.selection.cost import Facts, cost, join

# Columns beyond which nothing is gathered: the time grows with their cube.
MOST_COLUMNS = 64


@dataclass(frozen=True, slots=True)
class Placed:
    """A column as far as gathering needs it: who has the step, and what decides its cost."""

    members: frozenset[str]
    facts: Facts


def gather(columns: Sequence[Placed], models: int) -> list[list[int]]:
    """Groups of columns, each to be one column, in an order that keeps every recipe's.

    ``columns`` are in such an order already. Groups are formed one at a time, the one that saves
    most first (then the one that leaves fewest columns), as long as any saves something.
    """
    groups = [[index] for index in range(len(columns))]
    if len(columns) > MOST_COLUMNS:
        return groups
    placed = list(columns)
    while (chosen := _best(placed, models)) is not None:
        merged = [groups[i] for i in chosen]
        kept = [i for i in range(len(placed)) if i not in chosen]
        whole = _whole([placed[i] for i in chosen])
        placed = [*(placed[i] for i in kept), whole]
        groups = [*(groups[i] for i in kept), sorted(i for group in merged for i in group)]
        order = _sorted(groups, columns)
        placed, groups = [placed[i] for i in order], [groups[i] for i in order]
    return groups


def _best(columns: Sequence[Placed], models: int) -> list[int] | None:
    """The columns to be one: those that save most, None when none save anything."""
    costs = [cost(column.facts, models) for column in columns]
    apart = _comparable(columns)
    best: tuple[int, int] = (0, 1)
    chosen = None
    for start in range(len(columns)):
        if not costs[start]:
            continue
        group, whole, spent = [start], columns[start], costs[start]
        for other in range(len(columns)):
            if not costs[other] or other in group or any(apart[other][i] for i in group):
                continue
            group, whole = [*group, other], _whole([whole, columns[other]])
            spent += costs[other]
            saved = (spent - cost(whole.facts, models), len(group))
            if saved > best and saved[0] > 0:
                best, chosen = saved, list(group)
    return chosen


def _whole(columns: Sequence[Placed]) -> Placed:
    members, facts = columns[0].members, columns[0].facts
    for column in columns[1:]:
        members, facts = members | column.members, join(facts, column.facts)
    return Placed(members, facts)


def _comparable(columns: Sequence[Placed]) -> list[list[bool]]:
    """Whether two columns share a model, or one must come before the other."""
    count = len(columns)
    before = [[False] * count for _ in range(count)]
    for last in range(count):
        for first in reversed(range(last)):
            if columns[first].members & columns[last].members:
                before[first][last] = True
                for earlier in range(first):
                    before[earlier][last] |= before[earlier][first]
    return [[before[i][j] or before[j][i] for j in range(count)] for i in range(count)]


def _sorted(groups: Sequence[Sequence[int]], columns: Sequence[Placed]) -> list[int]:
    """An order of the groups in which every model meets its columns in the original order."""
    members = [{m: i for i in group for m in columns[i].members} for group in groups]
    waiting = sorted(range(len(groups)), key=lambda g: groups[g][0])
    order: list[int] = []
    while waiting:
        following = next(
            g
            for g in waiting
            if not any(
                place < members[g][model]
                for other in waiting
                if other != g
                for model, place in members[other].items()
                if model in members[g]
            )
        )
        waiting.remove(following)
        order.append(following)
    return order
