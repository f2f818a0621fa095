"""What a model's answers amount to: instance by instance, as metrics, and against its bases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cc_core.outcomes import FourWay

Role = Literal["root", "parent"]
# By name: one number for each instance, class or level of a group.
Values = Mapping[str, NDArray[Any]]
Column = tuple[float | int | None, ...]


@dataclass(frozen=True, slots=True)
class BaseComparison:
    """A model beside one of its bases; ``values`` have one number for each instance.

    ``outcomes`` is None where nothing is right or wrong.
    """

    base: str
    roles: tuple[Role, ...]
    metrics: Mapping[str, float | None]
    values: Values
    outcomes: FourWay | None


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one model answered to ``count`` instances.

    ``values`` are the task's arrays (see docs/bundle.md), ``correct`` says which instances were
    right, ``classes`` and ``groups`` have columns of numbers by name: one for each class, or for
    each level of a group. ``invalid`` instances had no usable answer. ``partial``: a base failed,
    so that a comparison is missing. ``failed`` says why metrics of the study's own
    are, by their names. An array of ``values`` has one entry for each instance, or as many as
    ``counts`` (n,) says under its name.
    """

    task: str
    count: int
    metrics: Mapping[str, float | None]
    values: Values
    correct: NDArray[np.bool_] | None = None
    texts: tuple[str, ...] | None = None
    classes: Mapping[str, Column] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Column]] = field(default_factory=dict)
    invalid: int = 0
    comparisons: tuple[BaseComparison, ...] = ()
    warnings: tuple[str, ...] = ()
    partial: bool = False
    counts: Values = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
