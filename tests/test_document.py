"""Study files as values and lines: YAML, JSON, TOML."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc_export.errors import StudyError
from cc_export.study.document import read_document
from cc_export.study.json_values import parse_json
from cc_export.study.values import spell
from cc_export.study.yaml_values import parse_yaml

Write = Callable[..., Path]


def error_of(file: Path) -> str:
    with pytest.raises(StudyError) as caught:
        read_document(file)
    return str(caught.value).replace(str(file), file.name)


def test_yaml_follows_the_core_schema() -> None:
    """Words such as `no` stay text, and numbers of every spelling are numbers."""
    text = (
        "[no, on, ~, null, true, 7, -7, 010, 0x1f, 0o17, 1e-3, .5, -.INF, 2026-01-02, '1', 1_0, '']"
    )
    values, _ = parse_yaml(text)
    assert values == [
        "no", "on", None, None, True, 7, -7, 10, 31, 15, 0.001, 0.5, float("-inf"),
        "2026-01-02", "1", "1_0", "",
    ]  # fmt: skip


def test_every_key_knows_its_line(study_file: Write) -> None:
    """A key has its own line, and a key without one has the line of what is around it."""
    document = read_document(study_file("a:\n  - b: 1\n    c:\n      d: 2\n"))
    assert document.line(("a", 0, "c", "d")) == 4
    assert document.line(("a", 0, "c", "x")) == 3
    assert document.line(("y",)) == 1
    assert spell(("a", 0, "c", "d")) == "a[0].c.d"


def test_json_has_the_lines_of_equal_yaml() -> None:
    """A JSON text gives the same values and lines whether it is read as JSON or as YAML."""
    value = {"a": [1, 2.5, {"b": None, "c": []}, "x, y: [z]"], "d": {}, "e": '\\ " \n é', "f": True}
    for indent in (None, 1, 4):
        text = json.dumps(value, indent=indent)
        assert parse_json(text) == (value, parse_yaml(text)[1])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    )
)
def test_json_values_survive(value: object) -> None:
    """What Python writes as JSON is read back equal, with a line for every value."""
    text = json.dumps(value, indent=1)
    values, lines = parse_json(text)
    assert values == value
    assert max(lines.values()) <= text.count("\n") + 1


def test_json_takes_what_python_writes(study_file: Write) -> None:
    """NaN, emoji written as two escapes, tabs and a byte order mark are all read."""
    text = '\ufeff{"nan": NaN, "emoji": "\\ud83d\\ude00",\n\t"long %s": 1}' % ("k" * 2000)
    values = read_document(study_file(text, "study.json")).values
    assert isinstance(values, dict)
    assert values["nan"] != values["nan"]
    assert values["emoji"] == "😀"


def test_toml_dates_are_text(study_file: Write) -> None:
    """TOML's own dates and times become their ISO 8601 text."""
    text = "[[models]]\nid = 'a'\ncreated = 2026-01-02\nnotes = 07:32:00\n"
    assert read_document(study_file(text, "study.toml")).values == {
        "models": [{"id": "a", "created": "2026-01-02", "notes": "07:32:00"}]
    }


