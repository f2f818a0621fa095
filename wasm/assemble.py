"""Put the built viewer and the page's runtime where the Python package carries them."""

from __future__ import annotations

import filecmp
import shutil
import sys
from pathlib import Path


def assemble(sources: list[Path], target: Path) -> int:
    """Make ``target`` hold exactly the files of all sources; returns how many were copied.

    Unchanged files are left alone, so that nothing is rebuilt for a newer date.
    """
    wanted = {
        file.relative_to(source): file
        for source in sources
        for file in sorted(source.rglob("*"))
        if file.is_file()
    }
    copied = 0
    for path, file in wanted.items():
        there = target / path
        if there.is_file() and filecmp.cmp(file, there, shallow=False):
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, there)
        copied += 1
    for file in sorted(target.rglob("*"), reverse=True):
        if file.is_file() and file.relative_to(target) not in wanted:
            file.unlink()
        elif file.is_dir() and not any(file.iterdir()):
            file.rmdir()
    return copied


if __name__ == "__main__":
    *found, into = map(Path, sys.argv[1:])
    sys.stdout.write(f"cc_export/_site: {assemble(found, into)} files renewed\n")
