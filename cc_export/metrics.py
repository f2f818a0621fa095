"""The metrics the exporter measures itself, and how they join those the study declares."""

from __future__ import annotations

import re
from dataclasses import replace

from cc_export.bundle.records.manifest import MetricRecord
from cc_export.results import ModelResult, Results
from cc_export.study import names
from cc_export.study.names import (
    EFFECTIVE_BITS,
    EMPTY_CHANNELS,
    GZIP_SIZE,
    LATENCY,
    MACS,
    NON_ZERO,
    PARAMETERS,
    PATTERN,
    PEAK_MEMORY,
    QUANTIZED,
    SIZE,
    SPARSITY,
)
from cc_export.study.records import Direction, LoadedStudy, Metric
from cc_export.tasks.table import task_of

# What files and runs are measured by; what answers are is in the table of tasks.
MEASURED: tuple[MetricRecord, ...] = (
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
        definition="Median wall-clock time of one instance in onnxruntime on one thread; of a "
        "model that insists on a batch, that of a run divided by its batch.",
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
    MetricRecord(
        name=GZIP_SIZE,
        direction="lower",
        unit="B",
        format=".3~s",
        definition="Bytes of the ONNX file, external data included, once compressed with gzip.",
        minimum=0.0,
        maximum=None,
        primary=False,
        source="measured",
    ),
    MetricRecord(
        name=EFFECTIVE_BITS,
        direction="lower",
        unit="bit",
        format=".3~f",
        definition="Stored bits of all trained parameters, with the scales and zero points of "
        "quantized ones, divided by the number of trained parameters.",
        minimum=0.0,
        maximum=None,
        primary=False,
        source="measured",
    ),
    MetricRecord(
        name=QUANTIZED,
        direction=None,
        unit="",
        format=".1%",
        definition="Share of trained parameters that are stored in at most 8 bits.",
        minimum=0.0,
        maximum=1.0,
        primary=False,
        source="measured",
    ),
    MetricRecord(
        name=MACS,
        direction="lower",
        unit="",
        format=".3~s",
        definition="Multiply-accumulates of convolutions, matrix products and recurrent layers for "
        "one instance; zeros are multiplied too. Missing where the file leaves shapes open.",
        minimum=0.0,
        maximum=None,
        primary=False,
        source="measured",
    ),
    MetricRecord(
        name=PATTERN,
        direction=None,
        unit="",
        format=".1%",
        definition="Share of the values of kernels and matrices that lie in groups of 4 input "
        "channels of which at least 2 are zero; hardware needs it of a layer's every group. "
        "Layers with fewer than one zero in 16 count as dense.",
        minimum=0.0,
        maximum=1.0,
        primary=False,
        source="measured",
    ),
    MetricRecord(
        name=EMPTY_CHANNELS,
        direction=None,
        unit="",
        format=".1%",
        definition="Share of the output channels of kernels and matrices that hold only zeros.",
        minimum=0.0,
        maximum=1.0,
        primary=False,
        source="measured",
    ),
    MetricRecord(
        name=PEAK_MEMORY,
        direction="lower",
        unit="B",
        format=".3~s",
        definition="Bytes by which loading the model and running one instance (or the batch that "
        "the model insists on) raise the resident memory of a process that has onnxruntime loaded, "
        "at most.",
        minimum=0.0,
        maximum=None,
        primary=False,
        source="memory",
    ),
)


def measured_by(study: LoadedStudy) -> tuple[MetricRecord, ...]:
    """The metrics that an export of this study measures, those of its task first."""
    if study.evaluation is None:
        return MEASURED
    task = task_of(study.evaluation)
    with_root = (
        replace(
            metric,
            name=names.with_root(metric.name),
            definition=f"{metric.definition} Here the base is the model's root.",
        )
        for metric in task.comparisons
    )
    return (*task.metrics, *with_root, *MEASURED)


