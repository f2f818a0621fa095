"""Generated texts beside reference texts: exact match, token F1, edit distance."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalized(text: str) -> str:
    """Lower case, without punctuation, articles and repeated spaces.

    As the evaluation script of SQuAD has it (Rajpurkar et al., 2016).
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def exact_match(text: str, references: Sequence[str]) -> bool:
    """Whether a text equals one of its references once both are normalized."""
    found = normalized(text)
    return any(found == normalized(reference) for reference in references)


def token_f1(text: str, references: Sequence[str]) -> float:
    """2·shared / (tokens of both), the best over the references; higher is better, 0 to 1.

    Tokens are words of the normalized texts, counted as often as they stand there. Two empty texts
    have 1.
    """
    return max(_f1(normalized(text).split(), normalized(other).split()) for other in references)


def _f1(first: Sequence[str], second: Sequence[str]) -> float:
    if not first or not second:
        return float(first == second)
    shared = sum((Counter(first) & Counter(second)).values())
    return 2 * shared / (len(first) + len(second))


def edit_distance(first: str, second: str) -> int:
    """Fewest insertions, deletions and replacements of characters from one text to the other.

    Lower is closer. Bit-parallel, one step for each character of the second text (Hyyrö, "A
    Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances", 2003).
    """
    if not first:
        return len(second)
    where: dict[str, int] = {}
    for place, sign in enumerate(first):
        where[sign] = where.get(sign, 0) | 1 << place
    whole, last = (1 << len(first)) - 1, 1 << len(first) - 1
    up, down, distance = whole, 0, len(first)
    for sign in second:
        match = where.get(sign, 0)
        diagonal = (((match & up) + up) ^ up) | match | down
        right, left = down | (whole & ~(diagonal | up)), up & diagonal
        distance += bool(right & last) - bool(left & last)
        right, left = (right << 1 | 1) & whole, (left << 1) & whole
        up, down = left | (whole & ~(diagonal | right)), right & diagonal
    return distance


def closest(text: str, references: Sequence[str]) -> tuple[int, int]:
    """Edit distance to the nearest reference, and that reference's length."""
    return min((edit_distance(text, other), len(other)) for other in references)
