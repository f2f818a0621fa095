"""Records of a study that are files of their own: how they are written, and joined when it is read.

A study's folder may have a folder ``records`` beside its study file, with one JSON file for each
model, metric and operation that a script added. A record is written under a temporary name, forced
to disk and only then given its own. So a reader finds it whole or not at all, whoever is killed
when, and of two processes that add the same model exactly one succeeds. One file for each needs no
lock, works on network drives, and is readable by people; one log would need both checks and a lock.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from cc_export.bundle.chunk import slug
from cc_export.errors import ExportError, Problem, StudyError
from cc_export.study.document import Document, read_document
from cc_export.study.values import Key

RECORDS = "records"
# Sections with one record for each entry, and the key that names an entry.
LISTS: Mapping[str, str] = {"models": "id", "metrics": "name", "operations": "name"}
# Sections that are one record.
SINGLES = ("dataset", "evaluation")
# When an entry was added, which is the order they are shown in; no part of the study file's form.
ADDED = "added"
_UNFINISHED = ".part"
_STALE_SECONDS = 24 * 3600
_CLAIM_SECONDS = 60


def record_path(folder: Path, section: str, name: str = "") -> Path:
    """Where the record of a model, metric or operation is kept, or that of a single section."""
    records = folder / RECORDS
    return records / section / f"{slug(name)}.json" if name else records / f"{section}.json"


def publish(target: Path, content: bytes, *, replacing: bool = False) -> None:
    """Make a file that is complete and on disk from the moment it can be seen.

    Raises:
        FileExistsError: there is one, and it is not to be replaced.
        OSError: the disk refuses.
    """
    with new_file(target, replacing=replacing) as temporary:
        temporary.write_bytes(content)


@contextmanager
def new_file(target: Path, *, replacing: bool = False) -> Iterator[Path]:
    """A path to write to (a file, or a folder of files) that becomes ``target`` at the end.

    Raises:
        FileExistsError: there is a target, and it is not to be replaced.
        OSError: the disk refuses.
    """
    make_folder(target.parent)
    temporary = target.parent / f".{uuid.uuid4().hex}{_UNFINISHED}"
    try:
        yield temporary
        _to_disk(temporary)
        if replacing or temporary.is_dir():
            temporary.replace(target)
        else:
            _claim(temporary, target)
        _sync(target.parent)
    finally:
        with suppress(OSError):
            _remove(temporary)


def make_folder(folder: Path) -> None:
    """Make a folder, and those it lies in, so that they are on disk too."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        _sync(path.parent)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left behind more than a day ago."""
    for path in (folder / RECORDS).glob(f"*/.*{_UNFINISHED}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                _remove(path)


def with_records(document: Document) -> Document:
    """A study file joined by the records beside it; what the file itself says wins.

    A metric that is nowhere declared but has a value in a record is declared by its name: what
    an experiment measured is not lost to a missing line.

    Raises:
        StudyError: a record cannot be read.
    """
    folder = document.file.parent
    is_main = document.file.stem == "study" and isinstance(document.values, dict)
    if not is_main or not (folder / RECORDS).is_dir():
        return document
    values: dict[str, Any] = dict(document.values)  # type: ignore[call-overload]  # checked above
    parts: dict[Key, Document] = {}
    # Models first: whatever a model refers to was written before it.
    found = {"models": _models(folder, _named(values, "models"))}
    for section in LISTS:
        found.setdefault(section, _in_order(_listed(folder, section), section))
    for section, key in LISTS.items():
        known = _named(values, section)
        own = values.get(section) or []
        if not isinstance(own, list):
            continue  # which is said when the form is checked
        listed = list(own)
        for part in found[section]:
            if section == "models" or _text(part, key) not in known:
                parts[section, len(listed)] = part
                listed.append(part.values)
        if listed:
            values[section] = listed
    for section in SINGLES:
        path = record_path(folder, section)
        if section not in values and path.is_file():
            parts[section,] = _without_added(read_document(path))
            values[section] = parts[section,].values
    if isinstance(values.get("metrics", []), list):
        _declare_metrics(values, found["models"])
    return replace(document, values=values, parts=parts)


def _models(folder: Path, known: set[str]) -> list[Document]:
    """Model records in the order they were added, with every parent of each.

    A folder that grows while it is listed may show a model and not its parent, which is older.
    """
    found = {_text(part, "id"): part for part in _listed(folder, "models")}
    pending = list(found.values())
    while pending:
        for parent in _parents(pending.pop()):
            path = record_path(folder, "models", parent)
            if parent not in found and parent not in known and _is_written(path):
                found[parent] = _named_record(path, "models")
                pending.append(found[parent])
    return _in_order(found.values(), "models")


def _in_order(parts: Iterable[Document], section: str) -> list[Document]:
    ordered = sorted(parts, key=lambda part: (_text(part, ADDED), _text(part, LISTS[section])))
    return [_without_added(part) for part in ordered]


def _listed(folder: Path, section: str) -> list[Document]:
    paths = sorted((folder / RECORDS / section).glob("[!.]*.json"))
    return [_named_record(path, section) for path in paths if _is_written(path)]


def _is_written(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _named_record(path: Path, section: str) -> Document:
    part = read_document(path)
    if not _text(part, LISTS[section]):
        what = f"this record has no {LISTS[section]}"
        raise StudyError(path, [Problem("", what, "Mend the file, or remove it.")])
    return part


def _named(values: Mapping[str, Any], section: str) -> set[str]:
    listed = values.get(section)
    entries = listed if isinstance(listed, list) else []
    return {str(e.get(LISTS[section])) for e in entries if isinstance(e, dict)}


def _text(part: Document, key: str) -> str:
    value = part.values.get(key) if isinstance(part.values, dict) else None
    return value if isinstance(value, str) else ""


def _parents(part: Document) -> list[str]:
    assert isinstance(part.values, dict)
    several = part.values.get("parents")
    named = [*(several if isinstance(several, list) else ()), part.values.get("base")]
    return [name for name in named if isinstance(name, str) and name]


def _without_added(part: Document) -> Document:
    if not isinstance(part.values, dict):
        return part  # which is said when the form is checked
    return replace(part, values={k: v for k, v in part.values.items() if k != ADDED})


def _declare_metrics(values: dict[str, Any], models: list[Document]) -> None:
    declared = _named(values, "metrics")
    for part in models:
        assert isinstance(part.values, dict)
        metrics = part.values.get("metrics")
        for name in metrics if isinstance(metrics, dict) else ():
            if name not in declared:
                declared.add(name)
                values["metrics"] = [*(values.get("metrics") or []), {"name": name}]


def record_text(values: Mapping[str, object]) -> str:
    """A record as it stands in its file."""
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def cannot_write(folder: Path, error: OSError) -> ExportError:
    """The error of a folder that cannot be written to."""
    return ExportError(
        f"{folder}: cannot be written: {error.strerror or error}",
        "What was added before is still there.",
    )


def _claim(temporary: Path, target: Path) -> None:
    """Give a file its name unless another has it; decided by the file system, for one process."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except (OSError, AttributeError, NotImplementedError):
        _claim_without_links(temporary, target)


def _claim_without_links(temporary: Path, target: Path) -> None:
    """The same where a file cannot have two names, as on some network drives.

    Who makes the file, empty, may replace it; readers pass over empty ones. One that a killed
    process left behind holds for a minute.
    """
    try:
        target.touch(exist_ok=False)
    except FileExistsError:
        status = target.stat()
        if status.st_size or time.time() - status.st_mtime < _CLAIM_SECONDS:
            raise
    temporary.replace(target)


def _to_disk(path: Path) -> None:
    """Force a file, or all files of a folder, out of the system's buffers."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    for file in files:
        with file.open("rb+") as stream:
            os.fsync(stream.fileno())
    if path.is_dir():
        for inner in (path, *(p for p in path.rglob("*") if p.is_dir())):
            _sync(inner)


def _sync(folder: Path) -> None:
    """Force the names in a folder to disk, where the system lets a folder be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows
        return
    try:
        os.fsync(handle)
    except OSError:  # a network drive that knows no such thing
        return
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir():
        for inner in sorted(path.rglob("*"), reverse=True):
            inner.rmdir() if inner.is_dir() else inner.unlink()
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
