"""Folders beside a site that an export which was killed has left behind."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# Beside a site: the one that is being made, and the one that is being replaced.
NEW, OLD = ".new-", ".old-"
# Where a folder cannot be locked, its age says whether anyone still works in it.
_ABANDONED_SECONDS = 24 * 3600.0


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Tell other exports that someone works in a folder; the system forgets it with the process."""
    handle = _lock(folder)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def clear_up(site: Path) -> None:
    """Remove what killed exports have left beside a site; bring back the site they had set aside.

    Folders that a running export works in stay.
    """
    if not site.parent.is_dir():
        return
    for folder in sorted(site.parent.iterdir()):
        new, old = (folder.name.startswith(f".{site.name}{kind}") for kind in (NEW, OLD))
        if not (new or old) or not folder.is_dir() or folder.is_symlink() or in_use(folder):
            continue
        if old and not site.exists():
            # Killed between two renames: the older site is complete under this name.
            with suppress(OSError):
                folder.rename(site)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def in_use(folder: Path) -> bool:
    """Whether an export that runs works in a folder, as far as the system tells."""
    if fcntl is None:
        return time.time() - folder.stat().st_mtime < _ABANDONED_SECONDS
    handle = _lock(folder)
    if handle is None:
        return True
    os.close(handle)
    return False


def _lock(folder: Path) -> int | None:
    """A handle that locks a folder; None where another holds it or folders cannot be locked."""
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
