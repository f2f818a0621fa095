"""Numbers of four bits that are places in a table of values, as MatMulBnb4 takes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from cc_export.errors import ModelError
from cc_export.onnx_models.graph import Graph, attribute
from cc_export.onnx_models.quantization import Quantization
from cc_export.onnx_models.stored import Cuts, Stored, stored

# The attribute quant_type, and what it calls the numbers.
NAMES = ("fp4", "nf4")
# A sign, two bits of exponent and one of mantissa, scaled to at most 1.
_FP4 = np.array([0, 1 / 192, 2 / 3, 1, 1 / 3, 1 / 2, 1 / 6, 1 / 4], np.float32)
# Quantiles of the normal distribution: Dettmers et al., QLoRA (2023), appendix E.
_NF4 = np.array(
    [
        -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
        -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
        0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
        0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
    ],
    np.float32,
)  # fmt: skip
_TABLES = (np.concatenate([_FP4, -_FP4]), _NF4)


@dataclass(frozen=True, slots=True)
class Coded:
    """A matrix of places in a table, two in a byte, the first one in its upper half.

    ``name``: one of ``NAMES``, for the table.
    """

    stored: Stored
    name: str
    shape: tuple[int, int]

    @property
    def count(self) -> int:
        """Number of values."""
        return self.shape[0] * self.shape[1]

    def blocks(self, cuts: Cuts) -> Iterator[NDArray[np.generic]]:
        """The values of each part (start, stop), flat.

        Raises:
            ModelError: they cannot be read.
        """
        flat = self.whole().reshape(-1)
        yield from (flat[start:stop] for start, stop in cuts)

    def whole(self) -> NDArray[np.generic]:
        """All values of the table in their shape, float32.

        Raises:
            ModelError: they cannot be read.
        """
        content = self.stored.whole().reshape(-1).astype(np.uint8, copy=False)
        places = np.stack([content >> 4, content & 15], axis=1).reshape(-1)
        rows, columns = self.shape
        return np.asarray(_TABLES[NAMES.index(self.name)][places[: rows * columns]]).reshape(
            self.shape
        )


def coded_weight(graph: Graph, node: NodeProto, name: str) -> tuple[Coded, Quantization]:
    """The matrix (N, K) of a MatMulBnb4, and the scales of its blocks, one row after another.

    Raises:
        ModelError: attributes, numbers and scales are missing, or do not fit each other.
    """
    tensor = stored(graph.constants[name], graph.files)
    rows, columns, block, kind = (
        _number(node, key) for key in ("N", "K", "block_size", "quant_type")
    )
    if min(rows, columns, block) < 1 or kind not in range(len(NAMES)):
        raise ModelError(
            f"node {node.name!r}: {rows} × {columns} numbers in blocks of {block}, by table {kind}?"
        )
    size = rows * columns
    if tensor.dtype != np.uint8 or tensor.count != (size + 1) // 2:
        raise ModelError(
            f"node {node.name!r}: {tensor.count:,} numbers of {tensor.dtype} are stored, which is "
            f"not {rows} × {columns} numbers of 4 bits"
        )
    scales = node.input[2] if len(node.input) > 2 else ""
    if scales not in graph.constants:
        raise ModelError(f"the scale {scales!r} is computed, not stored; weights cannot be read")
    scale = graph.values(scales).astype(np.float32).reshape(-1)
    if scale.size != -(-size // block):
        raise ModelError(
            f"node {node.name!r}: {scale.size} scales do not fit {size} numbers in blocks of "
            f"{block}"
        )
    zero, found = np.zeros((), np.int8), Coded(tensor, NAMES[kind], (rows, columns))
    if columns % block == 0:
        return found, Quantization(scale.reshape(rows, -1), zero, 1, block)
    # Blocks go on from one row to the next.
    each = np.repeat(scale, min(block, size))[:size].reshape(rows, columns)
    return found, Quantization(each, zero, 1, 1)


def _number(node: NodeProto, name: str) -> int:
    found = attribute(node, name)
    return int(found.i) if found is not None else 0
