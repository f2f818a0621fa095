"""Exports that are killed, and disks that are full: never half a site, and little is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="module")
def on_full_disks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What exports did on a small disk that was filled: really, by a mount of our own."""
    disk = tmp_path_factory.mktemp("disk")
    if sys.platform != "linux" or not _mounts(disk):
        reason = "no file system can be mounted here (unshare -rm mount -t tmpfs)"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and a full disk must be tried where changes are checked")
        pytest.skip(f"{reason}: NO FULL DISK WAS TRIED")
    script = str(Path(__file__).parent / "disk_full.py")
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-W", "error", script,
         str(tiny_study.TINY), str(tiny_study.FIXTURES / "viewer"), str(disk)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def _mounts(disk: Path) -> bool:
    try:
        command = ["unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def test_a_full_disk_under_the_site(on_full_disks: list[dict[str, Any]]) -> None:
    """However much is left: an error that says so, the old site as it was, nothing beside it."""
    found = [one for one in on_full_disks if one["place"] == "site"]
    assert len(found) == 5
    for one in found:
        what, hint = one["error"].splitlines()
        assert what.endswith("/site: cannot be written: No space left on device"), one
        assert hint == "    An older site of that name, if there is one, is left as it was."
        assert (one["same"], one["damaged"]) == (True, []), one


def test_a_full_disk_under_the_cache(on_full_disks: list[dict[str, Any]]) -> None:
    """However much is left: a warning, and a whole site in which no model failed."""
    found = [one for one in on_full_disks if one["place"] == "cache"]
    assert len(found) == 5
    for one in found:
        assert (one["error"], one["failures"]) == ("", {}), one
        assert any(
            warning.startswith("what was computed is not kept for the next export: ")
            and warning.endswith("/cache: cannot be written: No space left on device")
            for warning in one["warnings"]
        ), one
        assert (one["same"], one["damaged"]) == (True, []), one


def test_a_full_disk_under_temporary_files(on_full_disks: list[dict[str, Any]]) -> None:
    """Models whose answers have no room say so; the site is whole, and nothing stays behind."""
    [one] = [one for one in on_full_disks if one["place"] == "temporary"]
    assert one["failures"]
    assert set(one["failures"].values()) == {
        "its answers cannot be stored: No space left on device\n"
        "    They are kept on disk while they are looked at; make room there."
    }
    assert (one["error"], one["same"], one["damaged"]) == ("", True, [])
