"""Progressive alignment: quick for any number of models, but not always the cheapest.

The tree of steps is aligned from the leaves up: the column lists of a node's subtrees are merged
pair by pair, each merge being the cheapest order-keeping merge of two lists (dynamic programming,
as in sequence alignment). Each merge is optimal; their succession is greedy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cc_core.selection.cost import Facts, cost, facts, join, joined_cost
from cc_core.selection.forest import Operation, Step

Column = Mapping[str, Operation]


@dataclass(frozen=True, slots=True)
class _Aligned:
    """A column and what decides its cost."""

    column: Column
    facts: Facts


@dataclass(frozen=True, slots=True)
class _Block:
    """Aligned columns of some of the selected models."""

    models: tuple[str, ...]
    columns: tuple[_Aligned, ...]


@dataclass(slots=True)
class _Node:
    """A step of the tree: the steps after it, and the models whose recipe ends with it."""

    operation: Operation | None = None
    children: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)


_ROOT = ""


def merge(chains: Mapping[str, Sequence[Step]]) -> tuple[Column, ...]:
    """Columns over all models of ``chains`` (model id -> its recipe), in recipe order."""
    nodes = _tree(chains)
    blocks: dict[str, _Block] = {}
    # A node comes after its parent in ``nodes``; without recursion, chains may have any length.
    for name, node in reversed(nodes.items()):
        # Long recipes first: they span the columns into which the short ones are fitted.
        below = sorted(
            (blocks.pop(child) for child in node.children),
            key=lambda block: (-len(block.columns), block.models),
        )
        block = _merge_all(node.ended, below)
        blocks[name] = block if node.operation is None else _with_step(node.operation, block)
    return tuple(aligned.column for aligned in blocks[_ROOT].columns)


def _tree(chains: Mapping[str, Sequence[Step]]) -> dict[str, _Node]:
    nodes = {_ROOT: _Node()}
    for model in sorted(chains):
        place = _ROOT
        for step in chains[model]:
            if step.node not in nodes:
                nodes[step.node] = _Node(step.operation)
                nodes[place].children.append(step.node)
            place = step.node
        nodes[place].ended.append(model)
    return nodes


def _with_step(operation: Operation, below: _Block) -> _Block:
    column = dict.fromkeys(below.models, operation)
    own = _Aligned(column, facts(operation, len(below.models)))
    return _Block(below.models, (own, *below.columns))


def _merge_all(ended: Iterable[str], blocks: Iterable[_Block]) -> _Block:
    merged = _Block(tuple(ended), ())
    for block in blocks:
        merged = _merge(merged, block)
    return merged


def _merge(first: _Block, second: _Block) -> _Block:
    """The cheapest merge of two column lists that keeps the order of both."""
    models = (*first.models, *second.models)
    if not first.columns or not second.columns:
        return _Block(models, first.columns or second.columns)
    moves = _cheapest_moves(first.columns, second.columns, len(models))
    columns: list[_Aligned] = []
    a, b = iter(first.columns), iter(second.columns)
    for move in moves:
        if move == "both":
            columns.append(_union(next(a), next(b)))
        else:
            columns.append(next(a) if move == "first" else next(b))
    return _Block(models, tuple(columns))


def _union(first: _Aligned, second: _Aligned) -> _Aligned:
    return _Aligned({**first.column, **second.column}, join(first.facts, second.facts))


def _cheapest_moves(a: Sequence[_Aligned], b: Sequence[_Aligned], models: int) -> list[str]:
    """Which list gives the next column, or both one together, from first to last."""
    alone_a = [cost(aligned.facts, models) for aligned in a]
    alone_b = [cost(aligned.facts, models) for aligned in b]
    # best[i][j]: cheapest way to merge the first i columns of a with the first j of b, as
    # (cost, columns used, move); fewer columns win ties, then sharing a column.
    best = [[(0, 0, "")] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            options = []
            if i and j:
                spent, used, _ = best[i - 1][j - 1]
                shared = joined_cost(a[i - 1].facts, b[j - 1].facts, models)
                options.append((spent + shared, used + 1, "both"))
            if i:
                spent, used, _ = best[i - 1][j]
                options.append((spent + alone_a[i - 1], used + 1, "first"))
            if j:
                spent, used, _ = best[i][j - 1]
                options.append((spent + alone_b[j - 1], used + 1, "second"))
            if options:
                best[i][j] = min(options, key=lambda option: option[:2])
    moves = []
    i, j = len(a), len(b)
    while i or j:
        move = best[i][j][2]
        moves.append(move)
        i -= move != "second"
        j -= move != "first"
    return moves[::-1]
