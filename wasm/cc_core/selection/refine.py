"""Narrow a selection down: for each variable its values, and how many models each would leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cc_core.errors import CoreError
from cc_core.selection.explain import Explanation


@dataclass(frozen=True, slots=True)
class Option:
    """A value that may be chosen: how many models have it and every choice of other variables.

    An option that leaves 0 is a dead end, and is to be shown as one.
    """

    value: object
    chosen: bool
    models: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One variable with its options."""

    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Refinement:
    """The choices, and the models that all of them together leave, in the explanation's order."""

    choices: tuple[Choice, ...]
    models: tuple[str, ...]


def refine(
    explanation: Explanation, chosen: Mapping[str, Sequence[int]] | None = None
) -> Refinement:
    """Choices for the variables of an explanation.

    Args:
        explanation: what differs among the selected models.
        chosen: by variable label, indices of the values to keep; a variable without an entry, or
            with an empty one, keeps all.

    Raises:
        CoreError: a label or index that the explanation does not have.
    """
    wanted = _wanted(explanation, chosen or {})
    variables = explanation.variables
    # fits[v][m]: whether model m has a value of variable v that is kept.
    fits = [
        [not keep or place in keep for place in variable.model_values]
        for variable, keep in zip(variables, wanted, strict=True)
    ]
    choices = []
    for index, variable in enumerate(variables):
        others = [row for place, row in enumerate(fits) if place != index]
        left = [all(row[m] for row in others) for m in range(len(explanation.models))]
        choices.append(
            Choice(
                variable.label,
                tuple(
                    Option(
                        value,
                        place in wanted[index],
                        sum(
                            fit and variable.model_values[m] == place for m, fit in enumerate(left)
                        ),
                    )
                    for place, value in enumerate(variable.values)
                ),
            )
        )
    models = tuple(
        model for m, model in enumerate(explanation.models) if all(row[m] for row in fits)
    )
    return Refinement(tuple(choices), models)


def _wanted(explanation: Explanation, chosen: Mapping[str, Sequence[int]]) -> list[set[int]]:
    labels = [variable.label for variable in explanation.variables]
    for label, places in chosen.items():
        if label not in labels:
            raise CoreError(f"there is no variable {label!r}; there are {', '.join(labels)}")
        count = len(explanation.variables[labels.index(label)].values)
        for place in places:
            if not 0 <= place < count:
                raise CoreError(f"variable {label!r} has {count} values, there is no value {place}")
    return [set(chosen.get(label, ())) for label in labels]
