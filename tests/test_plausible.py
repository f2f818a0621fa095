"""Values that have their form and still say nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cc_export.study import load_study
from cc_export.study.plausible import is_format, is_moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-03", "2026-03-01", "2026-03-01T14:30", "2026-03-01 14:30:00", "2026-03-01T14:30:00Z",
        "2026-03-01t14:30z", "2026-03-01T14:30:00.123456789+02:00", "2026-03-01 14:30 +0200",
        " 2024-02-29 ",
    ],
)  # fmt: skip
def test_moments(text: str) -> None:
    """What the page reads as a moment is one here."""
    assert is_moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "banana", "2026", "2026-13", "2026-13-45T99:00", "2026-02-30", "2026-3-1", "01.03.2026",
        "20260301", "2026-03-01T25:00", "2026-03-01T14", "2026-03-01T14:30+99:00", "now", "-1",
        "２０２６-03-01",
    ],
)  # fmt: skip
def test_no_moments(text: str) -> None:
    """Months and days that no calendar has are none, nor are other ways to write a date."""
    assert not is_moment(text)


@pytest.mark.parametrize(
    "text",
    [".1%", ".3~f", ",d", ".2s", "+.2%", "$,.2f", "*^20", "08.3f", "(.2", "x", "#x", ".2"],
)
def test_formats(text: str) -> None:
    """Specifiers of d3-format's documentation are such."""
    assert is_format(text)


@pytest.mark.parametrize("text", ["zzz", "%.2f", "{:.2f}", ".f", "F", "z", ".1%\n", "١d"])
def test_no_formats(text: str) -> None:
    """Formats of other languages, and types that d3-format does not know, are none."""
    assert not is_format(text)


def test_a_study_is_without_them(study_file: Callable[..., Path]) -> None:
    """What makes no sense does not reach the site; a date stays as it is written."""
    study = load_study(
        study_file(
            "metrics: [{name: m, min: 5, max: 1, format: zzz}]\n"
            "models: [{id: a}, {id: b, parents: [a, a], created: banana}]"
        )
    )
    (metric,) = study.metrics
    assert (metric.minimum, metric.maximum, metric.format) == (None, None, "")
    assert (study.models[1].parents, study.models[1].created) == (("a",), "banana")
