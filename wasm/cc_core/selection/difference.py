"""Two models as one short edit script: what must change in a recipe to make the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cc_core.selection.align import align
from cc_core.selection.forest import Forest, Operation, canonical

EditKind = Literal["same", "changed", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One step: the operation and its parameters before (None: added) and after (None: removed)."""

    kind: EditKind
    operation: str
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None


def compare_two(forest: Forest, first: str, second: str) -> tuple[Edit, ...]:
    """The edit script from the recipe of ``first`` to that of ``second``, in recipe order.

    Steps that both models share by descent come first, as "same".

    Raises:
        CoreError: an id that is not in the forest, or a broken chain.
    """
    chains = {first: forest.chain(first), second: forest.chain(second)}
    shared: list[Edit] = []
    for step, other in zip(chains[first], chains[second], strict=False):
        if step.node != other.node:
            break
        shared.append(_edit(step.operation, other.operation))
    if first == second:
        return tuple(shared)
    edits = list(shared)
    for column in align(chains).columns:
        a, b = column.get(first), column.get(second)
        if a is not None and b is not None and a.name == b.name:
            edits.append(_edit(a, b))
            continue
        if a is not None:
            edits.append(Edit("removed", a.name, dict(a.parameters), None))
        if b is not None:
            edits.append(Edit("added", b.name, None, dict(b.parameters)))
    return tuple(edits)


def _edit(before: Operation, after: Operation) -> Edit:
    same = canonical(dict(before.parameters)) == canonical(dict(after.parameters))
    return Edit(
        "same" if same else "changed", before.name, dict(before.parameters), dict(after.parameters)
    )
