"""A document against the form of a study file: what does not fit, in the words of its author."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from cc_export.errors import Problem, StudyError
from cc_export.study.document import Document
from cc_export.study.schema import StudyFile
from cc_export.study.values import Key

# pydantic's kinds of finding, as what is wrong with {value}; braces also take its context.
_PHRASES: Mapping[str, str] = {
    "missing": "this key is missing",
    "literal_error": "{value} is not allowed",
    "model_type": "must hold keys and values, got {value}",
    "dict_type": "must hold keys and values, got {value}",
    "list_type": "must be a list, got {value}",
    "string_type": "must be text, got {value}",
    "bool_type": "must be true or false, got {value}",
    "int_type": "must be a number, got {value}",
    "float_type": "must be a number, got {value}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} entries",
    "name": "{message}, got {value}",
    "number": "{message}, got {value}",
}
_MOST_SHOWN = 80


def fit(document: Document) -> StudyFile:
    """The document as a study file.

    Raises:
        StudyError: it does not fit; every place where it does not is named.
    """
    try:
        return StudyFile.model_validate(document.values)
    except ValidationError as error:
        found = [
            _problem(detail, document)
            for detail in error.errors(include_url=False, include_context=True)
        ]
    # A value that may be of two types is reported once for each.
    problems = sorted(dict.fromkeys(found), key=lambda problem: problem.line or 0)
    raise StudyError(document.file, problems)


def _problem(detail: Mapping[str, Any], document: Document) -> Problem:
    key = _document_key(detail["loc"], document.values)
    if detail["type"] == "extra_forbidden":
        return document.problem(key, "unknown key", _allowed(key))
    context = detail.get("ctx", {})
    hint = _hint(detail, context)
    phrase = _PHRASES.get(detail["type"], "{message}, got {value}")
    what = phrase.format(value=_shown(detail.get("input")), message=detail["msg"], **context)
    problem = document.problem(key, what, hint)
    return problem if problem.where else replace(problem, where="the file")


def _hint(detail: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    if detail["type"] == "literal_error":
        allowed = re.findall(r"'([^']+)'", context["expected"])
        near = difflib.get_close_matches(str(detail["input"]), allowed, 1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        return f"{hint}Allowed: {context['expected']}."
    if detail["type"] == "string_type" and isinstance(detail["input"], int | float):
        return "Put it in quotes."
    return ""


def _shown(value: object) -> str:
    # Containers are named, not printed: their content says nothing here and may be endless.
    if isinstance(value, dict | list):
        return "keys and values" if isinstance(value, dict) else "a list"
    plain = {None: "null", True: "true", False: "false"}
    text = plain[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"


def _document_key(location: tuple[int | str, ...], values: Any) -> Key:
    """The part of pydantic's location that exists in the document (it also names union members)."""
    key: list[str | int] = []
    for part in location:
        listed = isinstance(values, list) and isinstance(part, int) and part < len(values)
        if listed or (isinstance(values, dict) and part in values):
            values = values[part]
            key.append(part)
        elif isinstance(values, dict) and part == location[-1]:
            key.append(part)
    return tuple(key)


def _allowed(key: Key) -> str:
    form: type[BaseModel] | None = StudyFile
    for part in key[:-1]:
        if isinstance(part, str) and form is not None:
            field = form.model_fields.get(part)
            form = _model_of(field.annotation) if field else None
    names = sorted(form.model_fields) if form is not None else []
    near = difflib.get_close_matches(str(key[-1]), names, 1)
    hint = f"Did you mean `{near[0]}`? " if near else ""
    return f"{hint}Allowed: {', '.join(names)}."


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    arguments = getattr(annotation, "__args__", ())
    return next((found for a in arguments if (found := _model_of(a))), None)
