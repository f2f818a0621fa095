"""Word by word, what one text has that another has not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cc_core.rewording import MOST_WORDS, Piece, reworded


def test_words_are_told_apart_as_wholes() -> None:
    """What is between the same words is what changed."""
    assert reworded("a big cat sat.", "a small cat sat!") == (
        Piece("same", "a ", "a "), Piece("changed", "big", "small"),
        Piece("same", " cat sat", " cat sat"), Piece("changed", ".", "!"),
    )  # fmt: skip
    assert reworded("", "") == ()
    assert reworded("naïve 日本", "naïve 日本") == (Piece("same", "naïve 日本", "naïve 日本"),)


@given(st.text("ab .\n😀", max_size=40), st.text("ab .\n😀", max_size=40))
def test_the_pieces_are_the_texts(base: str, text: str) -> None:
    """Nothing is lost: the pieces joined are both texts, and what is the same is equal."""
    found = reworded(base, text)
    assert ("".join(p.base for p in found), "".join(p.text for p in found)) == (base, text)
    assert all((piece.base == piece.text) == (piece.kind == "same") for piece in found)


def test_very_long_texts_are_told_in_one_piece() -> None:
    """Comparing them word by word would hold up the page."""
    base, text = "a " * MOST_WORDS, "b " * MOST_WORDS
    assert reworded(base, text) == (Piece("changed", base, text),)
