"""The variables that tell selected models apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc_core.errors import CoreError
from cc_core.selection import Explanation, Forest, Model, Operation, explain
from cc_core.selection.align import align
from cc_core.selection.cost import cost, facts, join, joined_cost, varying_parameters
from cc_core.selection.forest import canonical


def forest(*models: Model) -> Forest:
    return Forest(models)


def op(name: str, **parameters: object) -> Operation:
    return Operation(name, parameters)


RESNET = (
    Model("resnet", (), op("train", epochs=90)),
    Model("prune50", ("resnet",), op("prune", amount=0.5)),
    Model("prune90", ("resnet",), op("prune", amount=0.9)),
    Model("prune50-tuned", ("prune50",), op("finetune", epochs=5)),
    Model("int8", ("resnet",), op("quantize", format="int8")),
    Model("mobilenet", (), op("train", epochs=150)),
)


def shown(found: Explanation) -> list[tuple[object, ...]]:
    return [(v.label, v.kind, v.values, v.model_values) for v in found.variables]


def test_one_parameter() -> None:
    """Models that differ in one parameter differ in one variable."""
    found = explain(forest(*RESNET), ["prune50", "prune90"])
    assert shown(found) == [("prune · amount", "parameter", (0.5, 0.9), (0, 1))]
    assert (found.cost, found.proven) == (1, True)
    assert found.sentence == "2 models differ in prune · amount (0.5, 0.9)."


@pytest.mark.parametrize(
    ("values", "told", "sentence"),
    [
        ((8, "8", "all"), (8, '"8"', '"all"'), '8, "8", "all"'),
        ((["a", "b"], "a, b"), ('["a", "b"]', '"a, b"'), '["a", "b"], "a, b"'),
        ((None, "null"), ('"null"', "null"), '"null", null'),
        (("none", "all"), ("all", "none"), "all, none"),
    ],
)
def test_values_that_look_alike_are_told_apart(
    values: tuple[object, ...], told: tuple[object, ...], sentence: str
) -> None:
    """Texts are in quotes where a number, a list or nothing would be spelled the same."""
    models = [Model(f"m{i}", ("resnet",), op("cut", by=value)) for i, value in enumerate(values)]
    found = explain(forest(*RESNET, *models), [model.id for model in models])
    assert found.variables[0].values == told
    assert found.sentence == f"{len(values)} models differ in cut · by ({sentence})."


def test_a_value_called_none_is_not_an_absent_step() -> None:
    """Beside models that lack the step, the text "none" is in quotes."""
    models = [Model(f"m{i}", ("resnet",), op("cut", by=f"no{'ne' * i}")) for i in range(2)]
    found = explain(forest(*RESNET, *models), ["resnet", "m0", "m1"])
    by = next(variable for variable in found.variables if variable.parameter == "by")
    assert by.values == (None, '"no"', '"none"')


def test_presence() -> None:
    """An operation that some have and some have not is one variable of its own."""
    found = explain(forest(*RESNET), ["prune50", "prune50-tuned"])
    assert shown(found) == [("finetune", "presence", (False, True), (0, 1))]
    assert found.sentence == "2 models differ in whether finetune was applied."


def test_base_model_names_the_difference() -> None:
    """Two roots differ in their base model, and what follows from it is implied."""
    found = explain(forest(*RESNET), ["resnet", "mobilenet"])
    base, epochs = found.variables
    assert (base.label, base.values, base.implied_by) == (
        "base model",
        ("mobilenet", "resnet"),
        None,
    )
    assert (epochs.label, epochs.implied_by) == ("train · epochs", "base model")
    assert found.cost == 1
    assert found.sentence == "2 models differ in base model (mobilenet, resnet)."


def test_several_operations() -> None:
    """Different operations in one place are one variable, spelled with their parameters."""
    models = (*RESNET, Model("ternary", ("resnet",), op("quantize", format="ternary")))
    models = (*models, Model("z", ("resnet",), op("distill", teacher="a", epochs=3)))
    found = explain(forest(*models), ["prune50", "prune90", "int8", "ternary", "z", "resnet"])
    [variable] = found.variables
    assert variable.kind == "operation"
    assert variable.label == "distill or prune or quantize"
    assert variable.values == (
        None,
        "distill (teacher a, epochs 3)",
        "prune (amount 0.5)",
        "prune (amount 0.9)",
        "quantize (format int8)",
        "quantize (format ternary)",
    )
    assert found.models == ("int8", "prune50", "prune90", "resnet", "ternary", "z")
    assert variable.model_values == (4, 2, 3, 0, 5, 1)
    assert found.cost == 5


def test_operations_that_sound_the_same() -> None:
    """Different operations are never shown as one, whatever their names and values spell."""
    models = (
        Model("r"),
        Model("a", ("r",), op("prune", amount=0.5)),
        Model("b", ("r",), op("prune", amount="0.5")),
        Model("c", ("r",), op("prune (amount 0.5)")),
        Model("d", ("r",), op("other", p=1)),
    )
    [variable] = explain(forest(*models), "abcd").variables
    assert variable.values == (
        '["prune (amount 0.5)", {}]',
        '["prune", {"amount": 0.5}]',
        '["prune", {"amount": "0.5"}]',
        "other (p 1)",
    )


def test_repeats_are_named() -> None:
    """Models of equal recipes are repeats; whole numbers are equal in either spelling."""
    found = explain(
        forest(
            Model("a"),
            Model("b", ("a",), op("prune", amount=1)),
            Model("c", ("a",), op("prune", amount=1.0)),
        ),
        ["a", "b", "c"],
    )
    assert found.repeats == (("b", "c"),)
    assert (
        found.sentence == "3 models differ in whether prune was applied; 2 of them repeat a recipe."
    )
    alike = explain(forest(Model("a"), Model("b", ("a",)), Model("c", ("a",))), ["b", "c"])
    assert alike.sentence == "2 models have the same recipe."


def test_one_model() -> None:
    """One selected model has nothing to differ from."""
    found = explain(forest(*RESNET), ["int8", "int8"])
    assert (found.variables, found.sentence) == ((), "One model is selected.")


def test_long_names_are_shortened_in_the_sentence_only() -> None:
    """A name or value of any length fits a sentence; variables keep the whole of it."""
    name, value = "operation " * 1_000, "value " * 1_000
    models = (Model("r"), Model("a", ("r",), op(name, p=value)), Model("b", ("r",), op(name, p=1)))
    found = explain(forest(*models), ["a", "b"])
    assert found.variables[0].values == (1, value)
    assert found.variables[0].label == f"{name} · p"
    assert len(found.sentence) < 250
    assert found.sentence.endswith("…).")


def test_a_thousand_roots_differ_in_base_model() -> None:
    """However many roots there are, they differ in one variable."""
    models = [Model(f"r{i}", (), op("train", epochs=i % 7)) for i in range(1_000)]
    found = explain(Forest(models), [model.id for model in models])
    assert [(v.label, v.implied_by) for v in found.variables] == [
        ("base model", None), ("train · epochs", "base model"),
    ]  # fmt: skip
    assert (found.cost, found.proven) == (1, True)
    assert found.sentence.endswith("(r0, r1, r2, r3, r4, 995 more).")


def test_names_of_a_study_are_never_ours() -> None:
    """An operation called "base model" or a parameter "other parents" is one like any other."""
    models = (
        Model("r"),
        Model("a", ("r",), op("base model", id=1)), Model("b", ("r",), op("base model", id=2)),
        Model("c", ("r", "a"), op("merge", **{"other parents": "x"})),
        Model("d", ("r", "b"), op("merge", **{"other parents": "x"})),
    )  # fmt: skip
    first = explain(forest(*models), ["a", "b"])
    assert ([v.label for v in first.variables], first.repeats) == (["base model · id"], ())
    second = explain(forest(*models), ["c", "d"])
    assert [v.label for v in second.variables] == ["merge · other parents*"]
    assert second.repeats == ()


def test_many_varying_parameters_take_no_time() -> None:
    """Of two models that differ in 200 parameters, not every choice of parameters is weighed."""
    names = [f"p{number}" for number in range(200)]
    models = [Model("r")] + [
        Model(i, ("r",), op("train", **dict.fromkeys(names, n))) for n, i in enumerate("ab")
    ]
    found = explain(forest(*models), ["a", "b"])
    assert ([v.kind for v in found.variables], found.proven) == (["presence"] * 2, True)


def test_other_parents_are_a_parameter() -> None:
    """What a merged model was merged with is a parameter of its operation."""
    models = (
        Model("a"), Model("b"), Model("x, y"), Model("x"), Model("y"),
        Model("ab", ("a", "b"), op("merge", share=0.5)),
        Model("a(x, y)", ("a", "x, y"), op("merge", share=0.5)),
        Model("axy", ("a", "x", "y"), op("merge", share=0.5)),
    )  # fmt: skip
    found = explain(forest(*models), ["ab", "a(x, y)", "axy"])
    [variable] = found.variables
    assert variable.label == "merge · other parents"
    assert sorted(variable.model_values) == [0, 1, 2]
    assert '(["b"], ["x", "y"], ["x, y"])' in found.sentence


def test_a_label_stands_once() -> None:
    """An operation done twice is numbered, whatever else is called so."""
    models = (
        Model("r"),
        Model("a1", ("r",), op("prune", amount=1)),
        Model("a2", ("a1",), op("tune")),
        Model("a3", ("a2",), op("prune", amount=2)),
        Model("b1", ("r",), op("prune", amount=3)),
        Model("b2", ("b1",), op("tune")),
        Model("b3", ("b2",), Operation("prune", {"amount": 4, "amount (2)": 1})),
    )
    labels = [v.label for v in explain(forest(*models), ["a3", "b3"]).variables]
    assert labels == ["prune · amount", "prune (2) · amount", "prune (2) · amount (2)"]


def test_values_have_an_order() -> None:
    """Absent first, then flags, numbers by value, NaN, and text in natural order."""
    values = [
        None,
        True,
        False,
        10,
        9.5,
        10**400,
        math.nan,
        "v10",
        "v9",
        [1],
        "9" * 5_000,
        -math.inf,
    ]
    models = [Model("root")]
    models += [
        Model(str(i), ("root",), op("o", p=value) if i else op("o"))
        for i, value in enumerate(values)
    ]
    [variable] = explain(Forest(models), map(str, range(len(values)))).variables
    assert [canonical(value)[:6] for value in variable.values] == [
        "null", "false", "true", "-Infin", "9.5", "10", "100000", "NaN", '"99999', "[1]", '"v9"',
        '"v10"',
    ]  # fmt: skip


def test_null_is_not_absent() -> None:
    """A parameter that is null and one that is not given tell two models apart."""
    models = (Model("r"), Model("a", ("r",), op("o", p=None)), Model("b", ("r",), op("o")))
    [variable] = explain(forest(*models), ["a", "b"]).variables
    assert (variable.values, variable.model_values) == ((None, "null"), (1, 0))


@pytest.mark.parametrize(
    ("models", "selected", "text"),
    [
        ((Model("a"),), [], "no model is selected; select at least one"),
        ((Model("a"),), ["b"], "the selection names 'b', but there is no model of that id"),
        ((Model("a"), Model("a")), ["a"], "two models have the id 'a'; ids must be unique"),
        (
            (Model("a", ("z",)),),
            ["a"],
            "'a' has the parent 'z', but there is no model of that id",
        ),
        (
            (Model("a", ("b",)), Model("b", ("a",))),
            ["a"],
            "model 'a' is its own ancestor; parents form a cycle",
        ),
    ],
)
def test_questions_without_an_answer(
    models: Sequence[Model], selected: Sequence[str], text: str
) -> None:
    """Wrong ids, parents and circles are named."""
    with pytest.raises(CoreError) as caught:
        explain(Forest(models), selected)
    assert str(caught.value) == text


# Values that are easily taken for one another.
VALUES = st.sampled_from(
    [0.5, "0.5", 1, 1.0, True, "true", None, "null", "NaN", math.nan, [1], "[1]"]
)
OPERATIONS = st.builds(
    Operation,
    st.sampled_from(["prune", "tune", "prune (amount 0.5)", "quantize"]),
    st.dictionaries(st.sampled_from(["amount", "b"]), VALUES, max_size=2),
)


@st.composite
def forests(draw: st.DrawFn) -> list[Model]:
    models: list[Model] = []
    for number in range(draw(st.integers(1, 9))):
        parents = (
            st.lists(st.sampled_from([m.id for m in models]), max_size=2) if models else st.just([])
        )
        operation = draw(st.none() | OPERATIONS)
        models.append(Model(f"m{number}", tuple(draw(parents)), operation))
    return models


def recipe(models: Sequence[Model], model: str) -> str:
    return canonical(
        [[s.operation.name, dict(s.operation.parameters)] for s in Forest(models).chain(model)]
    )


@settings(max_examples=300)
@given(forests(), st.randoms(use_true_random=False))
def test_different_recipes_differ(models: list[Model], rng: object) -> None:
    """Two selected models have equal values of all charged variables only if equal in recipe."""
    found = explain(Forest(models), [model.id for model in models])
    charged = [v for v in found.variables if v.implied_by is None]
    rows = {m: tuple(v.model_values[i] for v in charged) for i, m in enumerate(found.models)}
    for a, b in itertools.combinations(found.models, 2):
        assert (rows[a] == rows[b]) == (recipe(models, a) == recipe(models, b))
    repeated = {m for group in found.repeats for m in group}
    assert repeated == {
        m for m in rows if sum(recipe(models, m) == recipe(models, other) for other in rows) > 1
    }


@given(forests(), st.data())
def test_order_does_not_matter(models: list[Model], data: st.DataObject) -> None:
    """The order of models and of selected ids changes nothing."""
    ids = data.draw(st.lists(st.sampled_from([m.id for m in models]), min_size=1))
    shuffled = data.draw(st.permutations(models))
    assert explain(Forest(models), ids) == explain(Forest(shuffled), reversed(ids))


def slow_cost(column: Mapping[str, Operation], models: int) -> int:
    """The definition, from the operations themselves."""
    if len({operation.name for operation in column.values()}) > 1:
        return 5
    return (2 if len(column) < models else 0) + len(varying_parameters(column.values()))


@given(st.lists(OPERATIONS, min_size=1, max_size=5), st.lists(OPERATIONS, min_size=1, max_size=5))
def test_facts_give_the_defined_cost(first: list[Operation], second: list[Operation]) -> None:
    """The cost of joined facts is that of the union of the columns."""
    column = dict(enumerate([*first, *second]))
    known = [[facts(operation, 1) for operation in part] for part in (first, second)]
    a, b = (_join_all(part) for part in known)
    for models in (len(column), len(column) + 1):
        expected = slow_cost({str(k): v for k, v in column.items()}, models)
        assert cost(join(a, b), models) == joined_cost(a, b, models) == expected


def _join_all(parts: list) -> object:  # type: ignore[type-arg]
    whole = parts[0]
    for part in parts[1:]:
        whole = join(whole, part)
    return whole


@given(forests())
def test_columns_keep_every_recipe(models: list[Model]) -> None:
    """Read along the columns, each model has the steps it does not share with all, in order."""
    whole = Forest(models)
    chains = {model.id: whole.chain(model.id) for model in models}
    shared = itertools.takewhile(
        lambda steps: len({step.node for step in steps}) == 1, zip(*chains.values(), strict=False)
    )
    skipped = sum(1 for _ in shared)
    for budget in (10_000, 0):
        columns = align(chains, budget).columns
        for model, steps in chains.items():
            own = [step.operation for step in steps[skipped:]]
            assert [c[model] for c in columns if model in c] == own


def test_alternatives_are_gathered() -> None:
    """Steps that no two recipes share a place for become one choice where that is cheaper."""
    names = ["quantize", "distill", "prune"]
    models = [Model("r"), *(Model(name, ("r",), op(name)) for name in names)]
    apart = explain(Forest(models), ["quantize", "prune"])
    assert [(v.label, v.implied_by) for v in apart.variables] == [
        ("quantize", None), ("prune", "quantize"),
    ]  # fmt: skip
    together = explain(Forest(models), ["r", *names])
    assert [v.kind for v in together.variables] == ["operation"]
    # What comes before or after in another recipe stays apart.
    models += [Model("quantize, prune", ("quantize",), op("prune"))]
    ordered = explain(Forest(models), ["r", *names, "quantize, prune"])
    assert sorted(v.label for v in ordered.variables) == ["distill", "prune", "quantize"]


def test_long_chains_need_no_recursion() -> None:
    """A chain of 1,200 operations is explained, at its end and at places all along it."""
    models = [Model("m0")]
    models += [Model(f"m{i}", (f"m{i - 1}",), op("tune", step=i)) for i in range(1, 1_200)]
    found = explain(Forest(models), ["m1198", "m1199"])
    assert found.sentence == "2 models differ in whether tune was applied."
    along = explain(Forest(models), [f"m{i}" for i in range(0, 1_200, 100)])
    assert sum(v.implied_by is None for v in along.variables) == 11


def test_many_models_are_explained_in_seconds() -> None:
    """A star of 300 recipes of up to eight steps is aligned."""
    models = [Model("root")]
    for i in range(300):
        for depth in range(1 + i % 8):
            parent = f"{i}-{depth - 1}" if depth else "root"
            models.append(Model(f"{i}-{depth}", (parent,), op(f"o{(i + depth) % 5}", p=i % 7)))
    ends = [f"{i}-{i % 8}" for i in range(300)]
    assert explain(Forest(models), ends).cost > 0
