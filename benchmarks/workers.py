"""Two worker processes against one: ``python benchmarks/workers.py [MODELS] [ROUNDS]``.

A study of 16 networks of 2.3 million parameters and 1,000 instances is exported with one worker
and with two, in turns. Told are

- the ratio of wall-clock times of each round, and their median, which needs two idle cores;
- what two idle cores would give, which holds on a busy machine too: CPU times of tasks and of the
  rest (which is never shared: latency is measured while nothing else runs), and the share of the
  time in which both workers had a task.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from studies import small, write_study

from cc_export import executor, export
from cc_export.progress import Progress, Stage

LEAST = 1.6


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds of one export: by the clock, of CPU in tasks and in all else, and by the clock of
    tasks and of the stages in which there were any."""

    wall: float
    tasks: float
    rest: float
    busy: float
    open: float


class Watched(executor._Processes):
    """Processes that write down when each task began and ended, and its CPU time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As any executor does."""
        return super().submit(watched, os.environ["CC_WORKERS_LOG"], partial(fn, *args, **kwargs))


def watched(log: str, task: Callable[[], Any]) -> Any:
    begin, cpu = time.time(), time.process_time()
    try:
        return task()
    finally:
        line = f"{begin} {time.time()} {time.process_time() - cpu}\n"
        with Path(log).open("a") as stream:
            stream.write(line)


class Watching(Progress):
    """When each stage began and ended."""

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Stage]:
        begin = time.time()
        with super().stage(name, total) as stage:
            yield stage
        self.spans.append((begin, time.time()))


@contextmanager
def processes(workers: int | None) -> Iterator[Executor]:
    """In the place of ``executor.local``."""
    pool = Watched(workers, **executor.STARTED_AFRESH)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def measured(study: Path, site: Path, log: Path, jobs: int) -> Round:
    """An export that finds nothing in a cache."""
    log.write_text("")
    os.environ["CC_WORKERS_LOG"] = str(log)
    watching = Watching()
    begin, cpu = time.perf_counter(), time.process_time()
    export(study, site, jobs=jobs, cache="off", progress=watching)
    wall, rest = time.perf_counter() - begin, time.process_time() - cpu
    tasks = [tuple(map(float, line.split())) for line in log.read_text().splitlines()]
    with_tasks = [
        stop - start for start, stop in watching.spans if any(start <= t[0] <= stop for t in tasks)
    ]
    return Round(
        wall,
        sum(task[2] for task in tasks),
        rest,
        sum(task[1] - task[0] for task in tasks),
        sum(with_tasks),
    )


def main() -> None:
    """Print each round and the medians."""
    models = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    executor.local = processes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = write_study(folder / "study", small(width=160), models, 32, instances=1000)
        ratios, ideal = [], []
        for _ in range(rounds):
            one, two = (measured(study, folder / "site", folder / "log", jobs) for jobs in (1, 2))
            shared = two.busy / two.open
            ratios.append(one.wall / two.wall)
            ideal.append((one.tasks + one.rest) / (one.tasks / shared + one.rest))
            print(
                f"one worker {one.wall:6.2f} s, two {two.wall:6.2f} s: {ratios[-1]:.2f} ×; "
                f"CPU {one.tasks:.1f} s in tasks, {one.rest:.1f} s else, "
                f"{shared:.2f} tasks at a time: {ideal[-1]:.2f} × on two idle cores"
            )
    print(
        f"{models} models, median {median(ratios):.2f} × by the clock, "
        f"{median(ideal):.2f} × on two idle cores, at least {LEAST} ×"
    )


if __name__ == "__main__":
    main()
