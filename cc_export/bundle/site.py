"""All chunks of a site, assembled in the order that the manifest needs: it comes last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from cc_export.bundle import build, evaluation
from cc_export.bundle.activations import (
    activation_grids,
    activation_sizes,
    activations_chunk,
    activations_given,
    measured_by_key,
)
from cc_export.bundle.channels import channels_chunk
from cc_export.bundle.chunk import Chunk, Packed, asset_chunks, json_chunk
from cc_export.bundle.layers import (
    Grids,
    layer_sizes,
    layers_chunk,
    layers_given,
    sketch_sizes,
    sketches_chunk,
    study_grids,
)
from cc_export.bundle.parts import in_parts
from cc_export.bundle.records.manifest import AssetRecord, DatasetRecord
from cc_export.bundle.records.timing import TimingChunk
from cc_export.bundle.write import MANIFEST, SiteWriter
from cc_export.cache.chunks import kept_chunk
from cc_export.cache.store import Cache
from cc_export.dataset import Dataset
from cc_export.embed import Embedding
from cc_export.flags import speed_flags
from cc_export.latency import machine
from cc_export.results import EVALUATE, INSPECT, WEIGH, ModelResult, Results
from cc_export.study.records import LoadedStudy
from cc_export.version import __version__
from cc_export.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Content:
    """Everything a site is made of.

    ``packed`` are the model files that travel with it, made ready; ``dataset_content`` is the hash
    of the evaluation set; ``seconds`` are wall-clock times by stage. ``redact`` leaves out what the
    instances are.
    """

    study: LoadedStudy
    results: Results
    dataset: Dataset | None
    embeddings: Mapping[str, Embedding]
    packed: Callable[[ModelResult], Packed]
    dataset_content: str
    cache: Cache
    viewer: Viewer
    seconds: Mapping[str, float]
    redact: bool = False


def hidden_groups_of(content: Content) -> dict[str, str]:
    """Groups that are left out because the site is redacted; see ``hidden_groups``."""
    if content.dataset is None or not content.redact:
        return {}
    return evaluation.hidden_groups(content.dataset)


def write_site(content: Content, writer: SiteWriter, advance: Callable[[str], None]) -> None:
    """Write every file of a site; ``advance`` is told each model that is done.

    Raises:
        ExportError: the site cannot be written.
    """
    assets = dict(content.viewer.assets)
    for path, file in content.viewer.files:
        writer.copy(file, path)
    hidden = tuple(hidden_groups_of(content))
    grids, measured = study_grids(content.results), measured_by_key(content.results)
    shared = activation_grids(measured)
    exposed = {result.model.id: result for result in content.results if result.exposed}
    for result in content.results:
        for chunk in _model_chunks(content.cache, result, grids, hidden):
            writer.write(chunk)
        if result.activations_chunk:
            given = activations_given(result, exposed, shared)
            make = partial(activations_chunk, result, measured, shared)
            sizes = activation_sizes(result)
            for chunk in in_parts(content.cache, result.activations_chunk, given, sizes, make):
                writer.write(chunk)
        asset = content.embeddings[result.model.id].asset
        if asset and asset not in assets:
            assets[asset] = _write_asset(asset, content.packed(result), writer)
        advance(result.model.id)
    dataset = None
    if content.dataset and content.study.evaluation:
        dataset = evaluation.dataset_record(
            content.dataset,
            content.study.evaluation,
            redact=content.redact,
            models=any(known.asset for known in content.embeddings.values()),
        )
        for chunk in _instances(content, content.dataset, dataset):
            writer.write(chunk)
        attributes = evaluation.attributes_chunk(content.dataset, redact=content.redact)
        writer.write(json_chunk(evaluation.ATTRIBUTES, attributes))
        for chunk_id, ids in evaluation.ids_chunks(content.dataset).items():
            writer.write(json_chunk(chunk_id, ids))
    models = build.models_chunk(content.results, content.embeddings)
    writer.write(json_chunk(build.MODELS, models))
    writer.write(_answers(content))
    writer.write(json_chunk(build.TIMING, _timing(content)), verified=False)
    # GitHub Pages would otherwise run the site through Jekyll.
    writer.write(Chunk(".nojekyll", b""))
    parts = build.Parts(
        dataset, content.viewer.runtime, assets, writer.files, f"cc-export {__version__}"
    )
    manifest = build.manifest(content.study, content.results, parts)
    writer.write(json_chunk(MANIFEST.removesuffix(".js"), manifest))


def _model_chunks(
    cache: Cache, result: ModelResult, grids: Grids, hidden: tuple[str, ...]
) -> Iterator[Chunk]:
    if result.layers_chunk and result.sketches_chunk and result.channels_chunk:
        given = layers_given(result, grids)
        sizes = layer_sizes(result)
        make_layers = partial(layers_chunk, result, grids)
        yield from in_parts(cache, result.layers_chunk, given, sizes, make_layers)
        origin = result.origin(INSPECT, WEIGH)
        make_sketches = partial(sketches_chunk, result)
        sizes = sketch_sizes(result)
        yield from in_parts(cache, result.sketches_chunk, origin, sizes, make_sketches)
        given = (origin, result.references) if origin else None
        yield kept_chunk(cache, result.channels_chunk, given, partial(channels_chunk, result))
    if result.predictions_chunk and result.predictions:
        name, found = result.model.id, result.predictions
        texts = []
        for chunk_id, part in evaluation.texts_chunks(name, found, result.predictions_chunk):
            texts.append(chunk_id)
            yield json_chunk(chunk_id, part)
        parts = evaluation.prediction_parts(name, found, result.predictions_chunk)
        for chunk_id, make_part in parts.items():
            yield kept_chunk(cache, chunk_id, result.origin(EVALUATE), make_part)
        make = partial(
            evaluation.predictions_chunk, name, found, tuple(texts), tuple(parts), hidden
        )
        origin = result.origin(EVALUATE)
        given = (origin, hidden) if origin else None
        yield kept_chunk(cache, result.predictions_chunk, given, make)


def _instances(content: Content, dataset: Dataset, record: DatasetRecord) -> Iterator[Chunk]:
    made = (content.dataset_content, dataset.source, record)
    for chunks, make in (
        (record.chunks, evaluation.instances_chunk),
        (record.inputs_chunks, evaluation.inputs_chunk),
    ):
        for number, chunk_id in enumerate(chunks):
            given: Callable[[], object] = partial(make, dataset, record, number)
            yield kept_chunk(content.cache, chunk_id, made, given)


def _answers(content: Content) -> Chunk:
    study = content.study
    recipes = tuple((model.id, model.parents, model.operation) for model in study.models)
    return kept_chunk(content.cache, build.ANSWERS, recipes, lambda: build.answers_chunk(study))


def _write_asset(asset_id: str, packed: Packed, writer: SiteWriter) -> AssetRecord:
    record, chunks = asset_chunks(asset_id, packed)
    for chunk in chunks:
        writer.write(chunk)
    return record


def _timing(content: Content) -> TimingChunk:
    return TimingChunk(
        exported=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        stages=dict(content.seconds),
        latency=build.latency_records(content.results),
        memory={r.model.id: r.memory for r in content.results if r.memory is not None},
        flags=speed_flags(content.results),
    )
