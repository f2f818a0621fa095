"""How long one run of a model takes, and on what machine."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

from cc_export.dataset import Dataset
from cc_export.onnx_models.session import PROVIDER, THREADS, Session

# Each model is timed in turns with the others, so that a slow moment of the machine falls on all.
TURNS = 5
_RUNS, _FEWEST_RUNS, _WARM_UP = 10, 2, 3
_MOST_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Wall-clock milliseconds of single runs of a batch, warm-up left out.

    What is told of them is of one instance: a run divided by its batch.
    """

    batch: int
    times: tuple[float, ...]

    def percentile(self, percent: float) -> float:
        """Milliseconds of an instance, interpolated between the two nearest runs."""
        return float(np.percentile(self.times, percent)) / self.batch

    @property
    def mean(self) -> float:
        """Mean milliseconds of an instance."""
        return float(np.mean(self.times)) / self.batch


def together(turns: Sequence[Latency]) -> Latency:
    """All turns of one model as one measurement."""
    return Latency(turns[0].batch, tuple(time for turn in turns for time in turn.times))


def measure_latency(path: Path, dataset: Dataset) -> Latency:
    """One turn: time one instance at a time (or the batch the model insists on), one thread.

    Slow models are run fewer times, so that a turn takes seconds and not minutes.

    Raises:
        ModelError: the model cannot be loaded or run.
    """
    session = Session(path)
    batch = session.batch or 1
    feeds = session.typed(dataset.inputs(slice(0, batch)))
    begin = time.perf_counter()
    for run in range(_WARM_UP):
        session.run_typed(session.outputs, feeds)
        if run and time.perf_counter() - begin > _MOST_SECONDS / 2:
            break
    times: list[float] = []
    while len(times) < _FEWEST_RUNS or (
        len(times) < _RUNS and time.perf_counter() - begin < _MOST_SECONDS
    ):
        start = time.perf_counter_ns()
        session.run_typed(session.outputs, feeds)
        times.append((time.perf_counter_ns() - start) / 1e6)
    return Latency(batch, tuple(times))


def machine() -> dict[str, str | int]:
    """What the timings were taken on."""
    return {
        "cpu": _cpu_name(),
        "threads": THREADS,
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
