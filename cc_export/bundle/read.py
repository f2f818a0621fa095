"""Read a site back: the plain JSON and bytes behind its chunks, checked against the manifest."""

from __future__ import annotations

import base64
import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from cc_export.bundle.chunk import GZIP, BrokenChunkError, payload
from cc_export.bundle.records.values import FORMAT_VERSION
from cc_export.bundle.write import INDEX, MANIFEST
from cc_export.errors import ExportError
from cc_export.urls import url_of


class Site:
    """A site on disk. JSON chunks come back as dicts and lists; see ``bundle/records``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Mapping[str, Any] = self._parse(
            "data/manifest", self._bytes("data/manifest")
        )
        _check_form(folder, self.manifest)

    @property
    def models(self) -> list[dict[str, Any]]:
        """The records of all models."""
        return list(self.json("data/models")["models"])

    def json(self, chunk_id: str) -> Any:
        """The JSON of one chunk.

        Raises:
            ExportError: the chunk is missing, truncated or altered.
        """
        return self._parse(chunk_id, self._checked(chunk_id))

    def asset(self, asset_id: str) -> bytes:
        """The bytes of an asset (a model, a part of the runtime).

        Raises:
            ExportError: there is no such asset, or it is damaged.
        """
        record = self.manifest["assets"].get(asset_id)
        if record is None:
            raise ExportError(f"{self.folder}: no asset {asset_id!r}")
        try:
            parts = [payload(self._checked(part), part) for part in record["parts"]]
            packed = base64.b64decode(b"".join(parts), validate=True)
            # At most one byte too many, so that a small file cannot fill the memory.
            unpacker = zlib.decompressobj(GZIP)
            content = unpacker.decompress(packed, record["bytes"] + 1)
        except (BrokenChunkError, ValueError, zlib.error) as error:
            raise ExportError(f"{self.folder}: asset {asset_id!r} is damaged: {error}") from None
        if len(content) != record["bytes"] or not unpacker.eof:
            raise ExportError(
                f"{self.folder}: asset {asset_id!r} has not the {record['bytes']} bytes "
                "that the manifest says"
            )
        return content

    def damaged(self) -> Iterator[str]:
        """Paths of the files that are missing or not what the manifest says."""
        for path, record in self.manifest["files"].items():
            if not _is_whole(self.folder / path, record["sha256"]):
                yield path

    def _checked(self, chunk_id: str) -> bytes:
        content = self._bytes(chunk_id)
        record = self.manifest["files"].get(f"{chunk_id}.js")
        if record is None:
            raise ExportError(f"{self.folder}: no chunk {chunk_id!r}")
        expected = record["sha256"]
        if expected is not None and hashlib.sha256(content).hexdigest() != expected:
            raise ExportError(
                f"{self.folder}: chunk {chunk_id!r} is not what the manifest says",
                "It was altered or not copied in full; copy or export the site again.",
            )
        return content

    def _bytes(self, chunk_id: str) -> bytes:
        try:
            return (self.folder / f"{chunk_id}.js").read_bytes()
        except OSError as error:
            raise ExportError(
                f"{self.folder}: chunk {chunk_id!r} cannot be read: {error.strerror}",
                "Copy the whole folder again, or export again.",
            ) from None

    def _parse(self, chunk_id: str, content: bytes) -> Any:
        try:
            return orjson.loads(payload(content, chunk_id))
        except (BrokenChunkError, orjson.JSONDecodeError) as error:
            raise ExportError(f"{self.folder}: chunk {chunk_id!r} is damaged: {error}") from None


def _is_whole(file: Path, expected: str | None) -> bool:
    if expected is None or not file.is_file():
        return file.is_file()
    return hashlib.sha256(file.read_bytes()).hexdigest() == expected


# What readers ask a manifest for; it may hold more.
_FORM: Mapping[str, type | tuple[type, ...]] = {
    "format": dict, "files": dict, "assets": dict, "study": dict, "generator": str, "timing": str,
    "runtime": (dict, type(None)), "dataset": (dict, type(None)),
}  # fmt: skip
_FILE: Mapping[str, type | tuple[type, ...]] = {"sha256": (str, type(None))}
_ASSET: Mapping[str, type | tuple[type, ...]] = {"bytes": int, "parts": list}


def _check_form(folder: Path, manifest: Any) -> None:
    known = manifest.get("format") if isinstance(manifest, dict) else None
    version = known.get("version") if isinstance(known, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise ExportError(
            f"{folder}: bundle format {version}, this cc-export reads up to {FORMAT_VERSION}",
            "Update cc-export.",
        )
    if not isinstance(version, int) or not _is_manifest(manifest):
        raise ExportError(
            f"{folder}: its manifest is not one of cc-export", "Export the site again."
        )


def _is_manifest(manifest: Any) -> bool:
    return (
        _has(manifest, _FORM)
        and _has(manifest["study"], {"title": str})
        and all(_has(record, _FILE) for record in manifest["files"].values())
        and all(_has(record, _ASSET) for record in manifest["assets"].values())
    )


def _has(record: Any, form: Mapping[str, type | tuple[type, ...]]) -> bool:
    return isinstance(record, dict) and all(
        key in record and isinstance(record[key], kind) for key, kind in form.items()
    )


@contextmanager
def our_records(folder: Path) -> Iterator[None]:
    """For reading a site's records: those of another form are an error in words.

    Raises:
        ExportError: a record lacks what is asked for.
    """
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError):
        what = f"{folder}: its records are not those of cc-export"
        raise ExportError(what, "Export the site again.") from None


def find_site(place: Path | str) -> Path | None:
    """The folder of the site that is meant: itself, or that of its page; None where none is."""
    folder = Path(place)
    # What ``build`` prints, and what a browser shows.
    folder = folder.parent if folder.name == INDEX else folder
    with suppress(OSError):  # a name that is too long, say
        return folder if (folder / MANIFEST).is_file() else None
    return None


def read_site(folder: Path | str) -> Site:
    """Open a site for scripts.

    >>> site = read_site("site")  # doctest: +SKIP
    >>> [model["id"] for model in site.models]  # doctest: +SKIP

    Raises:
        ExportError: there is no site, or its format is newer than this cc-export.
    """
    found = find_site(folder)
    if found is None:
        url = url_of(folder)
        if url is not None:
            what = f"{url}: sites are read from a folder of this machine"
            raise ExportError(what, "Copy it here; a browser opens it where it is.")
        there = os.path.exists(folder)  # noqa: PTH110 (which raises for names that are too long)
        what = "no site made by cc-export" if there else "there is no such folder"
        raise ExportError(f"{folder}: {what}", "Make one with `cc-export build STUDY -o FOLDER`.")
    return Site(found)
