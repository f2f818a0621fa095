"""Patterns of zeros in a model's kernels and matrices, read slice by slice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from cc_core.patterns import Patterns, cuts, patterns
from cc_export.onnx_models.read import read_file
from cc_export.onnx_models.weights import Weight, weights

_RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
# Fewer zeros than one in so many are scattered ones: the weight counts as dense, and is not read.
FEWEST = 16


def worth_reading(count: int, zeros: int) -> bool:
    """Whether a weight has enough zeros to have a pattern."""
    return zeros * FEWEST >= count > 0


def zero_patterns(path: Path, wanted: tuple[bool, ...]) -> tuple[Patterns, ...]:
    """Patterns of each tensor, in graph order; those that are not ``wanted`` count as dense.

    What is no kernel or matrix has none.

    Raises:
        ModelError: the file cannot be read any more.
    """
    found = zip(weights(read_file(path).model, path), wanted, strict=True)
    return tuple(
        _patterns(weight, read) if weight.role == "weight" else Patterns() for weight, read in found
    )


def input_axis(
    shape: Sequence[int], output_axis: int | None, operators: Sequence[str]
) -> int | None:
    """The axis along which the layer's inputs lie, None for what is no kernel or matrix."""
    if output_axis is None or len(shape) < 2:
        return None
    if set(operators) & _RECURRENT:
        return len(shape) - 1
    if output_axis == 0 or (output_axis == 1 and set(operators) & {"ConvTranspose"}):
        return 1 - output_axis
    # Matrices, maybe several of them: the last two axes.
    return 2 * len(shape) - 3 - output_axis


def _patterns(weight: Weight, read: bool) -> Patterns:
    shape = weight.shape
    axis = input_axis(shape, weight.output_axis, weight.operators)
    if axis is None:
        return Patterns()
    outer, inputs, inner = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
    if not read:
        return Patterns(math.prod(shape), {}, inputs, 0)
    return patterns(weight.values.blocks(cuts(outer, inputs, inner)), inputs, inner)
