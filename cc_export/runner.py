"""Runs stages: a task for each model, its result kept, its failure staying with its model."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from cc_export.budget import STREAMING
from cc_export.cache.files import Digest, all_within, digest_files
from cc_export.cache.store import Cache, Work
from cc_export.dataset import Dataset
from cc_export.errors import ExportError, ModelError
from cc_export.executor import run_all
from cc_export.expose import Exposed
from cc_export.onnx_models.read import model_files
from cc_export.predictions import Predictions
from cc_export.progress import Progress
from cc_export.results import ModelResult, Results

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Stage(Generic[Found]):
    """``task`` gives what is to be done for a model, None when nothing is; ``keep`` takes it in.

    A task's result is found in the cache while everything its ``Work`` names stays as it is. With
    ``keep`` None it stays there, for ``Runner.result``: results of all models may not fit into
    memory. A model's task begins ``after`` those of the models named, and ``needs`` about so many
    bytes.
    """

    name: str
    task: Callable[[ModelResult], Work[Found] | None]
    keep: Callable[[ModelResult, Found], ModelResult] | None
    after: Callable[[ModelResult], Collection[str]] = lambda _: ()
    needs: Callable[[ModelResult], int] = lambda _: STREAMING


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs stages one after another and remembers what they found.

    ``seconds`` is the wall-clock time of those that are over, ``digests`` what the files hold that
    ``fingerprint`` has read, ``room`` the bytes that tasks may take together (None: any).
    """

    progress: Progress
    cache: Cache
    seconds: dict[str, float] = field(default_factory=dict)
    digests: dict[Path, Digest] = field(default_factory=dict)
    room: int | None = None

    def fingerprint(self, models: Iterable[Path], others: Iterable[Path], pool: Executor) -> None:
        """Know the content of every file a study is made of; only changed ones are read."""
        tasks: dict[Path, Callable[[], Digest]] = {p: partial(_digest_model, p) for p in models}
        tasks |= {path: partial(_digest_data, path) for path in others}
        if not tasks:
            return
        with self.open("Fingerprint", len(tasks)) as advance:
            self.digests.update(self.cache.files.find(tasks))
            for path in self.digests:
                advance(path.name)
            unknown = {str(path): task for path, task in tasks.items() if path not in self.digests}
            for name, found in run_all(pool, unknown):
                # What cannot be read is said by the stage that needs it.
                if isinstance(found, Digest):
                    self.digests[Path(name)] = found
                advance(Path(name).name)
            read = {path: self.digests[path] for path in map(Path, unknown) if path in self.digests}
            self.cache.files.keep(read.items())

    def content(self, path: Path) -> str:
        """The hash of a file; of one that could not be read, a text that is never used again."""
        return self.digests[path].sha256 if path in self.digests else f"unread {time.time_ns()}"

    def content_of(self, dataset: Dataset) -> str:
        """The hash of an evaluation set: of its files, or of what its iterator gave."""
        path = dataset.source.path
        return self.content(path) if path else dataset.table.digest

    def run(self, stage: Stage[Found], results: Results, executor: Executor) -> Results:
        """Run one stage; a failure stays with its model, which takes part in no later stage."""
        works = {r.model.id: work for r in results if (work := stage.task(r)) is not None}
        updated = {r.model.id: r for r in results}
        meant = [r for r in results if r.model.id in works]
        after = {r.model.id: stage.after(r) for r in meant}
        needs = {r.model.id: stage.needs(r) for r in meant}
        with self.open(stage.name, len(works)) as advance:
            done = {m for m, work in works.items() if stage.keep is None and self.has(work)}
            for model in done:
                advance(model)
            left = {model: work for model, work in works.items() if model not in done}
            for model, outcome, origin in self.outcomes(left, executor, after, needs):
                updated[model] = _keep(stage, updated[model], outcome, origin)
                advance(model)
        return tuple(updated[r.model.id] for r in results)

    def outcomes(
        self,
        works: Mapping[str, Work[Found]],
        executor: Executor,
        after: Mapping[str, Collection[str]],
        needs: Mapping[str, int],
    ) -> Iterator[tuple[str, Found | ModelError, str | None]]:
        """Results from the cache, then those that are computed; each is kept once it is there.

        With each comes what it is kept under, None where it is not.
        """
        missing: dict[str, Work[Found]] = {}
        for name, work in works.items():
            key = work.key(self.digests)
            known = self.cache.find(key) if key else None
            if known is None:
                missing[name] = work
            else:
                yield name, known[0], key
        for name, outcome in run_all(executor, missing, after, needs, self.room):
            kept = None if isinstance(outcome, ModelError) else self.keep(missing[name], outcome)
            yield name, outcome, kept

    def result(self, work: Work[Found]) -> Found:
        """The result of earlier work, done again where it is not there any more.

        Raises:
            ExportError: a file of it is not what it was when the export began.
        """
        known = self.find(work)
        found = known[0] if known else work()
        changed = [file for file in work.files if not self._same(file)]
        if not known and changed:
            raise ExportError(f"{changed[0]}: the file changed during the export", "Export again.")
        return found

    def find(self, work: Work[Found]) -> tuple[Found] | None:
        """The result of earlier work, in a tuple of one."""
        key = work.key(self.digests)
        return self.cache.find(key) if key else None

    def has(self, work: Work[Found]) -> bool:
        """Whether there is an entry for the work, whole or not."""
        key = work.key(self.digests)
        return key is not None and self.cache.has(key)

    def keep(self, work: Work[Found], found: Found) -> str | None:
        """Keep a result, unless it is a failure or one of its files has changed meanwhile.

        Gives its key where it is kept.
        """
        key = work.key(self.digests)
        if not key or not _is_lasting(found) or not all(map(self._same, work.files)):
            return None
        self.cache.keep(key, found)
        return key

    def _same(self, file: Path) -> bool:
        return file in self.digests and self.digests[file].holds()

    @contextmanager
    def open(self, name: str, total: int) -> Iterator[Callable[[str], None]]:
        """Time a stage and tell the progress about it; yields what to call after each item."""
        start = time.perf_counter()
        with self.progress.stage(name, total) as stage:
            yield stage.advance
        self.seconds[name] = time.perf_counter() - start


def _keep(
    stage: Stage[Found], result: ModelResult, found: Found | ModelError, origin: str | None
) -> ModelResult:
    if isinstance(found, ModelError):
        return replace(result, failure=result.told(str(found)))
    if stage.keep is None:
        return result
    origins = {**result.origins, stage.name: origin} if origin else result.origins
    return replace(stage.keep(result, found), origins=origins)


def _is_lasting(found: object) -> bool:
    """Whether a result is whole; what failed, if for lack of memory, is tried again next time."""
    if isinstance(found, Exposed):
        return not found.problem
    return not (isinstance(found, Predictions) and found.partial)


def _digest_model(path: Path) -> Digest:
    return digest_files(model_files(path))


def _digest_data(path: Path) -> Digest:
    return digest_files(all_within(path))
