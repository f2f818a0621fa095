"""From a study to a site: the whole story, in order."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal, TypeVar

from cc_export import evaluate, executor
from cc_export.bundle import build
from cc_export.bundle.build import Embedding, ModelResult
from cc_export.bundle.chunk import Chunk, asset_chunks, json_chunk
from cc_export.bundle.records import AssetRecord, TimingChunk
from cc_export.bundle.write import MANIFEST, SiteWriter, new_site
from cc_export.dataset import Dataset, open_dataset
from cc_export.errors import ExportError, ModelError
from cc_export.executor import run_all
from cc_export.inspect import inspect_model, shared_ranges, weight_histograms
from cc_export.onnx_models.read import read_model, stored_files
from cc_export.progress import Progress, Silent
from cc_export.study import Study, load_study
from cc_export.study.records import DatasetSource, Evaluation
from cc_export.version import __version__
from cc_export.viewer import Viewer, built_viewer

Models = Literal["none", "selected", "all"]
# A page can run larger models, but loading one takes seconds and gigabytes of memory.
MOST_EMBEDDED = 100 << 20
Found = TypeVar("Found")
Results = tuple[ModelResult, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What an export did. ``failures`` are reasons by model id; ``seconds`` are by stage."""

    site: Path
    models: int
    instances: int
    bytes: int
    seconds: Mapping[str, float]
    failures: Mapping[str, str]
    embedded: int
    warnings: tuple[str, ...] = ()


def export(
    study: Study | Path | str,
    site: Path | str,
    *,
    models: Models = "selected",
    jobs: int = 1,
    progress: Progress | None = None,
) -> Report:
    """Export a study to a site that opens by double-click.

    Args:
        study: a loaded study, its file, or its folder.
        site: folder to make; an older site there is replaced once the new one is complete.
        models: which model files travel with the site, so that they run in the page.
        jobs: worker processes. A script that asks for more than one needs the usual
            ``if __name__ == "__main__":`` guard.
        progress: told what is being done; silent by default.

    Raises:
        ExportError: the study, the evaluation set or the target cannot be used. A single model
            that fails is reported in ``Report.failures`` instead, and shown so in the site.
    """
    study = study if isinstance(study, Study) else load_study(study)
    viewer = built_viewer()
    dataset = open_dataset(study.dataset) if study.dataset else None
    stages = _Stages(progress or Silent())
    with new_site(Path(site)) as writer, executor.local(jobs) as pool:
        results: Results = tuple(ModelResult(model) for model in study.models)
        results = _inspect(results, stages, pool)
        results = _histograms(results, stages, pool)
        if dataset and study.evaluation:
            results = _evaluate(results, study.dataset, study.evaluation, stages, pool)
            results = _time(results, dataset, stages)
        embeddings = {result.model.id: _embedding(result, models) for result in results}
        with stages.open("Write", len(results)) as advance:
            for result in results:
                _write_model(result, writer)
                advance(result.model.id)
            _write_site(study, results, dataset, embeddings, viewer, stages.seconds, writer)
        size = writer.bytes
    return _report(Path(site), results, dataset, embeddings, size, stages.seconds, study)


def _inspect(results: Results, stages: _Stages, pool: executor.Executor) -> Results:
    tasks = {r.model.id: partial(inspect_model, r.model.onnx) for r in results if r.model.onnx}
    return _stage("Inspect", results, tasks, "inspection", stages, pool)


def _histograms(results: Results, stages: _Stages, pool: executor.Executor) -> Results:
    inspections = {r.model.id: r.inspection for r in results if r.inspection}
    ranges = shared_ranges(inspections.values())
    tasks = {}
    for result in results:
        inspection = inspections.get(result.model.id)
        if inspection and result.model.onnx:
            own = {tensor.key: ranges[tensor.key] for tensor in inspection.tensors}
            tasks[result.model.id] = partial(weight_histograms, result.model.onnx, own)
    return _stage("Summarize layers", results, tasks, "histograms", stages, pool)


def _evaluate(
    results: Results,
    source: DatasetSource,
    evaluation: Evaluation,
    stages: _Stages,
    pool: executor.Executor,
) -> Results:
    tasks = {
        r.model.id: partial(
            _evaluate_one,
            r.model.onnx,
            source,
            evaluation,
            evaluate.batch_size(name for name, _ in r.inspection.operators),
        )
        for r in results
        if r.inspection and r.model.onnx
    }
    return _stage("Evaluate", results, tasks, "predictions", stages, pool)


def _time(results: Results, dataset: Dataset, stages: _Stages) -> Results:
    """Latency, one model after another and nothing else running."""
    tasks = {
        r.model.id: partial(evaluate.measure_latency, r.model.onnx, dataset)
        for r in results
        if r.predictions and r.model.onnx
    }
    return _stage("Time", results, tasks, "latency", stages, executor.Inline())


@lru_cache(maxsize=1)
def _dataset(source: DatasetSource) -> Dataset:
    """The evaluation set, opened once in each worker process."""
    return open_dataset(source)


def _evaluate_one(
    path: Path, source: DatasetSource, evaluation: Evaluation, batch: int
) -> evaluate.Predictions:
    return evaluate.evaluate(path, _dataset(source), evaluation, batch)


