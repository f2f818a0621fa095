"""The metrics the exporter measures itself, and how they join those the study declares."""

from __future__ import annotations

from cc_export.bundle.records import MetricRecord
from cc_export.results import ModelResult, Results
from cc_export.study.names import ACCURACY, LATENCY, NON_ZERO, PARAMETERS, SIZE, SPARSITY
from cc_export.study.records import Metric, Study

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
        definition="Trained numbers: weights, biases, scales of norms; no running statistics.",
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


def study_metrics(study: Study, results: Results) -> tuple[MetricRecord, ...]:
    """Measured metrics that have a value, then declared ones.

    A declared metric of a measured one's name is completed from it: in full where it only says how
    to show what is measured, else where direction and definition are missing.
    """
    valued = {name for values in metric_values(results).values() for name in values}
    if any(result.latency for result in results):
        valued.add(LATENCY)
    measured = valued - _given(results)
    declared = {metric.name: metric for metric in study.metrics}
    own = [
        _declared(declared[known.name], known, known.name in measured)
        if known.name in declared
        else known
        for known in MEASURED
        if known.name in valued or known.name in declared
    ]
    names = {metric.name for metric in own}
    return (*own, *(_declared(metric) for metric in study.metrics if metric.name not in names))


def metric_values(results: Results) -> dict[str, dict[str, float]]:
    """Every model's values by metric, by model id.

    A metric for which the study has a value of any model is measured for none: a column of numbers
    has one source, and the study's unit need not be ours.
    """
    given = _given(results)
    return {
        result.model.id: {n: v for n, v in _measured(result).items() if n not in given}
        | dict(result.model.metrics)
        for result in results
    }


def _measured(result: ModelResult) -> dict[str, float]:
    measured: dict[str, float | None] = {}
    if result.predictions:
        measured[ACCURACY] = result.predictions.accuracy
    if result.inspection:
        parameters = result.inspection.parameters
        measured |= {
            SIZE: result.inspection.bytes,
            SPARSITY: parameters.sparsity,
            PARAMETERS: parameters.count,
            NON_ZERO: parameters.count - parameters.zeros,
        }
    return {name: value for name, value in measured.items() if value is not None}


def _given(results: Results) -> frozenset[str]:
    return frozenset(name for result in results for name in result.model.metrics)


def _declared(
    metric: Metric, known: MetricRecord | None = None, measured: bool = False
) -> MetricRecord:
    """A declared metric, completed from the known one of its name where it is silent."""
    return MetricRecord(
        name=metric.name,
        direction=metric.direction or (known.direction if known else None),
        unit=metric.unit or (known.unit if known and measured else ""),
        format=metric.format or (known.format if known and measured else ""),
        definition=metric.definition or (known.definition if known else ""),
        minimum=metric.minimum,
        maximum=metric.maximum,
        primary=metric.primary,
        source=known.source if known and measured else "study",
    )
