"""From a selection to its variables, each model's values, and one sentence."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cc_core.errors import CoreError
from cc_core.selection.align import Column, align
from cc_core.selection.cost import OPERATION, PARAMETER, PRESENCE, varying_parameters
from cc_core.selection.forest import BASE_MODEL, BaseModel, Forest, Operation, canonical, spell

# Digits that are ordered as a number; more than this is no count of anything.
_LONGEST = 100
# Characters of one name or value within a sentence.
_MOST_SPOKEN = 80
Kind = Literal["base", "parameter", "presence", "operation"]
# A model's value of a variable: the text that equal values share, and what is shown.
_Entry = tuple[str, object]
# What is absent equals nothing that a parameter can hold: every JSON value is spelled otherwise.
_ABSENT: _Entry = ("absent", None)


@dataclass(frozen=True, slots=True)
class Variable:
    """One thing in which the selected models differ.

    ``values`` are the distinct values in a meaningful order: None, "not there", first; then
    numbers by value; then text. A parameter that is null has the text "null". Where two values
    would be shown alike, such as 8 and "8", all texts are as JSON spells them. ``model_values``
    holds the index into ``values`` of each selected model, in the order of
    ``Explanation.models``. ``implied_by`` is the label of a variable that this one is a function
    of; an implied variable costs nothing. ``column`` numbers the steps of the alignment: variables
    of one column are read together.
    """

    label: str
    kind: Kind
    operation: str
    parameter: str | None
    values: tuple[object, ...]
    model_values: tuple[int, ...]
    cost: int
    column: int = 0
    implied_by: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What differs among the selected models.

    ``models`` are the selected ids, sorted. ``repeats`` are groups of models with equal recipes.
    ``cost`` is that of the variables that are not implied. ``proven`` says that no alignment of
    these recipes is cheaper; otherwise it is the best that was found in bounded time.
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
    alignment = align(chains)
    variables = _variables(alignment.columns, models)
    repeats = _repeats({m: tuple(step.operation for step in chains[m]) for m in models})
    return Explanation(
        models=models,
        variables=variables,
        repeats=repeats,
        cost=sum(variable.cost for variable in variables if variable.implied_by is None),
        proven=alignment.proven,
        sentence=_sentence(len(models), variables, repeats),
    )


def _variables(columns: Sequence[Column], models: Sequence[str]) -> tuple[Variable, ...]:
    """All variables in column order, implied ones marked."""
    found: list[Variable] = []
    times: Counter[str] = Counter()
    for number, column in enumerate(columns):
        operation = " or ".join(sorted({operation.name for operation in column.values()}))
        # Repeated operations are numbered, where more than one of them varies.
        label = f"{operation} ({times[operation] + 1})" if times[operation] else operation
        own = [replace(v, column=number) for v in _variables_of(column, models, label)]
        times[operation] += bool(own)
        found += own
    return _mark_implied(_unique_labels(found))


def _variables_of(column: Column, models: Sequence[str], label: str) -> Iterator[Variable]:
    names = sorted({operation.name for operation in column.values()})
    if len(names) > 1:
        asked = Variable(label, "operation", " or ".join(names), None, (), (), OPERATION)
        yield _fill(asked, _spoken_operations(column, models))
        return
    if len(column) < len(models):
        asked = Variable(label, "presence", names[0], None, (), (), PRESENCE)
        yield _fill(asked, [("true", True) if m in column else ("false", False) for m in models])
    for parameter in varying_parameters(column.values()):
        base = any(isinstance(operation, BaseModel) for operation in column.values())
        asked = Variable(
            BASE_MODEL if base else f"{label} · {parameter}",
            "base" if base else "parameter",
            names[0],
            parameter,
            (),
            (),
            PARAMETER,
        )
        yield _fill(asked, [_parameter(column.get(m), parameter) for m in models])


def _parameter(operation: Operation | None, name: str) -> _Entry:
    if operation is None or name not in operation.parameters:
        return _ABSENT
    value = operation.parameters[name]
    return canonical(value), "null" if value is None else value


def _spoken_operations(column: Column, models: Sequence[str]) -> list[_Entry]:
    """Operations as people say them, or exactly where two different ones would sound the same."""
    exact = {m: canonical([o.name, dict(o.parameters)]) for m, o in column.items()}
    spoken = {m: _spoken(operation) for m, operation in column.items()}
    sounds = Counter(sound for _, sound in {(exact[m], spoken[m]) for m in column})
    return [
        (exact[m], spoken[m] if sounds[spoken[m]] == 1 else exact[m]) if m in column else _ABSENT
        for m in models
    ]


def _fill(asked: Variable, entries: Sequence[_Entry]) -> Variable:
    """A variable with its values; ``entries`` are those of the selected models, in order."""
    shown = dict(entries)
    keys = sorted(shown, key=lambda key: (*_order(shown[key]), key))
    place = {key: index for index, key in enumerate(keys)}
    exact = _sound_alike(asked.operation, shown.values())
    return replace(
        asked,
        values=tuple(
            key if exact and not isinstance(shown[key], int | float | None) else shown[key]
            for key in keys
        ),
        model_values=tuple(place[key] for key, _ in entries),
    )


def _sound_alike(operation: str, values: Iterable[object]) -> bool:
    """Whether two of the values, or one and what says that there is none, would be shown alike."""
    texts: list[str] = []
    for value in values:
        texts += ["–", "none", f"no {operation}"] if value is None else [spell(value)]
    return len(set(texts)) < len(texts)


def _order(value: object) -> tuple[int, float, tuple[tuple[int, int, str], ...]]:
    """Absent first, then false and true, then numbers by value, then text in natural order."""
    if value is None:
        return 0, 0, ()
    if isinstance(value, bool):
        return 1, value, ()
    if isinstance(value, int | float):
        # NaN compares with nothing; it stands behind all numbers.
        return (3, 0, ()) if value != value else (2, value, ())  # noqa: PLR0124 (a huge int is no float)
    text = value if isinstance(value, str) else canonical(value)
    parts = tuple(
        (0, int(part), "") if part.isdecimal() and len(part) < _LONGEST else (1, 0, part.casefold())
        for part in re.split(r"(\d+)", text)
        if part
    )
    return 4, 0, parts


def _unique_labels(variables: Sequence[Variable]) -> list[Variable]:
    """Labels tell variables apart, also where names are chosen to sound the same."""
    taken: set[str] = set()
    numbered = []
    for variable in variables:
        label = variable.label
        numbers = itertools.count(2)
        while label in taken:
            label = f"{variable.label} ({next(numbers)})"
        taken.add(label)
        numbered.append(replace(variable, label=label))
    return numbered


def _mark_implied(variables: Sequence[Variable]) -> tuple[Variable, ...]:
    """Mark each variable that is a function of one that is kept.

    The base model is kept, then finer variables before coarser and earlier before later. Variables
    of one column are read together: a parameter of an operation that is absent for some says more
    than the presence it stands beside, and neither is implied by the other.
    """
    kept: list[int] = []
    implied: dict[int, str] = {}
    order = sorted(
        range(len(variables)),
        key=lambda i: (variables[i].kind != "base", -len(variables[i].values), i),
    )
    for i in order:
        variable = variables[i]
        source = next(
            (
                variables[k]
                for k in kept
                if variables[k].column != variable.column and _is_function(variable, variables[k])
            ),
            None,
        )
        if source is None:
            kept.append(i)
        else:
            implied[i] = source.label
    return tuple(replace(v, implied_by=implied.get(i)) for i, v in enumerate(variables))


def _is_function(variable: Variable, source: Variable) -> bool:
    image: dict[int, int] = {}
    pairs = zip(source.model_values, variable.model_values, strict=True)
    return all(image.setdefault(key, value) == value for key, value in pairs)


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
    label = _short(variable.label)
    if variable.kind == "presence":
        return f"whether {label} was applied"
    values = ["none" if value is None else _short(spell(value)) for value in variable.values]
    shown = values if len(values) <= 6 else [*values[:5], f"{len(values) - 5} more"]
    return f"{label} ({', '.join(shown)})"


def _short(text: str) -> str:
    """A name or value as a sentence can hold it; tables show the whole."""
    return text if len(text) <= _MOST_SPOKEN else f"{text[: _MOST_SPOKEN - 1]}…"


def _spoken(operation: Operation) -> str:
    parameters = ", ".join(f"{name} {spell(v)}" for name, v in operation.parameters.items())
    return f"{operation.name} ({parameters})" if parameters else operation.name