def _stage(
    name: str,
    results: Results,
    tasks: Mapping[str, Callable[[], Found]],
    into: str,
    stages: _Stages,
    pool: executor.Executor,
) -> Results:
    """Run one task for each model it is meant for; a failure stays with its model."""
    found: dict[str, dict[str, object]] = {}
    with stages.open(name, len(tasks)) as advance:
        for model, outcome in run_all(pool, tasks):
            failed = isinstance(outcome, ModelError)
            found[model] = {"failure": str(outcome)} if failed else {into: outcome}
            advance(model)
    return tuple(replace(r, **found.get(r.model.id, {})) for r in results)  # type: ignore[arg-type]


def _embedding(result: ModelResult, models: Models) -> Embedding:
    """Whether a model travels with the site."""
    if result.inspection is None:
        return Embedding(None, "there is no readable model file")
    if models == "none" or (models == "selected" and not result.model.embed):
        return Embedding(None, "it was exported without its file")
    if result.inspection.bytes > MOST_EMBEDDED:
        size, limit = result.inspection.bytes / 2**20, MOST_EMBEDDED >> 20
        return Embedding(None, f"its file has {size:,.0f} MiB, and a page runs up to {limit} MiB")
    return Embedding(f"data/onnx/{result.inspection.sha256}")


def _write_model(result: ModelResult, writer: SiteWriter) -> None:
    if result.layers_chunk:
        writer.write(json_chunk(result.layers_chunk, build.layers_chunk(result)))
    if result.predictions_chunk and result.predictions:
        record = build.predictions_chunk(result.model.id, result.predictions)
        writer.write(json_chunk(result.predictions_chunk, record))


def _write_site(
    study: Study,
    results: Results,
    dataset: Dataset | None,
    embeddings: Mapping[str, Embedding],
    viewer: Viewer,
    seconds: Mapping[str, float],
    writer: SiteWriter,
) -> None:
    """Everything that is not one model's: viewer, runtime, instances, model files, manifest."""
    assets = dict(viewer.assets)
    for path, file in viewer.files:
        writer.copy(file, path)
    for result in results:
        asset = embeddings[result.model.id].asset
        if asset and asset not in assets and result.model.onnx:
            assets[asset] = _write_asset(asset, _model_bytes(result.model.onnx), writer)
    known = None
    if dataset and study.evaluation:
        known = build.dataset_record(dataset, study.evaluation.output, study.evaluation.scores)
        for chunk_id, record in build.instances_chunks(dataset, known):
            writer.write(json_chunk(chunk_id, record))
    writer.write(json_chunk("data/models", build.models_chunk(results, embeddings)))
    writer.write(json_chunk(build.TIMING, _timing(results, seconds)), verified=False)
    # GitHub Pages would otherwise run the site through Jekyll.
    writer.write(Chunk(".nojekyll", b""))
    manifest = build.manifest(
        study, results, known, viewer.runtime, assets, writer.files, f"cc-export {__version__}"
    )
    writer.write(json_chunk(MANIFEST.removesuffix(".js"), manifest))


def _write_asset(asset_id: str, content: bytes, writer: SiteWriter) -> AssetRecord:
    record, chunks = asset_chunks(asset_id, content)
    for chunk in chunks:
        writer.write(chunk)
    return record


def _model_bytes(path: Path) -> bytes:
    """The model in one piece; external data is brought inside."""
    model = read_model(path)
    if stored_files(path, model) == (path,):
        return path.read_bytes()
    return bytes(model.SerializeToString(deterministic=True))


def _timing(results: Results, seconds: Mapping[str, float]) -> TimingChunk:
    return TimingChunk(
        exported=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=evaluate.machine(),
        stages=dict(seconds),
        latency=build.latency_records(results),
    )


def _report(
    site: Path,
    results: Results,
    dataset: Dataset | None,
    embeddings: Mapping[str, Embedding],
    size: int,
    seconds: Mapping[str, float],
    study: Study,
) -> Report:
    too_large = [
        f"{r.model.id}: cannot run in the page: {embeddings[r.model.id].reason}"
        for r in results
        if r.inspection and r.inspection.bytes > MOST_EMBEDDED and r.model.embed
    ]
    return Report(
        site=site,
        models=len(results),
        instances=len(dataset) if dataset else 0,
        bytes=size,
        seconds=dict(seconds),
        failures={r.model.id: r.failure for r in results if r.failure},
        embedded=sum(embedding.asset is not None for embedding in embeddings.values()),
        warnings=(*(problem.text(study.file) for problem in study.warnings), *too_large),
    )


@dataclass(slots=True)
class _Stages:
    """Tells the progress about stages and keeps how long each took (wall clock)."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def open(self, name: str, total: int) -> Iterator[Callable[[str], None]]:
        start = time.perf_counter()
        with self.progress.stage(name, total) as stage:
            yield stage.advance
        self.seconds[name] = time.perf_counter() - start


def default_jobs(models: int) -> int:
    """Worker processes for a study of that many models: one per core, as many as help."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, models // 4))


__all__ = ["ExportError", "Models", "Report", "default_jobs", "export"]
