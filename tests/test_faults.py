"""Exports that are killed, and disks that are full: never half a site, and little is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_study

MOMENTS = 100


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each export is a fork")
def test_killed_at_any_moment(tmp_path: Path) -> None:
    """At 100 seeded moments: the site is absent, old or new; the next export goes on from there."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(Path(__file__).parent / "killed.py"),
         str(tiny_study.TINY), str(tiny_study.FIXTURES / "viewer"), str(tmp_path / "x"),
         str(MOMENTS)],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == MOMENTS
    for moment in found:
        assert moment["after"] in {"absent", moment["before"], moment["wanted"]}, moment
        assert moment["end"] == moment["wanted"], moment
        assert moment["beside"] == ["site"], moment
        # At most the task in flight is done again.
        assert len(moment["again"]) <= 1, moment
    # The moments are spread over all that happens.
    assert sum(not moment["done"] for moment in found) > MOMENTS / 2
    assert {len(moment["again"]) for moment in found} == {0, 1}
    assert len({moment["begun"] for moment in found if not moment["done"]}) > 3
