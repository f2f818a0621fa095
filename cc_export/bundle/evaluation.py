"""From predictions and instances to the records of a bundle; nothing is read or written here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from cc_core.jsonable import jsonable
from cc_export.bundle.chunk import compact, pack
from cc_export.bundle.pictures import pictures
from cc_export.bundle.records.instances import (
    AttributesChunk,
    IdsChunk,
    InputsChunk,
    InstancesChunk,
)
from cc_export.bundle.records.manifest import DatasetRecord, GroupRecord, InputRecord, PreviewRecord
from cc_export.bundle.records.predictions import (
    BaseRecord,
    OutcomesRecord,
    PredictionsChunk,
    PredictionsPart,
    TextsChunk,
)
from cc_export.bundle.records.values import ArrayRecord, Json, PackedRecord
from cc_export.dataset import Dataset
from cc_export.predictions import BaseComparison, Predictions, Values
from cc_export.study.records import DatasetSource, Evaluation
from cc_export.surrogates import mended
from cc_export.tasks.names import CLASSIFICATION

ATTRIBUTES = "data/attributes"
_INSTANCES_BYTES = 1 << 19
_MOST_PER_CHUNK = 500
_IDS = 100_000
# Instances by which the size of all is judged.
_LOOKED_AT = 32
_TEXT_BYTES = 1 << 20
# Inputs of all instances, and of a chunk: more than these are thinned out.
_INPUTS_BYTES, _INPUTS_CHUNK_BYTES = 48 << 20, 1 << 20
# What is measured of fewer instances would tell of each what it is.
_FEWEST = 5
# Of arrays that nothing can pack: base64 makes 4 MiB of them.
_NUMBERS_BYTES = 3 << 20


def predictions_chunk(
    model_id: str,
    predictions: Predictions,
    texts: tuple[str, ...],
    parts: tuple[str, ...] = (),
    hidden: Collection[str] = (),
) -> PredictionsChunk:
    """The predictions of one model; ``texts`` and ``parts`` are the ids of its other chunks.

    Of the groups that are ``hidden``, nothing is told.
    """
    return PredictionsChunk(
        model=model_id,
        task=predictions.task,
        instances=predictions.count,
        invalid=predictions.invalid,
        metrics=predictions.metrics,
        per_class=predictions.classes,
        per_group={name: of for name, of in predictions.groups.items() if name not in hidden},
        arrays={} if parts else _compacted(predictions.values),
        correct=None if parts else _bits(predictions.correct),
        texts=texts,
        bases=tuple(_base(one, alone=bool(parts)) for one in predictions.comparisons),
        part_size=_part_size(predictions),
        parts=parts,
    )


def prediction_parts(
    model_id: str, predictions: Predictions, chunk_id: str
) -> dict[str, Callable[[], PredictionsPart]]:
    """What makes each part of predictions that are too many for one chunk, by the part's id."""
    size = _part_size(predictions)
    if size >= predictions.count:
        return {}
    return {
        f"{chunk_id}/parts/{first:07d}": partial(
            _part, model_id, predictions, slice(first, min(first + size, predictions.count))
        )
        for first in range(0, predictions.count, size)
    }


