"""From results to the records of a bundle; nothing is read or written here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cc_core.histogram import Histogram, pack_counts
from cc_export.bundle.chunk import pack, slug
from cc_export.bundle.records import (
    FORMAT_VERSION,
    ActivationRecord,
    ArrayRecord,
    AssetRecord,
    DatasetRecord,
    FileRecord,
    FormatRecord,
    HistogramRecord,
    InputRecord,
    InstancesChunk,
    Json,
    LatencyRecord,
    LayerRecord,
    LayersChunk,
    Manifest,
    ModelRecord,
    ModelsChunk,
    OperationRecord,
    OperationTypeRecord,
    PredictionsChunk,
    QuantizationRecord,
    RuntimeRecord,
    StatisticsRecord,
    StudyRecord,
    TensorRecord,
)
from cc_export.dataset import Dataset
from cc_export.evaluate import Latency, Predictions
from cc_export.inspect import Inspection, TensorFacts, TensorKey
from cc_export.metrics import LATENCY, model_metrics, study_metrics
from cc_export.onnx_models.weights import Quantization
from cc_export.study.records import Study, StudyModel

TIMING = "data/timing"
_INSTANCES_BYTES = 1 << 19
_MOST_PER_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ModelResult:
    """All that was found out about one model; None where it has no file, or failed there."""

    model: StudyModel
    inspection: Inspection | None = None
    histograms: Mapping[TensorKey, Histogram] | None = None
    predictions: Predictions | None = None
    latency: Latency | None = None
    failure: str | None = None

    @property
    def layers_chunk(self) -> str | None:
        """Id of the chunk of its layers."""
        return f"data/layers/{slug(self.model.id)}" if self.histograms is not None else None

    @property
    def predictions_chunk(self) -> str | None:
        """Id of the chunk of its predictions."""
        return f"data/predictions/{slug(self.model.id)}" if self.predictions else None


@dataclass(frozen=True, slots=True)
class Embedding:
    """Whether a model travels with the site: its asset id, or why it does not."""

    asset: str | None
    reason: str = ""


def models_chunk(
    results: tuple[ModelResult, ...], embeddings: Mapping[str, Embedding]
) -> ModelsChunk:
    """The overview's one chunk."""
    return ModelsChunk(tuple(_model(result, embeddings[result.model.id]) for result in results))


def layers_chunk(result: ModelResult) -> LayersChunk:
    """The layers of one inspected model: tensors grouped by module, in graph order."""
    assert result.inspection is not None and result.histograms is not None
    grouped: dict[str, list[TensorFacts]] = {}
    for tensor in result.inspection.tensors:
        grouped.setdefault(tensor.layer, []).append(tensor)
    histograms = result.histograms
    return LayersChunk(
        model=result.model.id,
        operators=dict(result.inspection.operators),
        layers=tuple(
            LayerRecord(
                path=path,
                operators=tuple(dict.fromkeys(o for t in tensors for o in t.operators)),
                tensors=tuple(_tensor(t, histograms[t.key]) for t in tensors),
            )
            for path, tensors in grouped.items()
        ),
        activations=tuple(
            ActivationRecord(a.tensor, a.layer, a.operator) for a in result.inspection.activations
        ),
    )


def predictions_chunk(model_id: str, predictions: Predictions) -> PredictionsChunk:
    """The predictions of one model."""
    top = predictions.top
    return PredictionsChunk(
        model=model_id,
        k=top.labels.shape[1],
        accuracy=predictions.accuracy,
        per_class=predictions.per_class,
        invalid=predictions.invalid,
        labels=pack(top.labels),
        probabilities=pack(top.probabilities),
        rest=pack(top.rest),
    )


