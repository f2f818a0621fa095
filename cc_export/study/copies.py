"""Files of a study that are at URLs, replaced by their copies on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cc_export.cache.store import Place
from cc_export.errors import ExportError, Problem, StudyError
from cc_export.study.document import Document
from cc_export.study.schema import StudyFile
from cc_export.study.values import Key
from cc_export.urls import url_of

Fetch = Callable[[str, Place], Path]


def with_copies(form: StudyFile, document: Document, cache: Place) -> StudyFile:
    """The form with paths for URLs; a form without URLs is returned as it is.

    Raises:
        StudyError: something at a URL cannot be read; all such are named.
    """
    problems: list[Problem] = []

    def changes(part: Any, key: Key, names: tuple[str, ...]) -> dict[str, str]:
        found = {}
        for name in names:
            url = url_of(getattr(part, name) or "")
            if url is None:
                continue
            try:
                found[name] = str(_fetch(name)(url, cache))
            except ExportError as error:
                problems.append(document.problem((*key, name), error.what, error.hint))
        return found

    def copied(part: Any, key: Key, *names: str) -> Any:
        found = changes(part, key, names)
        return part.model_copy(update=found) if found else part

    models = [
        copied(model, ("models", place), "onnx", "outputs", "weights")
        for place, model in enumerate(form.models)
    ]
    data = copied(form.dataset, ("dataset",), "path") if form.dataset else None
    if problems:
        raise StudyError(document.file, problems)
    if data is form.dataset and all(map(_is, models, form.models)):
        return form
    return form.model_copy(update={"models": models, "dataset": data})


def _is(one: object, other: object) -> bool:
    return one is other


def _fetch(name: str) -> Fetch:
    from cc_export import remote  # noqa: PLC0415 (only URLs need it)

    return remote.model_at if name == "onnx" else remote.data_at
