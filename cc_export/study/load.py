"""From a study file to a checked Study, or every problem found in it at once."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from cc_export.errors import ExportError, Problem, StudyError
from cc_export.study.check import check
from cc_export.study.document import FORMATS, Document, Key, read_document, spell
from cc_export.study.records import (
    DatasetSource,
    Evaluation,
    Metric,
    ModelInput,
    Operation,
    OperationType,
    Study,
    StudyModel,
)
from cc_export.study.schema import DatasetFile, ModelFile, StudyFile


def load_study(path: Path | str) -> Study:
    """Read a study file, or the one file ``study.*`` of a folder.

    Raises:
        ExportError: there is no study file at ``path``.
        StudyError: the file has fatal problems; warnings are kept in ``Study.warnings``.
    """
    document = read_document(find_study(Path(path)))
    problems: list[Problem] = []
    form = _parse(document, problems)
    if form is None:
        raise StudyError(document.file, problems)
    problems += check(form, document)
    if any(problem.fatal for problem in problems):
        raise StudyError(document.file, problems)
    return _resolve(form, document.file.resolve(), tuple(problems))


def find_study(path: Path) -> Path:
    """The study file meant by a path: the file itself, or ``study.*`` in the folder."""
    if not path.is_dir():
        if not path.exists():
            raise ExportError(f"{path}: no such file or folder", "Give a study file or its folder.")
        return path
    found = sorted(path / f"study{suffix}" for suffix in FORMATS)
    found = [file for file in found if file.is_file()]
    if len(found) != 1:
        what = f"{len(found)} study files" if found else "no study file"
        listed = f" ({', '.join(file.name for file in found)})" if found else ""
        names = ", ".join(f"study{suffix}" for suffix in FORMATS)
        raise ExportError(f"{path}: {what} in this folder{listed}", f"It needs one of {names}.")
    return found[0]


def _parse(document: Document, problems: list[Problem]) -> StudyFile | None:
    try:
        return StudyFile.model_validate(document.values)
    except ValidationError as error:
        found = []
        for detail in error.errors(include_url=False):
            key = _document_key(detail["loc"], document.values)
            found.append(_explain(detail, key, document.line(key)))
        # A value that may be of two types is reported once for each.
        problems += sorted(dict.fromkeys(found), key=lambda problem: problem.line or 0)
        return None


def _document_key(location: tuple[int | str, ...], values: object) -> Key:
    """The part of pydantic's location that exists in the document (it also names union members)."""
    key: list[str | int] = []
    for part in location:
        inside = isinstance(values, dict) and part in values
        if inside or (isinstance(values, list) and isinstance(part, int) and part < len(values)):
            values = values[part]  # type: ignore[index, call-overload]
            key.append(part)
        elif isinstance(values, dict) and part == location[-1]:
            key.append(part)
    return tuple(key)


def _explain(detail: Any, key: Key, line: int | None) -> Problem:
    value = detail.get("input")
    shown = repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:77]}…"
    context = detail.get("ctx", {})
    kind = detail["type"]
    name = str(key[-1]) if key else ""
    if kind == "extra_forbidden":
        allowed = _allowed_keys(key)
        near = difflib.get_close_matches(name, allowed, 1)
        hint = f"Did you mean `{near[0]}`? " if near else ""
        return Problem(
            spell(key), "unknown key", f"{hint}Allowed: {', '.join(sorted(allowed))}.", line
        )
    if kind == "missing":
        return Problem(spell(key), "this key is missing", line=line)
    if kind == "literal_error":
        return Problem(
            spell(key), f"{shown} is not allowed", f"Allowed: {context['expected']}.", line
        )
    if kind == "model_type":
        return Problem(
            spell(key) or "the file", f"must hold keys and values, got {shown}", line=line
        )
    number = kind in ("int_type", "float_type")
    wanted = "a number" if number else detail["msg"].removeprefix("Input should be ")
    return Problem(spell(key), f"must be {wanted}, got {shown}", line=line)


def _allowed_keys(key: Key) -> list[str]:
    form: Any = StudyFile
    for part in key[:-1]:
        if isinstance(part, int) or not isinstance(form, type) or not issubclass(form, BaseModel):
            continue
        field = form.model_fields.get(str(part))
        form = _model_of(field.annotation) if field else None
    return list(form.model_fields) if form is not None else []


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    arguments = getattr(annotation, "__args__", ())
    return next((found for a in arguments if (found := _model_of(a))), None)


def _resolve(form: StudyFile, file: Path, warnings: tuple[Problem, ...]) -> Study:
    folder = file.parent
    return Study(
        file=file,
        title=form.title or (folder.name if file.stem == "study" else file.stem),
        description=form.description,
        metrics=tuple(
            Metric(
                name=metric.name,
                direction=metric.direction,
                unit=metric.unit,
                format=metric.format or "",
                definition=metric.definition,
                minimum=metric.min,
                maximum=metric.max,
                primary=metric.primary,
            )
            for metric in form.metrics
        ),
        operations=tuple(
            OperationType(o.name, tuple(o.parameters), o.description) for o in form.operations
        ),
        models=tuple(_model(model, folder, form.embed) for model in form.models),
        dataset=_dataset(form.dataset, folder) if form.dataset else None,
        evaluation=Evaluation(form.evaluation.task, form.evaluation.output, form.evaluation.scores)
        if form.evaluation
        else None,
        warnings=warnings,
    )


def _model(form: ModelFile, folder: Path, embed: bool) -> StudyModel:
    operation = form.operation
    return StudyModel(
        id=form.id,
        parents=tuple(form.parents or ([form.base] if form.base else ())),
        operation=Operation(operation.name, dict(operation.parameters)) if operation else None,
        onnx=folder / form.onnx if form.onnx else None,
        tag=form.tag or "",
        notes=form.notes,
        created=form.created,
        embed=embed if form.embed is None else form.embed,
        metrics={name: value for name, value in form.metrics.items() if value is not None},
    )


def _dataset(form: DatasetFile, folder: Path) -> DatasetSource:
    return DatasetSource(
        path=folder / form.path,
        name=form.name or Path(form.path).stem,
        inputs=tuple(
            ModelInput(name, i.array, float(i.scale), float(i.offset))
            for name, i in form.inputs.items()
        ),
        label=form.label,
        classes=tuple(form.classes),
        ids=form.ids,
        preview=form.preview.array if form.preview else None,
    )
