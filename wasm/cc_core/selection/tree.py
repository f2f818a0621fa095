"""The tree of steps that the selected models' recipes form, with what is known below each step.

Steps that all selected models share are left out (they are constant), and so is the base model
(a column of its own). What remains is numbered from the roots down: a child's number is larger
than its parent's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from cc_core.selection.forest import BaseModel, Operation, Step, canonical

Counts = tuple[int, ...]
# Varying parameters that make a presence (2) cost as much as several operations (5).
_RICH = 3


@dataclass(frozen=True, slots=True)
class Below:
    """What stands at and below a step, over all selected models that pass through it.

    ``most`` and ``least`` count each operation name along one recipe; ``profiles`` are all
    distinct counts, packed (see ``pack``). ``values`` has a bit for each distinct value met of
    each parameter (see ``Parameter``).
    """

    most: Counts
    least: Counts
    profiles: frozenset[int]
    values: int
    longest: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """Where the values of one parameter of one operation name stand among the bits."""

    name: int
    mask: int


@dataclass(frozen=True, slots=True)
class RecipeTree:
    """Steps by number.

    ``bits`` are a step's parameter values, a bit for each distinct value of each parameter, in the
    order of ``parameters``.
    """

    names: tuple[str, ...]
    operations: tuple[Operation, ...]
    name: tuple[int, ...]
    bits: tuple[tuple[int, ...], ...]
    parameters: tuple[Parameter, ...]
    children: tuple[tuple[int, ...], ...]
    ends: tuple[bool, ...]
    models: tuple[tuple[str, ...], ...]
    below: tuple[Below, ...]
    roots: tuple[int, ...]
    # Whether a selected model has no step at all.
    empty: bool
    # Whether some operation has so many varying parameters (3) that a column of it alone may cost
    # as much as one of several operations.
    rich: bool


def recipe_tree(chains: Mapping[str, Sequence[Step]]) -> RecipeTree:
    """The tree of the recipes (model id -> its steps, base model first)."""
    growing = _Growing()
    shared = _shared_steps(list(chains.values()))
    for model, chain in chains.items():
        growing.add(model, [s for s in chain[shared:] if not isinstance(s.operation, BaseModel)])
    return growing.finish()


def _shared_steps(chains: Sequence[Sequence[Step]]) -> int:
    count = 0
    for together in zip(*chains, strict=False):
        if any(step.node != together[0].node for step in together):
            break
        count += 1
    return count


class _Growing:
    """Collects steps, then works out from the leaves up what is below each."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.numbers: dict[str, int] = {}
        self.operations: list[Operation] = []
        self.children: list[list[int]] = []
        self.ends: list[bool] = []
        self.models: list[list[str]] = []
        self.roots: list[int] = []
        self.empty = False

    def add(self, model: str, steps: Sequence[Step]) -> None:
        siblings = self.roots
        last = None
        for step in steps:
            number = self.numbers.get(step.node)
            if number is None:
                number = self.numbers[step.node] = len(self.operations)
                self.names.setdefault(step.operation.name, len(self.names))
                self.operations.append(step.operation)
                self.children.append([])
                self.ends.append(False)
                self.models.append([])
                siblings.append(number)
            self.models[number].append(model)
            siblings = self.children[number]
            last = number
        if last is None:
            self.empty = True
        else:
            self.ends[last] = True

    def finish(self) -> RecipeTree:
        name = tuple(self.names[operation.name] for operation in self.operations)
        known: list[dict[str, dict[str | None, int]]] = [{} for _ in self.names]
        for number, operation in enumerate(self.operations):
            for parameter in operation.parameters:
                known[name[number]].setdefault(parameter, {})
        for number, operation in enumerate(self.operations):
            for parameter, seen in known[name[number]].items():
                seen.setdefault(_value(operation, parameter), len(seen))
        parameters: list[Parameter] = []
        bit: list[list[tuple[str, dict[str | None, int], int]]] = [[] for _ in self.names]
        offset = 0
        for number, of_name in enumerate(known):
            for parameter, seen in of_name.items():
                bit[number].append((parameter, seen, offset))
                parameters.append(Parameter(number, ((1 << len(seen)) - 1) << offset))
                offset += len(seen)
        bits = tuple(
            tuple(1 << shift + seen[_value(operation, p)] for p, seen, shift in bit[name[number]])
            for number, operation in enumerate(self.operations)
        )
        return RecipeTree(
            names=tuple(self.names),
            operations=tuple(self.operations),
            name=name,
            bits=bits,
            parameters=tuple(parameters),
            children=tuple(map(tuple, self.children)),
            ends=tuple(self.ends),
            models=tuple(map(tuple, self.models)),
            below=self._below(name, bits),
            roots=tuple(self.roots),
            empty=self.empty,
            rich=any(sum(len(seen) > 1 for seen in of.values()) >= _RICH for of in known),
        )

    def _below(self, name: Sequence[int], bits: Sequence[tuple[int, ...]]) -> tuple[Below, ...]:
        below: dict[int, Below] = {}
        # Children have larger numbers, so the reverse order meets them first.
        for number in reversed(range(len(self.operations))):
            kinds = [below[child] for child in self.children[number]]
            profiles = {0} if self.ends[number] else set()
            profiles = profiles.union(*(kind.profiles for kind in kinds))
            own = 1 << PACKED * name[number]
            counted = frozenset(profile + own for profile in profiles)
            unpacked = [_unpack(profile, len(self.names)) for profile in counted]
            below[number] = Below(
                most=tuple(map(max, zip(*unpacked, strict=True))),
                least=tuple(map(min, zip(*unpacked, strict=True))),
                profiles=counted,
                values=reduce(or_, (kind.values for kind in kinds), sum(bits[number])),
                longest=max(map(sum, unpacked)),
            )
        return tuple(below[number] for number in range(len(self.operations)))


# Bits of one count in a packed profile: a recipe has fewer steps than 2¹⁶ of one name.
PACKED = 16


def pack(counts: Sequence[int]) -> int:
    """Counts by name as one number, 16 bits for each."""
    return sum(count << PACKED * x for x, count in enumerate(counts))


def _unpack(profile: int, names: int) -> Counts:
    return tuple(profile >> PACKED * x & 0xFFFF for x in range(names))


def _value(operation: Operation, parameter: str) -> str | None:
    if parameter not in operation.parameters:
        return None
    return canonical(operation.parameters[parameter])
