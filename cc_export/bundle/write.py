"""The only module that writes: a new site is completed beside the old one and swapped in."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from cc_export import interrupts
from cc_export.bundle.chunk import BrokenChunkError, Chunk, payload
from cc_export.bundle.leftovers import NEW, OLD, clear_up, held
from cc_export.bundle.records.manifest import FileRecord
from cc_export.errors import ExportError

MANIFEST = "data/manifest.js"
INDEX = "index.html"
# What file managers leave behind in folders that people open.
_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_COPY = 1 << 20


class SiteWriter:
    """Writes into a folder that is not the site yet, and keeps the record of every file."""

    def __init__(self, folder: Path, site: Path) -> None:
        self.folder = folder
        self.files: dict[str, FileRecord] = {}
        self.bytes = 0
        self._site = site

    def write(self, chunk: Chunk, verified: bool = True) -> None:
        """Write a chunk; ``verified`` False keeps its size and hash out of the manifest.

        Raises:
            ExportError: the disk refuses, or the site has a file of that path already.
        """
        with self._writing(chunk.path) as target:
            target.write_bytes(chunk.content)
        self.bytes += len(chunk.content)
        self.files[chunk.path] = (
            FileRecord(len(chunk.content), hashlib.sha256(chunk.content).hexdigest())
            if verified
            else FileRecord(None, None)
        )

    def copy(self, source: Path, path: str) -> None:
        """Copy a file into the site.

        Raises:
            ExportError: the disk refuses, or the site has a file of that path already.
        """
        digest, size = hashlib.sha256(), 0
        with self._writing(path) as target, source.open("rb") as reader, target.open("wb") as out:
            while part := reader.read(_COPY):
                digest.update(part)
                size += len(part)
                out.write(part)
        self.bytes += size
        self.files[path] = FileRecord(size, digest.hexdigest())

    @contextmanager
    def _writing(self, path: str) -> Iterator[Path]:
        if path in self.files:
            raise ExportError(f"{self._site}: two files of the site would be {path!r}")
        target = self.folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            yield target
        except OSError as error:
            raise _cannot_write(self._site, error) from None


@contextmanager
def new_site(site: Path) -> Iterator[SiteWriter]:
    """A writer whose files become ``site`` when the block ends well, and vanish when it does not.

    A link to a folder stays; what it points to is replaced.

    Raises:
        ExportError: ``site`` is a file, a folder that holds anything but a site, the folder this
            process works in, or cannot be written.
    """
    fresh: Path | None = None
    try:
        try:
            # RuntimeError is how older Pythons call a circle of links.
            target = site.resolve()
            clear_up(target)
            _refuse(site, target)
            target.parent.mkdir(parents=True, exist_ok=True)
            with interrupts.held():
                fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}{NEW}", dir=target.parent))
        except (OSError, RuntimeError) as error:
            raise _cannot_write(site, error) from None
        # mkdtemp makes private folders; a site is there to be read.
        fresh.chmod(0o755)
        with held(fresh):
            yield SiteWriter(fresh, site)
            try:
                # In the midst of it there is no site.
                with interrupts.held():
                    _swap(fresh, target)
            except OSError as error:
                raise _cannot_write(site, error) from None
    finally:
        if fresh is not None:
            with interrupts.held():
                shutil.rmtree(fresh, ignore_errors=True)


def _refuse(site: Path, target: Path) -> None:
    """Nothing but a site is ever replaced."""
    if Path.cwd().is_relative_to(target):
        raise ExportError(
            f"{site}: is the folder you are in, or one around it, and cannot be replaced",
            "Choose a folder below it with -o, or go to another folder first.",
        )
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportError(f"{site}: is a file, not a folder", "Choose another name with -o.")
    foreign = _foreign(target)
    if foreign:
        listed = ", ".join(foreign[:3]) + (", …" if len(foreign) > 3 else "")
        kind = (
            "files that no export made" if (target / MANIFEST).is_file() else "files, but no site"
        )
        raise ExportError(
            f"{site}: holds {kind} ({listed}); it is left as it is",
            "Choose an empty or new folder with -o, or move these files away.",
        )


def _foreign(folder: Path) -> list[str]:
    """Paths in the folder that its manifest does not know, sorted."""
    known = {MANIFEST, *_known(folder / MANIFEST)}
    return sorted(
        path.as_posix()
        for found in folder.rglob("*")
        if (found.is_symlink() or not found.is_dir())
        and found.name not in _LITTER
        and (path := found.relative_to(folder)).as_posix() not in known
    )


def _known(manifest: Path) -> set[str]:
    try:
        return set(listed_files(manifest.read_bytes()))
    except OSError:
        return set()


def listed_files(manifest: bytes) -> dict[str, str | None]:
    """Files that a manifest lists, with their hashes; none where it is no manifest."""
    try:
        files = orjson.loads(payload(manifest, MANIFEST.removesuffix(".js")))["files"]
        return {
            str(name): record.get("sha256") if isinstance(record, dict) else None
            for name, record in files.items()
        }
    except (BrokenChunkError, orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
        return {}


def _swap(fresh: Path, site: Path) -> None:
    if not site.exists():
        fresh.rename(site)
        return
    # Two renames in one folder: between them the old site is complete under its other name.
    old = fresh.with_name(fresh.name.replace(NEW, OLD))
    with held(site):
        site.rename(old)
        try:
            fresh.rename(site)
        except OSError:
            old.rename(site)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _cannot_write(site: Path, error: Exception) -> ExportError:
    what = getattr(error, "strerror", None) or str(error)
    return ExportError(
        f"{site}: cannot be written: {what}",
        "An older site of that name, if there is one, is left as it was.",
    )
