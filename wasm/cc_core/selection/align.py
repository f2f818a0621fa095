"""Align recipes into ordered columns, so that equal operations stand side by side.

A step stands in one column for all models below it, and columns follow the order of every recipe.
The alignment is the cheapest there is (``search``), or, where proving that takes too long, the
better of the best found so far and of a progressive alignment (``merge``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from cc_core.selection.bound import COLUMN, COST, VARIABLE
from cc_core.selection.cost import cost, facts, join, variables
from cc_core.selection.forest import Operation, Step
from cc_core.selection.merge import merge
from cc_core.selection.search import search
from cc_core.selection.tree import recipe_tree

# model id -> the operation the model has in this column; models without one are absent
Column = Mapping[str, Operation]
# Choices weighed before the best found so far is taken: some 30 ms natively, 150 ms in a page.
BUDGET = 300


@dataclass(frozen=True, slots=True)
class Alignment:
    """Columns over the selected models, in recipe order; ``proven``: no alignment is cheaper."""

    columns: tuple[Column, ...]
    proven: bool


def align(chains: Mapping[str, Sequence[Step]], budget: int = BUDGET) -> Alignment:
    """Columns for the recipes (model id -> its steps, base model first).

    Columns in which all models have the same step are left out.
    """
    base = {model: chain[0].operation for model, chain in chains.items()}
    first = (base,) if len({o.parameters["id"] for o in base.values()}) > 1 else ()
    tree = recipe_tree(chains)
    if not tree.operations:
        return Alignment(first, proven=True)
    found = search(tree, budget)
    columns: tuple[Column, ...] = tuple(
        {model: tree.operations[step] for step in steps for model in tree.models[step]}
        for steps in found.columns
    )
    if not found.proven:
        merged = merge({model: chain[1:] for model, chain in chains.items()})
        if _order(merged, len(chains)) < found.order:
            columns = merged
    return Alignment((*first, *columns), found.proven)


def _order(columns: Sequence[Column], models: int) -> int:
    known = [
        reduce(join, (facts(operation, 1) for operation in column.values())) for column in columns
    ]
    return sum(
        cost(column, models) * COST + variables(column, models) * VARIABLE + COLUMN
        for column in known
    )
