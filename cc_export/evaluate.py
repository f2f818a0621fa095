"""Run models on the evaluation set with onnxruntime: scores, and how long a run takes."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from cc_core import classification
from cc_export.dataset import Dataset
from cc_export.errors import ModelError
from cc_export.onnx_models.activations import with_outputs
from cc_export.study.records import Evaluation

BATCH = 64
TOP_K = 5
PROVIDER = "CPUExecutionProvider"
_FATAL_ONLY = 4


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one model answered: top-k of every instance, accuracy overall and per class."""

    top: classification.TopK
    accuracy: float | None
    per_class: tuple[float | None, ...]
    invalid: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Wall-clock milliseconds of one run of a batch, over ``runs`` runs after a warm-up."""

    batch: int
    runs: int
    mean: float
    p50: float
    p95: float
    p99: float


def batch_size(operators: Iterable[str]) -> int:
    """Instances that may be run together without one changing the answer for another.

    Dynamic quantization takes a tensor's scale from the whole batch, so such models are run one
    instance at a time: the answer for an instance must not depend on its neighbours.
    """
    return 1 if "DynamicQuantizeLinear" in operators else BATCH


def evaluate(
    path: Path, dataset: Dataset, evaluation: Evaluation, batch: int = BATCH
) -> Predictions:
    """Predictions of one model on the whole evaluation set.

    Raises:
        ModelError: the model cannot be loaded or run, or its output is not class scores.
    """
    session = open_session(path)
    output = _output_name(session, evaluation, path)
    _check_inputs(session, dataset, path)
    parts = []
    for feeds in dataset.batches(batch):
        scores = _run(session, [output], _typed(session, feeds), path)[0]
        parts.append(_top(scores, dataset, evaluation, path))
    top = classification.TopK(
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.rest for part in parts]),
    )
    predicted = top.labels[:, 0]
    classes = len(dataset.source.classes)
    return Predictions(
        top=top,
        accuracy=classification.accuracy(predicted, dataset.labels),
        per_class=tuple(classification.accuracy_per_class(predicted, dataset.labels, classes)),
        invalid=int((predicted == classification.NO_CLASS).sum()),
    )


def activation(
    path: Path, dataset: Dataset, tensors: Sequence[str], which: slice
) -> tuple[NDArray[np.generic], ...]:
    """The values of intermediate tensors for some instances, in the order asked for.

    Raises:
        ModelError: the model has no such tensor, or cannot be run.
    """
    session = open_session(with_outputs(path.read_bytes(), tuple(tensors)), path)
    feeds = _typed(session, dataset.inputs(which))
    return tuple(_run(session, list(tensors), feeds, path))


def measure_latency(path: Path, dataset: Dataset, runs: int = 30, warm_up: int = 5) -> Latency:
    """Time one instance at a time, one thread, after a warm-up (wall clock, milliseconds).

    Raises:
        ModelError: the model cannot be loaded or run.
    """
    session = open_session(path)
    feeds = _typed(session, dataset.inputs(slice(0, 1)))
    names = [output.name for output in session.get_outputs()]
    for _ in range(warm_up):
        _run(session, names, feeds, path)
    times = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        session.run(names, feeds)
        times.append((time.perf_counter_ns() - start) / 1e6)
    p50, p95, p99 = np.percentile(times, [50, 95, 99]).tolist()
    return Latency(1, runs, float(np.mean(times)), p50, p95, p99)


def open_session(model: Path | bytes, name: Path | None = None) -> ort.InferenceSession:
    """An onnxruntime session on the CPU with one thread, so that results repeat exactly."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    source = str(model) if isinstance(model, Path) else model
    try:
        return ort.InferenceSession(source, options, providers=[PROVIDER])
    except Exception as error:  # onnxruntime's own exceptions share no base class
        shown = name or model
        raise ModelError(f"{shown}: onnxruntime cannot load it: {_first_line(error)}") from None


def machine() -> dict[str, str | int]:
    """What the timings were taken on."""
    return {
        "cpu": _cpu_name(),
        "threads": 1,
        "provider": PROVIDER,
        "onnxruntime": ort.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _top(
    scores: NDArray[np.generic], dataset: Dataset, evaluation: Evaluation, path: Path
) -> classification.TopK:
    classes = len(dataset.source.classes)
    if scores.ndim != 2 or scores.shape[1] != classes:
        raise ModelError(
            f"{path}: the output has shape {list(scores.shape)}, but {classes} classes need "
            f"[instances, {classes}]",
            "Check `evaluation.output` and `dataset.classes`.",
        )
    return classification.top_k(
        classification.probabilities(scores, evaluation.scores), min(TOP_K, classes)
    )


def _output_name(session: ort.InferenceSession, evaluation: Evaluation, path: Path) -> str:
    names = [output.name for output in session.get_outputs()]
    if evaluation.output is None:
        return str(names[0])
    if evaluation.output not in names:
        raise ModelError(
            f"{path}: there is no output {evaluation.output!r}", f"It has {', '.join(names)}."
        )
    return evaluation.output


def _check_inputs(session: ort.InferenceSession, dataset: Dataset, path: Path) -> None:
    wanted = {entry.name for entry in session.get_inputs()}
    given = {entry.name for entry in dataset.source.inputs}
    if wanted != given:
        raise ModelError(
            f"{path}: the model takes {', '.join(sorted(wanted))}, "
            f"the dataset gives {', '.join(sorted(given))}",
            "Name the model's inputs under `dataset.inputs`.",
        )


_NUMPY = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}


def _typed(
    session: ort.InferenceSession, feeds: dict[str, NDArray[np.generic]]
) -> dict[str, NDArray[np.generic]]:
    types = {entry.name: _NUMPY.get(entry.type, np.float32) for entry in session.get_inputs()}
    return {name: values.astype(types[name], copy=False) for name, values in feeds.items()}


def _run(
    session: ort.InferenceSession,
    outputs: list[str],
    feeds: dict[str, NDArray[np.generic]],
    path: Path,
) -> list[NDArray[np.generic]]:
    try:
        found: list[NDArray[np.generic]] = session.run(outputs, feeds)
        return found
    except Exception as error:  # onnxruntime's own exceptions share no base class
        raise ModelError(f"{path}: onnxruntime cannot run it: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
