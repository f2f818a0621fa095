"""Which data file beside the models is probably their evaluation set, and which column is what."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cc_export.data import OPENERS
from cc_export.data.table import Column, Table
from cc_export.draft.models import Port, Seen
from cc_export.errors import ExportError
from cc_export.regular import check_regular

_LABELS = ("label", "labels", "y", "target", "targets", "class", "truth")
_IDS = ("id", "ids", "name", "names", "key", "index")
# Channels an image may have, and columns of a table that a preview shows.
_CHANNELS, _SHOWN = (1, 3), 8
# Of a model that does not say how many classes it tells apart: numbers beyond are no classes.
_CLASSES = 100_000


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """What a data file holds: keys of the study's ``dataset`` and ``evaluation``.

    ``bytes_in`` are inputs of fractions that get whole numbers from 0 to 255.
    """

    file: str
    rows: int
    inputs: Mapping[str, Mapping[str, object]]
    label: str | None
    ids: str | None
    preview: Mapping[str, object] | None
    evaluation: Mapping[str, object] | None
    bytes_in: tuple[str, ...]


def data_files(folder: Path, files: Sequence[Path]) -> tuple[str, ...]:
    """Files of a folder that an evaluation set may be."""
    found = (file for file in files if file.suffix.lower() in OPENERS)
    return tuple(file.relative_to(folder).as_posix() for file in found)


def find_evaluation_set(folder: Path, files: Sequence[str], model: Seen) -> EvaluationSet | None:
    """The first of some data files from which a model can be fed.

    None where there is none, or where several columns would do for an input.
    """
    for file in files:
        try:
            check_regular(folder / file)
            table = OPENERS[Path(file).suffix.lower()](folder / file)
        except (ExportError, OSError):
            continue
        found = _matched(table, file, model)
        if found is not None:
            return found
    return None


def _matched(table: Table, file: str, model: Seen) -> EvaluationSet | None:
    rows = len(table)
    columns = {n: c for n, c in table.columns.items() if table.length_of(n) == rows}
    label, ids = _named(columns, _LABELS), _named(columns, _IDS)
    free = {name: column for name, column in columns.items() if name not in (label, ids)}
    inputs = {port.name: _source(port, free) for port in model.inputs}
    if not rows or not inputs or None in inputs.values():
        return None
    known = {name: source for name, source in inputs.items() if source is not None}
    used = [str(source["array"]) for source in known.values() if "array" in source]
    if label is None:
        whole = [
            n for n, c in free.items() if n not in used and c.dtype.kind in "iu" and not c.shape
        ]
        label = whole[0] if len(whole) == 1 else None
    floats = {port.name for port in model.inputs if port.kind.startswith(("float", "bfloat"))}
    return EvaluationSet(
        file=file,
        rows=rows,
        inputs=known,
        label=label,
        ids=ids,
        preview=_preview(columns, known, used, ids),
        evaluation=_evaluation(table, label, model),
        bytes_in=tuple(
            name
            for name, source in known.items()
            if name in floats
            and "array" in source
            and columns[str(source["array"])].dtype == np.uint8
        ),
    )


def _named(columns: Mapping[str, Column], names: Sequence[str]) -> str | None:
    return next((c for name in names for c in columns if c.lower() == name), None)


def _source(port: Port, columns: Mapping[str, Column]) -> Mapping[str, object] | None:
    """The column for an input: that of its name, else the only one whose rows have its shape."""
    fitting = [name for name, column in columns.items() if _fits(column, port)]
    if port.name in fitting:
        return {"array": port.name}
    if len(fitting) == 1:
        return {"array": fitting[0]}
    numbers = [n for n, c in columns.items() if not c.shape and c.dtype.kind in "biuf"]
    side_by_side = port.shape == (len(numbers),) and port.kind != "text"
    return {"columns": numbers} if side_by_side and not fitting and len(numbers) > 1 else None


def _fits(column: Column, port: Port) -> bool:
    if column.is_text != (port.kind == "text") or port.shape is None:
        return False
    if None in port.shape:
        sides = zip(column.shape, port.shape, strict=False)
        same = all(wanted in (None, side) for side, wanted in sides)
        return same and len(column.shape) == len(port.shape)
    return math.prod(column.shape) == math.prod(side or 1 for side in port.shape)


def _preview(
    columns: Mapping[str, Column],
    inputs: Mapping[str, Mapping[str, object]],
    used: Sequence[str],
    ids: str | None,
) -> Mapping[str, object] | None:
    images = [n for n in used if columns[n].dtype == np.uint8 and _is_image(columns[n].shape)]
    texts = [n for n, c in columns.items() if c.is_text and n in used]
    if images:
        return {"kind": "image", "array": images[0]}
    if texts:
        return {"kind": "text", "array": texts[0]}
    if any("columns" in source for source in inputs.values()):
        shown = [n for n, c in columns.items() if not c.shape and n != ids]
        return {"kind": "table", "columns": shown[:_SHOWN]}
    return None


def _is_image(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 or (len(shape) == 3 and (shape[0] in _CHANNELS or shape[2] in _CHANNELS))


def _evaluation(table: Table, label: str | None, model: Seen) -> Mapping[str, object] | None:
    """The task, where labels and the model's first output leave no doubt."""
    if label is None or not model.outputs:
        return None
    column, given = table.columns[label], model.outputs[0].shape
    # One number for each instance may stand in a row of its own or not.
    known = (None,) if given is None else given or (1,)
    if column.shape or len(known) != 1:
        return None
    if column.dtype.kind == "f" and known == (1,):
        return {"task": "regression"}
    if column.dtype.kind not in "iu":
        return None
    labels = table.read([label], 0, len(table))[label]
    # One score is that of the second of two classes.
    most = 2 if known == (1,) else known[0] or _CLASSES
    if int(labels.min()) < 0 or int(labels.max()) >= most:
        return None
    scores = "probabilities" if model.probable else "logits"
    return {"task": "classification", "output": model.outputs[0].name, "scores": scores}
