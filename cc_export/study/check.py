"""What a well-formed study file must still get right: its names refer to things that exist."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator

from cc_export.errors import Problem
from cc_export.study.document import Document, Key, spell
from cc_export.study.schema import StudyFile

Check = Callable[[StudyFile, Document], Iterator[Problem]]


def check(form: StudyFile, document: Document) -> list[Problem]:
    """Every problem found by every check, in the order of the file's lines."""
    found = [problem for one in CHECKS for problem in one(form, document)]
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
            yield _problem(document, ("models", index, key), what, _near(parent, ids))


def _cycles(form: StudyFile, document: Document) -> Iterator[Problem]:
    parents = {m.id: list(m.parents or ([m.base] if m.base else [])) for m in form.models}
    place = {model.id: index for index, model in enumerate(form.models)}
    done: set[str] = set()
    for start in parents:
        path: list[str] = []
        stack = [(start, False)]
        while stack:
            model, leaving = stack.pop()
            if leaving:
                path.pop()
                done.add(model)
            elif model in path:
                circle = " → ".join([*path[path.index(model) :], model])
                key: Key = (
                    "models",
                    place[model],
                    "parents" if len(parents[model]) > 1 else "base",
                )
                what = f"model {model!r} is its own ancestor ({circle})"
                yield _problem(document, key, what, "Remove one of these links.")
                return
            elif model not in done and model in parents:
                path.append(model)
                stack.append((model, True))
                stack += [(parent, False) for parent in parents[model]]


def _files(form: StudyFile, document: Document) -> Iterator[Problem]:
    folder = document.file.resolve().parent
    for index, model in enumerate(form.models):
        if model.onnx and not (folder / model.onnx).is_file():
            what = f"model {model.id!r}: there is no file {model.onnx!r}"
            yield _problem(document, ("models", index, "onnx"), what, f"Looked in {folder}.")
    if form.dataset and not (folder / form.dataset.path).is_file():
        what = f"there is no file {form.dataset.path!r}"
        yield _problem(document, ("dataset", "path"), what, f"Looked in {folder}.")


def _metrics(form: StudyFile, document: Document) -> Iterator[Problem]:
    declared = [metric.name for metric in form.metrics]
    for index, model in enumerate(form.models):
        for name in model.metrics:
            if name not in declared:
                what = f"model {model.id!r} has a value for the undeclared metric {name!r}"
                hint = f"{_near(name, declared)} Declare it under `metrics`."
                yield _problem(document, ("models", index, "metrics", name), what, hint)
        missing = [name for name in declared if model.metrics.get(name) is None]
        if missing:
            what = f"model {model.id!r} has no value for {', '.join(map(repr, missing))}"
            hint = "It is shown as missing."
            key: Key = ("models", index, "metrics" if model.metrics else "id")
            yield _problem(document, key, what, hint, fatal=False)


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
            hint = f"{_near(used.name, list(declared))} Declare it under `operations`."
            yield _problem(document, (*key, "name"), what, hint, fatal=False)
        elif form.operations:
            for name in used.parameters:
                if name not in declared[used.name]:
                    what = (
                        f"{used.name!r} of model {model.id!r} has the undeclared parameter {name!r}"
                    )
                    hint = _near(name, declared[used.name])
                    yield _problem(document, (*key, "parameters", name), what, hint, fatal=False)


def _evaluation(form: StudyFile, document: Document) -> Iterator[Problem]:
    with_files = any(model.onnx for model in form.models)
    if form.evaluation and not form.dataset:
        yield _problem(document, ("evaluation",), "needs a dataset", "Add `dataset`.")
    if form.dataset and not form.evaluation:
        what = "no `evaluation`, so no predictions are made"
        yield _problem(document, ("dataset",), what, "Add `evaluation: {task: …}`.", fatal=False)
    if form.dataset and not with_files:
        what = "no model has an `onnx` file, so nothing is evaluated"
        yield _problem(document, ("dataset",), what, fatal=False)


CHECKS: tuple[Check, ...] = (
    _duplicates, _parents, _cycles, _files, _metrics, _operations, _evaluation,
)  # fmt: skip


def _problem(
    document: Document, key: Key, what: str, hint: str = "", fatal: bool = True
) -> Problem:
    return Problem(spell(key), what, hint.strip(), document.line(key), fatal)


def _near(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, 1, 0.5)
    if close:
        return f"Did you mean {close[0]!r}?"
    if not names:
        return ""
    listed = ", ".join(repr(n) for n in names[:8])
    return f"Known: {listed}{', …' if len(names) > 8 else ''}."
