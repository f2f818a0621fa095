"""What every kind of study file has in common: keys, bounds, and what is wrong with a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from cc_export.errors import Problem

Key = tuple[str | int, ...]
# The values of a text, and the 1-based line of every key as far as it is known.
Parsed = tuple[object, Mapping[Key, int]]

# Bounds on what an untrusted file may cost; real studies are far below them.
MOST_VALUES = 2_000_000
MOST_LEVELS = 64
MOST_DIGITS = 4_000


class NotValidError(ValueError):
    """A text that is no valid study file, whatever it says."""

    def __init__(self, what: str, key: Key = (), line: int | None = None, hint: str = "") -> None:
        self.problem = Problem(spell(key), what, hint, line)
        super().__init__(what)


def spell(key: Key) -> str:
    """A key path as people write it: ``models[3].operation.name``."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class Budget:
    """Counts values and levels, so that a small text cannot make a large document."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def spend(self, key: Key, line: int | None, values: int = 1) -> None:
        """Take note of values at a key.

        Raises:
            NotValidError: there are too many, or they are nested too deeply.
        """
        self._left -= values
        if self._left < 0:
            raise NotValidError(f"more than {MOST_VALUES:,} values", key, line)
        if len(key) > MOST_LEVELS:
            self.too_deep(key, line)

    def too_deep(self, key: Key, line: int | None) -> NoReturn:
        """Refuse a text at the outermost key of what is nested; the innermost say nothing.

        Raises:
            NotValidError: always.
        """
        raise NotValidError(f"nested more than {MOST_LEVELS} levels deep", key[:1], line)


def whole_number(text: str, key: Key = (), line: int | None = None) -> int:
    """An integer of bounded length; Python would raise a ValueError of its own.

    Raises:
        NotValidError: it has too many digits.
    """
    if len(text) > MOST_DIGITS:
        raise NotValidError(f"a number of more than {MOST_DIGITS:,} digits", key, line)
    return int(text, 0) if text.lstrip("+-")[:2] in ("0x", "0o") else int(text)


def check_characters(text: str, key: Key, line: int | None) -> None:
    """Escapes can spell half a character; nothing could be written with it.

    Raises:
        NotValidError: the text has a lone surrogate.
    """
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise NotValidError("text with half a surrogate pair, which is no character", key, line)
