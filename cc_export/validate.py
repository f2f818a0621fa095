"""Check a study before it is exported: its file, its evaluation set and its model files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cc_export.dataset import Dataset, open_dataset
from cc_export.errors import ModelError
from cc_export.executor import Inline, run_all
from cc_export.onnx_models.read import read_model
from cc_export.onnx_models.weights import weights
from cc_export.study import LoadedStudy, load_study


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

    Models are read, not run: what only onnxruntime finds out is found by an export.

    Raises:
        StudyError: the study file is wrong; all its problems are named.
        ExportError: there is no study there, or the evaluation set cannot be used.
    """
    study = load_study(path)
    dataset = open_dataset(study.dataset) if files and study.dataset else None
    tasks = {
        model.id: partial(_open_model, model.onnx, dataset)
        for model in study.models
        if files and model.onnx
    }
    outcomes = dict(run_all(Inline(), tasks))
    return Validation(
        file=str(study.file),
        models=len(study.models),
        roots=sum(not model.parents for model in study.models),
        opened=len(tasks),
        instances=len(dataset) if dataset else None,
        warnings=_warnings(study),
        failures={
            model: str(error) for model, error in outcomes.items() if isinstance(error, ModelError)
        },
    )


def _warnings(study: LoadedStudy) -> tuple[str, ...]:
    return tuple(problem.text(study.file) for problem in study.warnings)


def _open_model(path: Path, dataset: Dataset | None) -> None:
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
