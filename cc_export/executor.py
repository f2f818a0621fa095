"""Run one function over many models, in processes, so that no model can end the export."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, as_completed
from typing import TypeVar

from cc_export.errors import ModelError

Result = TypeVar("Result")
Task = Callable[[], Result]
NewExecutor = Callable[[int], Executor]


def processes(workers: int) -> Executor:
    """Local worker processes, started afresh: onnxruntime's threads do not survive a fork."""
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


class Inline(Executor):
    """Runs each task at once in this process; for one job and for debugging."""

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def] # noqa: ANN, D102
        future: Future[object] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except ModelError as error:
            future.set_exception(error)
        return future


def local(workers: int) -> Executor:
    """Processes, or this process when one worker is asked for."""
    return processes(workers) if workers > 1 else Inline()


def run_all(
    executor: Executor, tasks: Mapping[str, Task[Result]]
) -> Iterator[tuple[str, Result | ModelError]]:
    """Each model's result, or the error of that model, as they finish.

    A task that kills its worker process breaks the whole pool. The tasks that were lost with it
    are run once more, each in a process of its own, so that only the guilty one is given up.
    """
    futures: dict[Future[Result], str] = {}
    broken: list[str] = []
    for name, task in tasks.items():
        try:
            futures[executor.submit(task)] = name
        except BrokenExecutor:
            broken.append(name)
    for future in as_completed(futures):
        try:
            yield futures[future], future.result()
        except ModelError as error:
            yield futures[future], error
        except BrokenExecutor:
            broken.append(futures[future])
    for name in sorted(broken):
        yield name, _run_alone(tasks[name], name)


def _run_alone(task: Task[Result], name: str) -> Result | ModelError:
    with processes(1) as executor:
        try:
            return executor.submit(task).result()
        except ModelError as error:
            return error
        except BrokenExecutor:
            return ModelError(
                f"{name}: the process that ran it died (out of memory, or a crash in onnxruntime)"
            )
