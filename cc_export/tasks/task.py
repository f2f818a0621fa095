"""What a task is: what its answers look like, and what they amount to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_export.answers import Answers
from cc_export.bundle.records.manifest import MetricRecord
from cc_export.dataset import Dataset, Group
from cc_export.predictions import Column, Predictions, Role
from cc_export.study.records import Evaluation


@dataclass(frozen=True, slots=True)
class Base:
    """A model that another one is compared with, and what it answered."""

    model: str
    roles: tuple[Role, ...]
    answers: Answers


@dataclass(frozen=True, slots=True)
class Case:
    """All that a task looks at: the instances, the answers to them, and those of the bases."""

    dataset: Dataset
    evaluation: Evaluation
    answers: Answers
    bases: tuple[Base, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """An entry of the table of tasks.

    ``arrays`` are the names that answers may have where they are handed over. ``paired``: they are
    compared with a base's number by number, so that both need one shape. ``fitted`` gives answers
    the form the task wants, or None where they have none; ``wanted`` says that form in words.
    ``metrics`` are those of a model, ``comparisons`` those of a model and a base.
    """

    name: str
    arrays: tuple[str, ...]
    fitted: Callable[[NDArray[Any], Dataset, Evaluation], NDArray[Any] | None]
    wanted: Callable[[int, Dataset], str]
    judge: Callable[[Case], Predictions]
    metrics: tuple[MetricRecord, ...]
    comparisons: tuple[MetricRecord, ...] = ()
    paired: bool = True


# What definitions say of instances without a usable answer, such as NaN.
NEEDS_ALL = "Missing when any instance has no usable answer, such as NaN."
OF_BOTH = "Over instances with a usable answer from both."


def by_level(
    groups: Sequence[Group], measure: Callable[[NDArray[np.intp]], Mapping[str, float | None]]
) -> dict[str, dict[str, Column]]:
    """Metrics of the instances of each level of each group, and how many they are (``count``)."""
    found: dict[str, dict[str, Column]] = {}
    for group in groups:
        members = members_of(group)
        columns: dict[str, list[float | int | None]] = {"count": [len(m) for m in members]}
        for member in members:
            for name, value in measure(member).items():
                columns.setdefault(name, []).append(value)
        found[group.name] = {name: tuple(values) for name, values in columns.items()}
    return found


def members_of(group: Group) -> list[NDArray[np.intp]]:
    """The instances of each level of a group, in rising order."""
    order = np.argsort(group.codes, kind="stable")
    edges = np.searchsorted(group.codes[order], np.arange(len(group.levels) + 1))
    return [order[edges[i] : edges[i + 1]] for i in range(len(group.levels))]


def mean(values: NDArray[Any]) -> float | None:
    """Mean of what is no NaN; None without any."""
    known = values[~np.isnan(values)]
    with np.errstate(over="ignore"):  # the mean of what is nearly infinite is infinite
        return float(known.mean(dtype=np.float64)) if len(known) else None


def half(values: NDArray[np.floating]) -> NDArray[np.float16]:
    """In 16 bits, in which what is finite stays finite: 65,504 is the largest number."""
    most = float(np.finfo(np.float16).max)
    return np.where(np.isfinite(values), np.clip(values, -most, most), values).astype(np.float16)


def metric(  # noqa: PLR0913 (the fields of a record, most with a default)
    name: str,
    definition: str,
    *,
    direction: Any = "higher",
    unit: str = "",
    format: str = ".1%",
    minimum: float | None = 0.0,
    maximum: float | None = 1.0,
    primary: bool = False,
) -> MetricRecord:
    """A measured metric; most are shares between 0 and 1, better when higher."""
    return MetricRecord(
        name=name, direction=direction, unit=unit, format=format, definition=definition,
        minimum=minimum, maximum=maximum, primary=primary, source="measured",
    )  # fmt: skip
