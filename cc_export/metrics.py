"""The metrics the exporter measures itself, and how they join those the study declares."""

from __future__ import annotations

from collections.abc import Mapping

from cc_export.bundle.records import MetricRecord
from cc_export.evaluate import Predictions
from cc_export.inspect import Inspection
from cc_export.study.records import Metric, Study, StudyModel

ACCURACY, SIZE, LATENCY = "Accuracy", "Size", "Latency"
SPARSITY, PARAMETERS, NON_ZERO = "Sparsity", "Parameters", "Non-zero parameters"

MEASURED: tuple[MetricRecord, ...] = (
    MetricRecord(
        name=ACCURACY,
        direction="higher",
        unit="",
        format=".1%",
        definition="Share of evaluation instances whose most probable class is the true one.",
        minimum=0.0,
        maximum=1.0,
        primary=True,
        source="measured",
    ),
    MetricRecord(
        name=SIZE,
        direction="lower",
        unit="B",
        format=".3~s",
        definition="Bytes of the ONNX file, external data included.",
        minimum=0.0,
        maximum=None,
        primary=True,
        source="measured",
    ),
    MetricRecord(
        name=LATENCY,
        direction="lower",
        unit="ms",
        format=".3~f",
        definition="Median wall-clock time of one instance in onnxruntime on one thread.",
        minimum=0.0,
        maximum=None,
        primary=True,
        source="timing",
    ),
    MetricRecord(
        name=SPARSITY,
        direction=None,
        unit="",
        format=".1%",
        definition="Share of trained parameters that are exactly zero once dequantized.",
        minimum=0.0,
        maximum=1.0,
        primary=True,
        source="measured",
    ),
    MetricRecord(
        name=PARAMETERS,
        direction="lower",
        unit="",
        format=",d",
        definition="Trained numbers: weights, biases, scales of norm layers; no running statistics.",
        minimum=0.0,
        maximum=None,
        primary=False,
        source="measured",
    ),
    MetricRecord(
        name=NON_ZERO,
        direction="lower",
        unit="",
        format=",d",
        definition="Trained parameters that are not exactly zero once dequantized.",
        minimum=0.0,
        maximum=None,
        primary=False,
        source="measured",
    ),
)


def study_metrics(study: Study, measured: set[str]) -> tuple[MetricRecord, ...]:
    """Measured metrics that have a value, then declared ones.

    A declared metric of a measured one's name is the declared one, completed where it is silent.
    """
    declared = {metric.name: metric for metric in study.metrics}
    own = [
        _declared(declared[known.name], known) if known.name in declared else known
        for known in MEASURED
        if known.name in measured or known.name in declared
    ]
    names = {metric.name for metric in own}
    return (*own, *(_declared(metric) for metric in study.metrics if metric.name not in names))


def model_metrics(
    model: StudyModel, inspection: Inspection | None, predictions: Predictions | None
) -> dict[str, float]:
    """A model's values by metric; what the study says wins over what was measured."""
    measured: dict[str, float | None] = {}
    if predictions:
        measured[ACCURACY] = predictions.accuracy
    if inspection:
        parameters = inspection.parameters
        measured |= {
            SIZE: inspection.bytes,
            SPARSITY: parameters.sparsity,
            PARAMETERS: parameters.count,
            NON_ZERO: parameters.count - parameters.zeros,
        }
    return _known(measured) | _known(model.metrics)


def _known(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}


def _declared(metric: Metric, known: MetricRecord | None = None) -> MetricRecord:
    return MetricRecord(
        name=metric.name,
        direction=metric.direction or (known.direction if known else None),
        unit=metric.unit,
        format=metric.format,
        definition=metric.definition or (known.definition if known else ""),
        minimum=metric.minimum,
        maximum=metric.maximum,
        primary=metric.primary,
        source="study",
    )
