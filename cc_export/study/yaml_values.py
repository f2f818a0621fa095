"""YAML with the 1.2 core schema: ``no`` is text, ``1e-3`` a number, and tags construct nothing.

The parser's events are read one by one: composing a tree of nodes is where PyYAML's C loader
crashes on deep nesting and where aliases multiply.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

import yaml

from cc_export.study.values import (
    Budget,
    Key,
    NotValidError,
    Parsed,
    check_characters,
    whole_number,
)

_LOADER = yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader
_TAG = "tag:yaml.org,2002:"
_KINDS = {
    "null": re.compile(r"~|null|Null|NULL|"),
    "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "int": re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    "float": re.compile(
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    ),
}


def parse_yaml(text: str) -> Parsed:
    """Values and lines of one YAML document.

    Raises:
        NotValidError: it is not valid YAML, repeats a key, or uses a tag.
    """
    reader = _Reader(yaml.parse(text, Loader=_LOADER))
    try:
        return reader.document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        if "nesting depth" in what:
            # Newer parsers have a bound of their own, and meet it while they look ahead.
            reader.too_deep(mark.line + 1 if mark else None)
        if mark and "cannot start any token" in what and "\t" in text.splitlines()[mark.line]:
            what = "a tab stands where YAML takes only spaces"
        line = mark.line + 1 if mark else None
        raise NotValidError(f"not valid YAML: {what}", (), line, _hint(what)) from None


def _hint(problem: str) -> str:
    """What to look for where the parser's words speak of its own grammar."""
    if problem.startswith("mapping values"):
        return "Is the line indented as those around it? A text that holds `: ` stands in quotes."
    grammar = ("did not find expected", "could not find expected", "found unexpected")
    return "Is every quote and bracket closed, before this line too?" * problem.startswith(grammar)


class _Reader:
    """Events to values. An anchored value is shared, and counted anew for each of its aliases."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._budget = Budget()
        self._lines: dict[Key, int] = {}
        self._anchors: dict[str, tuple[object, int]] = {}

    def document(self) -> Parsed:
        event = next(self._events)
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return None, {}
        values, _ = self._value(event, ())
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise NotValidError("a second document begins here", (), _line(event))
        return values, self._lines

    def too_deep(self, line: int | None) -> NoReturn:
        """The error of a text that the parser itself finds nested too deeply."""
        self._budget.too_deep(next(reversed(self._lines), ()), line)

    def _value(self, event: yaml.Event, key: Key) -> tuple[object, int]:
        """The value that begins with an event, and of how many values it is made."""
        line = _line(event)
        self._lines.setdefault(key, line)
        self._budget.spend(key, line)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise NotValidError(f"the alias *{event.anchor} stands for nothing", key, line)
            value, size = self._anchors[event.anchor]
            self._budget.spend(key, line, size)
            return value, size
        assert isinstance(event, yaml.NodeEvent)
        made: tuple[object, int]
        if isinstance(event, yaml.SequenceStartEvent):
            made = self._sequence(key)
        elif isinstance(event, yaml.MappingStartEvent):
            made = self._mapping(key)
        else:
            assert isinstance(event, yaml.ScalarEvent)
            made = _scalar(event, key, line), 1
        if event.anchor:
            self._anchors[event.anchor] = made
        return made

    def _sequence(self, key: Key) -> tuple[list[object], int]:
        values: list[object] = []
        total = 1
        for event in self._until(yaml.SequenceEndEvent):
            value, size = self._value(event, (*key, len(values)))
            values.append(value)
            total += size
        return values, total

    def _mapping(self, key: Key) -> tuple[dict[str, object], int]:
        values: dict[str, object] = {}
        total = 1
        for event in self._until(yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise NotValidError("a key must be plain text", key, line)
            name = event.value
            check_characters(name, key, line)
            if name in values:
                raise NotValidError("this key stands twice", (*key, name), line)
            self._lines[*key, name] = line
            values[name], size = self._value(next(self._events), (*key, name))
            total += size
        return values, total

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        while not isinstance(event := next(self._events), end):
            yield event


def _scalar(event: yaml.ScalarEvent, key: Key, line: int) -> object:
    text = event.value
    kind = _kind(event)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return whole_number(text, key, line)
    if kind == "float":
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if kind == "str":
        check_characters(text, key, line)
        return text
    raise NotValidError(f"the YAML tag {event.tag!r} is not allowed here", key, line)


def _kind(event: yaml.ScalarEvent) -> str:
    if event.tag not in (None, "!"):
        kind = event.tag.removeprefix(_TAG)
        fits = kind == "str" or (kind in _KINDS and _KINDS[kind].fullmatch(event.value))
        return kind if fits else ""
    if not event.implicit[0]:
        return "str"
    return next((kind for kind, form in _KINDS.items() if form.fullmatch(event.value)), "str")


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None
    return event.start_mark.line + 1
