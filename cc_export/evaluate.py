"""Run models on the evaluation set: answers, what they amount to, and the activations in between.

First a model's answers to all instances are collected, then they are judged, beside those of the
models it comes from. Only a block of them is in memory at a time.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_core.errors import CoreError
from cc_export.answers import Answers, NoRoomError, collect, kept
from cc_export.callables import FAILURES, CallableName, described
from cc_export.data.npz import NpzTable
from cc_export.dataset import ROWS, Dataset
from cc_export.errors import ExportError, ModelError
from cc_export.onnx_models.activations import with_outputs
from cc_export.onnx_models.read import read_file
from cc_export.onnx_models.session import Session
from cc_export.predictions import Predictions, Role
from cc_export.study.records import Evaluation
from cc_export.surrogates import first_broken
from cc_export.tasks.table import task_of
from cc_export.tasks.task import Base, Case
from cc_export.temporary import temporary_folder

BATCH = 64
# Operators whose answer for an instance depends on all that are run together with it.
_WHOLE_BATCH = frozenset({"DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"})


@dataclass(frozen=True, slots=True)
class Subject:
    """A model whose answers are wanted: they come from running ``onnx``, or from ``outputs``.

    ``batch`` instances are run together, unless the model insists on another number.
    """

    model: str
    onnx: Path | None = None
    outputs: Path | None = None
    batch: int = BATCH

    @property
    def files(self) -> tuple[Path, ...]:
        """What the answers are from."""
        return tuple(path for path in (self.outputs or self.onnx,) if path)

    @property
    def name(self) -> str:
        """What errors call it: the file, whose folder is nobody's business who reads the site."""
        path = self.outputs or self.onnx
        return path.name if path else self.model


@dataclass(frozen=True, slots=True)
class Spool:
    """Files where the answers of models wait for those that are compared with them, by model.

    ``keep``: the answers of the subject are wanted there, because models come from it.
    """

    files: Mapping[str, Path]
    keep: bool = False


def batch_size(operators: Iterable[str]) -> int:
    """Instances that may be run together without one changing the answer for another.

    Dynamic quantization takes a tensor's scale from the whole batch, so such models are run one
    instance at a time: the answer for an instance must not depend on its neighbours.
    """
    return BATCH if _WHOLE_BATCH.isdisjoint(operators) else 1


def evaluate(
    subject: Subject,
    dataset: Dataset,
    evaluation: Evaluation,
    bases: Sequence[tuple[Subject, tuple[Role, ...]]] = (),
    spool: Spool | None = None,
) -> Predictions:
    """What one model answers to the whole evaluation set, judged, and beside each of its bases.

    The answers of a base are taken from the spool; where they are not there, it is run again.

    Raises:
        ModelError: the model cannot be loaded or run, or its answers are not what the task needs.
            A base that fails is a warning.
    """
    waiting = spool.files if spool else {}
    keep = waiting.get(subject.model) if spool and spool.keep else None
    with temporary_folder() as folder:
        answers = answers_of(subject, dataset, evaluation, folder, keep)
        usable: list[Base] = []
        warnings: list[str] = []
        for base, roles in bases:
            try:
                found = kept(waiting[base.model]) if base.model in waiting else None
                found = found or answers_of(base, dataset, evaluation, folder)
                usable.append(_comparable(Base(base.model, roles, found), answers, evaluation))
            except ModelError as error:
                warnings.append(f"not compared with {base.model!r}: {error.what}")
        return _judged(subject, Case(dataset, evaluation, answers, tuple(usable)), warnings)


def _judged(subject: Subject, case: Case, warnings: Sequence[str]) -> Predictions:
    try:
        judged = task_of(case.evaluation).judge(case)
    except CoreError as error:
        raise ModelError(f"{subject.name}: {error}") from None
    metrics, problems = _computed(case)
    return replace(
        judged,
        metrics={**judged.metrics, **metrics},
        warnings=(*judged.warnings, *_without_answer(judged), *warnings),
        partial=bool(warnings),
        failed=problems,
    )


def _without_answer(judged: Predictions) -> tuple[str, ...]:
    """Numbers that say nothing; an empty text may well be the answer."""
    if not judged.invalid or judged.texts is not None:
        return ()
    missing = [name for name, value in judged.metrics.items() if value is None]
    without = f", so it has no {' and no '.join(missing)}" if missing else ""
    return (
        f"{judged.invalid:,} of its answers are no finite numbers{without}; "
        "is a value missing in the evaluation data?",
    )


