"""Predictions that were computed elsewhere, as the npz file that stands in for running a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cc_export.errors import ExportError
from cc_export.study.plain import as_array

# What one answer is: scores of classes (n, classes), numbers (n, …) or texts (n,).
ANSWERS = ("scores", "values", "texts")
IDS = "ids"


def named_outputs(outputs: object, where: str) -> dict[str, NDArray[np.generic]]:
    """Arrays by name, from one array or a mapping of arrays.

    Texts are ``texts``, a matrix of numbers is ``scores``, any other array ``values``; a mapping
    says it itself, and may have ``ids`` of the instances beside.

    Raises:
        ExportError: a name is unknown, answers are missing or of the wrong kind, or lengths differ.
    """
    if isinstance(outputs, Mapping):
        arrays = {str(name): as_array(value, f"{where}.{name}") for name, value in outputs.items()}
    else:
        array = as_array(outputs, where)
        arrays = {_usual_name(array): array}
    unknown = sorted(set(arrays) - {*ANSWERS, IDS})
    answers = [name for name in ANSWERS if name in arrays]
    if unknown or len(answers) != 1:
        what = f"unknown array {unknown[0]!r}" if unknown else "needs exactly one array of answers"
        raise ExportError(
            f"{where}: {what}", "Allowed: one of `scores`, `values`, `texts`, and `ids` beside it."
        )
    answer = arrays[answers[0]]
    kinds = "U" if answers[0] == "texts" else "biuf"
    if answer.dtype.kind not in kinds or answer.ndim == 0 or not len(answer):
        raise ExportError(
            f"{where}.{answers[0]}: must hold {'text' if kinds == 'U' else 'numbers'} for each "
            f"instance, got {answer.dtype} of shape {list(answer.shape)}"
        )
    if answers[0] == "scores" and answer.ndim > 2:
        raise ExportError(
            f"{where}.scores: must have a row for each instance and a column for each class, "
            f"got shape {list(answer.shape)}"
        )
    if IDS in arrays and arrays[IDS].shape != answer.shape[:1]:
        raise ExportError(
            f"{where}.ids: {len(np.atleast_1d(arrays[IDS]))} ids for {len(answer)} instances"
        )
    return arrays


def _usual_name(array: NDArray[np.generic]) -> str:
    if array.dtype.kind == "U":
        return "texts"
    return "scores" if array.ndim == 2 else "values"


def write_outputs(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write them as one compressed npz file, whatever the path's ending."""
    with path.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **dict(arrays))
