"""Whether a model takes bytes as they are or as fractions: tried on some instances."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cc_core.classification import both_classes
from cc_export.data import OPENERS
from cc_export.draft.evaluation_set import EvaluationSet
from cc_export.errors import ExportError
from cc_export.onnx_models.session import Session

FRACTION = 1 / 255
_INSTANCES, _BATCH = 128, 16
# One way is taken for right when it beats the other by so much.
_CLEARLY = 0.1

Arrays = Mapping[str, NDArray[np.generic]]


def accuracies(folder: Path, data: EvaluationSet, model: Path) -> tuple[float, float] | None:
    """Shares of right answers with bytes as they are, and with bytes as fractions of 255.

    None where no input of fractions gets bytes, or nothing says what is right.
    """
    asked = data.evaluation or {}
    if not data.bytes_in or not data.label or asked.get("task") != "classification":
        return None
    columns = {name: str(source["array"]) for name, source in data.inputs.items()}
    try:
        table = OPENERS[Path(data.file).suffix.lower()](folder / data.file)
        rows = table.read(sorted({*columns.values(), data.label}), 0, _INSTANCES)
        session = Session(model, brief=True)
        truth, output = rows[data.label].reshape(-1), str(asked["output"])
        plain = {name: rows[column] for name, column in columns.items()}
        scaled = {
            name: values.astype(np.float32) * FRACTION if name in data.bytes_in else values
            for name, values in plain.items()
        }
        kind = str(asked["scores"])
        answers = [_answers(session, output, feeds, len(truth)) for feeds in (plain, scaled)]
        one, other = (float((_classes(given, kind) == truth).mean()) for given in answers)
        return one, other
    except (ExportError, ValueError):
        return None


def is_clear(one: float, other: float) -> bool:
    """Whether there is little doubt about which of two is right."""
    return abs(one - other) >= _CLEARLY


def _answers(session: Session, output: str, feeds: Arrays, count: int) -> NDArray[np.generic]:
    size = session.batch or _BATCH
    parts = []
    for start in range(0, count, size):
        part = {name: values[start : start + size] for name, values in feeds.items()}
        parts += session.run([output], part)
    return np.concatenate(parts)


def _classes(scores: NDArray[np.generic], kind: str) -> NDArray[np.intp]:
    one = scores.size == len(scores)
    return np.asarray((both_classes(scores, kind) if one else scores).argmax(1), np.intp)
