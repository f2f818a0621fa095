"""Values that have their form and still say nothing: no date, no format, no range.

In a study file they are warnings, for the rest of it can be used. A script is told at once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cc_export.study.schema import StudyFile
from cc_export.study.values import Key


@dataclass(frozen=True, slots=True)
class Implausible:
    """What is wrong where, what to do about it, and what becomes of it until then."""

    key: Key
    what: str
    hint: str
    meanwhile: str


# What the page reads as a moment; numbers that are none (month 13) are left to datetime.
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2})(-[0-9]{2})?"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)? *(Z|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.IGNORECASE,
)
# d3-format's own grammar, and the types that it knows.
_FORMAT = re.compile(r"(.?[<>=^])?[+( -]?[$#]?[0-9]*,?(\.[0-9]+)?~?[%bcdefgnoprsXx]?")


def is_moment(text: str) -> bool:
    """Whether a text is a date, or a date and time, of ISO 8601; a month alone is one, too."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return False
    month, day, time, *_ = found.groups()
    clock = f"T{time[1:].replace(' ', '')}" if time else ""
    try:
        datetime.fromisoformat(f"{month}{day or '-01'}{clock}".upper())
    except ValueError:
        return False
    return True


def is_format(text: str) -> bool:
    """Whether a text is a specifier of d3-format."""
    return _FORMAT.fullmatch(text) is not None


def implausible(form: StudyFile) -> Iterator[Implausible]:
    """All such values of a study, in the order of its sections."""
    for kind in (_formats, _ranges, _dates, _parents):
        yield from kind(form)


def _formats(form: StudyFile) -> Iterator[Implausible]:
    for index, metric in enumerate(form.metrics):
        if metric.format and not is_format(metric.format):
            yield Implausible(
                ("metrics", index, "format"),
                f"{metric.format[:80]!r} is no d3-format specifier",
                "Allowed are such as .1%, .3~f, ,d or .2s; see https://d3js.org/d3-format.",
                "Numbers are shown as if it were left out.",
            )


def _ranges(form: StudyFile) -> Iterator[Implausible]:
    for index, metric in enumerate(form.metrics):
        if metric.min is not None and metric.max is not None and metric.min > metric.max:
            yield Implausible(
                ("metrics", index, "min"),
                f"`min` {metric.min:g} of {metric.name!r} is above its `max` {metric.max:g}",
                "Exchange them, or leave them out.",
                "Both are ignored.",
            )


def _dates(form: StudyFile) -> Iterator[Implausible]:
    for index, model in enumerate(form.models):
        if model.created and not is_moment(model.created):
            yield Implausible(
                ("models", index, "created"),
                f"{model.created[:80]!r} is no date of ISO 8601",
                "Allowed are such as 2026-03-01 or 2026-03-01T14:30:00Z.",
                "It is shown as text, and stands for no time.",
            )


def _parents(form: StudyFile) -> Iterator[Implausible]:
    for index, model in enumerate(form.models):
        for parent, count in Counter(model.parents or ()).items():
            if count > 1:
                yield Implausible(
                    ("models", index, "parents"),
                    f"model {model.id!r} has the parent {parent!r} {count} times",
                    "Name it once.",
                    "It counts once.",
                )
