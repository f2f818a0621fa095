"""Texts that are half of a character: Python and npz files can hold them, JSON and UTF-8 cannot."""

from __future__ import annotations

from collections.abc import Sequence


def first_broken(values: Sequence[object]) -> int | None:
    """Place of the first value with a lone surrogate in its text, or in a text of its list.

    None where all can be written; what is no text is.
    """
    if _writable(values):
        return None
    return next(place for place, value in enumerate(values) if not _writable(value))


def mended(text: str) -> str:
    """A text that can be written: question marks for lone surrogates."""
    return text if _writable(text) else text.encode("utf-8", "replace").decode()


def _writable(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_writable, value))
    if not isinstance(value, str):
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
