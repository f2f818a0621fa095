"""From a selection to its variables, each model's values, and one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cc_core.errors import CoreError
from cc_core.selection.align import Column, align
from cc_core.selection.cost import OPERATION, PARAMETER, PRESENCE, varying_parameters
from cc_core.selection.forest import BASE_MODEL, Forest, Operation, canonical

Kind = Literal["base", "parameter", "presence", "operation"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One thing in which the selected models differ.

    ``values`` are the distinct values in a meaningful order (numbers by value, then text; None,
    "not there", first). ``model_values`` holds the index into ``values`` of each selected model,
    in the order of ``Explanation.models``. ``implied_by`` is the label of a variable that this
    one is a function of; an implied variable costs nothing.
    """

    label: str
    kind: Kind
    operation: str
    parameter: str | None
    values: tuple[object, ...]
    model_values: tuple[int, ...]
    cost: int
    implied_by: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What differs among the selected models.

    ``models`` are the selected ids, sorted. ``repeats`` are groups of models with equal recipes.
    ``proven`` says that no cheaper set of variables exists: here, when the cost is zero or there
    is one variable of the smallest cost; the greedy alignment proves nothing else.
    """

    models: tuple[str, ...]
    variables: tuple[Variable, ...]
    repeats: tuple[tuple[str, ...], ...]
    cost: int
    proven: bool
    sentence: str


def explain(forest: Forest, selected: Iterable[str]) -> Explanation:
    """The variables that tell the selected models apart. The order of ids does not matter.

    Raises:
        CoreError: nothing is selected, or an id, parent or chain is not valid.
    """
    models = tuple(sorted(set(selected)))
    if not models:
        raise CoreError("no model is selected; select at least one")
    chains = {model: forest.chain(model) for model in models}
    columns = align(chains)
    variables = _mark_implied(_number_labels(_variables(columns, models)))
    cost = sum(variable.cost for variable in variables if variable.implied_by is None)
    repeats = _repeats({m: tuple(step.operation for step in chains[m]) for m in models})
    return Explanation(
        models=models,
        variables=variables,
        repeats=repeats,
        cost=cost,
        proven=cost <= PARAMETER,
        sentence=_sentence(len(models), variables, repeats),
    )


def _variables(columns: Sequence[Column], models: Sequence[str]) -> list[Variable]:
    found: list[Variable] = []
    for column in columns:
        operations = list(column.values())
        names = list(dict.fromkeys(operation.name for operation in operations))
        if len(names) > 1:
            found.append(_operation_variable(column, models))
            continue
        name = names[0]
        absent = len(column) < len(models)
        if absent:
            shown = {m: m in column for m in models}
            found.append(_variable(name, "presence", name, None, shown, models, PRESENCE))
        for parameter in varying_parameters(operations):
            of_model = {
                m: column[m].parameters.get(parameter) if m in column else None for m in models
            }
            kind: Kind = "base" if name == BASE_MODEL else "parameter"
            label = BASE_MODEL if kind == "base" else f"{name} · {parameter}"
            found.append(_variable(label, kind, name, parameter, of_model, models, PARAMETER))
    return found


def _operation_variable(column: Column, models: Sequence[str]) -> Variable:
    of_model = {m: _spoken(column[m]) if m in column else None for m in models}
    names = sorted({operation.name for operation in column.values()})
    label = " or ".join(names)
    return _variable(label, "operation", label, None, of_model, models, OPERATION)


def _variable(
    label: str,
    kind: Kind,
    operation: str,
    parameter: str | None,
    of_model: Mapping[str, object],
    models: Sequence[str],
    cost: int,
) -> Variable:
    distinct = {canonical(of_model[m]): of_model[m] for m in models}
    keys = sorted(distinct, key=lambda key: _order(distinct[key]))
    place = {key: index for index, key in enumerate(keys)}
    return Variable(
        label=label,
        kind=kind,
        operation=operation,
        parameter=parameter,
        values=tuple(distinct[key] for key in keys),
        model_values=tuple(place[canonical(of_model[m])] for m in models),
        cost=cost,
    )


def _order(value: object) -> tuple[int, float, tuple[tuple[int, int, str], ...], str]:
    """Absent first, then false and true, then numbers by value, then text in natural order."""
    exact = canonical(value)
    if value is None:
        return 0, 0.0, (), exact
    if isinstance(value, bool):
        return 1, float(value), (), exact
    if isinstance(value, int | float):
        return 2, float(value), (), exact
    text = value if isinstance(value, str) else exact
    parts = tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold())
        for part in re.split(r"(\d+)", text)
        if part
    )
    return 3, 0.0, parts, exact


def _number_labels(variables: list[Variable]) -> list[Variable]:
    """Repeated operations are numbered, only when a label would otherwise stand twice."""
    seen: dict[str, int] = {}
    numbered = []
    for variable in variables:
        count = seen[variable.label] = seen.get(variable.label, 0) + 1
        label = variable.label if count == 1 else f"{variable.label} ({count})"
        numbered.append(replace(variable, label=label))
    return numbered


def _mark_implied(variables: list[Variable]) -> tuple[Variable, ...]:
    """Mark each variable that is a function of one that is kept; earlier and cheaper ones stay.

    A parameter of an operation that is absent for some says more than the presence it stands
    beside, and neither is implied by the other: they are read together.
    """
    kept: list[int] = []
    implied: dict[int, str] = {}
    by_detail = sorted(range(len(variables)), key=lambda i: (-len(variables[i].values), i))
    for i in by_detail:
        variable = variables[i]
        source = next(
            (
                variables[k]
                for k in kept
                if (variables[k].operation != variable.operation or variable.kind == "base")
                and _is_function(variable, variables[k])
            ),
            None,
        )
        if source is None:
            kept.append(i)
        else:
            implied[i] = source.label
    return tuple(replace(v, implied_by=implied.get(i)) for i, v in enumerate(variables))


def _is_function(variable: Variable, source: Variable) -> bool:
    pairs = set(zip(source.model_values, variable.model_values, strict=True))
    return len(pairs) == len(set(source.model_values))


def _repeats(recipes: Mapping[str, tuple[Operation, ...]]) -> tuple[tuple[str, ...], ...]:
    groups: dict[str, list[str]] = {}
    for model, operations in recipes.items():
        key = canonical([[o.name, dict(o.parameters)] for o in operations])
        groups.setdefault(key, []).append(model)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _sentence(count: int, variables: Sequence[Variable], repeats: Sequence[Sequence[str]]) -> str:
    if count == 1:
        return "One model is selected."
    differing = [v for v in variables if v.implied_by is None]
    if not differing:
        return f"{count} models have the same recipe."
    named = [_phrase(variable) for variable in differing]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    repeated = sum(len(group) for group in repeats)
    tail = f"; {repeated} of them repeat a recipe" if repeated else ""
    return f"{count} models differ in {listed}{tail}."


def _phrase(variable: Variable) -> str:
    if variable.kind == "presence":
        return f"whether {variable.label} was applied"
    values = ["none" if value is None else _text(value) for value in variable.values]
    shown = values if len(values) <= 6 else [*values[:5], f"{len(values) - 5} more"]
    return f"{variable.label} ({', '.join(shown)})"


def _spoken(operation: Operation) -> str:
    parameters = ", ".join(f"{name} {_text(v)}" for name, v in operation.parameters.items())
    return f"{operation.name} ({parameters})" if parameters else operation.name


def _text(value: object) -> str:
    return value if isinstance(value, str) else canonical(value)
