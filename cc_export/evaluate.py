"""Run models on the evaluation set: predictions, accuracy, and the activations in between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cc_core import classification
from cc_core.errors import CoreError
from cc_export.dataset import Dataset
from cc_export.errors import ModelError
from cc_export.onnx_models.activations import with_outputs
from cc_export.onnx_models.read import read_file
from cc_export.onnx_models.session import Session
from cc_export.study.records import Evaluation

BATCH = 64
TOP_K = 5


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one model answered: top-k of every instance, accuracy overall and per class."""

    top: classification.TopK
    accuracy: float | None
    per_class: tuple[float | None, ...]
    invalid: int


def batch_size(operators: Iterable[str]) -> int:
    """Instances that may be run together without one changing the answer for another.

    Dynamic quantization takes a tensor's scale from the whole batch, so such models are run one
    instance at a time: the answer for an instance must not depend on its neighbours.
    """
    return 1 if "DynamicQuantizeLinear" in operators else BATCH


def evaluate(
    path: Path, dataset: Dataset, evaluation: Evaluation, batch: int = BATCH
) -> Predictions:
    """Predictions of one model on the whole evaluation set.

    ``batch`` instances are run together, unless the model insists on another number.

    Raises:
        ModelError: the model cannot be loaded or run, or its output is not class scores.
    """
    session = Session(path)
    output = _output_name(session, evaluation, path)
    _check_inputs(session, dataset, path)
    parts = []
    for feeds in dataset.batches(session.batch or batch):
        count = min(len(values) for values in feeds.values())
        scores = session.run([output], feeds)[0]
        classes = len(dataset.source.classes)
        if scores.shape != (count, classes) or scores.dtype.kind not in "biuf":
            raise ModelError(
                f"{path.name}: output {output!r} is {scores.dtype} of shape {list(scores.shape)}, "
                f"but {count} instances of {classes} classes need numbers of shape "
                f"[{count}, {classes}]",
                "Check `evaluation.output` and `dataset.classes`.",
            )
        parts.append(_top(scores, evaluation, path))
    return _predictions(parts, dataset)


def activation(
    path: Path, dataset: Dataset, tensors: Sequence[str], which: slice
) -> tuple[NDArray[np.generic], ...]:
    """The values of intermediate tensors for some instances, in the order asked for.

    Raises:
        ModelError: the model has no such tensor, or cannot be run.
    """
    session = Session(path, with_outputs(read_file(path).content(), tuple(tensors)))
    return tuple(session.run(tensors, dataset.inputs(which)))


def _predictions(parts: Sequence[classification.TopK], dataset: Dataset) -> Predictions:
    top = classification.TopK(
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.rest for part in parts]),
    )
    predicted = top.labels[:, 0]
    classes = len(dataset.source.classes)
    return Predictions(
        top=top,
        accuracy=classification.accuracy(predicted, dataset.labels),
        per_class=tuple(classification.accuracy_per_class(predicted, dataset.labels, classes)),
        invalid=int((predicted == classification.NO_CLASS).sum()),
    )


def _top(scores: NDArray[np.generic], evaluation: Evaluation, path: Path) -> classification.TopK:
    try:
        return classification.top_k(classification.probabilities(scores, evaluation.scores), TOP_K)
    except CoreError as error:
        raise ModelError(f"{path.name}: {error}") from None


def _output_name(session: Session, evaluation: Evaluation, path: Path) -> str:
    if evaluation.output is None:
        return session.outputs[0]
    if evaluation.output not in session.outputs:
        raise ModelError(
            f"{path.name}: there is no output {evaluation.output!r}",
            f"It has {', '.join(session.outputs)}.",
        )
    return evaluation.output


def _check_inputs(session: Session, dataset: Dataset, path: Path) -> None:
    given = {entry.name for entry in dataset.source.inputs}
    if set(session.inputs) != given:
        raise ModelError(
            f"{path.name}: the model takes {', '.join(sorted(session.inputs)) or 'no input'}, "
            f"the dataset gives {', '.join(sorted(given))}",
            "Name the model's inputs under `dataset.inputs`.",
        )
