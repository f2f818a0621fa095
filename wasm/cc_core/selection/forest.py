"""The forest of models: which operation made which model from which parents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cc_core.errors import CoreError

# The column every recipe starts with: a root contributes its own id as the base model.
BASE_MODEL = "base model"
# A model with several parents follows the first; the others become this parameter.
OTHER_PARENTS = "other parents"


@dataclass(frozen=True, slots=True)
class Operation:
    """A compression operation with its parameters (JSON values by name)."""

    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BaseModel(Operation):
    """What a recipe starts with; no operation of a study is one, whatever its name."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the study; roots have no parents and may have no operation."""

    id: str
    parents: tuple[str, ...] = ()
    operation: Operation | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One operation in a recipe, with the id of the node that stands for it.

    Models that share an ancestor share its steps: the same ``node`` is the same event, not merely
    an equal one.
    """

    node: str
    operation: Operation


class Forest:
    """Models by id, with the chain of operations that made each.

    Raises:
        CoreError: two models of one id; an unknown parent or a cycle, when a chain is asked for.
    """

    def __init__(self, models: Iterable[Model]) -> None:
        self._models: dict[str, Model] = {}
        for model in models:
            if model.id in self._models:
                raise CoreError(f"two models have the id {model.id!r}; ids must be unique")
            self._models[model.id] = model
        named = {
            name
            for model in self._models.values()
            if len(model.parents) > 1 and model.operation
            for name in model.operation.parameters
        }
        # The same for all models, and none of their own parameters.
        self._others = OTHER_PARENTS
        while self._others in named:
            self._others += "*"

    @property
    def models(self) -> tuple[Model, ...]:
        """All models, in the order they were given."""
        return tuple(self._models.values())

    def chain(self, model_id: str) -> tuple[Step, ...]:
        """The recipe of a model: base model first, then operations from root to the model."""
        lineage: list[Model] = []
        seen: set[str] = set()
        current = self._get(model_id, f"the selection names {model_id!r}")
        while True:
            if current.id in seen:
                raise CoreError(f"model {current.id!r} is its own ancestor; parents form a cycle")
            seen.add(current.id)
            lineage.append(current)
            if not current.parents:
                break
            current = self._get(
                current.parents[0], f"{current.id!r} has the parent {current.parents[0]!r}"
            )
        root = lineage[-1]
        steps = [Step(f"root {root.id}", BaseModel(BASE_MODEL, {"id": root.id}))]
        for model in reversed(lineage):
            operation = self._operation(model)
            if operation is not None:
                steps.append(Step(f"step {model.id}", operation))
        return tuple(steps)

    def _operation(self, model: Model) -> Operation | None:
        others = model.parents[1:]
        if not others:
            return model.operation
        name = model.operation.name if model.operation else "merge"
        parameters = dict(model.operation.parameters) if model.operation else {}
        return Operation(name, {**parameters, self._others: list(others)})

    def _get(self, model_id: str, why: str) -> Model:
        try:
            return self._models[model_id]
        except KeyError:
            raise CoreError(f"{why}, but there is no model of that id") from None


def canonical(value: object) -> str:
    """A text equal for equal JSON values: 1 and 1.0 are one value, 0.5 and "0.5" are two."""
    return json.dumps(_integral(value), sort_keys=True, ensure_ascii=False)


def spell(value: object) -> str:
    """A parameter's value as people write it: text without quotes, lists of texts with commas."""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value if isinstance(value, str) else canonical(value)


def _integral(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | tuple):
        return [_integral(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): _integral(v) for k, v in value.items()}
    return value
