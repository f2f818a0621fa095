"""Run one function over many models, in processes, so that no model can end the export."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from queue import SimpleQueue
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

from cc_export.callables import FAILURES
from cc_export.errors import ExportError, ModelError
from cc_export.interrupts import TERMINATED, held, ignore, starting_workers

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
Task = Callable[[], Result]
_DIED = (
    "the process that ran it died (out of memory, or a crash in onnxruntime)",
    "Use fewer --jobs, or try the model in onnxruntime by itself.",
)


class Inline(Executor):
    """Runs each task at once in this process; for the Python API and for timing."""

    def submit(
        self, fn: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """Run it now; what it raises is in the future, as it is with any executor."""
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except FAILURES as error:  # the future holds it, whatever it is
            future.set_exception(error)
        return future


@contextmanager
def local(workers: int | None) -> Iterator[Executor]:
    """That many processes, or this process for None. An error or interrupt ends what has begun."""
    executor = Inline() if workers is None else _Processes(workers, **STARTED_AFRESH)
    try:
        yield executor
    except BaseException:
        if isinstance(executor, _Processes):
            executor.stop()
        raise
    finally:
        with held():
            executor.shutdown(cancel_futures=True)


_NOTHING: Mapping[str, Collection[str]] = MappingProxyType({})
_NO_NEEDS: Mapping[str, int] = MappingProxyType({})


def run_all(
    executor: Executor,
    tasks: Mapping[str, Task[Result]],
    after: Mapping[str, Collection[str]] = _NOTHING,
    needs: Mapping[str, int] = _NO_NEEDS,
    room: int | None = None,
) -> Iterator[tuple[str, Result | ModelError]]:
    """Each model's result, or the error of that model, as they finish.

    A task begins when those that it comes ``after`` are over, well or not; no other waits for
    them. Links between tasks form no circle. Tasks run together only while the sum of what they
    need is within ``room``; one that needs more by itself runs alone.

    A task that kills its worker process breaks the whole pool. The tasks that were lost with it
    are run once more, each in a process of its own, so that only the guilty one is given up.

    Raises:
        ExportError: a task found that the export as a whole cannot go on.
    """
    outcome: Result | ModelError
    order = _Order(tasks, after, needs, room)
    done: SimpleQueue[Future[Result]] = SimpleQueue()
    running: dict[Future[Result], str] = {}
    broken: list[str] = []
    while order.ready or running:
        name = order.next()
        if name is not None:
            try:
                future = executor.submit(tasks[name])
            except BrokenExecutor:
                broken.append(name)
                order.over(name)
                continue
            running[future] = name
            future.add_done_callback(done.put)
            if not future.done():
                continue
        # A result is let go once it was taken: all together may not fit into memory.
        future = done.get()
        name = running.pop(future)
        order.over(name)
        try:
            outcome = _outcome(future)
        except BrokenExecutor:
            broken.append(name)
        else:
            yield name, outcome
        del future
    for name in sorted(broken):
        yield name, _run_alone(tasks[name])


class _Order:
    """Which task may begin: ``ready`` are those that wait for no other, in the order given."""

    def __init__(
        self,
        names: Collection[str],
        after: Mapping[str, Collection[str]],
        needs: Mapping[str, int],
        room: int | None,
    ) -> None:
        self._needs, self._room = needs, room
        self._begun: set[str] = set()
        self._taken = 0
        self._waiting = {name: set(after.get(name, ())) & set(names) for name in after}
        self._next: dict[str, list[str]] = {}
        for name, before in self._waiting.items():
            for one in before:
                self._next.setdefault(one, []).append(name)
        self.ready = deque(name for name in names if not self._waiting.get(name))

    def next(self) -> str | None:
        """The first that may begin now, which then counts as begun; None: one must be over first.

        One that waits for room is overtaken by smaller ones.
        """
        for name in self.ready:
            fits = self._room is None or self._taken + self._needs.get(name, 0) <= self._room
            if fits or not self._begun:
                self.ready.remove(name)
                self._begun.add(name)
                self._taken += self._needs.get(name, 0)
                return name
        return None

    def over(self, name: str) -> None:
        """A task is over: there is more room, and others may wait for nothing more."""
        self._begun.discard(name)
        self._taken -= self._needs.get(name, 0)
        for following in self._next.pop(name, ()):
            self._waiting[following].discard(name)
            if not self._waiting[following]:
                self.ready.append(following)


def _outcome(future: Future[Result]) -> Result | ModelError:
    try:
        return future.result()
    except ModelError as error:
        return error
    except (ExportError, BrokenExecutor):
        raise
    except MemoryError:
        return ModelError("there is not enough memory for it", "Use fewer --jobs.")
    except FAILURES as error:  # a file that no check foresaw must not end the export
        if type(error).__name__ == "KilledWorker":  # Dask's, which need not be installed
            return ModelError(*_DIED)
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return ModelError(f"it cannot be understood: {what}", "Is the file a valid ONNX model?")


def _run_alone(task: Task[Result]) -> Result | ModelError:
    with local(1) as executor:
        try:
            return _outcome(executor.submit(task))
        except BrokenExecutor:
            return ModelError(*_DIED)


class _Processes(ProcessPoolExecutor):
    """Processes that end at once in the middle of a task, and never while they hand one over.

    Half a result would leave the main process waiting for the other half for ever.
    """

    def submit(
        self, fn: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """As any executor does."""
        with starting_workers():
            return super().submit(_interruptible, partial(fn, *args, **kwargs))

    def stop(self) -> None:
        """End what the processes do; Python 3.14 has a method of its own for this."""
        for process in list((self._processes or {}).values()):
            process.terminate()


# Of a worker: how often it was told to end while it was in no task. Then it begins none any more.
_told_to_end: list[int] = []


def _interruptible(task: Task[Result]) -> Result:
    # Not Python's own handlers: onnxruntime would have to return first.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _told_to_end:
        os._exit(TERMINATED)
    try:
        return task()
    finally:
        _spare()
        give_back()


def _spare() -> None:
    """From now on, a worker is not ended by signals, but remembers that it was told to."""
    ignore()
    signal.signal(signal.SIGTERM, lambda number, _: _told_to_end.append(number))


def give_back() -> None:
    """Return freed memory to the system: a process that waits must not keep it from the others."""
    with suppress(OSError, AttributeError):  # glibc alone keeps it, and alone has a word for this
        ctypes.CDLL(None).malloc_trim(0)


def _prepare_worker() -> None:
    _spare()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker would wait for ever for tasks of a process that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


# Started afresh: onnxruntime's threads do not survive a fork.
STARTED_AFRESH: Mapping[str, Any] = {
    "mp_context": multiprocessing.get_context("spawn"),
    "initializer": _prepare_worker,
}
