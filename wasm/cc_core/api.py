"""The page's one entry into Python: a name, a JSON request and binary buffers in; the same out.

New behaviour is a function in ``HANDLERS``. A tensor in a request is ``{"dtype", "shape"}`` and
takes the next buffer, in order.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core import behavior_questions, classification, layer_questions
from cc_core.change import Change
from cc_core.comparison import Comparison, compare
from cc_core.errors import CoreError
from cc_core.histogram import BINS, common_range, histogram
from cc_core.jsonable import jsonable
from cc_core.request import Answer, Request, Tensors
from cc_core.selection import (
    Chart,
    Explanation,
    Forest,
    Model,
    Operation,
    compare_two,
    encode,
    explain,
    refine,
)
from cc_core.sketch import Sketch, estimate
from cc_core.statistics import Statistics, summarize

DTYPES = (
    "float16", "float32", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32",
    "int64", "uint64", "bool",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Distributions:
    """Answer of ``distributions``: one entry for each tensor, counts on bins of [low, high].

    ``comparisons`` are with the first tensor; null where a tensor's shape differs from its.
    """

    low: float
    high: float
    statistics: tuple[Statistics, ...]
    counts: tuple[tuple[int, ...], ...]
    comparisons: tuple[Comparison | None, ...]


@dataclass(frozen=True, slots=True)
class Classification:
    """Answer of ``classify`` for one tensor of n instances: the k most probable classes of each.

    Label 65535 marks an instance without usable scores. ``rest`` is the probability of all other
    classes.
    """

    labels: tuple[tuple[int, ...], ...]
    probabilities: tuple[tuple[float, ...], ...]
    rest: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Estimated:
    """Answer of ``estimate`` for one pair: its change, the sampling error, and what they give."""

    change: Change
    error: float | None
    relative_l2: float | None
    sqnr_db: float | None
    cosine: float | None


@dataclass(frozen=True, slots=True)
class Charted:
    """Answer of ``chart``: what differs among the selected models, and how to draw it."""

    explanation: Explanation
    chart: Chart


def dispatch(name: str, request: str, buffers: Sequence[Any] = ()) -> tuple[str, list[Any]]:
    """Answer one question of the page.

    Args:
        name: a key of ``HANDLERS``.
        request: the question's JSON object; its ``tensors`` describe the buffers.
        buffers: objects with the buffer protocol, one for each tensor, C-contiguous.

    Returns:
        The answer's JSON text and its arrays.

    Raises:
        CoreError: an unknown name, a request or buffer of the wrong form, or a question that has
            no answer.
    """
    handler = HANDLERS.get(name)
    if handler is None:
        raise CoreError(f"unknown question {name!r}; allowed: {', '.join(HANDLERS)}")
    try:
        question = json.loads(request)
    except ValueError:
        # Without Python's own words, which change from version to version.
        raise CoreError(f"the request of {name!r} is not JSON") from None
    if not isinstance(question, dict):
        raise CoreError(f"the request of {name!r} must be a JSON object")
    try:
        answer, arrays = handler(question, _tensors(question.get("tensors", ()), buffers))
    except KeyError as missing:
        raise CoreError(f"the request of {name!r} lacks {missing.args[0]!r}") from None
    except CoreError:
        raise
    except (TypeError, AttributeError, ValueError, OverflowError) as error:
        raise CoreError(f"the request of {name!r} has the wrong form: {error}") from None
    return json.dumps(jsonable(answer), allow_nan=False, ensure_ascii=False), arrays


def _explain(request: Request, _: Tensors) -> Answer:
    return explain(_forest(request), request["selected"]), []


def _chart(request: Request, _: Tensors) -> Answer:
    explanation = explain(_forest(request), request["selected"])
    return Charted(explanation, encode(explanation)), []


def _refine(request: Request, _: Tensors) -> Answer:
    """``chosen`` has indices of values by variable label."""
    explanation = explain(_forest(request), request["selected"])
    return refine(explanation, request.get("chosen", {})), []


def _difference(request: Request, _: Tensors) -> Answer:
    return compare_two(_forest(request), request["first"], request["second"]), []


def _forest(request: Request) -> Forest:
    return Forest(_model(record) for record in request["models"])


def _model(record: Request) -> Model:
    operation = record.get("operation")
    return Model(
        id=record["id"],
        parents=tuple(record.get("parents", ())),
        operation=Operation(operation["name"], operation.get("parameters", {}))
        if operation
        else None,
    )


def _statistics(_: Request, tensors: Tensors) -> Answer:
    return [summarize(tensor) for tensor in tensors], []


def _distributions(request: Request, tensors: Tensors) -> Answer:
    """Statistics and histograms of tensors on their common range, and each against the first.

    A tensor whose shape differs from the first one's has no comparison.
    """
    bins = int(request.get("bins", BINS))
    known = [summarize(tensor) for tensor in tensors]
    low, high = common_range(known)
    counted = [histogram(tensor, low, high, bins) for tensor in tensors]
    answer = Distributions(
        low=low,
        high=high,
        statistics=tuple(known),
        counts=tuple(tuple(part.counts.tolist()) for part in counted),
        comparisons=tuple(
            compare(tensors[0], tensor) if tensor.shape == tensors[0].shape else None
            for tensor in tensors
        ),
    )
    return answer, []


def _estimate(request: Request, tensors: Tensors) -> Answer:
    """How far tensors are from others, by sketches: float16 of reference and other in turn.

    ``pairs`` has for each two tensors their ``exponents`` and the ``count`` of values they stand
    for.
    """
    answer = []
    for place, pair in enumerate(request["pairs"]):
        reference, other = (
            Sketch(int(exponent), tensor.astype(np.float16))
            for exponent, tensor in zip(
                pair["exponents"], tensors[2 * place : 2 * place + 2], strict=True
            )
        )
        found = estimate(reference, other, int(pair["count"]))
        change = found.change
        answer.append(
            Estimated(change, found.error, change.relative_l2, change.sqnr_db, change.cosine)
        )
    return answer, []


def _classify(request: Request, tensors: Tensors) -> Answer:
    """Top-k predictions of each scores tensor (n, classes), or (n, 1) of the second of two."""
    answer = []
    kind, k = request["scores"], int(request["k"])
    for scores in tensors:
        one = k == 2 and scores.size == len(scores)
        given = classification.both_classes(scores, kind) if one else scores
        best = classification.top_k_of(classification.distribution(given, kind), k)
        answer.append(
            Classification(
                labels=tuple(map(tuple, best.labels.tolist())),
                probabilities=tuple(map(tuple, (best.probabilities / 65535).tolist())),
                rest=tuple((best.rest / 65535).tolist()),
            )
        )
    return answer, []


HANDLERS: Mapping[str, Callable[[Request, Tensors], Answer]] = {
    "explain": _explain,
    "chart": _chart,
    "refine": _refine,
    "difference": _difference,
    "statistics": _statistics,
    "distributions": _distributions,
    "classify": _classify,
    "estimate": _estimate,
    "pair": behavior_questions.pair,
    "confusions": behavior_questions.confused,
    "disagreement": behavior_questions.disagree,
    "words": behavior_questions.words,
    "layers": layer_questions.layers,
    "activations": layer_questions.activations,
    "sketched": layer_questions.sketched,
}


def _tensors(described: Sequence[Request], buffers: Sequence[Any]) -> Tensors:
    if len(described) != len(buffers):
        raise CoreError(f"the request describes {len(described)} tensors, got {len(buffers)}")
    return [
        _tensor(record, buffer, index)
        for index, (record, buffer) in enumerate(zip(described, buffers, strict=True))
    ]


def _tensor(record: Request, buffer: Any, index: int) -> NDArray[np.generic]:
    dtype, shape = record["dtype"], [int(side) for side in record["shape"]]
    if dtype not in DTYPES:
        raise CoreError(f"tensor {index} has dtype {dtype!r}; allowed: {', '.join(DTYPES)}")
    view = memoryview(buffer).cast("B")
    expected = math.prod(shape) * np.dtype(dtype).itemsize
    if min(shape, default=0) < 0 or view.nbytes != expected:
        raise CoreError(
            f"tensor {index} of {dtype} {shape} needs {expected} bytes, got {view.nbytes}"
        )
    return np.frombuffer(view, dtype).reshape(shape)
