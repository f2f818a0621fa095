"""Folders for what an export needs only meanwhile; what killed exports left there is removed."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cc_export.bundle.leftovers import held, in_use

PREFIX = "cc-export-"
# A folder is locked right after it was made, and not at once.
_NEW_SECONDS = 60.0


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that goes with the block; where the process is killed, with a later export."""
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, held(Path(name)):
        yield Path(name)


def clear_up_temporary() -> None:
    """Remove folders of exports that were killed; those that a running one works in stay."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if _is_ours(folder) and not in_use(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    status = folder.lstat()
    own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return own and stat.S_ISDIR(status.st_mode) and time.time() - status.st_mtime > _NEW_SECONDS
