"""What a well-formed study file must still get right: its names refer to things that exist."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from cc_export.errors import Problem
from cc_export.near import near
from cc_export.study.document import Document
from cc_export.study.names import DATA_SUFFIXES, MEASURED_NAMES
from cc_export.study.plausible import implausible
from cc_export.study.schema import DatasetFile, EvaluationFile, StudyFile
from cc_export.study.values import Key
from cc_export.tasks.names import GENERATION

Check = Callable[[StudyFile, Document], Iterator[Problem]]


# Of one check. A study with more of them has one cause for all, and hints take time.
_MOST = 100
# Files of a folder that are compared with a name; a folder may hold a million.
_MOST_BESIDE = 1_000


def check(form: StudyFile, document: Document) -> list[Problem]:
    """What every check found, at most 100 problems each: fatal first, then by line."""
    found = [problem for one in CHECKS for problem in islice(one(form, document), _MOST)]
    return sorted(found, key=lambda problem: (not problem.fatal, problem.line or 0))


def _duplicates(form: StudyFile, document: Document) -> Iterator[Problem]:
    named: tuple[tuple[str, str, Iterable[str]], ...] = (
        ("models", "id", (model.id for model in form.models)),
        ("metrics", "name", (metric.name for metric in form.metrics)),
        ("operations", "name", (operation.name for operation in form.operations)),
    )
    for section, field, names in named:
        first: dict[str, int] = {}
        for index, name in enumerate(names):
            if name in first:
                what = f"{name!r} is already used by {section}[{first[name]}]"
                hint = f"Every {field} in {section} must be different."
                yield _problem(document, (section, index, field), what, hint)
            first.setdefault(name, index)


def _parents(form: StudyFile, document: Document) -> Iterator[Problem]:
    ids = [model.id for model in form.models]
    known = set(ids)
    for index, model in enumerate(form.models):
        if model.base and model.parents:
            what = f"model {model.id!r} has both `base` and `parents`"
            yield _problem(document, ("models", index, "parents"), what, "Use one of them.")
        for parent in model.parents or ([model.base] if model.base else []):
            if parent in known:
                continue
            key = "parents" if model.parents else "base"
            what = f"model {model.id!r} has the unknown parent {parent!r}"
            yield _problem(document, ("models", index, key), what, near(parent, ids))


def _cycles(form: StudyFile, document: Document) -> Iterator[Problem]:
    """The first circle of parents, found by walking up from each model without recursion."""
    parents = {m.id: list(m.parents or ([m.base] if m.base else [])) for m in form.models}
    if len(parents) < len(form.models):
        return  # of two models with one id, neither is known to be the parent that is meant
    done: set[str] = set()
    for start in parents:
        path: dict[str, None] = {}
        stack = [(start, False)]
        while stack:
            model, leaving = stack.pop()
            if leaving:
                del path[model]
                done.add(model)
            elif model in path:
                members = list(path)
                circle = [*members[members.index(model) :], model]
                yield _circle(circle, form, document)
                return
            elif model not in done and model in parents:
                path[model] = None
                stack.append((model, True))
                stack += [(parent, False) for parent in parents[model]]


def _circle(circle: list[str], form: StudyFile, document: Document) -> Problem:
    index = next(i for i, model in enumerate(form.models) if model.id == circle[0])
    shown = circle if len(circle) <= 8 else [*circle[:6], "…", circle[-1]]
    what = f"model {circle[0]!r} is its own ancestor ({' → '.join(shown)})"
    key: Key = ("models", index, "parents" if form.models[index].parents else "base")
    return _problem(document, key, what, "Remove one of these links.")


def _files(form: StudyFile, document: Document) -> Iterator[Problem]:
    folder = document.file.resolve().parent
    for index, model in enumerate(form.models):
        named = (("onnx", model.onnx), ("outputs", model.outputs), ("weights", model.weights))
        for key, name in named:
            if name and not _is_file(folder / name):
                what, hint = _missing(folder, name)
                what = f"model {model.id!r}: {what}"
                yield _problem(document, ("models", index, key), what, hint)
    yield from _data(form, document, folder)


def _data(form: StudyFile, document: Document, folder: Path) -> Iterator[Problem]:
    data = form.dataset
    if data is None:
        return
    if (data.path is None) == (data.call is None):
        what = "has neither `path` nor `call`" if data.path is None else "has `path` and `call`"
        yield _problem(document, ("dataset",), what, "Say with one of them where the data are.")
    elif data.path is not None and not _is_there(folder / data.path):
        yield _problem(document, ("dataset", "path"), *_missing(folder, data.path))
    elif data.path is not None and not _is_data(folder / data.path):
        what = f"{data.path!r} is no known kind of data file"
        hint = f"Allowed: {', '.join(DATA_SUFFIXES)}, or a folder of images."
        yield _problem(document, ("dataset", "path"), what, hint)


def _missing(folder: Path, name: str) -> tuple[str, str]:
    """What is said of a file that is not there, and one beside it that may be meant."""
    looked = f"Looked in {folder}."
    path = folder / name
    beside: list[str] = []
    with suppress(OSError):  # a name that is too long, or a folder that may not be read
        if path.is_dir():
            return f"{name!r} is a folder, no file", looked
        beside = sorted(file.name for file in islice(path.parent.iterdir(), _MOST_BESIDE))
    found = difflib.get_close_matches(path.name, beside, 1, 0.7)
    return f"there is no file {name!r}", f"Is it {found[0]!r}? {looked}" if found else looked


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, say
        return False


def _is_data(path: Path) -> bool:
    return path.suffix.lower() in DATA_SUFFIXES or path.is_dir()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, say
        return False


def _metrics(form: StudyFile, document: Document) -> Iterator[Problem]:
    declared = {metric.name: index for index, metric in enumerate(form.metrics)}
    valued: set[str] = set()
    for index, model in enumerate(form.models):
        for name, value in model.metrics.items():
            if name not in declared:
                what = f"model {model.id!r} has a value for the undeclared metric {name!r}"
                hint = f"{near(name, list(declared))} Declare it under `metrics`."
                yield _problem(document, ("models", index, "metrics", name), what, hint)
            elif value is not None:
                valued.add(name)
    measured = (
        MEASURED_NAMES if any(model.onnx or model.torch for model in form.models) else frozenset()
    )
    for name, index in declared.items():
        if name not in valued and name not in measured and not form.metrics[index].compute:
            what = f"no model has a value for {name!r}"
            yield _problem(document, ("metrics", index), what, "It is left empty.", fatal=False)
    for index, model in enumerate(form.models):
        missing = [name for name in valued if model.metrics.get(name) is None]
        if missing:
            listed = ", ".join(map(repr, sorted(missing, key=declared.__getitem__)))
            key: Key = ("models", index, "metrics" if model.metrics else "id")
            what = f"model {model.id!r} has no value for {listed}"
            yield _problem(document, key, what, "It is shown as missing.", fatal=False)


def _operations(form: StudyFile, document: Document) -> Iterator[Problem]:
    declared = {operation.name: list(operation.parameters) for operation in form.operations}
    for index, model in enumerate(form.models):
        used = model.operation
        key: Key = ("models", index, "operation")
        if used is None:
            if model.base or model.parents:
                what = f"model {model.id!r} has a parent but no operation"
                yield _problem(
                    document, ("models", index), what, "Say how it was made.", fatal=False
                )
        elif form.operations and used.name not in declared:
            what = f"model {model.id!r} uses the undeclared operation {used.name!r}"
            hint = f"{near(used.name, list(declared))} Declare it under `operations`."
            yield _problem(document, (*key, "name"), what, hint, fatal=False)
        elif form.operations:
            for name in used.parameters:
                if name not in declared[used.name]:
                    what = (
                        f"{used.name!r} of model {model.id!r} has the undeclared parameter {name!r}"
                    )
                    hint = near(name, declared[used.name])
                    yield _problem(document, (*key, "parameters", name), what, hint, fatal=False)


def _evaluation(form: StudyFile, document: Document) -> Iterator[Problem]:
    with_files = any(m.onnx or m.torch or m.outputs for m in form.models)
    if form.evaluation and not form.dataset:
        yield _problem(document, ("evaluation",), "needs a dataset", "Add `dataset`.")
    if form.dataset and not form.evaluation:
        what = "no `evaluation`, so no predictions are made"
        yield _problem(document, ("dataset",), what, "Add `evaluation: {task: …}`.", fatal=False)
    if form.dataset and not with_files:
        what = "no model has an `onnx` file, so nothing is evaluated"
        yield _problem(document, ("dataset",), what, fatal=False)
    if form.dataset and form.evaluation:
        yield from _how(form, form.dataset, form.evaluation, document)


def _how(
    form: StudyFile, data: DatasetFile, how: EvaluationFile, document: Document
) -> Iterator[Problem]:
    runs = any((m.onnx or m.torch) and not m.outputs for m in form.models)
    if runs and not data.inputs and not how.preprocess:
        what, hint = "there are models to run, but no `inputs` for them", "Name the model's inputs."
        yield _problem(document, ("dataset",), what, hint)
    for name, entry in (data.inputs or {}).items():
        if (entry.array is None) == (entry.columns is None):
            what = "needs either `array` or `columns`"
            yield _problem(document, ("dataset", "inputs", name), what, "One of the two.")
    if not data.label:
        what = "no `label`, so nothing is known to be right or wrong"
        yield _problem(document, ("dataset",), what, fatal=False)
    shown = data.preview
    if shown and (shown.array is None) == (shown.columns is None):
        what = "needs `array`, or `columns` for a table row"
        yield _problem(document, ("dataset", "preview"), what)
    generates = how.task == GENERATION
    if how.generate and not generates:
        what = f"a generation loop, but the task is {how.task!r}"
        yield _problem(document, ("evaluation", "generate"), what, f"Allowed for {GENERATION!r}.")
    if runs and generates and not (how.generate or how.postprocess):
        what = "generation needs `generate` or `postprocess` to have texts"
        hint = "Or give every model its texts with `outputs`."
        yield _problem(document, ("evaluation",), what, hint)


def _modules(form: StudyFile, document: Document) -> Iterator[Problem]:
    examples = form.dataset or (form.to_onnx and form.to_onnx.inputs)
    for index, model in enumerate(form.models):
        if model.torch and model.onnx:
            what = f"model {model.id!r} has both `onnx` and `torch`"
            yield _problem(document, ("models", index, "torch"), what, "Use one of them.")
        if model.weights and not model.torch:
            what = f"model {model.id!r} has `weights` but no `torch` that they belong to"
            hint = "Name what makes the module: torch: module:callable."
            yield _problem(document, ("models", index, "weights"), what, hint)
        if model.torch and not examples:
            what = f"model {model.id!r} is a PyTorch module, and there is no example of its inputs"
            hint = "Add `dataset`, or `to_onnx: {inputs: {NAME: {shape: [1, …]}}}`."
            yield _problem(document, ("models", index, "torch"), what, hint)


def _implausible(form: StudyFile, document: Document) -> Iterator[Problem]:
    for found in implausible(form):
        hint = f"{found.hint} {found.meanwhile}"
        yield _problem(document, found.key, found.what, hint, fatal=False)


CHECKS: tuple[Check, ...] = (
    _duplicates, _parents, _cycles, _files, _metrics, _operations, _evaluation, _modules,
    _implausible,
)  # fmt: skip


def _problem(
    document: Document, key: Key, what: str, hint: str = "", fatal: bool = True
) -> Problem:
    return document.problem(key, what, hint.strip(), fatal)
