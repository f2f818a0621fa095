"""Hints about names: the one that was meant, or what there is."""

from __future__ import annotations

import pytest

from cc_export.near import near


@pytest.mark.parametrize(
    ("name", "names", "hint"),
    [
        ("lables", ["images", "labels"], "Did you mean 'labels'?"),
        ("images", ["pixels", "labels"], "Known: 'pixels', 'labels'."),
        ("a", [f"column {n}" for n in range(9)], ", 'column 7', …"),
        ("a", [], ""),
    ],
)
def test_near(name: str, names: list[str], hint: str) -> None:
    """A name that is like one; at most eight names where none is like it."""
    assert near(name, names).endswith(hint)
