"""JSON: values from the standard library, lines from a pass over the tokens of the valid text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from cc_export.study.values import (
    Budget,
    Key,
    NotValidError,
    Parsed,
    check_characters,
    whole_number,
)

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:\n]|[^\s{}\[\],:"]+')


def parse_json(text: str) -> Parsed:
    """Values and lines of a JSON text; NaN and Infinity are numbers, as Python writes them.

    Raises:
        NotValidError: it is not valid JSON, or repeats a key.
    """
    try:
        values = json.loads(text, parse_int=whole_number)
    except json.JSONDecodeError as error:
        what = f"not valid JSON: {error.msg} (column {error.colno})"
        raise NotValidError(what, (), error.lineno) from None
    return values, _lines(text)


@dataclass(slots=True)
class _Container:
    """An object or array that is open: its key, and the part that comes next."""

    key: Key
    is_object: bool
    next: str | int | None

    def next_key(self) -> Key:
        return () if self.next is None else (*self.key, self.next)


def _lines(text: str) -> dict[Key, int]:
    lines: dict[Key, int] = {}
    budget = Budget()
    line = 1
    around = [_Container((), False, None)]
    for match in _TOKEN.finditer(text):
        piece, inner = match.group(), around[-1]
        if piece == "\n":
            line += 1
        elif piece in "}]":
            around.pop()
        elif piece == ",":
            inner.next = inner.next + 1 if isinstance(inner.next, int) else None
        elif inner.is_object and inner.next is None:
            name: str = json.loads(piece)
            check_characters(name, inner.key, line)
            inner.next = name
            key = inner.next_key()
            if key in lines:
                raise NotValidError("this key stands twice", key, line)
            lines[key] = line
        elif piece != ":":
            key = inner.next_key()
            budget.spend(key, line)
            lines.setdefault(key, line)
            if piece in "{[":
                around.append(_Container(key, piece == "{", None if piece == "{" else 0))
            elif "\\u" in piece:
                check_characters(json.loads(piece), key, line)
    return lines
