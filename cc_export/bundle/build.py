"""From results to the records of a bundle; nothing is read or written here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cc_core.api import Charted
from cc_core.jsonable import jsonable
from cc_core.patterns import Patterns
from cc_core.selection import encode, explain
from cc_export.bundle.records.manifest import (
    AssetRecord,
    DatasetRecord,
    FileRecord,
    FormatRecord,
    Manifest,
    OperationTypeRecord,
    RuntimeRecord,
    StudyRecord,
)
from cc_export.bundle.records.models import (
    AnswersChunk,
    ConversionRecord,
    FactsRecord,
    FlagRecord,
    ModelRecord,
    ModelsChunk,
    OperationRecord,
)
from cc_export.bundle.records.timing import LatencyRecord
from cc_export.bundle.records.values import FORMAT_VERSION, Json
from cc_export.embed import Embedding
from cc_export.flags import size_flags
from cc_export.metrics import metric_values, study_metrics
from cc_export.pytorch.convert import Conversion
from cc_export.results import ModelResult, Results
from cc_export.selections import first_selections, forest_of
from cc_export.study.records import LoadedStudy

MODELS, TIMING, ANSWERS = "data/models", "data/timing", "data/answers"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the manifest finds besides the study itself."""

    dataset: DatasetRecord | None
    runtime: RuntimeRecord
    assets: Mapping[str, AssetRecord]
    files: Mapping[str, FileRecord]
    generator: str


def models_chunk(results: Results, embeddings: Mapping[str, Embedding]) -> ModelsChunk:
    """The overview's one chunk."""
    metrics, flags = metric_values(results), size_flags(results)
    return ModelsChunk(
        tuple(
            _model(
                result,
                metrics[result.model.id],
                flags.get(result.model.id, ()),
                embeddings[result.model.id],
            )
            for result in results
        )
    )


def answers_chunk(study: LoadedStudy) -> AnswersChunk:
    """What differs in the selections people start with; the page need not wait for Python there."""
    forest = forest_of(study.models)
    answers = []
    for ids in first_selections(study):
        explanation = explain(forest, ids)
        answers.append(Json(jsonable(Charted(explanation, encode(explanation)))))
    return AnswersChunk(tuple(answers))


def latency_records(results: Results) -> dict[str, LatencyRecord]:
    """Timings by model id."""
    return {
        result.model.id: LatencyRecord(
            batch=result.latency.batch,
            runs=len(result.latency.times),
            mean=result.latency.mean,
            p25=result.latency.percentile(25),
            p50=result.latency.percentile(50),
            p75=result.latency.percentile(75),
            p95=result.latency.percentile(95),
            p99=result.latency.percentile(99),
        )
        for result in results
        if result.latency
    }


def manifest(study: LoadedStudy, results: Results, parts: Parts) -> Manifest:
    """The chunk that finds all others."""
    return Manifest(
        format=FormatRecord("cc-bundle", FORMAT_VERSION),
        generator=parts.generator,
        study=StudyRecord(study.title, study.description, len(study.models)),
        metrics=study_metrics(study, results),
        operations=tuple(
            OperationTypeRecord(o.name, o.parameters, o.description) for o in study.operations
        ),
        dataset=parts.dataset,
        timing=TIMING,
        answers=ANSWERS,
        runtime=parts.runtime,
        assets=parts.assets,
        files=parts.files,
    )


def _model(
    result: ModelResult,
    metrics: Mapping[str, float],
    flags: tuple[FlagRecord, ...],
    embedding: Embedding,
) -> ModelRecord:
    model, inspection = result.model, result.inspection
    operation = model.operation
    return ModelRecord(
        id=model.id,
        parents=model.parents,
        operation=OperationRecord(
            operation.name, {name: Json(value) for name, value in operation.parameters.items()}
        )
        if operation
        else None,
        tag=model.tag,
        notes=model.notes,
        created=model.created,
        failure=result.failure,
        metrics=metrics,
        missing=result.predictions.failed if result.predictions else {},
        flags=flags,
        facts=_facts(result),
        conversion=_conversion(result.conversion) if result.conversion else None,
        sha256=inspection.sha256 if inspection else None,
        opset=inspection.opset if inspection else None,
        onnx=embedding.asset,
        not_embedded=embedding.reason,
        layers=result.layers_chunk,
        sketches=result.sketches_chunk,
        channels=result.channels_chunk,
        activations=result.activations_chunk,
        predictions=result.predictions_chunk,
    )


def _conversion(found: Conversion) -> ConversionRecord:
    close = found.agreement
    return ConversionRecord(
        found.torch, found.exporter, close.absolute, close.relative, close.instances
    )


def _facts(result: ModelResult) -> FactsRecord | None:
    if not result.inspection or not result.facts:
        return None
    found = result.all_patterns or Patterns()
    return FactsRecord(
        types=dict(result.facts.stored.types),
        operators=dict(result.inspection.operators),
        macs_unknown=result.facts.macs.unknown,
        patterns={
            name: share for name in found.fitting if (share := found.share(name)) is not None
        },
        empty_inputs=found.empty_inputs / found.inputs if found.inputs else None,
    )
