"""Contents of files as hashes, remembered so that an unchanged file is not read again."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from cc_export.regular import check_regular

# A file that changed this recently (ns) could change again without its times telling so.
_SETTLED = 2_000_000_000
_READ = 1 << 20
_SCHEMA = "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, stamps BLOB, digest TEXT)"
_FIND = "SELECT stamps, digest FROM files WHERE path = ?"
_KEEP = "INSERT OR REPLACE INTO files VALUES (?, ?, ?)"

# Size, times of the last change of content and of status (ns), inode.
Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Digest:
    """SHA-256 of the content of ``files``, one after another, and their stamps before reading."""

    sha256: str
    files: tuple[Path, ...]
    stamps: tuple[Stamp, ...]

    def holds(self) -> bool:
        """Whether the files are what they were, as far as size, times and inode tell."""
        try:
            return tuple(stamp(file) for file in self.files) == self.stamps
        except OSError:
            return False


class KnownFiles:
    """Digests by path, in a small database; whatever is wrong with it, files are read anew."""

    def __init__(self, database: Path, patience: float = 5.0) -> None:
        """``patience`` is how long to wait for another export that writes to it, in seconds."""
        self._database = database
        self._patience = patience

    def find(self, paths: Iterable[Path]) -> dict[Path, Digest]:
        """The digests of those files that are known and have not changed since."""
        found: dict[Path, Digest] = {}
        try:
            with closing(self._open()) as database:
                for path in paths:
                    row = database.execute(_FIND, (_spelled(path),)).fetchone()
                    digest = row and _digest(*row)
                    if digest and digest.holds():
                        found[path] = digest
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
        return found

    def keep(self, digests: Iterable[tuple[Path, Digest]]) -> None:
        """Remember digests, except of files that may still be written to."""
        latest = time.time_ns() - _SETTLED
        rows = [
            (_spelled(path), _row(digest), digest.sha256)
            for path, digest in digests
            if all(max(changed, status) < latest for _, changed, status, _ in digest.stamps)
        ]
        try:
            with closing(self._open()) as database, database:
                database.executemany(_KEEP, rows)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._database, timeout=self._patience)
        try:
            # What is lost in a power cut is only read again.
            database.execute("PRAGMA synchronous = OFF")
            database.execute(_SCHEMA)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _give_up(self, error: Exception) -> None:
        # Locked by another export, or on a full disk, it is as good as ever; damaged it is not.
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(
            error, sqlite3.OperationalError
        ):
            with suppress(OSError):
                self._database.unlink(missing_ok=True)


def digest_files(files: Sequence[Path]) -> Digest:
    """Read files, in slices; of folders, the names in them.

    Raises:
        OSError: one cannot be read.
    """
    stamps = tuple(stamp(file) for file in files)
    digest = hashlib.sha256()
    for file in files:
        if file.is_dir():
            digest.update("\n".join(sorted(entry.name for entry in file.iterdir())).encode())
            continue
        check_regular(file)
        with file.open("rb") as stream:
            while part := stream.read(_READ):
                digest.update(part)
    return Digest(digest.hexdigest(), tuple(files), stamps)


def all_within(path: Path) -> tuple[Path, ...]:
    """A file, or a folder with the files and folders in it: what its content depends on."""
    if not path.is_dir():
        return (path,)
    return (path, *sorted(file for file in path.rglob("*") if file.is_file() or file.is_dir()))


def stamp(file: Path) -> Stamp:
    """What tells two states of a file apart without reading it.

    Raises:
        OSError: there is no such file.
    """
    status = file.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _spelled(path: Path) -> str:
    # Some systems allow names that are no text, and a database does not.
    return str(path.absolute()).encode("utf-8", "surrogateescape").hex()


def _row(digest: Digest) -> bytes:
    names = [_spelled(file) for file in digest.files]
    return orjson.dumps([names, digest.stamps])


def _digest(row: bytes, sha256: str) -> Digest | None:
    try:
        names, stamps = orjson.loads(row)
        files = (Path(bytes.fromhex(n).decode("utf-8", "surrogateescape")) for n in names)
        return Digest(sha256, tuple(files), tuple(tuple(one) for one in stamps))
    except (ValueError, TypeError):
        return None
