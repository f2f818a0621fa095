"""Align recipes into ordered columns, so that equal operations stand side by side.

The selected models and their ancestors form a tree of steps. A step stands in one column for all
models below it, and columns follow the order of every chain. The tree is aligned from the leaves
up: the column lists of a node's subtrees are merged pair by pair, each merge being the cheapest
order-keeping merge of two lists (dynamic programming, as in sequence alignment). Each merge is
optimal; their succession is greedy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cc_core.selection.cost import column_cost
from cc_core.selection.forest import Operation, Step

# model id -> the operation the model has in this column; models without one are absent
Column = Mapping[str, Operation]


@dataclass(frozen=True, slots=True)
class _Block:
    """Aligned columns of some of the selected models."""

    models: tuple[str, ...]
    columns: tuple[Column, ...]


def align(chains: Mapping[str, Sequence[Step]]) -> tuple[Column, ...]:
    """Columns over all models of ``chains`` (model id -> its recipe), in recipe order."""
    order = tuple(sorted(chains))
    return _align_tree({model: tuple(chains[model]) for model in order}, 0).columns


def _align_tree(chains: Mapping[str, tuple[Step, ...]], depth: int) -> _Block:
    """Align the models of one node, which share their first ``depth`` steps."""
    ended = tuple(model for model, steps in chains.items() if len(steps) == depth)
    subtrees: dict[str, dict[str, tuple[Step, ...]]] = {}
    for model, steps in chains.items():
        if len(steps) > depth:
            subtrees.setdefault(steps[depth].node, {})[model] = steps
    blocks = [_with_own_step(members, depth) for members in subtrees.values()]
    # Long recipes first: they span the columns into which the short ones are fitted.
    blocks.sort(key=lambda block: (-len(block.columns), block.models))
    merged = _Block(ended, ())
    for block in blocks:
        merged = _merge(merged, block)
    return merged


def _with_own_step(members: Mapping[str, tuple[Step, ...]], depth: int) -> _Block:
    below = _align_tree(members, depth + 1)
    step = next(iter(members.values()))[depth]
    own: Column = dict.fromkeys(below.models, step.operation)
    return _Block(below.models, (own, *below.columns))


def _merge(first: _Block, second: _Block) -> _Block:
    """The cheapest merge of two column lists that keeps the order of both."""
    models = (*first.models, *second.models)
    a, b = first.columns, second.columns
    alone_a = [column_cost(column, models) for column in a]
    alone_b = [column_cost(column, models) for column in b]
    # best[i][j]: cheapest way to merge the first i columns of a with the first j of b, as
    # (cost, columns used, move); fewer columns win ties, then sharing a column.
    best: list[list[tuple[int, int, str]]] = [
        [(0, 0, "")] * (len(b) + 1) for _ in range(len(a) + 1)
    ]
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            options = []
            if i and j:
                cost, used, _ = best[i - 1][j - 1]
                shared = column_cost({**a[i - 1], **b[j - 1]}, models)
                options.append((cost + shared, used + 1, "both"))
            if i:
                cost, used, _ = best[i - 1][j]
                options.append((cost + alone_a[i - 1], used + 1, "first"))
            if j:
                cost, used, _ = best[i][j - 1]
                options.append((cost + alone_b[j - 1], used + 1, "second"))
            if options:
                best[i][j] = min(options, key=lambda option: option[:2])
    columns: list[Column] = []
    i, j = len(a), len(b)
    while i or j:
        move = best[i][j][2]
        if move == "both":
            i, j = i - 1, j - 1
            columns.append({**a[i], **b[j]})
        elif move == "first":
            i -= 1
            columns.append(a[i])
        else:
            j -= 1
            columns.append(b[j])
    return _Block(models, tuple(reversed(columns)))
