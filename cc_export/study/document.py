"""A study file as plain values, with the line of every key for error messages."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from cc_export.errors import Problem, StudyError

# Bounds on what an untrusted file may cost; real studies are far below them.
MOST_BYTES = 64 << 20
MOST_VALUES = 2_000_000
MOST_LEVELS = 64
MOST_DIGITS = 4_000

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a study file; ``lines`` maps a path of keys to its 1-based line."""

    file: Path
    values: object
    lines: Mapping[Key, int]

    def line(self, key: Key) -> int | None:
        """The line of a key, or of the nearest key around it that has one."""
        for length in range(len(key), -1, -1):
            if key[:length] in self.lines:
                return self.lines[key[:length]]
        return None


class NotValidError(ValueError):
    """What is wrong with a study file's text, and where."""

    def __init__(self, what: str, key: Key = (), line: int | None = None) -> None:
        self.problem = Problem(spell(key), what, line=line)
        super().__init__(what)


def read_document(file: Path) -> Document:
    """Parse a YAML, JSON or TOML file.

    Raises:
        StudyError: the file cannot be read, is not valid, or repeats a key.
    """
    parse = FORMATS.get(file.suffix.lower())
    if parse is None:
        raise _error(file, f"unknown kind of file {file.suffix!r}", f"Use {', '.join(FORMATS)}.")
    text = _text(file)
    if not text.strip():
        raise _error(file, "the file is empty", "Write at least `models:`.")
    try:
        values, lines = parse(text)
    except NotValidError as error:
        raise StudyError(file, [error.problem]) from None
    except RecursionError:
        raise _error(file, f"nested more than {MOST_LEVELS} levels deep") from None
    return Document(file, values, lines)


def spell(key: Key) -> str:
    """A key path as people write it: ``models[3].operation.name``."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise _error(file, f"the file is larger than {MOST_BYTES >> 20} MiB")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _error(file, f"not UTF-8 text: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise _error(file, f"cannot be read: {error.strerror or error}") from None


def _yaml(text: str) -> tuple[object, Mapping[Key, int]]:
    from cc_export.study.yaml_values import parse_yaml  # noqa: PLC0415 (it imports this module)

    return parse_yaml(text)
