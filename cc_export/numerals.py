"""Texts where numbers are wanted, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable

_COMMA = re.compile(r"\s*([+-]?\d+),(\d+)\s*$", re.ASCII)
_MOST_SHOWN = 40


def is_number(value: object) -> bool:
    """Whether Python reads a value as a number; what is missing is none that is wrong."""
    if value is None:
        return True
    try:
        float(value)  # type: ignore[arg-type]  # which is the question
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def first_text(rows: Iterable[object]) -> tuple[int, str] | None:
    """The first value, or value of a list, that is no number: its row, and as it is shown."""
    for place, row in enumerate(rows):
        for value in row if isinstance(row, list) else (row,):
            if not is_number(value):
                return place, str(value)[:_MOST_SHOWN]
    return None


def number_hint(text: str) -> str:
    """A hint where a number has a decimal comma, which may separate thousands as well; else empty.

    >>> number_hint("17,99")
    'Numbers have a decimal point: 17.99.'
    """
    comma = _COMMA.match(text)
    return f"Numbers have a decimal point: {comma[1]}.{comma[2]}." if comma else ""
