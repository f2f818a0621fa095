"""The name that was probably meant, for the hint of an error."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Names that are listed where none is close.
_MOST_LISTED = 8


def near(name: str, names: Iterable[str]) -> str:
    """A hint: the name that was probably meant, or some that are known; empty where none is.

    >>> near("lables", ["images", "labels"])
    "Did you mean 'labels'?"
    """
    known = list(names)
    close = difflib.get_close_matches(name, known, 1, 0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    if not known:
        return ""
    listed = ", ".join(repr(one) for one in known[:_MOST_LISTED])
    return f"Known: {listed}{', …' if len(known) > _MOST_LISTED else '.'}"
