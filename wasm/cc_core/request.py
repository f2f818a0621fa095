"""What questions and answers of the page are made of (see ``api``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core.errors import CoreError

Request = Mapping[str, Any]
Tensors = Sequence[NDArray[np.generic]]
Answer = tuple[object, list[NDArray[np.generic]]]


@dataclass(frozen=True, slots=True)
class ArrayPlace:
    """An array of an answer: its name, and what the buffer at its place in the answer holds."""

    name: str
    dtype: str
    shape: tuple[int, ...]


def placed(name: str, array: NDArray[np.generic]) -> ArrayPlace:
    """What an answer says of one of its arrays."""
    return ArrayPlace(name, array.dtype.name, array.shape)


def tensor_at(tensors: Tensors, place: Any) -> NDArray[np.generic]:
    """The tensor of a request that a number in it names.

    Raises:
        CoreError: there is none of that number.
    """
    number = int(place)
    if not 0 <= number < len(tensors):
        raise CoreError(f"there is no tensor {number}; the request has {len(tensors)}")
    return tensors[number]