def dataset_record(dataset: Dataset, output: str | None, scores: str) -> DatasetRecord:
    """The evaluation set, with as many instances in a chunk as fit half a MiB."""
    source = dataset.source
    stored = sum(array.nbytes for array in dataset.arrays.values())
    fitting = int(_INSTANCES_BYTES * len(dataset) / stored) if stored else _MOST_PER_CHUNK
    size = max(1, min(fitting, _MOST_PER_CHUNK))
    chunks = -(-len(dataset) // size)
    return DatasetRecord(
        name=source.name,
        instances=len(dataset),
        classes=source.classes,
        inputs=tuple(InputRecord(i.name, i.array, i.scale, i.offset) for i in source.inputs),
        preview=source.preview,
        output=output,
        scores="logits" if scores == "logits" else "probabilities",
        chunk_size=size,
        chunks=tuple(f"data/instances/{number:04d}" for number in range(chunks)),
    )


def instances_chunks(
    dataset: Dataset, record: DatasetRecord
) -> Iterator[tuple[str, InstancesChunk]]:
    """All instances, chunk by chunk, with the id of each chunk."""
    for number, chunk_id in enumerate(record.chunks):
        first = number * record.chunk_size
        which = slice(first, first + record.chunk_size)
        yield (
            chunk_id,
            InstancesChunk(
                first=first,
                ids=dataset.ids[which],
                labels=tuple(dataset.labels[which].tolist()),
                arrays={
                    name: ArrayRecord(array.dtype.name, array[which].shape, pack(array[which]))
                    for name, array in dataset.arrays.items()
                },
            ),
        )


def latency_records(results: tuple[ModelResult, ...]) -> dict[str, LatencyRecord]:
    """Timings by model id."""
    return {
        result.model.id: LatencyRecord(
            result.latency.batch,
            result.latency.runs,
            result.latency.mean,
            result.latency.p50,
            result.latency.p95,
            result.latency.p99,
        )
        for result in results
        if result.latency
    }


def manifest(
    study: Study,
    results: tuple[ModelResult, ...],
    dataset: DatasetRecord | None,
    runtime: RuntimeRecord | None,
    assets: Mapping[str, AssetRecord],
    files: Mapping[str, FileRecord],
    generator: str,
) -> Manifest:
    """The chunk that finds all others."""
    measured = {name for result in results for name in _metrics(result)}
    if any(result.latency for result in results):
        measured.add(LATENCY)
    return Manifest(
        format=FormatRecord("cc-bundle", FORMAT_VERSION),
        generator=generator,
        study=StudyRecord(study.title, study.description, len(study.models)),
        metrics=study_metrics(study, measured),
        operations=tuple(
            OperationTypeRecord(o.name, o.parameters, o.description) for o in study.operations
        ),
        dataset=dataset,
        timing=TIMING,
        runtime=runtime,
        assets=assets,
        files=files,
    )


def _metrics(result: ModelResult) -> dict[str, float]:
    return model_metrics(result.model, result.inspection, result.predictions)


def _model(result: ModelResult, embedding: Embedding) -> ModelRecord:
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
        metrics=_metrics(result),  # type: ignore[arg-type] # jsonable spells NaN and infinities
        sha256=inspection.sha256 if inspection else None,
        opset=inspection.opset if inspection else None,
        onnx=embedding.asset,
        not_embedded=embedding.reason,
        layers=result.layers_chunk,
        predictions=result.predictions_chunk,
    )


def _tensor(tensor: TensorFacts, counted: Histogram) -> TensorRecord:
    known = tensor.statistics
    return TensorRecord(
        name=tensor.name,
        role=tensor.role,
        initializer=tensor.initializer,
        shape=tensor.shape,
        dtype=tensor.dtype,
        quantization=_quantization(tensor.quantization) if tensor.quantization else None,
        statistics=StatisticsRecord(
            count=known.count,
            zeros=known.zeros,
            nan=known.nan,
            infinite=known.infinite,
            minimum=known.minimum,
            maximum=known.maximum,
            total=known.total,
            squares=known.squares,
        ),
        histogram=HistogramRecord(
            low=counted.low,
            high=counted.high,
            total=int(counted.counts.sum()),
            below=counted.below,
            above=counted.above,
            counts=pack(pack_counts(counted.counts)),
        ),
    )


def _quantization(how: Quantization) -> QuantizationRecord:
    return QuantizationRecord(
        axis=how.axis,
        scale=tuple(float(value) for value in how.scale.reshape(-1)),
        zero_point=tuple(int(value) for value in how.zero_point.reshape(-1)),
    )