def study_metrics(study: LoadedStudy, results: Results) -> tuple[MetricRecord, ...]:
    """Measured metrics that have a value, then declared ones in their order.

    A declared metric of a measured one's name is completed from it: in full where it only says how
    to show what is measured, else where direction and definition are missing.
    """
    valued = {name for values in metric_values(results).values() for name in values}
    if any(result.latency for result in results):
        valued.add(LATENCY)
    if any(result.memory is not None for result in results):
        valued.add(PEAK_MEMORY)
    measured = valued - _given(results)
    declared = {metric.name for metric in study.metrics}
    known = {metric.name: metric for metric in measured_by(study)}
    own = [m for name, m in known.items() if name in valued and name not in declared]
    # A task of the study's own has metrics that nobody declared.
    others = sorted(valued - declared - known.keys())
    return (
        *own,
        *(_declared(Metric(name), None, name in measured) for name in others),
        *(_declared(m, known.get(m.name), m.name in measured) for m in study.metrics),
    )


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
        measured |= result.predictions.metrics
        for base in result.predictions.comparisons:
            if "root" in base.roles:
                measured |= {names.with_root(name): v for name, v in base.metrics.items()}
    if result.inspection:
        measured[SIZE] = result.inspection.bytes
    parameters = result.parameters
    if parameters:
        measured |= {
            SPARSITY: parameters.sparsity,
            PARAMETERS: parameters.count,
            NON_ZERO: parameters.count - parameters.zeros,
        }
    if result.facts:
        measured |= {
            GZIP_SIZE: result.facts.gzip_bytes,
            EFFECTIVE_BITS: result.facts.stored.effective_bits,
            QUANTIZED: result.facts.stored.quantized_share,
            MACS: result.facts.macs.count,
        }
    patterns = result.all_patterns
    if patterns:
        measured |= {
            PATTERN: patterns.share("2:4"),
            EMPTY_CHANNELS: result.empty_channels,
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
        direction=_direction(metric, known),
        unit=metric.unit or (known.unit if known and measured else ""),
        format=metric.format or (known.format if known and measured else ""),
        definition=metric.definition or (known.definition if known else ""),
        minimum=metric.minimum,
        maximum=metric.maximum,
        primary=metric.primary,
        source=known.source if known and measured else "measured" if measured else "study",
    )


# Words that say which way is better.
_HIGHER = re.compile(
    r"\b(accuracy|acc|f ?[12]|f ?\d? ?(score|measure)|auc|auroc|auprc|precision|recall|sensitivity"
    r"|specificity|exact match|bleu|rouge|meteor|m?iou|dice|m?ap ?\d*|mrr|ndcg|psnr|ssim|r[2²]"
    r"|throughput|fps|speed ?up|top ?\d+|score)\b"
)
_LOWER = re.compile(
    r"\b(loss|nll|error|latency|time|size|memory|flops|macs|perplexity|ppl|wer|cer|mse|mae|rmse|mape"
    r"|ece|brier|energy|power)\b"
)
# They only say of what the other word speaks: a top-1 error is an error, a Brier score none.
_OF_WHAT = re.compile(r"\b(top ?\d+|score)\b")
# With these a word may mean the opposite (an accuracy drop), or another thing (a batch size).
_TURNS = re.compile(
    r"\b(drop(s|ped)?|degradations?|reductions?|reduced|decreases?d?|declines?|deterioration|lost"
    r"|loss (of|in)|sav(ed|ings?)|gain(s|ed)?|improvements?|increases?d?|growth|change[sd]?"
    r"|deltas?|diff(s|erences?)?|gaps?|shift|vs|ratio|compression|factor|inverse|inverted|negative"
    r"|neg|minus|std|stdev|stddev|sd|deviation|variance|var|rank|weight|bits?|target|budget|limit"
    r"|threshold|bandwidth|(flops|macs) ?(per|/) ?s(ec|econd)?"
    r"|(mixed|half|single|double|numeric|storage) precision"
    r"|(anomaly|bias|drift|hallucination|outlier|risk|toxicity|z) score"
    r"|(batch|block|data|dataset|group|image|input|kernel|sample|step|test|training|vocab|vocabulary"
    r"|window) size)\b|[Δδ∆]|^(1|one) ?[-−–]"
)
# Where camel case begins a word; in abbreviations (mAP, IoU, FLOPs) none begins.
_BEGINS = re.compile(r"(?<=[a-z]{2})(?=[A-Z])|(?<=[a-zA-Z\d])(?=[A-Z][a-z]{2})")


def _direction(metric: Metric, known: MetricRecord | None) -> Direction | None:
    """What the study says; else what is measured under that name; else what it usually means."""
    if metric.direction is not None:
        return None if metric.direction == "neither" else metric.direction
    return known.direction if known is not None else _usual_direction(metric.name)


def _usual_direction(name: str) -> Direction | None:
    """Which way is better by the words of a name; None where they leave a doubt."""
    if _TURNS.search(name.lower()):
        return None
    words = re.sub(r"[\s_-]+", " ", _BEGINS.sub(" ", name)).lower()
    if _TURNS.search(words):
        return None
    higher, lower = bool(_HIGHER.search(words)), bool(_LOWER.search(words))
    if higher and lower:
        higher = bool(_HIGHER.search(_OF_WHAT.sub(" ", words)))
    if higher == lower:
        return None
    return "higher" if higher else "lower"