def _part_size(predictions: Predictions) -> int:
    """Instances whose numbers fit a chunk of 4 MiB, however little they can be packed."""
    arrays = [predictions.values, *(base.values for base in predictions.comparisons)]
    size = sum(array.nbytes for values in arrays for array in values.values())
    size += predictions.count // 8
    if size <= _NUMBERS_BYTES:
        return predictions.count
    # Whole bytes of bits that say what is correct.
    return max(8, predictions.count * _NUMBERS_BYTES // size // 8 * 8)


def _part(model_id: str, predictions: Predictions, which: slice) -> PredictionsPart:
    correct = predictions.correct
    return PredictionsPart(
        model=model_id,
        first=which.start,
        instances=which.stop - which.start,
        arrays=_compacted(_cut(predictions.values, predictions.counts, which)),
        correct=_bits(correct[which]) if correct is not None else None,
        bases=tuple(_compacted(_cut(b.values, {}, which)) for b in predictions.comparisons),
    )


def _cut(values: Values, counts: Values, which: slice) -> Values:
    """The entries of some instances."""
    found = {}
    for name, array in values.items():
        place = which
        if name in counts:
            ends = np.cumsum(counts[name][: which.stop], dtype=np.int64)
            place = slice(int(ends[which.start - 1]) if which.start else 0, int(ends[-1]))
        found[name] = array[place]
    return found


def texts_chunks(
    model_id: str, predictions: Predictions, chunk_id: str
) -> Iterator[tuple[str, TextsChunk]]:
    """The texts of one model in chunks of about a MiB, with the id of each chunk."""
    texts = predictions.texts or ()
    first = 0
    while first < len(texts):
        last, size = first, 0
        while last < len(texts) and (last == first or size < _TEXT_BYTES):
            size += len(texts[last].encode("utf-8", "replace"))
            last += 1
        record = TextsChunk(model_id, first, texts[first:last])
        yield f"{chunk_id}/texts/{first:06d}", record
        first = last


def hidden_groups(dataset: Dataset) -> dict[str, str]:
    """Groups of which a redacted site tells nothing, by name, each with a level that is too small.

    Of the others it tells the levels and what was measured of each, not which an instance has.
    """
    found = {}
    for group in dataset.groups:
        counts = np.bincount(group.codes, minlength=len(group.levels))
        if counts.min(initial=_FEWEST) < _FEWEST:
            found[group.name] = group.levels[int(counts.argmin())]
    return found


def attributes_chunk(dataset: Dataset, *, redact: bool = False) -> AttributesChunk:
    """Labels and groups of every instance; a group is what an instance is, and redacted."""
    hidden = redact and dataset.source.truth not in ("class", "classes")
    return AttributesChunk(
        labels=None if hidden else _labels(dataset),
        groups={}
        if redact
        else {group.name: compact(_narrow(group.codes)) for group in dataset.groups},
    )


def ids_chunks(dataset: Dataset) -> dict[str, IdsChunk]:
    """The ids of all instances, by the chunk's id; none where they are numbers from 0 on."""
    if dataset.source.ids is None:
        return {}
    return {
        f"data/ids/{number:04d}": IdsChunk(first, dataset.ids[first : first + _IDS])
        for number, first in enumerate(range(0, len(dataset), _IDS))
    }


def dataset_record(
    dataset: Dataset, evaluation: Evaluation, *, redact: bool = False, models: bool = True
) -> DatasetRecord:
    """The evaluation set, with as many instances in a chunk as fit half a MiB.

    ``redact`` keeps ids and outcomes and drops what the instances are. Without ``models`` that
    could run on them, no inputs are kept.
    """
    source = dataset.source
    hidden = hidden_groups(dataset) if redact else {}
    size = _MOST_PER_CHUNK if redact else _chunk_size(dataset)
    chunks = -(-len(dataset) // size)
    preview = None if redact else source.preview
    not_runnable = why_not_runnable(dataset, evaluation, redact)
    stride, inputs_size = inputs_stride(dataset), _inputs_size(dataset)
    runs = models and not not_runnable
    kept = -(-len(dataset) // stride) if runs else 0
    return DatasetRecord(
        name=source.name,
        task="custom" if evaluation.custom else evaluation.task,
        instances=len(dataset),
        classes=dataset.classes,
        inputs=tuple(InputRecord(i.name, i.array, i.scale, i.offset) for i in source.inputs),
        preview=PreviewRecord(preview.kind, preview.array, preview.columns) if preview else None,
        groups=tuple(GroupRecord(g.name, g.levels) for g in dataset.groups if g.name not in hidden),
        attributes=ATTRIBUTES,
        ids=tuple(ids_chunks(dataset)),
        ids_size=_IDS,
        output=evaluation.output,
        scores=evaluation.scores,
        threshold=evaluation.threshold,
        not_runnable=not_runnable,
        redacted=redact,
        chunk_size=size,
        chunks=tuple(f"data/instances/{number:04d}" for number in range(chunks)),
        inputs_stride=stride,
        inputs_size=inputs_size,
        inputs_chunks=tuple(
            f"data/inputs/{number:04d}" for number in range(-(-kept // inputs_size))
        ),
    )


def instances_chunk(dataset: Dataset, record: DatasetRecord, number: int) -> InstancesChunk:
    """One of the chunks of instances that a dataset's record lists."""
    first = number * record.chunk_size
    which = slice(first, min(first + record.chunk_size, len(dataset)))
    return _instances(dataset, which, redact=record.redacted)


def inputs_stride(dataset: Dataset) -> int:
    """Inputs of every which instance a site keeps, so that all together stay below 64 MiB."""
    return max(1, -(-inputs_bytes(dataset) // _INPUTS_BYTES))


def inputs_bytes(dataset: Dataset) -> int:
    """What models take of all instances."""
    return _input_bytes(dataset) * len(dataset)


def inputs_chunk(dataset: Dataset, record: DatasetRecord, number: int) -> InputsChunk:
    """One of the chunks of inputs that a dataset's record lists."""
    stride, names = record.inputs_stride, _inputs(dataset)
    first = number * record.inputs_size * stride
    last = min(first + record.inputs_size * stride, len(dataset))
    if stride == 1:
        found = dataset.raw(slice(first, last), names)
    else:
        each = [dataset.raw(slice(at, at + 1), names) for at in range(first, last, stride)]
        found = {name: np.concatenate([one[name] for one in each]) for name in names}
    arrays = {
        name: ArrayRecord(array.dtype.name, array.shape, pack(array))
        for name, array in found.items()
    }
    return InputsChunk(first, stride, arrays)


def _inputs(dataset: Dataset) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.array for entry in dataset.source.inputs))


def _input_bytes(dataset: Dataset) -> int:
    """What models take of one instance."""
    some = slice(0, min(1, len(dataset)))
    names = _inputs(dataset)
    return sum(array.nbytes for array in dataset.raw(some, names).values()) if names else 0


def _inputs_size(dataset: Dataset) -> int:
    return max(1, min(_MOST_PER_CHUNK, _INPUTS_CHUNK_BYTES // max(1, _input_bytes(dataset))))


def _instances(dataset: Dataset, which: slice, *, redact: bool) -> InstancesChunk:
    shown = dataset.source.preview
    return InstancesChunk(
        first=which.start,
        ids=dataset.ids[which],
        labels=tuple(map(Json, _plain_labels(dataset, which, redact=redact))),
        pictures=None if redact else _pictures(dataset, which),
        cells=_cells(dataset, shown.columns, which) if shown and not redact else (),
    )


def _pictures(dataset: Dataset, which: slice) -> ArrayRecord | None:
    shown = dataset.source.preview
    if shown is None or shown.array is None:
        return None
    # Small pictures that fit a chunk may be made of images that no memory holds together.
    step = max(1, _INPUTS_CHUNK_BYTES * 8 // max(1, _picture_bytes(dataset, shown.array)))
    parts = []
    for first in range(which.start, which.stop, step):
        some = slice(first, min(first + step, which.stop))
        small = pictures(dataset.raw(some, (shown.array,))[shown.array])
        if small is None:
            return None
        parts.append(small)
    made = np.concatenate(parts)
    return ArrayRecord(made.dtype.name, made.shape, pack(made))


def _picture_bytes(dataset: Dataset, array: str) -> int:
    columns = dataset.source.columns_of(array)
    return sum(dataset.table.columns[column].row_bytes for column in columns)


def _cells(
    dataset: Dataset, columns: tuple[str, ...], which: slice
) -> tuple[tuple[Json, ...], ...]:
    if not columns:
        return ()
    found = dataset.cells(columns, which)
    rows = zip(*(_listed(found[column]) for column in columns), strict=True)
    return tuple(tuple(Json(_cell(cell)) for cell in row) for row in rows)


def _listed(column: NDArray[Any]) -> list[Any]:
    """Rows as Python has them; a time finer than it has would become a bare number."""
    plain = column.astype(str) if column.dtype.kind == "M" else column
    return list(plain.tolist())


def _cell(value: object) -> object:
    """What is shown of a value of any kind: text, where JSON has none like it."""
    if isinstance(value, list | tuple):
        return [_cell(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return jsonable(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return mended(str(value))


def _chunk_size(dataset: Dataset) -> int:
    some = slice(0, min(_LOOKED_AT, len(dataset)))
    sample = orjson.dumps(jsonable(_instances(dataset, some, redact=False)))
    fitting = int(_INSTANCES_BYTES * some.stop / len(sample))
    return max(1, min(fitting, _MOST_PER_CHUNK))


def _labels(dataset: Dataset) -> PackedRecord | None:
    labels = dataset.labels
    if labels is None or labels.dtype.kind in "OU":
        return None
    if dataset.source.truth == "class":
        return compact(_narrow(labels))
    if labels.dtype == np.bool_:
        return compact(np.packbits(labels, axis=1) if labels.ndim == 2 else labels)
    return compact(labels.astype(np.float32))


def _narrow(codes: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers from 0 on in as few bytes as they need."""
    largest = int(codes.max(initial=0))
    return codes.astype(np.uint8 if largest < 1 << 8 else np.uint16)


def _plain_labels(dataset: Dataset, which: slice, *, redact: bool) -> list[Any]:
    """Labels as JSON has them: an index, indices, numbers, or texts."""
    count, labels = which.stop - which.start, dataset.labels
    classed = dataset.source.truth in ("class", "classes")
    if labels is None or (redact and not classed):
        return [None] * count
    if dataset.source.truth == "classes":
        return [np.flatnonzero(row).tolist() for row in labels[which]]
    return [jsonable(label) for label in labels[which].tolist()]


def why_not_runnable(dataset: Dataset, evaluation: Evaluation, redact: bool) -> str:
    """Why models cannot be run on these instances in the page; empty where they can."""
    source = dataset.source
    if redact:
        return "The instances were left out when this site was exported."
    if evaluation.custom or evaluation.task != CLASSIFICATION:
        task = "a task of its own" if evaluation.custom else evaluation.task
        return f"The page runs classifiers, and this study is about {task}."
    for call in (source.preprocess, evaluation.postprocess):
        if call is not None:
            return f"Models run with {call.name}, which is Python of the study's own."
    if not source.inputs:
        return "Nothing says what the models' inputs are."
    if _has_texts(source, dataset):
        return "The models take texts, which the page does not pass on."
    return ""


def _has_texts(source: DatasetSource, dataset: Dataset) -> bool:
    used = (column for entry in source.inputs for column in source.columns_of(entry.array))
    return any(dataset.table.columns[column].is_text for column in used)


def _compacted(values: Mapping[str, NDArray[Any]]) -> dict[str, PackedRecord]:
    return {name: compact(array) for name, array in values.items()}


def _bits(flags: NDArray[np.bool_] | None) -> PackedRecord | None:
    return None if flags is None else compact(np.packbits(flags))


def _base(found: BaseComparison, *, alone: bool) -> BaseRecord:
    """``alone``: its arrays are elsewhere."""
    outcomes = found.outcomes
    return BaseRecord(
        base=found.base,
        roles=found.roles,
        metrics=found.metrics,
        arrays={} if alone else _compacted(found.values),
        outcomes=OutcomesRecord(
            outcomes.both_right, outcomes.both_wrong, outcomes.lost, outcomes.gained
        )
        if outcomes
        else None,
    )
