"""A study file as plain values, with the line of every key for error messages."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import yaml

from cc_export.errors import Problem, StudyError

FORMATS = (".yaml", ".yml", ".json", ".toml")
_MOST_VALUES = 2_000_000
Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a study file; ``lines`` maps a path of keys to its 1-based line."""

    file: Path
    values: object
    lines: dict[Key, int]

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
    if file.suffix.lower() not in FORMATS:
        raise _error(file, f"unknown kind of file {file.suffix!r}", f"Use {', '.join(FORMATS)}.")
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise _error(file, f"not UTF-8 text: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise _error(file, f"cannot be read: {error.strerror or error}") from None
    if file.suffix.lower() == ".toml":
        try:
            return Document(file, tomllib.loads(text), {})
        except tomllib.TOMLDecodeError as error:
            raise _error(file, f"not valid TOML: {error}") from None
    return _read_yaml(file, text)


class _Core(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """YAML with the 1.2 core schema, of which JSON is a part: ``no`` is text, ``1e-3`` a number."""

    yaml_implicit_resolvers: dict[str, list[object]] = {}  # noqa: RUF012 (pyyaml's own interface)


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?(?:[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+.0123456789",
    ),
):
    # "int" is listed before "float", whose pattern also matches whole numbers.
    _Core.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", yaml.reader.re.compile(_pattern), list(_first)
    )


def _read_yaml(file: Path, text: str) -> Document:
    try:
        root = yaml.compose(text, Loader=_Core)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        line = mark.line + 1 if mark else None
        kind = "JSON" if file.suffix.lower() == ".json" else "YAML"
        raise StudyError(file, [Problem("", f"not valid {kind}: {what}", line=line)]) from None
    except RecursionError:
        raise _error(file, "nested too deeply") from None
    if root is None:
        raise _error(file, "the file is empty", "Write at least `models:`.")
    builder = _Builder(file)
    return Document(file, builder.build(root, ()), builder.lines)


class _Builder:
    """Nodes to values; notes each key's line; bounds what aliases can blow up."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: dict[Key, int] = {}
        self.left = _MOST_VALUES

    def build(self, node: yaml.Node, key: Key) -> object:
        self.lines.setdefault(key, node.start_mark.line + 1)
        self.left -= 1
        if self.left < 0:
            raise self._at(node, key, f"more than {_MOST_VALUES:,} values")
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*key, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, key)
        return self._scalar(node, key)

    def _mapping(self, node: yaml.MappingNode, key: Key) -> dict[str, object]:
        values: dict[str, object] = {}
        for name_node, value_node in node.value:
            if not isinstance(name_node, yaml.ScalarNode):
                raise self._at(name_node, key, "a key must be plain text")
            name = str(name_node.value)
            if name in values:
                raise self._at(name_node, (*key, name), "this key stands twice")
            self.lines[(*key, name)] = name_node.start_mark.line + 1
            values[name] = self.build(value_node, (*key, name))
        return values

    def _scalar(self, node: yaml.Node, key: Key) -> object:
        kind = node.tag.rpartition(":")[2]
        text = str(node.value)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            prefixed = text.lstrip("+-")[:2] in ("0x", "0o")
            digits = text if prefixed else text.lstrip("+-").lstrip("0") or "0"
            if len(digits) > 4000:
                raise self._at(node, key, "a number of more than 4,000 digits")
            return int(text, 0) if prefixed else int(text)
        if kind == "float":
            return float(text.replace(".inf", "inf").replace(".nan", "nan").lower())
        if kind == "str":
            if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
                raise self._at(node, key, "text with half a surrogate pair, which is no character")
            return text
        raise self._at(node, key, f"the YAML tag {node.tag!r} is not allowed here")

    def _at(self, node: yaml.Node, key: Key, what: str) -> StudyError:
        problem = Problem(spell(key), what, line=node.start_mark.line + 1)
        return StudyError(self.file, [problem])


def spell(key: Key) -> str:
    """A key path as people write it: ``models[3].operation.name``."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _error(file: Path, what: str, hint: str = "") -> StudyError:
    return StudyError(file, [Problem("", what, hint)])
