"""The cheapest alignment, found by A* over how far each recipe has been placed.

A state is the frontier: the next step of every branch of the recipe tree, and whether some model
has no step left. A move places a column: a set of frontier steps. What lies below a frontier does
not depend on how it was reached, so equal frontiers are one state, and the first time the empty
frontier is taken from the queue its alignment is the cheapest.

Moves that cannot be needed are left out. A step that could join a column without making it dearer
may stay behind only if it is needed for a later column of one operation in *every* model: in any
other column it can be moved forward without making either dearer. Then every model has that
operation in the later column, so those that join now must have it once more. (One with three or
more parameters that vary is the exception: alone in its column it can be dearer than with others.)
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from typing import TypeVar

from cc_core.selection.bound import COLUMN, COST, VARIABLE, lower_bound
from cc_core.selection.cost import OPERATION, PARAMETER, PRESENCE
from cc_core.selection.tree import RecipeTree

Move = TypeVar("Move")
State = tuple[tuple[int, ...], bool]
Steps = tuple[int, ...]
# Steps of which any subset may have to stay behind; beyond, the search proves nothing.
_MOST_FREE = 10
# Columns of one operation, and of several, that are weighed in one state: this many by the steps of
# its frontier, which weighing takes time by; beyond, the search proves nothing. States of real
# selections have some 30; where any step may wait for a later column there are 2¹⁰ and more.
_MOST_WEIGHED, _LEAST_MOVES = 3_200, 16


@dataclass(frozen=True, slots=True)
class Found:
    """Columns as sets of steps, in order; ``proven``: no alignment is cheaper."""

    columns: tuple[Steps, ...]
    order: int
    proven: bool


def search(tree: RecipeTree, budget: int) -> Found:
    """The cheapest alignment, or the best found after ``budget`` choices were weighed.

    The order of an alignment is its cost, then its variables, then its columns (see ``bound``).
    """
    return _Search(tree).run(budget)


class _Search:
    """One search; ``queue`` has states by bound, of equal ones the one found last first."""

    def __init__(self, tree: RecipeTree) -> None:
        self.tree = tree
        self.start: State = (tuple(sorted(tree.roots)), tree.empty)
        self.reached: dict[State, int] = {self.start: 0}
        self.came: dict[State, tuple[State, Steps]] = {}
        self.bounds: dict[State, int] = {}
        self.closed: set[State] = set()
        self.complete = True
        self.ticket = 0
        self.queue = [(self.bound(self.start), 0, self.start)]

    def run(self, budget: int) -> Found:
        spent = 0
        while True:
            state = heapq.heappop(self.queue)[2]
            if state in self.closed:
                continue
            if not state[0]:
                return self.found(state, proven=self.complete)
            if spent > budget:
                return self.found(self.descend(state), proven=False)
            self.closed.add(state)
            followers = list(self.followers(state))
            # A long recipe with nothing to decide costs nothing.
            spent += len(followers) - 1
            for total, follower in followers:
                self.ticket -= 1
                entry = (total + self.bound(follower), self.ticket, follower)
                heapq.heappush(self.queue, entry)

    def followers(self, state: State) -> Iterator[tuple[int, State]]:
        """States after one more column, where they are reached more cheaply than before."""
        for order, steps in self.columns_from(state):
            follower = _after(self.tree, state, steps)
            total = self.reached[state] + order
            if follower in self.closed or total >= self.reached.get(follower, total + 1):
                continue
            self.reached[follower] = total
            self.came[follower] = (state, steps)
            yield total, follower

    def descend(self, state: State) -> State:
        """Follow the most promising column from here to the end: no proof, but an answer."""
        while state[0]:
            moves = [
                (order + self.bound(follower), follower, order, steps)
                for order, steps in self.columns_from(state, waiting=False)
                for follower in [_after(self.tree, state, steps)]
            ]
            _, follower, order, steps = min(moves, key=lambda move: move[0])
            total = self.reached[state] + order
            if total < self.reached.get(follower, total + 1):
                self.reached[follower] = total
                self.came[follower] = (state, steps)
            state = follower
        return state

    def bound(self, state: State) -> int:
        known = self.bounds.get(state)
        if known is None:
            known = self.bounds[state] = lower_bound(self.tree, *state)
        return known

    def found(self, state: State, proven: bool) -> Found:
        order = self.reached[state]
        columns: list[Steps] = []
        while state in self.came:
            state, steps = self.came[state]
            columns.append(steps)
        return Found(tuple(reversed(columns)), order, proven)

    def columns_from(self, state: State, waiting: bool = True) -> Iterator[tuple[int, Steps]]:
        """Every column worth placing next, with what it adds to the order.

        ``waiting``: whether steps that could join a column may stay behind for a later one.
        """
        tree, (frontier, absent) = self.tree, state
        by_name: dict[int, list[int]] = {}
        for step in frontier:
            by_name.setdefault(tree.name[step], []).append(step)
        # Names that every remaining recipe still holds: a later column may want their steps.
        kept = {
            name
            for name in by_name
            if waiting
            and (tree.rich or (not absent and all(tree.below[s].least[name] for s in frontier)))
        }
        whole = len(by_name) == 1 and not absent
        most = max(_LEAST_MOVES, _MOST_WEIGHED // len(frontier))
        for name, steps in by_name.items():
            if whole:
                varying = _varying(tree, steps)
                yield varying * (PARAMETER * COST + VARIABLE) + COLUMN, tuple(steps)
            for chosen in self.first(most, self.groups(steps, name, name in kept, most)):
                if whole and len(chosen) == len(steps):
                    continue
                varying = _varying(tree, chosen)
                cost = PRESENCE + PARAMETER * varying
                yield cost * COST + (1 + varying) * VARIABLE + COLUMN, chosen
        if len(by_name) > 1:
            options = [
                tuple(self.first(most, self.choices(steps, name, name in kept, none=True)))
                for name, steps in by_name.items()
            ]
            for together in self.first(most, product(*options)):
                if sum(map(bool, together)) > 1:
                    yield OPERATION * COST + VARIABLE + COLUMN, tuple(chain(*together))

    def first(self, most: int, moves: Iterable[Move]) -> Iterator[Move]:
        """As many of the moves as there is time for; leaving one out ends the proof."""
        for number, move in enumerate(moves):
            if number == most:
                self.complete = False
                return
            yield move

    def groups(self, steps: Sequence[int], name: int, kept: bool, most: int) -> Iterator[Steps]:
        """Sets of steps of one operation that may share a column, large ones first.

        For each choice of parameters that may vary: the steps that agree in the others. They are
        the intersections of the classes that single parameters make, so no choice is gone through:
        with twenty parameters there are a million choices, and often as few sets as steps.
        """
        # A set of steps is a number, with a bit for each of them.
        groups = {(1 << len(steps)) - 1: None}
        for values in zip(*(self.tree.bits[step] for step in steps), strict=True):
            classes: dict[int, int] = {}
            for place, value in enumerate(values):
                classes[value] = classes.get(value, 0) | 1 << place
            found = (group & alike for group in tuple(groups) for alike in classes.values())
            groups.update(dict.fromkeys(filter(None, found)))
            if len(groups) > most:
                self.complete = False
                break
        seen: set[Steps] = set()
        for group in sorted(groups, key=int.bit_count, reverse=True):
            agreeing = [step for place, step in enumerate(steps) if group >> place & 1]
            for chosen in self.choices(agreeing, name, kept, none=False):
                if chosen not in seen:
                    seen.add(chosen)
                    yield chosen

    def choices(self, steps: Sequence[int], name: int, kept: bool, none: bool) -> Iterator[Steps]:
        """Which of the steps that could join a column do: all, and where they may be wanted, fewer.

        A step stays behind for a later column in which every model has this operation; so whoever
        joins now must have it once more. ``none``: whether all may stay behind.
        """
        yield tuple(steps)
        if not kept:
            return
        tree = self.tree
        free = [step for step in steps if tree.rich or tree.below[step].least[name] > 1]
        if len(free) > _MOST_FREE:
            self.complete = False
            yield tuple(free)
            yield from ((step,) for step in free)
        else:
            for size in range(min(len(free), len(steps) - 1), 0, -1):
                yield from combinations(free, size)
        if none:
            yield ()


def _after(tree: RecipeTree, state: State, steps: Steps) -> State:
    frontier, absent = state
    placed = set(steps)
    left = [step for step in frontier if step not in placed]
    for step in steps:
        left += tree.children[step]
        absent = absent or tree.ends[step]
    left.sort()
    return tuple(left), absent


def _varying(tree: RecipeTree, steps: Sequence[int]) -> int:
    """How many parameters differ among steps of one operation."""
    return sum(
        len(set(bits)) > 1 for bits in zip(*(tree.bits[step] for step in steps), strict=True)
    )
