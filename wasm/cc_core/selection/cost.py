"""What a column of aligned operations costs the reader: the fewer differences, the cheaper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cc_core.selection.forest import Operation, canonical

PARAMETER = 1
PRESENCE = 2
OPERATION = 5


def varying_parameters(operations: Sequence[Operation]) -> list[str]:
    """Names of the parameters whose value (or presence) differs, in order of first appearance."""
    names: dict[str, None] = {}
    for operation in operations:
        names.update(dict.fromkeys(operation.parameters))
    return [
        name for name in names if len({_parameter(operation, name) for operation in operations}) > 1
    ]


def column_cost(column: Mapping[str, Operation], models: Sequence[str]) -> int:
    """Cost of one column over the given models; models missing from it do not have the step.

    Nothing when constant. One operation everywhere: 1 per varying parameter. One operation,
    absent for some: 2, plus 1 per parameter varying where present. Several operations: 5, their
    parameters included.
    """
    operations = list(column.values())
    names = {operation.name for operation in operations}
    if len(names) > 1:
        return OPERATION
    presence = PRESENCE if names and len(column) < len(models) else 0
    return presence + PARAMETER * len(varying_parameters(operations))


def _parameter(operation: Operation, name: str) -> str:
    return canonical(operation.parameters[name]) if name in operation.parameters else "absent"
