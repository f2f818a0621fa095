"""Studies, models, data and sites at URLs, through fsspec: ``s3://``, ``memory://``, ``file://`` …

What is read is copied into the cache's folder first, and again only once it changed there: then an
export works on files, as it does everywhere. A site is completed here and copied out at the end.
fsspec is imported for URLs only.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from cc_export.bundle.write import INDEX, MANIFEST, listed_files
from cc_export.cache.store import Place, folder_of
from cc_export.errors import ExportError, ModelError
from cc_export.near import near
from cc_export.onnx_models.read import model_files
from cc_export.temporary import temporary_folder

# What file systems tell by which a changed file is known, besides its size.
_STAMPS = ("ETag", "etag", "md5Hash", "generation", "mtime", "LastModified", "created", "ino")
_STATE, _FOLDER = ".cc-export.json", "remote"
# Stands beside the files of a site while they are copied, and lists them.
_UNFINISHED = "cc-export-unfinished.txt"
_UNUSED_SECONDS = 30 * 24 * 3600.0
# A file that is being copied, and how long that may take.
_NEW, _BEGUN_SECONDS = ".new-", 3600.0
_EXTRAS = {
    "s3": "cc-export[s3]", "s3a": "cc-export[s3]", "gs": "gcsfs", "az": "adlfs",
    "http": "fsspec[http]", "https": "fsspec[http]",
}  # fmt: skip


def study_at(url: str, suffixes: tuple[str, ...], place: Place = None) -> Path:
    """A copy of a study's folder, and in it the study file where the URL names one.

    Raises:
        ExportError: it cannot be read.
    """
    named = PurePosixPath(url).suffix.lower() in suffixes
    base, _, name = url.rstrip("/").rpartition("/")
    copy = _copy_of(base if named else url.rstrip("/"), place, url)
    copy.bring_all()
    return copy.folder / name if named else copy.folder


def data_at(url: str, place: Place = None) -> Path:
    """A copy of a file, or of a folder with all that is in it.

    Raises:
        ExportError: it cannot be read.
    """
    base, _, name = url.rstrip("/").rpartition("/")
    whole = _copy_of(url.rstrip("/"), place)
    if whole.is_folder():
        whole.bring_all()
        return whole.folder
    copy = _copy_of(base, place)
    copy.bring(name)
    return copy.folder / name


def model_at(url: str, place: Place = None) -> Path:
    """A copy of a model file and of the files of its external data.

    Raises:
        ExportError: they cannot be read.
    """
    base, _, name = url.rpartition("/")
    copy = _copy_of(base, place)
    copy.bring(name)
    path = copy.folder / name
    # What is wrong with a model is said by the stage that reads it.
    with suppress(ModelError):
        for file in model_files(path):
            copy.bring(file.relative_to(copy.folder).as_posix())
    return path


@contextmanager
def naming(copy: Path, url: str) -> Iterator[None]:
    """Errors speak of the URL and not of its copy."""
    folder = str(copy if copy.is_dir() else copy.parent)
    named = url.rstrip("/") if copy.is_dir() else url.rpartition("/")[0]
    try:
        yield
    except ExportError as error:
        what, hint = (text.replace(folder, named) for text in (error.what, error.hint))
        raise ExportError(what, hint) from None


@dataclass(frozen=True, slots=True)
class _Copy:
    """What lies below ``url``, as far as it was wanted, in ``folder``; ``known`` by its stamps."""

    url: str
    folder: Path
    system: Any
    root: str
    known: dict[str, str] = field(default_factory=dict)

    def is_folder(self) -> bool:
        """Whether there are files below the URL."""
        with _reading(self.url):
            return bool(self.system.isdir(self.root))

    def bring_all(self) -> None:
        """Copy every file below the URL, and drop what is not there any more."""
        with _reading(self.url):
            found = self.system.find(self.root, detail=True)
            if not found and not self.system.exists(self.root):
                raise FileNotFoundError("there is no such file or folder")
        start = len(self.root.rstrip("/")) + 1
        infos = {path[start:]: info for path, info in found.items()}
        for file in self.folder.rglob("*"):
            name = file.relative_to(self.folder).as_posix()
            if file.is_file() and name not in infos and name != _STATE and not _begun(file):
                file.unlink(missing_ok=True)
        for name, info in infos.items():
            self._bring(name, info)
        self._remember()

    def bring(self, name: str) -> None:
        """Copy one file."""
        with _reading(f"{self.url}/{name}"):
            info = self.system.info(f"{self.root.rstrip('/')}/{name}")
        self._bring(name, info)
        self._remember()

    def _bring(self, name: str, info: Mapping[str, Any]) -> None:
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or PurePosixPath(name).is_absolute() or name == _STATE:
            raise ExportError(f"{self.url}: holds a file of the name {name!r}, which is no path")
        stamp, target = _stamp(info), self.folder / name
        if stamp and self.known.get(name) == stamp and target.is_file():
            return
        with _reading(f"{self.url}/{name}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, fresh = tempfile.mkstemp(prefix=_NEW, dir=target.parent)
            os.close(handle)
            try:
                self.system.get_file(f"{self.root.rstrip('/')}/{name}", fresh)
                Path(fresh).replace(target)
            finally:
                Path(fresh).unlink(missing_ok=True)
        self.known[name] = stamp

    def _remember(self) -> None:
        with suppress(OSError):
            (self.folder / _STATE).write_bytes(orjson.dumps(self.known))


def _copy_of(url: str, place: Place, named: str = "") -> _Copy:
    """The copy of a folder; errors speak of the URL that was ``named``."""
    system, root = _opened(url, named)
    home = folder_of(place) or _temporary()
    _forget_unused(home / _FOLDER)
    # The last part keeps its name: a study without a title is called by its folder's.
    last = re.sub(r"[^\w.-]", "-", PurePosixPath(root).name).lstrip(".") or "files"
    folder = home / _FOLDER / hashlib.sha256(url.encode()).hexdigest()[:24] / last
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"{url}: cannot be copied to {folder}: {error.strerror or error}",
            "Choose another folder with --cache.",
        ) from None
    known: dict[str, str] = {}
    with suppress(OSError, ValueError):
        known = dict(orjson.loads((folder / _STATE).read_bytes()))
    return _Copy(url, folder, system, root, known)


def _begun(file: Path) -> bool:
    """Whether another export may be copying it."""
    with suppress(OSError):
        return file.name.startswith(_NEW) and time.time() - file.stat().st_mtime < _BEGUN_SECONDS
    return False


def _forget_unused(home: Path) -> None:
    """Copies that no export has asked for in 30 days go."""
    for state in home.glob(f"*/*/{_STATE}"):
        with suppress(OSError):
            if time.time() - state.stat().st_mtime > _UNUSED_SECONDS:
                shutil.rmtree(state.parent.parent, ignore_errors=True)


@cache
def _temporary() -> Path:
    """Where copies are for an export that keeps nothing; it goes with this process."""
    lasting = ExitStack()
    atexit.register(lasting.close)
    return lasting.enter_context(temporary_folder())


def _stamp(info: Mapping[str, Any]) -> str:
    """What tells two states of a file apart; nothing where its file system does not tell."""
    told = [f"{key}={info[key]}" for key in _STAMPS if info.get(key) is not None]
    return " ".join([f"size={info.get('size')}", *told]) if told else ""


def _opened(url: str, named: str = "") -> tuple[Any, str]:
    from fsspec import available_protocols  # noqa: PLC0415 (slow to import, and only URLs need it)
    from fsspec.core import url_to_fs  # noqa: PLC0415

    scheme, named = url.partition(":")[0].lower(), named or url
    try:
        system, root = url_to_fs(url)
    except ImportError as error:
        package = _EXTRAS.get(scheme)
        hint = f"Install it with: pip install '{package}'" if package else str(error)
        raise ExportError(f"{named}: a package for such URLs is not installed", hint) from None
    except ValueError as error:
        known = available_protocols()
        if scheme in known:
            raise ExportError(f"{named}: cannot be opened: {error}") from None
        what = f"{named}: there are no URLs that begin with {scheme!r}"
        raise ExportError(what, near(scheme, known)) from None
    return system, str(root)


def _reading(url: str) -> AbstractContextManager[None]:
    return _doing("read", url, "Check the URL, and that this machine may read it.")


def _writing(url: str) -> AbstractContextManager[None]:
    hint = "What is there has no index.html until an export is complete; export again."
    return _doing("written", url, hint)


@contextmanager
def _doing(what: str, url: str, hint: str) -> Iterator[None]:
    try:
        yield
    except ExportError:
        raise
    except Exception as error:  # each file system has errors of its own
        raise ExportError(f"{url}: cannot be {what}: {_reason(error)}", hint) from None


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder"
    return " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split())


@contextmanager
def site_at(url: str) -> Iterator[tuple[Path, bool]]:
    """A folder here whose content becomes the site at ``url`` when the block ends well.

    With it comes whether there is an older site, which is then replaced.

    ``index.html`` of an older site there goes first and the new one comes last, so that no mix of
    two sites is ever opened. Files that are there already are not copied again.

    Raises:
        ExportError: there are files that no export made, or it cannot be written.
    """
    system, root = _opened(url)
    root = root.rstrip("/")
    with _writing(url):
        older = _older_site(url, system, root)
    with temporary_folder() as around:
        folder = around / "site"
        yield folder, INDEX in older
        with _writing(url):
            _upload(folder, system, root, older)


def _older_site(url: str, system: Any, root: str) -> dict[str, str | None]:
    """Files of the site that is there; with their hashes where the site is whole.

    Raises:
        ExportError: there is something else.
    """
    there = [path[len(root) + 1 :] for path in system.find(root)] if system.exists(root) else []
    known: dict[str, str | None] = {}
    if MANIFEST in there:
        known = {MANIFEST: None, **listed_files(system.cat_file(f"{root}/{MANIFEST}"))}
    if _UNFINISHED in there:
        begun = system.cat_file(f"{root}/{_UNFINISHED}").decode("utf-8", "replace").splitlines()
        known |= dict.fromkeys([_UNFINISHED, *begun])
    foreign = sorted(name for name in there if name not in known)
    if foreign:
        listed = ", ".join(foreign[:3]) + (", …" if len(foreign) > 3 else "")
        raise ExportError(
            f"{url}: holds files that no export made ({listed}); it is left as it is",
            "Choose an empty or new place with -o, or move these files away.",
        )
    whole = INDEX in there and _UNFINISHED not in there
    return {name: known[name] if whole else None for name in there}


def _upload(folder: Path, system: Any, root: str, older: Mapping[str, str | None]) -> None:
    hashes = listed_files((folder / MANIFEST).read_bytes())
    files = {f.relative_to(folder).as_posix(): f for f in folder.rglob("*") if f.is_file()}
    last = (MANIFEST, INDEX)
    order = [*sorted(set(files) - {*last}), *last]
    system.makedirs(root, exist_ok=True)
    system.pipe_file(f"{root}/{_UNFINISHED}", "\n".join(sorted({*files, *older})).encode())
    if INDEX in older:
        system.rm_file(f"{root}/{INDEX}")
    for name in order:
        if name == INDEX:
            # All is there but the page itself.
            for gone in sorted({_UNFINISHED, *older} - {*files}):
                system.rm_file(f"{root}/{gone}")
        elif hashes.get(name) is not None and older.get(name) == hashes[name]:
            continue
        system.makedirs(f"{root}/{name}".rpartition("/")[0], exist_ok=True)
        system.put_file(str(files[name]), f"{root}/{name}")
