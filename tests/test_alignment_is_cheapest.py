"""The search for the cheapest alignment, against trying everything."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import pytest

from cc_core.selection import Forest, Model, Operation
from cc_core.selection.align import align
from cc_core.selection.cost import varying_parameters
from cc_core.selection.forest import BaseModel, Step
from cc_core.selection.search import _Search

Cost = tuple[int, int]


def column_cost(column: Mapping[str, Operation], models: int) -> Cost:
    """Cost and number of variables of one column, as the documentation defines them."""
    if len({operation.name for operation in column.values()}) > 1:
        return 5, 1
    varying, absent = len(varying_parameters(column.values())), len(column) < models
    return 2 * absent + varying, absent + varying


def cheapest(chains: Mapping[str, Sequence[Step]]) -> Cost:
    """Every set of next steps as the next column, at every point: slow, but plainly right."""
    models = sorted(chains)
    recipes = [[s for s in chains[m] if not isinstance(s.operation, BaseModel)] for m in models]

    @cache
    def best(done: tuple[int, ...]) -> Cost:
        upcoming: dict[str, list[int]] = {}
        for m, place in enumerate(done):
            if place < len(recipes[m]):
                upcoming.setdefault(recipes[m][place].node, []).append(m)
        if not upcoming:
            return 0, 0
        nodes = list(upcoming.values())
        found = []
        for chosen in range(1, 1 << len(nodes)):
            taken = {m for bit, members in enumerate(nodes) if chosen >> bit & 1 for m in members}
            column = {models[m]: recipes[m][done[m]].operation for m in taken}
            cost, variables = column_cost(column, len(models))
            rest = best(tuple(place + (m in taken) for m, place in enumerate(done)))
            found.append((rest[0] + cost, rest[1] + variables))
        return min(found)

    base = len({chain[0].node for chain in chains.values()}) > 1
    cost, variables = best((0,) * len(models))
    return cost + base, variables + base


def forest(rng: random.Random) -> list[Model]:
    """Up to 14 models; few names, so that they meet; one to five parameters."""
    names = "abcd"[: rng.randint(1, 4)]
    parameters = rng.choice([1, 1, 2, 5])
    models: list[Model] = []
    for number in range(rng.randint(2, 14)):
        root = not models or rng.random() < 0.15
        operation = Operation(
            rng.choice(names),
            {f"p{p}": rng.choice([1, 2, 3]) for p in range(parameters) if rng.random() < 0.9},
        )
        models.append(
            Model(
                f"m{number}",
                () if root else (rng.choice(models).id,),
                None if root and rng.random() < 0.3 else operation,
            )
        )
    return models


@pytest.mark.parametrize("seed", range(8))
def test_no_alignment_is_cheaper(seed: int) -> None:
    """On thousands of small forests the search finds the least cost, then the fewest variables."""
    rng = random.Random(seed)
    for _ in range(600):
        models = forest(rng)
        whole = Forest(models)
        selected = rng.sample([m.id for m in models], min(len(models), rng.randint(2, 5)))
        chains = {model: whole.chain(model) for model in selected}
        alignment = align(chains, budget=1_000_000)
        costs = [column_cost(column, len(chains)) for column in alignment.columns]
        assert alignment.proven
        assert (sum(c for c, _ in costs), sum(v for _, v in costs)) == cheapest(chains)


@pytest.mark.parametrize("seed", range(4))
def test_a_short_search_is_labelled_and_never_better_than_the_cheapest(seed: int) -> None:
    """Without time to prove, an alignment is still whole, and says that it is not proven."""
    rng = random.Random(100 + seed)
    unproven = 0
    for _ in range(200):
        models = forest(rng)
        whole = Forest(models)
        selected = rng.sample([m.id for m in models], min(len(models), 5))
        chains = {model: whole.chain(model) for model in selected}
        alignment = align(chains, budget=0)
        cost = sum(column_cost(column, len(chains))[0] for column in alignment.columns)
        least = cheapest(chains)[0]
        assert cost >= least
        assert not alignment.proven or cost == least
        unproven += not alignment.proven
    assert unproven > 20


def test_a_search_that_cannot_be_finished_weighs_a_bounded_number_of_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three parameters that vary let any step wait for a later column: 2ⁿ choices in one state."""
    weighed = 0
    columns_from = _Search.columns_from

    def counted(self: _Search, *args: object, **how: object) -> Iterator[object]:
        nonlocal weighed
        for move in columns_from(self, *args, **how):  # type: ignore[arg-type]
            weighed += 1
            yield move

    monkeypatch.setattr(_Search, "columns_from", counted)
    rng = random.Random(7)
    models = [
        Model(
            f"m{n}",
            (f"m{rng.randrange(n)}",) if n else (),
            Operation(rng.choice("abcde"), {p: rng.randrange(4) for p in "xyz"}),
        )
        for n in range(200)
    ]
    whole = Forest(models)
    alignment = align({model.id: whole.chain(model.id) for model in models})
    assert not alignment.proven
    assert weighed < 20_000
