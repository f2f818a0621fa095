"""``module:callable`` finds the study's own Python, and says in words when it cannot."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cc_export.callables import CallableName, described, is_callable_name
from cc_export.errors import ExportError


@pytest.mark.parametrize(
    ("text", "valid"),
    [("a:b", True), ("a.b:c.d", True), ("_a:b1", True), ("a", False), ("a:", False), (":b", False),
     ("a:b:c", False), ("a b:c", False), ("a:b()", False), ("../a:b", False), ("a/b:c", False)],
)  # fmt: skip
def test_form(text: str, valid: bool) -> None:
    """Dotted names on both sides of one colon; paths and calls are none."""
    assert is_callable_name(text) == valid


def test_found_beside_the_study_first(tmp_path: Path) -> None:
    """A module of the study's folder wins over an installed one, and may import its neighbours."""
    (tmp_path / "json.py").write_text(
        "import neighbour\n\nclass Maker:\n    @staticmethod\n    def make(): return neighbour.X\n"
    )
    (tmp_path / "neighbour.py").write_text("X = 7\n")
    path = list(sys.path)
    assert CallableName("json:Maker.make", tmp_path).load()() == 7
    assert sys.path == path
    assert CallableName("os.path:join", tmp_path).load() is os.path.join


def test_two_studies_with_one_name(tmp_path: Path) -> None:
    """Modules of one name in two folders are two modules; a changed one is read anew."""
    for number, name in enumerate(("one", "two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hooks.py").write_text(f"def f(): return {number}\n")
    loaded = [CallableName("hooks:f", tmp_path / name).load()() for name in ("one", "two")]
    assert loaded == [0, 1]
    file = tmp_path / "one" / "hooks.py"
    before = CallableName("hooks:f", tmp_path / "one").stamp()
    file.write_text("def f(): return 'new'\n")
    os.utime(file, (1, 1))
    assert CallableName("hooks:f", tmp_path / "one").load()() == "new"
    assert CallableName("hooks:f", tmp_path / "one").stamp() != before


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("hooks", "'hooks' is not of the form module:callable"),
        ("nowhere_at_all:f", "nowhere_at_all:f: there is no module 'nowhere_at_all'"),
        ("hooks:g", "hooks:g: hooks has no 'g'"),
        ("hooks:NUMBER", "hooks:NUMBER: 'NUMBER' is a int and cannot be called"),
        ("broken:f", "broken:f: importing it failed: ZeroDivisionError: division by zero"),
        ("leaving:f", "leaving:f: importing it failed: SystemExit: 3"),
        ("torn:f",
         "torn:f: importing it failed: SyntaxError: '(' was never closed (torn.py, line 1)"),
    ],
)  # fmt: skip
def test_what_cannot_be_found(tmp_path: Path, name: str, what: str) -> None:
    """Missing modules and names, values, and modules that fail are errors that name them."""
    (tmp_path / "hooks.py").write_text("NUMBER = 7\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "torn.py").write_text("f(\n")
    with pytest.raises(ExportError) as caught:
        CallableName(name, tmp_path).load()
    assert caught.value.what == what


def test_an_interrupt_while_importing(tmp_path: Path) -> None:
    """Ctrl-C is not the module's failure: it ends what the user started."""
    (tmp_path / "slow.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        CallableName("slow:f", tmp_path).load()


def test_all_that_an_exception_says() -> None:
    """An exception of several lines is told in one, and one without end is cut."""
    assert described(ValueError("no\n  such luck\n")) == "ValueError: no such luck"
    assert described(KeyError()) == "KeyError"
    told = described(ValueError("x" * 10_000))
    assert told.endswith("x…") and len(told) < 600
