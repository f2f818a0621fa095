"""Check a study before it is exported: its file, its evaluation set and its model files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto
from onnx.helper import tensor_dtype_to_np_dtype

from cc_export.dataset import ROWS, Dataset, dataset_of
from cc_export.errors import ModelError
from cc_export.evaluate import Subject, check_given, fitting_hint
from cc_export.executor import Inline, run_all
from cc_export.numerals import first_text
from cc_export.onnx_models.narrowing import NARROWING_HINT, what_is_lost
from cc_export.onnx_models.read import read_model
from cc_export.onnx_models.session import no_number
from cc_export.onnx_models.weights import weights
from cc_export.study import LoadedStudy, load_study
from cc_export.study.records import Evaluation, StudyModel
from cc_export.tasks.table import task_of

# Types of inputs that do not hold every number.
_WHOLE: Mapping[int, np.dtype[Any]] = {
    kind: tensor_dtype_to_np_dtype(kind)
    for kind in (
        TensorProto.BOOL, TensorProto.INT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64,
        TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64,
    )
}  # fmt: skip
# Types of answers that tasks know.
_STORED: Mapping[int, np.dtype[Any]] = {
    **_WHOLE,
    **{
        kind: tensor_dtype_to_np_dtype(kind)
        for kind in (TensorProto.FLOAT16, TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.STRING)
    },
}
# Numbers of an answer that are looked at before it is there.
_MOST = 1 << 20


@dataclass(frozen=True, slots=True)
class Validation:
    """What was found in a valid study. ``failures`` are reasons by model id.

    ``opened`` counts the model files that were opened, ``instances`` is None where no evaluation
    set was.
    """

    file: str
    models: int
    roots: int
    opened: int
    instances: int | None
    warnings: tuple[str, ...]
    failures: Mapping[str, str]


def validate_study(path: Path | str, *, files: bool = True) -> Validation:
    """Check a study, with ``files`` also that its models and instances can be read.

    Models are read, not run: what only onnxruntime finds out is found by an export. Of answers
    that are handed over, names, numbers and the first ones are looked at.

    Raises:
        StudyError: the study file is wrong; all its problems are named.
        ExportError: there is no study there, or the evaluation set cannot be used.
    """
    study = load_study(path)
    dataset = dataset_of(study) if files else None
    tasks = {
        model.id: partial(_open, model, dataset, study.evaluation)
        for model in study.models
        if files and (model.onnx or model.outputs)
    }
    outcomes = dict(run_all(Inline(), tasks))
    return Validation(
        file=study.told(str(study.file)),
        models=len(study.models),
        roots=sum(not model.parents for model in study.models),
        opened=sum(model.onnx is not None for model in study.models if files),
        instances=len(dataset) if dataset else None,
        warnings=_warnings(study),
        failures={
            model: study.told(str(error))
            for model, error in outcomes.items()
            if isinstance(error, ModelError)
        },
    )


def _warnings(study: LoadedStudy) -> tuple[str, ...]:
    return tuple(study.told(problem.text(study.file)) for problem in study.warnings)


def _open(model: StudyModel, dataset: Dataset | None, evaluation: Evaluation | None) -> None:
    if model.onnx is not None:
        # Answers that are handed over stand for those of the file.
        _open_file(model.onnx, dataset, evaluation if model.outputs is None else None)
    if model.outputs is not None and dataset is not None and evaluation is not None:
        check_given(Subject(model.id, outputs=model.outputs), dataset, evaluation)


def _open_file(path: Path, dataset: Dataset | None, evaluation: Evaluation | None) -> None:
    model = read_model(path)
    for _ in weights(model, path):  # its quantization is understood
        pass
    if dataset is None:
        return
    stored = {tensor.name for tensor in model.graph.initializer}
    taken = {value.name for value in model.graph.input} - stored
    given = {entry.name for entry in dataset.source.inputs}
    if taken != given:
        raise ModelError(
            f"{path.name}: the model takes {', '.join(sorted(taken)) or 'no input'}, "
            f"the dataset gives {', '.join(sorted(given))}",
            "Name the model's inputs under `dataset.inputs`.",
        )
    outputs = [value.name for value in model.graph.output]
    if evaluation and evaluation.output is not None and evaluation.output not in outputs:
        raise ModelError(
            f"{path.name}: there is no output {evaluation.output!r}",
            f"`evaluation.output` may be {', '.join(outputs)}.",
        )
    if len(dataset) and not dataset.source.preprocess:
        _check_sizes(model, path, dataset)
    if evaluation:
        _check_answers(model, path, dataset, evaluation)


def _check_answers(model: ModelProto, path: Path, dataset: Dataset, evaluation: Evaluation) -> None:
    """An answer is what the task needs, as far as the model says what it answers."""
    if evaluation.postprocess or evaluation.generate or not model.graph.output:
        return
    named = [value for value in model.graph.output if value.name == evaluation.output]
    value = (named or model.graph.output)[0]
    tensor = value.type.tensor_type
    sides = [side.dim_value for side in tensor.shape.dim][1:]
    kind = _STORED.get(tensor.elem_type)
    if kind is None or not tensor.shape.dim or not all(side > 0 for side in sides):
        return
    if math.prod(sides) > _MOST:
        return
    count = len(dataset)
    # One number, repeated: nothing is as large as a model may say that it is.
    answer = np.broadcast_to(np.zeros((), kind), (1, *sides))
    task = task_of(evaluation)
    if task.fitted(answer, dataset, evaluation) is None:
        raise ModelError(
            f"{path.name}: output {value.name!r} is {kind} of shape {[count, *sides]}, "
            f"but {task.wanted(count, dataset)}",
            fitting_hint(dataset),
        )


def _check_sizes(model: ModelProto, path: Path, dataset: Dataset) -> None:
    """An instance has as many numbers as a model's inputs say, of a type that holds them."""
    first = dataset.inputs(slice(0, 1))
    for value in model.graph.input:
        sides = [side.dim_value for side in value.type.tensor_type.shape.dim][1:]
        given = first.get(value.name)
        wanted = _WHOLE.get(value.type.tensor_type.elem_type)
        lost = what_is_lost(given, wanted) if given is not None and wanted is not None else ""
        if lost:
            raise ModelError(f"{path.name}: input {value.name!r} {lost}", NARROWING_HINT)
        numeric = value.type.tensor_type.elem_type != TensorProto.STRING
        if numeric and given is not None and given.dtype.kind in "OU":
            rows = dataset.inputs(slice(0, ROWS))[value.name].tolist()
            if first_text(rows):
                raise ModelError(*no_number(path, value.name, rows))
        if given is None or not sides or not all(sides) or given.size == math.prod(sides):
            continue
        raise ModelError(
            f"{path.name}: input {value.name!r} takes {math.prod(sides):,} numbers an instance, "
            f"of shape {sides}; the dataset gives {given.size:,}, of shape {list(given.shape[1:])}",
            f"Is `dataset.inputs.{value.name}` the right array?",
        )
