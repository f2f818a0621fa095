"""The cache: results of earlier exports by the key of what they were computed from."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import platformdirs

import cc_core
import cc_export
from cc_export.cache.codec import CodecError, decode, encode
from cc_export.cache.files import Digest, KnownFiles
from cc_export.compiled import LOOP
from cc_export.compiled.weighing import LIBRARY
from cc_export.errors import ExportError
from cc_export.temporary import temporary_folder

Found = TypeVar("Found")
# Where the cache is: a folder, the user's own for None, a temporary one for "off".
Place = Path | str | None
OFF: Literal["off"] = "off"

FOLDER, SWITCH = "CC_EXPORT_CACHE", "CC_EXPORT_NO_CACHE"
# Least recently used entries go first when there is more than this, or when they are this old.
MOST_BYTES = 10 << 30
_MOST_SECONDS = 30 * 24 * 3600.0
# What a killed export was still writing is removed by a later one, after this time.
_ABANDONED_SECONDS = 3600.0
_NEW = ".new-"
_CHECK = 32
# Libraries whose version may change a number.
_LIBRARIES = ("isal", "numpy", "onnx", "onnxruntime")


@dataclass(frozen=True, slots=True)
class Work(Generic[Found]):
    """A function of a module, its arguments, and the files that it reads.

    Its result is kept under the name of the function, its arguments, and the content of the files:
    everything that the result depends on must be among them. Paths among the arguments stand for
    their content where they are in ``files``. ``scratch`` are further arguments, on which it does
    not depend: places where work may leave what other work can use.
    """

    function: Callable[..., Found]
    arguments: tuple[object, ...] = ()
    files: tuple[Path, ...] = ()
    scratch: tuple[object, ...] = ()

    def __call__(self) -> Found:
        """Do it."""
        return self.function(*self.arguments, *self.scratch)

    def key(self, digests: Mapping[Path, Digest]) -> str | None:
        """What the result is kept under, None where a file cannot be read."""
        if any(file not in digests for file in self.files):
            return None

        def spell(path: Path) -> str:
            return digests[path].sha256 if path in digests else str(path)

        read = tuple(spell(file) for file in self.files)
        name = (self.function.__module__, self.function.__qualname__)
        return key_of((name, self.arguments, read), spell)


def key_of(given: object, spell_path: Callable[[Path], str] = str) -> str:
    """What something is kept under that depends on ``given``, our code and the libraries'."""
    return hashlib.sha256(encode((given, _code(), _libraries()), spell_path)).hexdigest()


class Cache:
    """Values by key in a folder. It may vanish or be damaged at any time: then nothing is found.

    ``problem`` says why nothing can be kept, once that is so.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = KnownFiles(folder / "files.sqlite")
        self.problem: str | None = None
        self._grown = False

    def find(self, key: str) -> tuple[Any] | None:
        """The value of a key, in a tuple of one; None where there is none, or a damaged one."""
        file = self._file(key)
        try:
            content = file.read_bytes()
            check, kept = content[:_CHECK], content[_CHECK:]
            if hashlib.sha256(kept).digest() != check:
                return None
            # The time of last use, by which entries expire.
            os.utime(file)
            return (decode(kept),)
        except (OSError, CodecError):
            return None

    def has(self, key: str) -> bool:
        """Whether there is an entry, whole or not."""
        return self._file(key).is_file()

    def keep(self, key: str, value: object) -> None:
        """Keep a value; where the disk refuses, ``problem`` says so and the export goes on."""
        kept = encode(value)
        self._grown = True
        try:
            _write(self._file(key), hashlib.sha256(kept).digest(), kept)
        except OSError as error:
            self.problem = f"{self.folder}: cannot be written: {error.strerror or error}"

    def beside(self, key: str, suffix: str) -> Path:
        """Where work may leave a file beside its result; it goes when it is not used."""
        self._grown = True
        return self._file(f"{key}{suffix}")

    def forget(self, key: str) -> None:
        """Remove an entry, if there is one."""
        with suppress(OSError):
            self._file(key).unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        return self.folder / "results" / key[:2] / key[2:]

    def tidy(self) -> None:
        """``prune``, where something was added since the cache was opened."""
        if self._grown:
            self.prune()

    def prune(self, most: int = MOST_BYTES) -> None:
        """Remove what was not used for 30 days, then the least recently used beyond ``most``."""
        now = time.time()
        left = most
        for used, size, file in sorted(self.entries(), reverse=True):
            left -= size
            new = file.name.startswith(_NEW)
            if left < 0 or now - used > (_ABANDONED_SECONDS if new else _MOST_SECONDS):
                with suppress(OSError):
                    file.unlink(missing_ok=True)

    def entries(self) -> Iterator[tuple[float, int, Path]]:
        """Last use (seconds since 1970), bytes and file of every entry."""
        for file in (self.folder / "results").glob("*/*"):
            with suppress(OSError):
                status = file.stat()
                yield status.st_mtime, status.st_size, file


@contextmanager
def opened(place: Place = None) -> Iterator[Cache]:
    """The cache of an export; it is pruned when the export ends well.

    Raises:
        ExportError: the folder that was asked for cannot be made.
    """
    folder = folder_of(place)
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if place is not None or os.environ.get(FOLDER):
                raise ExportError(
                    f"{folder}: the cache cannot be kept there: {error.strerror or error}",
                    "Choose another folder with --cache, or export with --no-cache.",
                ) from None
            folder = None
    if folder is None:
        with temporary_folder() as temporary:
            yield Cache(temporary)
    else:
        cache = Cache(folder)
        yield cache
        cache.tidy()


def folder_of(place: Place = None) -> Path | None:
    """The folder meant by a choice, None for a temporary one.

    None leaves it to the environment: ``CC_EXPORT_NO_CACHE=1`` keeps nothing,
    ``CC_EXPORT_CACHE`` is a folder; else it is the user's folder for caches.
    """
    if place is not None:
        return None if place == OFF else Path(place).absolute()
    if os.environ.get(SWITCH, "0") not in ("", "0"):
        return None
    return Path(
        os.environ.get(FOLDER) or platformdirs.user_cache_dir("cc-export", appauthor=False)
    ).absolute()


def _write(file: Path, *parts: bytes) -> None:
    """Under another name, and renamed: an entry is there in full or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=_NEW, dir=file.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.writelines(parts)
        fresh.replace(file)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


@cache
def _code() -> str:
    """Hash of our own code: another version of a formula never meets an older one's results."""
    digest = hashlib.sha256()
    for package in (cc_core, cc_export):
        for folder in package.__path__:
            for file in sorted(Path(folder).rglob("*.py")):
                digest.update(file.read_bytes())
    # What is compiled may differ in the last digits of a sum from what is not.
    digest.update(LIBRARY.read_bytes() if LOOP else b"")
    return digest.hexdigest()


@cache
def _libraries() -> tuple[str, ...]:
    return tuple(map(version, _LIBRARIES))
