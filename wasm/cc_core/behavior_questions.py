"""The page's questions about what models answered, for any two of them and for many.

``models`` in a request has an entry for each model, the base first: ``arrays`` are those of its
predictions chunk by name, ``correct`` its bits, ``values`` comparison values of each instance that
are known exactly (from ``bases``) by name, each the number of a tensor; ``texts`` are its texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core import paired
from cc_core.classification import NO_CLASS
from cc_core.confusions import Confusion, Move, confusions, disagreement, moves
from cc_core.errors import CoreError
from cc_core.paired import Kept, PairRow
from cc_core.request import Answer, ArrayPlace, Request, Tensors, placed, tensor_at
from cc_core.rewording import Piece, reworded


@dataclass(frozen=True, slots=True)
class Paired:
    """A model beside the base: over all instances, and over the levels of each of the ``rows``.

    ``arrays`` are the values of each instance, float32 (n,), NaN where there is none; ``first`` is
    the number of the answer's buffer that holds the first of them. ``labels`` are rows of the
    labels of a multilabel task.
    """

    whole: PairRow
    rows: tuple[tuple[PairRow, ...], ...]
    labels: tuple[PairRow, ...]
    correlation: float | None
    first: int
    arrays: tuple[ArrayPlace, ...]


@dataclass(frozen=True, slots=True)
class Confused:
    """What a model takes for what, beside the base: pairs of classes, and what moved."""

    confusions: tuple[Confusion, ...]
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Disagreeing:
    """The buffers of ``disagreement``, uint16 (n,): ``apart`` counts models that differ from the
    most common answer, ``from_first`` from the base's."""

    arrays: tuple[ArrayPlace, ...]


def pair(request: Request, tensors: Tensors) -> Answer:
    """Each model beside the first one: outcomes, McNemar's test, comparison values.

    ``rows`` lists ``codes`` (the number of a tensor with each instance's level) and ``levels``.
    ``labels`` is the number of what a bundle's attributes have for labels: class indices, bits, or
    numbers.
    """
    models, count = request["models"], int(request["instances"])
    labels = _given(request, "labels", tensors)
    grouped = [
        paired.members(_of(tensor_at(tensors, row["codes"]), count), int(row["levels"]))
        for row in request.get("rows", ())
    ]
    base = _kept(models[0], tensors) if models else Kept()
    answer, buffers = [], list[NDArray[np.generic]]()
    for model in models[1:]:
        own = _kept(model, tensors)
        values: paired.Values = {}
        if own.arrays or own.texts:
            classes = int(request.get("classes", 0))
            values = paired.pair_values(request["task"], base, own, classes, labels)
        for name, place in model.get("values", {}).items():
            values[name] = _of(tensor_at(tensors, place), count).astype(np.float64)
        values = {name: _of(array, count) for name, array in values.items()}
        labelled = request.get("task") == "multilabel" and labels is not None and own.arrays
        right = [_bits(one, tensors, count) for one in (models[0], model)]
        known = "values" in own.arrays and request["task"] == "regression"
        arrays = [array.astype(np.float32) for array in values.values()]
        answer.append(
            Paired(
                whole=paired.summed_up(values, right[0], right[1], slice(None), count),
                rows=tuple(
                    tuple(
                        paired.summed_up(values, right[0], right[1], which, len(which))
                        for which in levels
                    )
                    for levels in grouped
                ),
                labels=paired.label_rows(base, own, labels, int(request["classes"]))
                if labelled and labels is not None
                else (),
                correlation=paired.correlation(base, own) if known else None,
                first=len(buffers),
                arrays=tuple(map(placed, values, arrays)),
            )
        )
        buffers += arrays
    return answer, buffers


def confused(request: Request, tensors: Tensors) -> Answer:
    """Confusions of each classifier beside the first one; ``of`` one class, ``most`` pairs."""
    labels = _given(request, "labels", tensors)
    if labels is None:
        raise CoreError("confusions need the true labels")
    truth = labels.astype(np.int64)
    found = [
        paired.answers("classification", _kept(model, tensors)).astype(np.int64)
        for model in request["models"]
    ]
    of, most = request.get("of"), int(request.get("most", 1_000))
    if truth.size and not 0 <= truth.min() <= truth.max() < NO_CLASS:
        raise CoreError(f"labels are class indices below {NO_CLASS}")
    chosen = None if of is None else int(of)
    return [
        Confused(
            confusions(found[0], own, truth, chosen, most),
            moves(found[0], own, truth, chosen, most),
        )
        for own in found[1:]
    ], []


def disagree(request: Request, tensors: Tensors) -> Answer:
    """On which instances how many of the models differ."""
    task = request["task"]
    given: list[NDArray[np.generic]]
    if task == "generation":
        # Numbers of texts must mean the same in every model.
        texts = [model["texts"] for model in request["models"]]
        number = {
            text: at for at, text in enumerate(dict.fromkeys(t for one in texts for t in one))
        }
        given = [np.array([number[text] for text in one]) for one in texts]
    else:
        given = [paired.answers(task, _kept(model, tensors)) for model in request["models"]]
    found = disagreement(given)
    arrays = {"apart": found.apart, "from_first": found.from_first}
    return Disagreeing(tuple(map(placed, arrays, arrays.values()))), list(arrays.values())


def words(request: Request, _: Tensors) -> Answer:
    """What each text of ``texts`` has that the same one of ``bases`` has not."""
    bases, texts = request["bases"], request["texts"]
    if len(bases) != len(texts):
        raise CoreError(f"{len(texts)} texts cannot be compared with {len(bases)}")
    pieces: list[tuple[Piece, ...]] = [
        reworded(str(base), str(text)) for base, text in zip(bases, texts, strict=True)
    ]
    return pieces, []


def _kept(model: Mapping[str, Any], tensors: Tensors) -> Kept:
    arrays = model.get("arrays", {})
    return Kept(
        {name: tensor_at(tensors, place) for name, place in arrays.items()},
        tuple(model.get("texts", ())),
    )


def _given(request: Request, name: str, tensors: Tensors) -> NDArray[np.generic] | None:
    place = request.get(name)
    return None if place is None else tensor_at(tensors, place)


def _bits(model: Mapping[str, Any], tensors: Tensors, count: int) -> NDArray[np.bool_] | None:
    packed = _given(model, "correct", tensors)
    if packed is None:
        return None
    if packed.dtype != np.uint8 or packed.size != -(-count // 8):
        raise CoreError(f"{count} bits need {-(-count // 8)} bytes of uint8, got {packed.size}")
    return np.unpackbits(packed.astype(np.uint8).reshape(-1), count=count).view(np.bool_)


def _of(array: NDArray[np.generic], count: int) -> NDArray[Any]:
    if array.shape != (count,):
        raise CoreError(f"{count} instances do not have values of shape {list(array.shape)}")
    return array
