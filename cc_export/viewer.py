"""The built viewer and the page's runtime, as they lie inside the package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from cc_export.bundle.records.manifest import AssetRecord, RuntimeRecord
from cc_export.bundle.records.values import Json
from cc_export.errors import ExportError

FOLDER = Path(__file__).parent / "_site"
_INDEX, _PAGE = "runtime.json", "index.html"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Files to copy into every site (path in the site, file), and how to find the runtime."""

    files: tuple[tuple[str, Path], ...]
    runtime: RuntimeRecord
    assets: dict[str, AssetRecord]


def built_viewer(folder: Path = FOLDER) -> Viewer:
    """The viewer that this installation carries.

    Raises:
        ExportError: this is a checkout in which the viewer was not built yet.
    """
    try:
        index = orjson.loads((folder / _INDEX).read_bytes())
        (folder / _PAGE).stat()
    except OSError as error:
        raise ExportError(
            f"the viewer is not built: there is no {error.filename}",
            "In a checkout, run `make build`. An installed cc-export carries it: install it again.",
        ) from None
    return Viewer(
        files=tuple(_files(folder)),
        runtime=RuntimeRecord(index["versions"], Json(index["lock"])),
        assets={
            name: AssetRecord(record["bytes"], record["encoding"], tuple(record["parts"]))
            for name, record in index["assets"].items()
        },
    )


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if file.is_file() and path != _INDEX:
            yield path, file
