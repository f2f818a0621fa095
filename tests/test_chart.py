"""Charts, refinements and differences of selections."""

from __future__ import annotations

import itertools
import random

import pytest

from cc_core.errors import CoreError
from cc_core.selection import (
    Chart,
    Forest,
    Model,
    Operation,
    compare_two,
    encode,
    explain,
    refine,
)
from cc_core.selection.forest import canonical


def op(name: str, **parameters: object) -> Operation:
    return Operation(name, parameters)


MODELS = (
    Model("dense", (), op("train", epochs=90)),
    Model("p50", ("dense",), op("prune", amount=0.5)),
    Model("p75", ("dense",), op("prune", amount=0.75)),
    Model("p90", ("dense",), op("prune", amount=0.9)),
    Model("p50-t", ("p50",), op("finetune", epochs=3)),
    Model("p90-t", ("p90",), op("finetune", epochs=3)),
    Model("p90-t-int8", ("p90-t",), op("quantize", bits=8)),
    Model("int8", ("dense",), op("quantize", bits=8)),
    Model("int8-p50", ("int8",), op("prune", amount=0.5)),
    Model("small", (), op("train", epochs=150)),
    Model("p50 again", ("dense",), op("prune", amount=0.5)),
)
FOREST = Forest(MODELS)


def shown(chart: Chart) -> list[tuple[str | None, str | None, str | None, tuple[str, ...]]]:
    """Marks as words."""
    return [
        (
            chart.x.values[mark.x] if chart.x else None,
            chart.colour.values[mark.colour] if chart.colour else None,
            chart.facet.values[mark.facet] if chart.facet else None,
            mark.models,
        )
        for mark in chart.marks
    ]


def test_two_variables_are_x_and_colour() -> None:
    """Numbers stand on the axis, the other variable is the colour; a gap is a gap."""
    chart = encode(explain(FOREST, ["p50", "p75", "p90", "p50-t", "p90-t"]))
    assert chart.x is not None and (chart.x.label, chart.x.kind) == ("prune · amount", "number")
    assert shown(chart) == [
        ("0.5", "no finetune", None, ("p50",)),
        ("0.5", "finetune", None, ("p50-t",)),
        ("0.75", "no finetune", None, ("p75",)),
        ("0.9", "no finetune", None, ("p90",)),
        ("0.9", "finetune", None, ("p90-t",)),
    ]


def test_cumulative_steps_become_one_axis() -> None:
    """A step taken only after another adds to it: one axis of progress instead of three."""
    chart = encode(explain(FOREST, ["dense", "p90", "p90-t", "p90-t-int8"]))
    assert chart.facet is None
    assert {mark.models for mark in chart.marks} == {
        ("dense",), ("p90",), ("p90-t",), ("p90-t-int8",),
    }  # fmt: skip


def test_repeats_share_a_mark() -> None:
    """Models of one recipe stand on one mark, to be shown with n, mean and range."""
    chart = encode(explain(FOREST, ["p50", "p50 again", "p90"]))
    assert [mark.models for mark in chart.marks] == [("p50", "p50 again"), ("p90",)]


def test_order_of_operations_tells_models_apart() -> None:
    """Prune then quantize is not quantize then prune."""
    models = (*MODELS, Model("p50-int8", ("p50",), op("quantize", bits=8)))
    chart = encode(explain(Forest(models), ["int8-p50", "p50-int8"]))
    assert [mark.models for mark in chart.marks] == [("int8-p50",), ("p50-int8",)] or [
        mark.models for mark in chart.marks
    ] == [("p50-int8",), ("int8-p50",)]


def random_forest(rng: random.Random) -> list[Model]:
    models: list[Model] = []
    values = [0.5, "0.5", 1, 2, None, True, "é"]
    for number in range(rng.randint(2, 30)):
        parent = () if not models or rng.random() < 0.1 else (rng.choice(models).id,)
        operation = Operation(
            rng.choice(["prune", "train", "quantize", "calibrate"]),
            {p: rng.choice(values) for p in ("amount", "how") if rng.random() < 0.6},
        )
        models.append(Model(f"m{number}", parent, operation))
    return models


@pytest.mark.parametrize("seed", range(6))
def test_every_selection_charts_truthfully(seed: int) -> None:
    """Of 2 to 16 random models each is on one mark, and different recipes are on different ones."""
    rng = random.Random(seed)
    for _ in range(120):
        models = random_forest(rng)
        forest = Forest(models)
        ids = rng.sample([m.id for m in models], min(len(models), rng.randint(2, 16)))
        chart = encode(explain(forest, ids))
        placed = [model for mark in chart.marks for model in mark.models]
        assert sorted(placed) == sorted(ids)
        recipes = {
            m: canonical(
                [[s.operation.name, dict(s.operation.parameters)] for s in forest.chain(m)]
            )
            for m in ids
        }
        for mark in chart.marks:
            assert len({recipes[model] for model in mark.models}) == 1
        for a, b in itertools.combinations(chart.marks, 2):
            assert (a.x, a.colour, a.facet) != (b.x, b.colour, b.facet)
            assert recipes[a.models[0]] != recipes[b.models[0]]
        for axis, place in ((chart.x, "x"), (chart.colour, "colour"), (chart.facet, "facet")):
            used = {getattr(mark, place) for mark in chart.marks}
            assert used == (set(range(len(axis.values))) if axis else {0})
            assert axis is None or len(set(axis.values)) == len(axis.values)


def test_refinement_counts_what_each_choice_leaves() -> None:
    """Each value says how many models it leaves beside the other choices; 0 is a dead end."""
    found = explain(FOREST, ["p50", "p75", "p90", "p50-t", "p90-t"])
    labels = [variable.label for variable in found.variables]
    assert labels == ["prune · amount", "finetune"]
    before = refine(found)
    assert [[o.models for o in choice.options] for choice in before.choices] == [[2, 1, 2], [3, 2]]
    after = refine(found, {"finetune": [1]})
    assert [[o.models for o in choice.options] for choice in after.choices] == [[1, 0, 1], [3, 2]]
    assert after.models == ("p50-t", "p90-t")
    assert [o.chosen for o in after.choices[1].options] == [False, True]


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ({"gone": [0]}, "there is no variable 'gone'; there are prune · amount"),
        (
            {"prune · amount": [2]},
            "variable 'prune · amount' has 2 values, there is no value 2",
        ),
    ],
)
def test_choices_that_do_not_exist(chosen: dict[str, list[int]], text: str) -> None:
    """A wrong label or value is named."""
    with pytest.raises(CoreError) as caught:
        refine(explain(FOREST, ["p50", "p90"]), chosen)
    assert str(caught.value) == text


def test_two_models_differ_by_an_edit_script() -> None:
    """What is shared, changed, taken out and added, in recipe order."""
    edits = compare_two(FOREST, "p50", "p90-t-int8")
    assert [(e.kind, e.operation) for e in edits] == [
        ("same", "base model"),
        ("same", "train"),
        ("changed", "prune"),
        ("added", "finetune"),
        ("added", "quantize"),
    ]
    assert (edits[2].before, edits[2].after) == ({"amount": 0.5}, {"amount": 0.9})
    assert [e.kind for e in compare_two(FOREST, "p90", "dense")] == ["same", "same", "removed"]
    assert {e.kind for e in compare_two(FOREST, "p90", "p90")} == {"same"}
    assert compare_two(FOREST, "dense", "small")[0].kind == "changed"
