"""The stages of an export: a task for each model it is meant for, and where its answer is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Generic, TypeVar

from cc_core.histogram import Histogram
from cc_export import evaluate
from cc_export.dataset import Dataset, open_dataset
from cc_export.errors import ModelError
from cc_export.evaluate import Predictions
from cc_export.executor import Task, run_all
from cc_export.inspect import (
    Inspection,
    TensorKey,
    inspect_model,
    shared_ranges,
    weight_histograms,
)
from cc_export.latency import TURNS, Latency, measure_latency, together
from cc_export.progress import Progress
from cc_export.results import ModelResult, Results
from cc_export.study.records import DatasetSource, Evaluation

Found = TypeVar("Found")
# Time of the last change (ns) and size (bytes) of a file.
Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stage(Generic[Found]):
    """``task`` gives what is to be done for a model, None when nothing is; ``keep`` takes it in."""

    name: str
    task: Callable[[ModelResult], Task[Found] | None]
    keep: Callable[[ModelResult, Found], ModelResult]


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs stages one after another; ``seconds`` is the wall-clock time of those that are over."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, stage: Stage[Found], results: Results, executor: Executor) -> Results:
        """Run one stage; a failure stays with its model, which takes part in no later stage."""
        tasks = {r.model.id: task for r in results if (task := stage.task(r)) is not None}
        found: dict[str, Found | ModelError] = {}
        with self.open(stage.name, len(tasks)) as advance:
            for model, outcome in run_all(executor, tasks):
                found[model] = outcome
                advance(model)
        return tuple(
            _keep(stage, r, found[r.model.id]) if r.model.id in found else r for r in results
        )

    @contextmanager
    def open(self, name: str, total: int) -> Iterator[Callable[[str], None]]:
        """Time a stage and tell the progress about it; yields what to call after each item."""
        start = time.perf_counter()
        with self.progress.stage(name, total) as stage:
            yield stage.advance
        self.seconds[name] = time.perf_counter() - start


def _keep(stage: Stage[Found], result: ModelResult, found: Found | ModelError) -> ModelResult:
    if isinstance(found, ModelError):
        return replace(result, failure=str(found))
    return stage.keep(result, found)


def inspection() -> Stage[Inspection]:
    """Sizes, operators, layers and exact statistics of every model file."""

    def task(result: ModelResult) -> Task[Inspection] | None:
        return partial(inspect_model, result.model.onnx) if result.model.onnx else None

    return Stage("Inspect", task, lambda result, found: replace(result, inspection=found))


def histograms(results: Results) -> Stage[dict[TensorKey, Histogram]]:
    """Histograms of every tensor, on one range for each tensor of the study."""
    ranges = shared_ranges(r.inspection for r in results if r.inspection)

    def task(result: ModelResult) -> Task[dict[TensorKey, Histogram]] | None:
        if not result.inspection or not result.model.onnx:
            return None
        own = {tensor.key: ranges[tensor.key] for tensor in result.inspection.tensors}
        return partial(weight_histograms, result.model.onnx, own)

    return Stage("Summarize layers", task, lambda result, found: replace(result, histograms=found))


def evaluation(source: DatasetSource, how: Evaluation) -> Stage[Predictions]:
    """Predictions of every model that could be inspected."""
    stamp = _stamp(source.path)

    def task(result: ModelResult) -> Task[Predictions] | None:
        if result.histograms is None or not result.inspection or not result.model.onnx:
            return None
        batch = evaluate.batch_size(name for name, _ in result.inspection.operators)
        return partial(_evaluate, result.model.onnx, (source, stamp), how, batch)

    return Stage("Evaluate", task, lambda result, found: replace(result, predictions=found))


def time_models(results: Results, dataset: Dataset, runner: Runner) -> Results:
    """Time of one instance in every model that answered, taking turns; nothing else may run."""
    timed = {r.model.id: r.model.onnx for r in results if r.predictions and r.model.onnx}
    turns: dict[str, list[Latency]] = {model: [] for model in timed}
    failures: dict[str, str] = {}
    with runner.open("Time", TURNS * len(timed)) as advance:
        for _ in range(TURNS):
            for model, path in timed.items():
                if model not in failures:
                    try:
                        turns[model].append(measure_latency(path, dataset))
                    except ModelError as error:
                        failures[model] = str(error)
                advance(model)
    return tuple(
        replace(r, failure=failures[r.model.id])
        if r.model.id in failures
        else replace(r, latency=together(turns[r.model.id]) if r.model.id in turns else None)
        for r in results
    )


def _stamp(path: Path) -> Stamp:
    """What tells two versions of a file apart without reading it."""
    try:
        status = path.stat()
    except OSError:  # opening it will say so
        return 0, 0
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=1)
def _dataset(source: DatasetSource, stamp: Stamp) -> Dataset:
    """The evaluation set, opened once in each worker process and again when its file changes."""
    return open_dataset(source)


def _evaluate(
    path: Path, dataset: tuple[DatasetSource, Stamp], how: Evaluation, batch: int
) -> Predictions:
    return evaluate.evaluate(path, _dataset(*dataset), how, batch)
