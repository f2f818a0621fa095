"""All chunks of a site, assembled in the order that the manifest needs: it comes last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cc_export.bundle import build
from cc_export.bundle.chunk import Chunk, asset_chunks, json_chunk
from cc_export.bundle.layers import Grids, layers_chunk, sketches_chunk, study_grids
from cc_export.bundle.records import AssetRecord, TimingChunk
from cc_export.bundle.write import MANIFEST, SiteWriter
from cc_export.dataset import Dataset
from cc_export.embed import Embedding
from cc_export.errors import ExportError
from cc_export.flags import speed_flags
from cc_export.latency import machine
from cc_export.onnx_models.read import read_file
from cc_export.results import ModelResult, Results
from cc_export.study.records import LoadedStudy
from cc_export.version import __version__
from cc_export.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Content:
    """Everything a site is made of. ``seconds`` are wall-clock times by stage."""

    study: LoadedStudy
    results: Results
    dataset: Dataset | None
    embeddings: Mapping[str, Embedding]
    viewer: Viewer
    seconds: Mapping[str, float]


def write_site(content: Content, writer: SiteWriter, advance: Callable[[str], None]) -> None:
    """Write every file of a site; ``advance`` is told each model that is done.

    Raises:
        ExportError: the site cannot be written, or a model file changed since it was inspected.
    """
    assets = dict(content.viewer.assets)
    for path, file in content.viewer.files:
        writer.copy(file, path)
    grids = study_grids(content.results)
    for result in content.results:
        for chunk in _model_chunks(result, grids):
            writer.write(chunk)
        asset = content.embeddings[result.model.id].asset
        if asset and asset not in assets:
            assets[asset] = _write_asset(asset, _model_bytes(result), writer)
        advance(result.model.id)
    dataset = None
    if content.dataset and content.study.evaluation:
        dataset = build.dataset_record(content.dataset, content.study.evaluation)
        for chunk_id, record in build.instances_chunks(content.dataset, dataset):
            writer.write(json_chunk(chunk_id, record))
    models = build.models_chunk(content.results, content.embeddings)
    writer.write(json_chunk(build.MODELS, models))
    writer.write(json_chunk(build.ANSWERS, build.answers_chunk(content.study)))
    writer.write(json_chunk(build.TIMING, _timing(content)), verified=False)
    # GitHub Pages would otherwise run the site through Jekyll.
    writer.write(Chunk(".nojekyll", b""))
    parts = build.Parts(
        dataset, content.viewer.runtime, assets, writer.files, f"cc-export {__version__}"
    )
    manifest = build.manifest(content.study, content.results, parts)
    writer.write(json_chunk(MANIFEST.removesuffix(".js"), manifest))


def _model_chunks(result: ModelResult, grids: Grids) -> Iterator[Chunk]:
    if result.layers_chunk and result.sketches_chunk:
        yield json_chunk(result.layers_chunk, layers_chunk(result, grids))
        yield json_chunk(result.sketches_chunk, sketches_chunk(result))
    if result.predictions_chunk and result.predictions:
        record = build.predictions_chunk(result.model.id, result.predictions)
        yield json_chunk(result.predictions_chunk, record)


def _write_asset(asset_id: str, content: bytes, writer: SiteWriter) -> AssetRecord:
    record, chunks = asset_chunks(asset_id, content)
    for chunk in chunks:
        writer.write(chunk)
    return record


def _model_bytes(result: ModelResult) -> bytes:
    path, inspection = result.model.onnx, result.inspection
    assert path is not None and inspection is not None
    file = read_file(path)
    if file.sha256() != inspection.sha256:
        raise ExportError(f"{path}: the file changed during the export", "Export again.")
    return file.content()


def _timing(content: Content) -> TimingChunk:
    return TimingChunk(
        exported=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        stages=dict(content.seconds),
        latency=build.latency_records(content.results),
        flags=speed_flags(content.results),
    )
