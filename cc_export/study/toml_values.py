"""TOML: values only, for its parser does not tell lines. Dates become their ISO 8601 text."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime, time

from cc_export.study.values import Budget, Key, NotValidError, Parsed

_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")


def parse_toml(text: str) -> Parsed:
    """Values of a TOML text.

    Raises:
        NotValidError: it is not valid TOML.
    """
    try:
        values = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number that Python does not convert
        what = str(error)
        place = _PLACE.search(what)
        line = int(place.group(1)) if place else None
        raise NotValidError(f"not valid TOML: {_PLACE.sub('', what)}", (), line) from None
    return _plain(values, (), Budget()), {}


def _plain(value: object, key: Key, budget: Budget) -> object:
    budget.spend(key, None)
    if isinstance(value, dict):
        return {name: _plain(item, (*key, name), budget) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, (*key, i), budget) for i, item in enumerate(value)]
    return value.isoformat() if isinstance(value, datetime | date | time) else value