def test_aliases_are_shared_not_copied() -> None:
    """An alias is the anchored value, also where the anchor holds keys."""
    values, _ = parse_yaml("a: &x {k: [1, 2]}\nb: *x\nc: [*x]")
    shared = {"k": [1, 2]}
    assert values == {"a": shared, "b": shared, "c": [shared]}


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 20)
)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("study.yaml", "", "study.yaml: the file is empty\n    Write at least `models:`."),
        ("study.yaml", "# none\n", "study.yaml: the file is empty\n    Write at least `models:`."),
        (
            "study.txt",
            "models: []",
            "study.txt: unknown kind of file '.txt'\n"
            "    A study file is one of .yaml, .yml, .json, .toml.",
        ),
        ("study.yaml", "a: 1\na: 2", "study.yaml:2: a: this key stands twice"),
        ("study.yaml", "a:\n  [b",
         "study.yaml:3: not valid YAML: did not find expected ',' or ']'\n"
         "    Is every quote and bracket closed, before this line too?"),
        ("study.yaml", "a: 1\n   b: 2",
         "study.yaml:2: not valid YAML: mapping values are not allowed in this context\n"
         "    Is the line indented as those around it? A text that holds `: ` stands in quotes."),
        ("study.yaml", "a:\n\t- b",
         "study.yaml:2: not valid YAML: a tab stands where YAML takes only spaces"),
        ("study.yaml", "a: !!python/name:os.system x", "study.yaml:1: a: the YAML tag "
         "'tag:yaml.org,2002:python/name:os.system' is not allowed here"),
        ("study.yaml", "? [a]\n: b", "study.yaml:1: a key must be plain text"),
        ("study.yaml", "a: 1\n---\nb: 2", "study.yaml:2: a second document begins here"),
        ("study.yaml", "a: &x [*x]", "study.yaml:1: a[0]: the alias *x stands for nothing"),
        ("study.yaml", BOMB, "study.yaml:7: a6[0]: more than 2,000,000 values"),
        ("study.yaml", "a: " + "[" * 100_000, "study.yaml:1: a: nested more than 64 levels deep"),
        ("study.yaml", "- " * 5_000, "study.yaml:1: [0]: nested more than 64 levels deep"),
        ("study.yaml", "a: " + "9" * 5_000, "study.yaml:1: a: a number of more than 4,000 digits"),
        ("study.json", '{"a": 1,}', "study.json:1: not valid JSON: Expecting property name "
         "enclosed in double quotes (column 9)"),
        ("study.json", '{"a": 1,\n "a": 2}', "study.json:2: a: this key stands twice"),
        ("study.json", "[" * 100_000, "study.json: nested more than 64 levels deep"),
        ("study.json", '{"a": ' + "[" * 70 + "]" * 70 + "}",
         "study.json:1: a: nested more than 64 levels deep"),
        ("study.json", '{"a": %s}' % ("9" * 5_000),
         "study.json: a number of more than 4,000 digits"),
        ("study.json", '{"a": "\\ud83d"}', "study.json:1: a: text with half a surrogate pair, "
         "which is no character"),
        ("study.toml", "a = 1\nb =",
         "study.toml: not valid TOML: Invalid value (at end of document)"),
        ("study.toml", "a = 1\nb = x\n", "study.toml:2: not valid TOML: Invalid value"),
        ("study.toml", "a = " + "[" * 100_000, "study.toml: nested more than 64 levels deep"),
    ],
)  # fmt: skip
def test_texts_that_are_no_study(study_file: Write, name: str, text: str, expected: str) -> None:
    """Each kind of broken text is named with its line and key."""
    assert error_of(study_file(text, name)) == expected


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """A file in another encoding, a folder and a missing file are told apart."""
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("models: []\ntitle: Größe".encode("latin-1"))
    assert error_of(latin) == (
        "latin.yaml:2: not UTF-8 text: invalid start byte\n    Save it as UTF-8."
    )
    latin.write_bytes("title: x".encode("utf-16"))
    assert error_of(latin).endswith("\n    It seems to be UTF-16; save it as UTF-8.")
    latin.write_bytes(b"\x7fELF\0\0\xff")
    assert error_of(latin).endswith("\n    Is it a text file?")
    (tmp_path / "folder.yaml").mkdir()
    assert error_of(tmp_path / "folder.yaml") == "folder.yaml: cannot be read: Is a directory"
    missing = tmp_path / "missing.yaml"
    assert error_of(missing) == "missing.yaml: cannot be read: No such file or directory"


def test_a_file_too_large(tmp_path: Path) -> None:
    """A study file is bounded in size before it is read."""
    large = tmp_path / "large.yaml"
    with large.open("wb") as stream:
        stream.truncate((64 << 20) + 1)
    assert error_of(large) == "large.yaml: larger than 64 MiB"
