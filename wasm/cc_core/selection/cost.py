"""What a column of aligned operations costs the reader: the fewer differences, the cheaper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cc_core.selection.forest import Operation, canonical

PARAMETER = 1
PRESENCE = 2
OPERATION = 5
# No JSON value is spelled so.
_ABSENT = frozenset({"absent"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a column decides its cost; the facts of two columns join into those of their union.

    ``models`` is how many have the step, ``values`` the spelled values of each parameter.
    """

    models: int
    names: frozenset[str]
    values: Mapping[str, frozenset[str]]


def facts(operation: Operation, models: int) -> Facts:
    """Facts of a column in which that many models have one and the same step."""
    values = {name: frozenset({canonical(v)}) for name, v in operation.parameters.items()}
    return Facts(models, frozenset({operation.name}), values)


def join(first: Facts, second: Facts) -> Facts:
    """Facts of two columns as one; no model is in both."""
    values = {
        name: first.values.get(name, _ABSENT) | second.values.get(name, _ABSENT)
        for name in (*first.values, *(n for n in second.values if n not in first.values))
    }
    return Facts(first.models + second.models, first.names | second.names, values)


def cost(known: Facts, models: int) -> int:
    """Cost of a column over that many selected models, some of which may not have the step.

    Nothing when constant. One operation everywhere: 1 per varying parameter. One operation,
    absent for some: 2, plus 1 per parameter varying where present. Several operations: 5, their
    parameters included.
    """
    if len(known.names) > 1:
        return OPERATION
    presence = PRESENCE if known.names and known.models < models else 0
    return presence + PARAMETER * sum(len(values) > 1 for values in known.values.values())


def variables(known: Facts, models: int) -> int:
    """How many variables a column is: none when constant, one for several operations."""
    if len(known.names) > 1:
        return 1
    presence = known.names and known.models < models
    return bool(presence) + sum(len(values) > 1 for values in known.values.values())


def joined_cost(first: Facts, second: Facts, models: int) -> int:
    """``cost(join(first, second), models)``, without joining what differs in name."""
    if first.names != second.names:
        return OPERATION
    return cost(join(first, second), models)


def varying_parameters(operations: Iterable[Operation]) -> list[str]:
    """Names of the parameters whose value (or presence) differs, in order of first appearance."""
    # Most models share the very operation of an ancestor.
    used = list({id(operation): operation for operation in operations}.values())
    if len(used) == 1:
        return []
    names: dict[str, None] = {}
    for operation in used:
        names.update(dict.fromkeys(operation.parameters))
    return [name for name in names if len({_spelled(operation, name) for operation in used}) > 1]


def _spelled(operation: Operation, name: str) -> str:
    return canonical(operation.parameters[name]) if name in operation.parameters else "absent"
