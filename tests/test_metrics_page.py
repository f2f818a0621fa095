"""The page of the metrics."""

from __future__ import annotations

from cc_export.study.names import MEASURED_NAMES
from cc_export.tasks.reference import PAGE, render


def test_the_page_is_up_to_date() -> None:
    """What lies in docs is what the tables say, and every measured metric is there."""
    page = PAGE.read_text("utf-8")
    assert page == render(), "run `python -m cc_export.tasks.reference`"
    assert all(f"| {name} |" in page for name in MEASURED_NAMES)
