"""A study file as plain values, with the line of every key for error messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cc_export.errors import Problem, StudyError
from cc_export.regular import check_regular
from cc_export.study.json_values import parse_json
from cc_export.study.toml_values import parse_toml
from cc_export.study.values import MOST_LEVELS, Key, NotValidError, Parsed, spell
from cc_export.study.yaml_values import parse_yaml
from cc_export.utf8 import save_as_utf8

FORMATS: Mapping[str, Callable[[str], Parsed]] = {
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
    ".json": parse_json,
    ".toml": parse_toml,
}
_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a study file; ``lines`` maps a path of keys to its 1-based line.

    ``parts`` are the values that come from files of their own, by their path of keys.
    """

    file: Path
    values: object
    lines: Mapping[Key, int]
    parts: Mapping[Key, Document] = field(default_factory=dict)

    def problem(self, key: Key, what: str, hint: str = "", fatal: bool = True) -> Problem:
        """A finding about the value at a key, told of the file that it stands in."""
        for length in range(len(key), 0, -1):
            part = self.parts.get(key[:length])
            if part is not None:
                inner = key[length:]
                return Problem(spell(inner), what, hint, part.line(inner), fatal, part.file)
        return Problem(spell(key), what, hint, self.line(key), fatal)

    def only(self, section: str) -> Document:
        """The lines of one section, for what is found out later, without the values."""
        lines = {key: line for key, line in self.lines.items() if key[:1] == (section,)}
        parts = {
            key: Document(part.file, None, part.lines)
            for key, part in self.parts.items()
            if key[:1] == (section,)
        }
        return Document(self.file, None, lines, parts)

    def line(self, key: Key) -> int | None:
        """The line of a key, or of the nearest key around it that has one."""
        for length in range(len(key), -1, -1):
            if key[:length] in self.lines:
                return self.lines[key[:length]]
        return None


def read_document(file: Path) -> Document:
    """Parse a YAML, JSON or TOML file.

    Raises:
        StudyError: the file cannot be read, is not valid, or repeats a key.
    """
    parse = FORMATS.get(file.suffix.lower())
    if parse is None:
        hint = f"A study file is one of {', '.join(FORMATS)}."
        raise _error(file, f"unknown kind of file {file.suffix!r}", hint)
    text = _text(file)
    try:
        values, lines = parse(text) if text.strip() else (None, {})
    except NotValidError as error:
        raise StudyError(file, [error.problem]) from None
    except RecursionError:
        raise _error(file, f"nested more than {MOST_LEVELS} levels deep") from None
    if values is None:
        raise _error(file, "the file is empty", "Write at least `models:`.")
    return Document(file, values, lines)


def _text(file: Path) -> str:
    try:
        check_regular(file)
        with file.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # a path may hold what no path may
        raise _error(file, f"cannot be read: {getattr(error, 'strerror', error)}") from None
    if len(content) > _MOST_BYTES:
        raise _error(file, f"larger than {_MOST_BYTES >> 20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = Problem("", f"not UTF-8 text: {error.reason}", save_as_utf8(content), line)
        raise StudyError(file, [found]) from None


def _error(file: Path, what: str, hint: str = "") -> StudyError:
    return StudyError(file, [Problem("", what, hint)])
