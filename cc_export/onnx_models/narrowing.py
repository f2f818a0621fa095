"""Numbers that would be others in the type that a model takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

NARROWING_HINT = (
    "Use `scale` and `offset` of `dataset.inputs`, or `evaluation.preprocess`, to give the numbers "
    "that the model was made for."
)


def what_is_lost(values: NDArray[Any], wanted: np.dtype[Any]) -> str:
    """What a whole or truth type would make of numbers that are none of its own; else nothing.

    Whole numbers in floats are whole, and any whole number but 0 is true. Floats of fewer bits
    are rounded, which is no loss to speak of.
    """
    given = values.dtype
    if wanted.kind not in "iub" or given.kind not in "iuf" or not values.size:
        return ""
    if given.kind == "f":
        odd = values[~(np.isfinite(values) & (values == np.trunc(values)))]
        if odd.size:
            return f"takes {wanted}, and the data give {given}: {odd[0]:g} is no whole number"
    if wanted.kind == "b" or np.can_cast(given, wanted):
        return ""
    limits = np.iinfo(wanted)
    for extreme in (values.min(), values.max()):
        if not limits.min <= int(extreme) <= limits.max:
            return (
                f"takes {wanted}, {limits.min:,} to {limits.max:,}, and the data give "
                f"{int(extreme):,} ({given})"
            )
    return ""
