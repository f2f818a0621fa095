"""The generated TypeScript types."""

from __future__ import annotations

import ast

import pytest

from cc_export.bundle.typescript import CHECKOUT, FILES, Generated, NoTypeScriptError, render
from cc_export.bundle.typescript import _type as typescript


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
def test_generated_files_are_up_to_date(file: Generated) -> None:
    """What lies in the viewer is what the records give."""
    written = (CHECKOUT / file.path).read_text("utf-8")
    assert written == render(file), "run `python -m cc_export.bundle.typescript`"


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ("str", "string"),
        ("int | None", "number | null"),
        ("tuple[int, ...]", "readonly number[]"),
        ("tuple[tuple[float, ...], ...]", "readonly (readonly number[])[]"),
        ("tuple[Thing | None, ...]", "readonly (Thing | null)[]"),
        ('Literal["a", "b"]', '"a" | "b"'),
        ('Literal["a"]', '"a"'),
        ("Mapping[str, Thing]", "Readonly<Record<string, Thing>>"),
        ("Mapping[str, str | int]", "Readonly<Record<string, string | number>>"),
        ("object", "unknown"),
    ],
)
def test_types(python: str, expected: str) -> None:
    """Each form of annotation has one form in TypeScript, read-only throughout."""
    names = {"str": "string", "int": "number", "float": "number", "object": "unknown"}
    assert typescript(ast.parse(python, mode="eval").body, names) == expected


def test_what_is_not_translated() -> None:
    """An annotation without a translation is an error that shows it."""
    with pytest.raises(NoTypeScriptError) as caught:
        typescript(ast.parse("list[int]", mode="eval").body, {})
    assert str(caught.value) == "list[int]"
