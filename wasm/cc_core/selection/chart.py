"""From variables to a chart: at most x, colour and facets, and no two recipes on one mark.

Each variable is a factor: its value for each model. A presence says nothing beside a parameter of
the same step, whose "not there" is its absence. While there are more than two factors, two of which
one varies only where the other has one certain value (it is conditional on it, or adds to it
cumulatively) become one factor: their combinations are no more than their values put in a row. Of
what remains two become x and colour and the others, combined, the facets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Literal

from cc_core.selection.explain import Explanation, Variable
from cc_core.selection.forest import spell

EncodingKind = Literal["number", "category"]
# More colours than that are not told apart.
_MOST_COLOURS = 8


@dataclass(frozen=True, slots=True)
class Encoding:
    """What an axis, the colour or the facets show.

    ``values`` are in their order; a number's spacing may be used on an axis. ``variables`` are the
    labels of the variables that this one encoding combines.
    """

    label: str
    kind: EncodingKind
    values: tuple[str, ...]
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """One place of the chart, by index into the encodings' values, and the models that stand there.

    Several models on one mark have equal recipes: they are shown as mean and range, with n.
    """

    x: int
    colour: int
    facet: int
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A truthful chart: every model on a mark, and different recipes on different marks."""

    x: Encoding | None
    colour: Encoding | None
    facet: Encoding | None
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class _Factor:
    """``places`` has the index into ``values`` of each model."""

    label: str
    kind: EncodingKind
    values: tuple[str, ...]
    variables: tuple[str, ...]
    places: tuple[int, ...]


def encode(explanation: Explanation) -> Chart:
    """The chart of an explanation; one model, or repeats of one recipe, make a single mark."""
    factors = _factors([v for v in explanation.variables if v.implied_by is None])
    while len(factors) > 2:
        merged = _merge_one(factors)
        if merged is None:
            break
        factors = merged
    x, colour, others = _channels(factors)
    facet = _combined(others) if others else None
    return Chart(
        x=_encoding(x),
        colour=_encoding(colour),
        facet=_encoding(facet),
        marks=_marks(explanation.models, (x, colour, facet)),
    )


def _factors(variables: Sequence[Variable]) -> list[_Factor]:
    said = {
        variable.column
        for variable in variables
        if variable.kind == "parameter" and _says_presence(variable, variables)
    }
    return [
        _Factor(
            label=variable.label,
            kind=_kind(variable),
            values=tuple(spell_value(variable, value) for value in variable.values),
            variables=(variable.label,),
            places=variable.model_values,
        )
        for variable in variables
        if not (variable.kind == "presence" and variable.column in said)
    ]


def _says_presence(variable: Variable, variables: Sequence[Variable]) -> bool:
    """Whether this parameter is missing exactly where its step is."""
    for other in variables:
        if other.kind == "presence" and other.column == variable.column:
            missing = [variable.values[place] is None for place in variable.model_values]
            absent = [other.values[place] is False for place in other.model_values]
            return missing == absent
    return False


def _kind(variable: Variable) -> EncodingKind:
    numbers = [
        value
        for value in variable.values
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return "number" if len(numbers) == len(variable.values) else "category"


def spell_value(variable: Variable, value: object) -> str:
    """A variable's value as a reader sees it: "no prune" where the step is not there."""
    if variable.kind == "presence":
        return variable.label if value is True else f"no {variable.label}"
    if value is None:
        return f"no {variable.operation}" if variable.kind == "parameter" else "none"
    return spell(value)


def _merge_one(factors: Sequence[_Factor]) -> list[_Factor] | None:
    """The factors with the two merged that make the fewest values, None when no two qualify."""
    best: tuple[int, int, int] | None = None
    for a, b in combinations(range(len(factors)), 2):
        first, second = factors[a], factors[b]
        pairs = len(set(zip(first.places, second.places, strict=True)))
        if pairs <= len(first.values) + len(second.values) - 1:
            best = min(best or (pairs, a, b), (pairs, a, b))
    if best is None:
        return None
    _, a, b = best
    rest = [factor for place, factor in enumerate(factors) if place not in (a, b)]
    return [*rest[:a], _combined((factors[a], factors[b])), *rest[a:]]


def _combined(factors: Sequence[_Factor]) -> _Factor:
    """One factor whose values are the combinations that occur, in the factors' order."""
    if len(factors) == 1:
        return factors[0]
    of_model = list(zip(*(factor.places for factor in factors), strict=True))
    ordered = sorted(set(of_model))
    return _Factor(
        label=", ".join(factor.label for factor in factors),
        kind="category",
        values=tuple(
            " · ".join(factor.values[place] for factor, place in zip(factors, places, strict=True))
            for places in ordered
        ),
        variables=tuple(name for factor in factors for name in factor.variables),
        places=tuple(ordered.index(places) for places in of_model),
    )


def _channels(
    factors: Sequence[_Factor],
) -> tuple[_Factor | None, _Factor | None, list[_Factor]]:
    """x, colour and what is left for the facets: fewest facets, fewest gaps, numbers on x."""
    if len(factors) < 2:
        return (factors[0] if factors else None), None, []

    def badness(pair: tuple[int, int]) -> tuple[bool, int, int, bool, int, tuple[int, int]]:
        x, colour = factors[pair[0]], factors[pair[1]]
        others = [factor for place, factor in enumerate(factors) if place not in pair]
        facets = len(set(zip(*(factor.places for factor in others), strict=True))) if others else 1
        cells = len(x.values) * len(colour.values)
        filled = len(set(zip(x.places, colour.places, strict=True)))
        return (
            len(colour.values) > _MOST_COLOURS,
            facets,
            cells - filled,
            x.kind != "number",
            len(colour.values) - len(x.values),
            pair,
        )

    best = min(permutations(range(len(factors)), 2), key=badness)
    others = [factor for place, factor in enumerate(factors) if place not in best]
    return factors[best[0]], factors[best[1]], others


def _encoding(factor: _Factor | None) -> Encoding | None:
    if factor is None:
        return None
    return Encoding(factor.label, factor.kind, factor.values, factor.variables)


def _marks(models: Sequence[str], channels: Sequence[_Factor | None]) -> tuple[Mark, ...]:
    places = [factor.places if factor is not None else (0,) * len(models) for factor in channels]
    together: dict[tuple[int, ...], list[str]] = {}
    for model, *place in zip(models, *places, strict=True):
        together.setdefault(tuple(place), []).append(model)
    return tuple(
        Mark(x, colour, facet, tuple(found))
        for (x, colour, facet), found in sorted(
            together.items(), key=lambda item: (item[0][2], item[0][0], item[0][1])
        )
    )