def activation(
    path: Path, dataset: Dataset, tensors: Sequence[str], which: slice
) -> tuple[NDArray[np.generic], ...]:
    """The values of intermediate tensors for some instances, in the order asked for.

    Raises:
        ModelError: the model has no such tensor, or cannot be run.
    """
    session = Session(path, with_outputs(read_file(path).content(), tuple(tensors)))
    return tuple(session.run(tensors, dataset.inputs(which)))


def answers_of(
    subject: Subject,
    dataset: Dataset,
    evaluation: Evaluation,
    folder: Path,
    keep: Path | None = None,
) -> Answers:
    """A model's answers to all instances, from its file or by running it; see ``collect``.

    Raises:
        ModelError: it cannot be run, or its answers are not what the task needs.
    """

    def answers() -> Iterator[Any]:
        if subject.outputs is not None:
            return _written(_given(subject, dataset, evaluation, folder), subject)
        return _written(_run(subject, dataset, evaluation), subject)

    if keep is not None:
        with suppress(NoRoomError):  # others will have to ask the model again
            return collect(answers(), len(dataset), folder, keep)
    return collect(answers(), len(dataset), folder, None)


def _comparable(base: Base, own: Answers, evaluation: Evaluation) -> Base:
    if task_of(evaluation).paired and base.answers.shape[1:] != own.shape[1:]:
        raise ModelError(
            f"its answers have the shape {list(base.answers.shape[1:])}, not {list(own.shape[1:])}"
        )
    return base


def _run(subject: Subject, dataset: Dataset, evaluation: Evaluation) -> Iterator[Any]:
    assert subject.onnx is not None
    session = Session(subject.onnx)
    _check_inputs(session, dataset, subject)
    wanted = _outputs(session, evaluation, subject)
    for feeds in dataset.batches(session.batch or subject.batch):
        count = min(len(values) for values in feeds.values())
        if evaluation.generate is not None:
            answers, what = _foreign(evaluation.generate, "generation", session, feeds), "texts"
        else:
            outputs = dict(zip(wanted, session.run(wanted, feeds), strict=True))
            answers, what = outputs[wanted[0]], f"output {wanted[0]!r}"
            if evaluation.postprocess is not None:
                answers = _foreign(evaluation.postprocess, "postprocessing", outputs)
                what = f"{evaluation.postprocess.name}: the answer"
        yield _fitted(np.asarray(answers), count, what, dataset, evaluation, subject)


def check_given(subject: Subject, dataset: Dataset, evaluation: Evaluation) -> None:
    """Make sure that answers which are handed over are there, as many as instances, and fit.

    Of the answers themselves the first are looked at.

    Raises:
        ModelError: as ``answers_of``.
    """
    with temporary_folder() as folder:
        next(_given(subject, dataset, evaluation, folder), None)


def _given(
    subject: Subject, dataset: Dataset, evaluation: Evaluation, folder: Path
) -> Iterator[Any]:
    """Answers from a file, in the dataset's order: the array that the task names.

    Where the file's ids are in another order, its answers are copied to where rows of any place
    are read at once.
    """
    assert subject.outputs is not None
    try:
        table = NpzTable(subject.outputs)
        arrays = task_of(evaluation).arrays
        name = next((array for array in arrays if array in table.columns), None)
        if name is None:
            wanted = " or ".join(map(repr, arrays))
            hint = f"It holds {', '.join(sorted(table.columns)) or 'no array'}."
            raise ModelError(f"{subject.name}: there is no array {wanted}", hint)
        order = _order(table, subject, dataset)
        count = table.length_of(name)
        if count != len(dataset):
            raise ModelError(
                f"{subject.name}: array {name!r} has {count} answers for {len(dataset)} instances"
            )
        parts = (table.read([name], first, ROWS)[name] for first in range(0, count, ROWS))
        if order is not None:
            whole = collect(parts, count, folder, None).whole()
            parts = (whole[order[first : first + ROWS]] for first in range(0, count, ROWS))
        for part in parts:
            yield _fitted(part, len(part), f"array {name!r}", dataset, evaluation, subject)
    except ModelError:
        raise
    except ExportError as error:
        raise ModelError(error.what.replace(str(subject.outputs), subject.name), error.hint) from (
            None
        )


