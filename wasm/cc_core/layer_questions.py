"""The page's questions about layers, weights or activations, of several models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cc_core.change import relative_l2
from cc_core.columns import activations_column, layers_column
from cc_core.errors import CoreError
from cc_core.layer_columns import TableRow, layer_table
from cc_core.request import Answer, ArrayPlace, Request, Tensors, placed
from cc_core.sketch import Sketch, unsketch


@dataclass(frozen=True, slots=True)
class Layered:
    """Answer of ``layers`` and ``activations``: the whole model's row with all rows below it.

    ``counts`` describes the answer's one buffer, in which the counts of all cells are.
    """

    root: TableRow
    counts: ArrayPlace


@dataclass(frozen=True, slots=True)
class Sketched:
    """Answer of ``sketched`` for one tensor: its values at the ``shares``, and how far each of its
    equal ``parts`` is from the first tensor's (relative L2)."""

    quantiles: tuple[float | None, ...]
    parts: tuple[float | None, ...]


def layers(request: Request, _: Tensors) -> Answer:
    """Layers of several models against the first one.

    ``models`` are layers chunks; ``sketches`` their sketches chunks, null where none is needed: a
    model whose root or parent is the first one, or the other way round.
    """
    chunks = request["models"]
    sketches = request.get("sketches") or [None] * len(chunks)
    pairs = zip(chunks, sketches, strict=True)
    return _answer(layer_table([layers_column(chunk, known) for chunk, known in pairs]))


def activations(request: Request, _: Tensors) -> Answer:
    """Activations of several models against the first one; ``models`` are their chunks."""
    return _answer(layer_table([activations_column(chunk) for chunk in request["models"]]))


def sketched(request: Request, tensors: Tensors) -> Answer:
    """One tensor's sketches, float16, of several models with their ``exponents``.

    Quantiles at ``shares`` are those of the sketched finite values. An activation's sketch has as
    many values of each instance, one instance after another: ``parts`` is how many it has.
    """
    exponents, shares = request["exponents"], np.asarray(request.get("shares", ()), np.float64)
    if len(exponents) != len(tensors):
        raise CoreError(f"{len(tensors)} sketches do not have {len(exponents)} exponents")
    if not ((shares >= 0) & (shares <= 1)).all():
        raise CoreError("shares of a quantile are from 0 to 1")
    values = [
        unsketch(Sketch(int(exponent), tensor.astype(np.float16).reshape(-1)))
        for exponent, tensor in zip(exponents, tensors, strict=True)
    ]
    parts = int(request.get("parts", 0))
    return [
        Sketched(_quantiles(own, shares), _parts(values[0], own, parts) if parts else ())
        for own in values
    ], []


def _quantiles(values: np.ndarray, shares: np.ndarray) -> tuple[float | None, ...]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return (None,) * len(shares)
    return tuple(np.quantile(finite, shares).tolist())


def _parts(reference: np.ndarray, own: np.ndarray, parts: int) -> tuple[float | None, ...]:
    if reference.shape != own.shape or parts < 0 or own.size % parts:
        raise CoreError(f"sketches of {reference.size} and {own.size} values have no {parts} parts")
    r, t = reference.reshape(parts, -1), own.reshape(parts, -1)
    usable = np.isfinite(r) & np.isfinite(t)
    with np.errstate(over="ignore", invalid="ignore"):
        noise = np.where(usable, np.square(r - t), 0.0).sum(axis=1)
        signal = np.where(usable, np.square(r), 0.0).sum(axis=1)
    return tuple(map(relative_l2, noise.tolist(), signal.tolist()))


def _answer(found: tuple[TableRow, np.ndarray]) -> Answer:
    root, counts = found
    return Layered(root, placed("counts", counts)), [counts]
