"""Word by word, what one text has that another has not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

# A word, a run of spaces, or a single sign.
_WORD = re.compile(r"\w+|\s+|[^\w\s]")
# Beyond so many words of both together the texts are told as replaced in one piece.
MOST_WORDS = 4_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of both texts that is the same, or what stands there instead: ``base``, ``text``."""

    kind: Literal["same", "changed"]
    base: str
    text: str


def reworded(base: str, text: str) -> tuple[Piece, ...]:
    """The pieces of two texts in order; their ``base`` and ``text`` joined are the texts.

    Words, spaces and signs are compared as wholes, by the longest runs that both have (Ratcliff
    and Obershelp, 1988).
    """
    before, after = _WORD.findall(base), _WORD.findall(text)
    if base == text:
        return (Piece("same", base, text),) if base else ()
    if len(before) + len(after) > MOST_WORDS:
        return (Piece("changed", base, text),)
    found = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return tuple(
        Piece(
            "same" if kind == "equal" else "changed",
            "".join(before[start:stop]),
            "".join(after[first:last]),
        )
        for kind, start, stop, first, last in found
    )
