"""What a site holds, as a person asks: how much of what, made by which versions, is it whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cc_export.bundle.read import Site, our_records
from cc_export.bundle.write import MANIFEST

_PAGE, _OVERVIEW = "page", "overview"


@dataclass(frozen=True, slots=True)
class KindSummary:
    """Files of one kind: ``page`` and ``overview``, else the folder they lie in."""

    kind: str
    files: int
    bytes: int
    largest: int


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """A model of the site and what there is of it; ``bytes`` of all its own files."""

    id: str
    failure: str | None
    layers: bool
    predictions: bool
    runs_in_page: bool
    bytes: int


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """A site in numbers. ``damaged`` are the files that are missing or altered."""

    folder: str
    title: str
    generator: str
    format: int
    exported: str
    engines: Mapping[str, str]
    instances: int
    bytes: int
    kinds: tuple[KindSummary, ...]
    models: tuple[ModelSummary, ...]
    damaged: tuple[str, ...]


def summarize_site(site: Site) -> SiteSummary:
    """Read a whole site, check each file and count.

    Raises:
        ExportError: the chunks that say what the site holds are damaged, or not ours.
    """
    with our_records(site.folder):
        return _summarized(site)


def _summarized(site: Site) -> SiteSummary:
    manifest = site.manifest
    sizes = {path: _size(site, path) for path in (*manifest["files"], MANIFEST)}
    damaged = tuple(sorted(site.damaged()))
    timing = manifest["timing"]
    return SiteSummary(
        folder=str(site.folder),
        title=manifest["study"]["title"],
        generator=manifest["generator"],
        format=manifest["format"]["version"],
        # Damaged timings are no reason to say nothing about the rest.
        exported="" if f"{timing}.js" in damaged else site.json(timing)["exported"],
        engines=dict((manifest["runtime"] or {}).get("versions", {})),
        instances=(manifest["dataset"] or {}).get("instances", 0),
        bytes=sum(sizes.values()),
        kinds=_kinds(sizes),
        models=tuple(_model(model, manifest, sizes) for model in site.models),
        damaged=damaged,
    )


def _size(site: Site, path: str) -> int:
    try:
        return (site.folder / path).stat().st_size
    except OSError:  # it is among the damaged ones
        return 0


def _kinds(sizes: Mapping[str, int]) -> tuple[KindSummary, ...]:
    files, total, largest = Counter[str](), Counter[str](), dict[str, int]()
    for path, size in sizes.items():
        kind = _kind(path)
        files[kind] += 1
        total[kind] += size
        largest[kind] = max(largest.get(kind, 0), size)
    found = (KindSummary(kind, files[kind], total[kind], largest[kind]) for kind in files)
    return tuple(sorted(found, key=lambda k: (k.kind != _PAGE, k.kind != _OVERVIEW, k.kind)))


def _kind(path: str) -> str:
    """``data/layers/x.js`` is of kind layers, ``data/models.js`` overview, ``index.html`` page."""
    folders = path.split("/")[:-1]
    if not folders:
        return _PAGE
    if folders == ["data"]:
        return _OVERVIEW
    return folders[1] if folders[0] == "data" else folders[0]


def _model(
    record: Mapping[str, Any], manifest: Mapping[str, Any], sizes: Mapping[str, int]
) -> ModelSummary:
    asset = manifest["assets"].get(record["onnx"], {"parts": ()})
    # Whatever chunks a record names: newer versions have more kinds of them.
    named = [value for value in record.values() if isinstance(value, str)]
    own = {*asset["parts"], *(chunk for chunk in named if chunk.startswith("data/"))}
    return ModelSummary(
        id=record["id"],
        failure=record["failure"],
        layers=record["layers"] is not None,
        predictions=record["predictions"] is not None,
        runs_in_page=record["onnx"] is not None,
        bytes=sum(sizes.get(f"{chunk}.js", 0) for chunk in own),
    )
