"""Exports on disks that are really full.

``unshare -rm python tests/disk_full.py STUDY VIEWER DISK`` mounts a small file system in memory at
DISK, which the rest of the machine does not see, fills it to different degrees, exports, and prints
one line of JSON for each.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from cc_export import ExportError, export, load_study, read_site
from cc_export.study.records import LoadedStudy
from cc_export.viewer import built_viewer

SIZE = 4 << 20
# What is left of the disk, as a share of what a site takes.
SHARES = (0.0, 0.02, 0.3, 0.6, 0.9)


def state(folder: Path) -> dict[str, str]:
    """Every file with the hash of its content, every folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
    }


def fill(disk: Path, left: int) -> Path:
    """A file that leaves so many bytes of the disk."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as stream:
        room = shutil.disk_usage(disk).free - left
        try:
            while room > 0:
                room -= stream.write(bytes(min(room, 1 << 16)))
        except OSError:
            pass
    return filler


def outcome(study: LoadedStudy, site: Path, **options: object) -> dict[str, object]:
    """What an export says."""
    try:
        report = export(study, site, **options)  # type: ignore[arg-type]
    except ExportError as error:
        return {"error": str(error), "warnings": [], "failures": {}}
    return {"error": "", "warnings": report.warnings, "failures": dict(report.failures)}


def main() -> None:
    """Each place on the full disk in turn: the site, the cache, temporary files."""
    study, viewer, disk = (Path(argument) for argument in sys.argv[1:])
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", disk], check=True)
    loaded, built = load_study(study), built_viewer(viewer)
    elsewhere = Path(tempfile.mkdtemp())
    cache = elsewhere / "cache"
    export(loaded, disk / "site", viewer=built, cache=cache)
    size = sum(f.stat().st_blocks * 512 for f in (disk / "site").rglob("*"))
    newer = replace(loaded, title="Newer")
    for share in SHARES:
        before = state(disk)
        filler = fill(disk, int(share * size))
        told = outcome(newer, disk / "site", viewer=built, cache=cache)
        filler.unlink()
        damaged = list(read_site(disk / "site").damaged())
        say("site", share, told, state(disk) == before, damaged)
    for share in SHARES:
        filler = fill(disk, int(share * size))
        (disk / "cache").mkdir(exist_ok=True)
        told = outcome(newer, elsewhere / "site", viewer=built, cache=disk / "cache")
        filler.unlink()
        half = [f.name for f in (disk / "cache").rglob(".new-*")]
        shutil.rmtree(disk / "cache", ignore_errors=True)
        say("cache", share, told, not half, list(read_site(elsewhere / "site").damaged()))
    tempfile.tempdir = str(disk)
    before = state(disk)
    filler = fill(disk, 0)
    told = outcome(newer, elsewhere / "site", viewer=built, cache=elsewhere / "new")
    filler.unlink()
    say("temporary", 0, told, state(disk) == before, list(read_site(elsewhere / "site").damaged()))
    shutil.rmtree(elsewhere)


def say(place: str, share: float, told: dict[str, object], same: bool, damaged: list[str]) -> None:
    """One line of JSON."""
    line = {"place": place, "share": share, **told, "same": same, "damaged": damaged}
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
