"""From a study file to a checked study, or every problem found in it at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shlex import quote

from cc_export.bundle.write import MANIFEST
from cc_export.cache.store import Place
from cc_export.callables import CallableName, is_callable_name
from cc_export.errors import ExportError, Problem, StudyError
from cc_export.study.check import check
from cc_export.study.copies import with_copies
from cc_export.study.document import FORMATS, read_document
from cc_export.study.form import fit
from cc_export.study.plausible import is_format
from cc_export.study.record_files import with_records
from cc_export.study.records import (
    DatasetSource,
    Evaluation,
    Example,
    ImageForm,
    LoadedStudy,
    Metric,
    ModelInput,
    Operation,
    OperationType,
    Preview,
    StudyModel,
    ToOnnx,
    TorchModule,
)
from cc_export.study.schema import (
    DatasetFile,
    EvaluationFile,
    InputFile,
    MetricFile,
    ModelFile,
    StudyFile,
    ToOnnxFile,
)
from cc_export.tasks.names import TRUTH
from cc_export.urls import url_of

# Whole numbers up to here are exact in JavaScript.
_EXACT = 2**53


def load_study(path: Path | str, cache: Place = None) -> LoadedStudy:
    """Read a study file, or the one file ``study.*`` of a folder, and the records beside it.

    What is at URLs is copied into ``cache`` first (None: the user's own folder for caches).

    Raises:
        ExportError: there is no study file at ``path``.
        StudyError: the file has fatal problems; warnings are kept in ``LoadedStudy.warnings``.
    """
    url = url_of(path)
    if url is None:
        return _loaded(find_study(Path(path)), cache)
    from cc_export import remote  # noqa: PLC0415 (only URLs need it)

    copy = remote.study_at(url, tuple(FORMATS), cache)
    with remote.naming(copy, url):
        found = _loaded(find_study(copy), cache)
    return replace(found, url=url.rstrip("/") if copy.is_dir() else url.rpartition("/")[0])


def _loaded(file: Path, cache: Place) -> LoadedStudy:
    document = with_records(read_document(file))
    form = with_copies(fit(document), document, cache)
    problems = check(form, document)
    fatal = [problem for problem in problems if problem.fatal]
    if fatal:
        raise StudyError(document.file, fatal)
    found = _resolve(form, document.file.resolve(), tuple(problems))
    return replace(found, document=document.only("dataset"))


def find_study(path: Path) -> Path:
    """The study file meant by a path: the file itself, or ``study.*`` in the folder.

    Raises:
        ExportError: there is no such file, or several.
    """
    try:
        if not path.is_dir():
            path.stat()
            return path
        found = [file for suffix in FORMATS if (file := path / f"study{suffix}").is_file()]
    except FileNotFoundError:
        hint = "Give a study file or its folder."
        raise ExportError(f"{path}: no such file or folder", hint) from None
    except (OSError, ValueError) as error:  # a name may be too long, or hold a zero byte
        raise ExportError(f"{path}: {getattr(error, 'strerror', error)}") from None
    if len(found) != 1:
        what = f"{len(found)} study files" if found else "no study file"
        listed = f" ({', '.join(file.name for file in found)})" if found else ""
        names = ", ".join(f"study{suffix}" for suffix in FORMATS)
        hint = "Name the file that is meant." if found else f"It needs one of {names}."
        if (path / MANIFEST).is_file():
            hint = "It is a site made by cc-export; give the study that it was made of."
        elif not found:
            hint += f" `cc-export init {quote(str(path))}` writes a first one for ONNX files in it."
        raise ExportError(f"{path}: {what} in this folder{listed}", hint)
    return found[0]


def _resolve(form: StudyFile, file: Path, warnings: tuple[Problem, ...]) -> LoadedStudy:
    folder = file.parent
    return LoadedStudy(
        file=file,
        title=form.title or _plain(folder.name if file.stem == "study" else file.stem),
        description=form.description,
        metrics=tuple(_metric(metric, folder) for metric in form.metrics),
        operations=tuple(
            OperationType(o.name, tuple(o.parameters), o.description) for o in form.operations
        ),
        models=tuple(_model(model, folder, form.embed) for model in form.models),
        dataset=_dataset(form.dataset, form.evaluation, folder) if form.dataset else None,
        evaluation=_evaluation(form, folder),
        to_onnx=_to_onnx(form.to_onnx) if form.to_onnx else ToOnnx(),
        warnings=warnings,
    )


def _metric(form: MetricFile, folder: Path) -> Metric:
    # What makes no sense has been warned of, and is as if it were left out.
    is_range = form.min is None or form.max is None or form.min <= form.max
    return Metric(
        name=form.name,
        direction=form.direction,
        unit=form.unit,
        format=form.format if form.format and is_format(form.format) else "",
        definition=form.definition,
        minimum=form.min if is_range else None,
        maximum=form.max if is_range else None,
        primary=form.primary,
        compute=_callable(form.compute, folder),
    )


def _model(form: ModelFile, folder: Path, embed: bool) -> StudyModel:
    operation = form.operation
    return StudyModel(
        id=form.id,
        parents=tuple(dict.fromkeys(form.parents or ([form.base] if form.base else ()))),
        operation=Operation(operation.name, dict(operation.parameters)) if operation else None,
        onnx=folder / form.onnx if form.onnx else None,
        outputs=folder / form.outputs if form.outputs else None,
        torch=_torch(form, folder),
        tag=form.tag or "",
        notes=form.notes,
        created=form.created,
        embed=embed if form.embed is None else form.embed,
        metrics={n: _number(value) for n, value in form.metrics.items() if value is not None},
    )


def _torch(form: ModelFile, folder: Path) -> TorchModule | None:
    if form.torch is None:
        return None
    call = form.torch if isinstance(form.torch, str) else form.torch.call
    arguments = {} if isinstance(form.torch, str) else dict(form.torch.arguments)
    weights = folder / form.weights if form.weights else None
    return TorchModule(CallableName(call, folder), arguments, weights)


def _to_onnx(form: ToOnnxFile) -> ToOnnx:
    return ToOnnx(
        inputs=tuple(
            (name, Example(tuple(i.shape), i.dtype)) for name, i in (form.inputs or {}).items()
        ),
        dynamic=None
        if form.dynamic is None
        else tuple((name, tuple(axes)) for name, axes in form.dynamic.items()),
        opset=form.opset,
        exporter=form.exporter,
    )


def _plain(name: str) -> str:
    """A file's name as text; some systems allow names that are none."""
    return name.encode("utf-8", "replace").decode()


def _number(value: float) -> float:
    return float(value) if abs(value) > _EXACT else value


def _evaluation(form: StudyFile, folder: Path) -> Evaluation | None:
    how = form.evaluation
    if how is None:
        return None
    return Evaluation(
        task=how.task,
        output=how.output,
        scores=how.scores,
        threshold=float(how.threshold),
        postprocess=_callable(how.postprocess, folder),
        generate=_callable(how.generate, folder),
        custom=_callable(how.task if is_callable_name(how.task) else None, folder),
        metrics=tuple(
            (metric.name, CallableName(metric.compute, folder))
            for metric in form.metrics
            if metric.compute
        ),
    )


def _dataset(form: DatasetFile, how: EvaluationFile | None, folder: Path) -> DatasetSource:
    label = [form.label] if isinstance(form.label, str) else form.label or []
    form_of = form.image
    return DatasetSource(
        path=folder / form.path if form.path else None,
        name=form.name or (Path(form.path).stem if form.path else form.call or ""),
        inputs=tuple(_input(name, i) for name, i in (form.inputs or {}).items()),
        label=tuple(label),
        classes=tuple(form.classes or ()),
        ids=form.ids,
        preview=_preview(form),
        call=_callable(form.call, folder),
        groups=tuple(form.groups.items()),
        image=ImageForm(
            (form_of.size[0], form_of.size[1]) if form_of.size else None,
            form_of.mode,
            form_of.layout,
        )
        if form_of
        else ImageForm(),
        preprocess=_callable(how.preprocess if how else None, folder),
        truth=TRUTH.get(how.task, "anything") if how else "class",
    )


def _input(name: str, form: InputFile) -> ModelInput:
    columns = tuple(form.columns or ())
    return ModelInput(name, form.array or name, float(form.scale), float(form.offset), columns)


def _preview(form: DatasetFile) -> Preview | None:
    shown = form.preview
    if shown is None:
        return None
    columns = tuple(shown.columns or ())
    if shown.kind == "image":
        return Preview("image", shown.array)
    return Preview(shown.kind, None, columns or ((shown.array,) if shown.array else ()))


def _callable(name: str | None, folder: Path) -> CallableName | None:
    return CallableName(name, folder) if name else None
