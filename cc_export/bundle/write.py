"""The only module that writes: a new site is completed beside the old one and swapped in."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cc_export.bundle.chunk import Chunk
from cc_export.bundle.records import FileRecord
from cc_export.errors import ExportError

MANIFEST = "data/manifest.js"
_COPY = 1 << 20


class SiteWriter:
    """Writes into a folder that is not the site yet, and keeps the record of every file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, FileRecord] = {}

    def write(self, chunk: Chunk, verified: bool = True) -> None:
        """Write a chunk; ``verified`` False keeps its size and hash out of the manifest."""
        target = self._target(chunk.path)
        target.write_bytes(chunk.content)
        self.files[chunk.path] = (
            FileRecord(len(chunk.content), hashlib.sha256(chunk.content).hexdigest())
            if verified
            else FileRecord(None, None)
        )

    def copy(self, source: Path, path: str) -> None:
        """Copy a file into the site."""
        digest = hashlib.sha256()
        with source.open("rb") as reader, self._target(path).open("wb") as writer:
            while part := reader.read(_COPY):
                digest.update(part)
                writer.write(part)
        self.files[path] = FileRecord(source.stat().st_size, digest.hexdigest())

    @property
    def bytes(self) -> int:
        """Size of all files written so far."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())

    def _target(self, path: str) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


@contextmanager
def new_site(site: Path) -> Iterator[SiteWriter]:
    """A writer whose files become ``site`` when the block ends well, and vanish when it does not.

    Raises:
        ExportError: ``site`` is a file or a folder that is no site, or cannot be written.
    """
    site = Path(os.path.abspath(site))
    _refuse_foreign(site)
    try:
        site.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{site.name}.new-", dir=site.parent))
        # mkdtemp makes private folders; a site is there to be read.
        fresh.chmod(0o755)
    except OSError as error:
        raise _cannot_write(site, error) from None
    try:
        yield SiteWriter(fresh)
        _swap(fresh, site)
    except OSError as error:
        raise _cannot_write(site, error) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _refuse_foreign(site: Path) -> None:
    if not site.exists():
        return
    if not site.is_dir():
        raise ExportError(f"{site}: is a file, not a folder", "Choose another name with -o.")
    if any(site.iterdir()) and not (site / MANIFEST).is_file():
        raise ExportError(
            f"{site}: holds files, but no site; it is left as it is",
            "Choose an empty or new folder with -o.",
        )


def _swap(fresh: Path, site: Path) -> None:
    if not site.exists():
        fresh.rename(site)
        return
    # Two renames in one folder: between them the old site is complete under its other name.
    old = fresh.with_name(fresh.name.replace(".new-", ".old-"))
    site.rename(old)
    try:
        fresh.rename(site)
    except OSError:
        old.rename(site)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _cannot_write(site: Path, error: OSError) -> ExportError:
    what = error.strerror or str(error)
    return ExportError(
        f"{site}: cannot be written: {what}", "An older site of that name is left as it was."
    )