def _order(table: NpzTable, subject: Subject, dataset: Dataset) -> NDArray[np.intp] | None:
    """Where the answer to each instance stands in the file; None: in the same place."""
    if "ids" not in table.columns:
        return None
    count = table.length_of("ids")
    given = list(map(str, table.read(["ids"], 0, count)["ids"].tolist())) if count else []
    if tuple(given) == dataset.ids:
        return None
    places = {id_: place for place, id_ in enumerate(given)}
    known = set(dataset.ids)
    hint = (
        f"Its array 'ids' must be the ids of the dataset, such as {dataset.ids[0]!r}, in any order."
    )
    unknown = next((id_ for id_ in given if id_ not in known), None)
    if unknown is not None:
        raise ModelError(f"{subject.name}: its id {unknown!r} is that of no instance", hint)
    lacking = next((id_ for id_ in dataset.ids if id_ not in places), None)
    if lacking is not None:
        raise ModelError(f"{subject.name}: there is no answer to instance {lacking!r}", hint)
    if len(places) < len(given):
        double = next(id_ for place, id_ in enumerate(given) if places[id_] != place)
        raise ModelError(f"{subject.name}: there are two answers to instance {double!r}", hint)
    return np.array([places[id_] for id_ in dataset.ids], np.intp)


def _written(parts: Iterator[Any], subject: Subject) -> Iterator[Any]:
    """The same parts; texts that no file can hold fail the model that gave them."""
    first = 0
    for part in parts:
        broken = first_broken(part) if isinstance(part, list) else None
        if broken is not None:
            raise ModelError(
                f"{subject.name}: the answer to instance {first + broken} holds half of a "
                "character (a lone surrogate), which no file can hold",
                "Write these texts anew, decoded as UTF-8.",
            )
        first += len(part)
        yield part


def _fitted(  # noqa: PLR0913, PLR0917 (what the error says of where the answers are from)
    values: NDArray[Any],
    count: int,
    what: str,
    dataset: Dataset,
    evaluation: Evaluation,
    subject: Subject,
) -> Any:
    task = task_of(evaluation)
    right = bool(values.ndim) and len(values) == count
    fitted = task.fitted(values, dataset, evaluation) if right else None
    if fitted is None:
        raise ModelError(
            f"{subject.name}: {what} is {values.dtype} of shape {list(values.shape)}, "
            f"but {task.wanted(count, dataset)}",
            fitting_hint(dataset),
        )
    return fitted.tolist() if fitted.dtype.kind == "O" else fitted


def fitting_hint(dataset: Dataset) -> str:
    """What to try where answers are not what the task needs."""
    if dataset.classes and not dataset.source.classes:
        return (
            "Check `evaluation.output`, and name every class in `dataset.classes`, also those that "
            "no label has."
        )
    return "Check `evaluation.output` and `dataset.classes`."


def _foreign(call: CallableName, doing: str, *arguments: Any) -> Any:
    function = call.load()
    try:
        return function(*arguments)
    except FAILURES as error:  # whatever the study's code raises
        raise ModelError(f"{call.name}: {doing} failed: {described(error)}") from None


def _computed(case: Case) -> tuple[dict[str, float], dict[str, str]]:
    """The study's own metrics, and why those are missing that fail, by their names."""
    found: dict[str, float] = {}
    problems: dict[str, str] = {}
    for name, call in case.evaluation.metrics:
        try:
            value = call.load()(case.answers.whole(), case.dataset.labels)
            if isinstance(value, bool) or not isinstance(value, numbers.Real | np.number):
                problems[name] = f"{call.name} gave {value!r:.80}, no number"
            else:
                found[name] = float(value)
        except ExportError as error:
            problems[name] = error.what
        except FAILURES as error:  # whatever the study's code raises
            problems[name] = f"{call.name} failed: {described(error)}"
    return found, problems


def _outputs(session: Session, evaluation: Evaluation, subject: Subject) -> tuple[str, ...]:
    """The output with the answers first; all of them where the study's code has the choice."""
    if evaluation.output is None:
        return session.outputs if evaluation.postprocess else session.outputs[:1]
    if evaluation.output not in session.outputs:
        raise ModelError(
            f"{subject.name}: there is no output {evaluation.output!r}",
            f"It has {', '.join(session.outputs)}.",
        )
    others = [name for name in session.outputs if name != evaluation.output]
    return (evaluation.output, *others) if evaluation.postprocess else (evaluation.output,)


def _check_inputs(session: Session, dataset: Dataset, subject: Subject) -> None:
    given: Mapping[str, Any] | set[str]
    given = {entry.name for entry in dataset.source.inputs}
    if dataset.source.preprocess is not None:
        given = set(dataset.inputs(slice(0, 1)))
    if set(session.inputs) != given:
        raise ModelError(
            f"{subject.name}: the model takes {', '.join(sorted(session.inputs)) or 'no input'}, "
            f"the dataset gives {', '.join(sorted(given))}",
            "Name the model's inputs under `dataset.inputs`.",
        )
