"""The stages of an export: a task for each model it is meant for, and where its answer is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar, cast

from cc_core.patterns import Patterns
from cc_export import evaluate
from cc_export.align import TensorKey, align_activations, align_study, layer_keys
from cc_export.budget import NO_LIMIT, Budget, to_expose, to_pack, to_run
from cc_export.bundle.chunk import Packed
from cc_export.cache.store import Work
from cc_export.dataset import Dataset, open_dataset
from cc_export.embed import Embedding, pack_model
from cc_export.errors import ModelError
from cc_export.evaluate import Subject
from cc_export.executor import give_back, run_all
from cc_export.expose import Exposed, Sample, Wanted, expose_model
from cc_export.family import Family
from cc_export.file_facts import FileFacts, file_facts
from cc_export.inspect import Inspection, inspect_model
from cc_export.latency import TURNS, Latency, machine, measure_latency, together
from cc_export.memory import peak_memory
from cc_export.predictions import Predictions, Role
from cc_export.pytorch.convert import Conversion
from cc_export.pytorch.stage import conversion_work, inputs_of, placed
from cc_export.results import (
    EVALUATE,
    EXPOSE,
    FILES,
    INSPECT,
    PATTERNS,
    WEIGH,
    ModelResult,
    Results,
)
from cc_export.runner import Runner, Stage
from cc_export.study.records import DatasetSource, Evaluation, LoadedStudy
from cc_export.weigh import Aligned, Weighing, weigh_model
from cc_export.zero_patterns import worth_reading, zero_patterns

Found = TypeVar("Found")
# Models whose memory is measured by one process after another: to start one takes half a second.
_TOGETHER = 4


def export_modules(
    results: Results, study: LoadedStudy, dataset: Dataset | None, runner: Runner, pool: Executor
) -> Results:
    """PyTorch modules as ONNX files, which the other stages then find as those of their models."""
    if not any(result.model.torch for result in results):
        return results
    inputs = inputs_of(study, dataset)
    places: dict[str, Path] = {}

    def task(result: ModelResult) -> Work[Conversion] | None:
        module = result.model.torch
        if module is None:
            return None
        work = conversion_work(module, study.to_onnx, inputs)
        work = placed(work, module.call.folder, work.key(runner.digests), runner.cache)
        places[result.model.id] = cast("Path", work.scratch[-1])
        return work

    def keep(result: ModelResult, found: Conversion) -> ModelResult:
        model = replace(result.model, onnx=places[result.model.id])
        return replace(result, model=model, conversion=found)

    results = runner.run(Stage("Export to ONNX", task, keep), results, pool)
    made = [r.model.onnx for r in results if r.conversion and r.model.onnx]
    runner.fingerprint(made, (), pool)
    return results


def inspection() -> Stage[Inspection]:
    """Sizes, operators and layers of every model file."""

    def task(result: ModelResult) -> Work[Inspection] | None:
        path = result.model.onnx
        return Work(inspect_model, (path,), (path,)) if path else None

    return Stage(INSPECT, task, lambda result, found: replace(result, inspection=found))


def files() -> Stage[FileFacts]:
    """Compressed size, stored bits and multiply-accumulates of every model that was inspected."""

    def task(result: ModelResult) -> Work[FileFacts] | None:
        path = result.model.onnx
        return Work(file_facts, (path,), (path,)) if result.inspection and path else None

    return Stage(FILES, task, lambda result, found: replace(result, facts=found))


def align(results: Results) -> Results:
    """Which tensors of the models are the same one, and which models each is compared with."""
    known = {r.model.id: r.inspection.tensors for r in results if r.inspection}
    parents = {r.model.id: r.model.parents for r in results}
    aligned = align_study(known, parents)
    return tuple(
        replace(
            r,
            alignment=aligned.get(r.model.id),
            references=references(r.model.id, parents, known) if r.model.id in aligned else (),
        )
        for r in results
    )


def references(
    model: str, parents: Mapping[str, Sequence[str]], known: Collection[str]
) -> tuple[str, ...]:
    """The root and the parent of a model, along first parents; of those that are known.

    One model where the root is the parent, none for a root.
    """
    chain: list[str] = []
    above = parents.get(model, ())
    while above and above[0] not in chain:
        chain.append(above[0])
        above = parents.get(above[0], ())
    usable = [ancestor for ancestor in chain if ancestor in known]
    return tuple(dict.fromkeys((usable[-1], usable[0]))) if usable else ()


def weighing(results: Results) -> Stage[tuple[Weighing, ...]]:
    """The values of every tensor: statistics, histograms, sketches, changes since its ancestors."""
    files = {
        r.model.id: Aligned(r.model.onnx, r.alignment.placed)
        for r in results
        if r.alignment and r.model.onnx
    }

    def task(result: ModelResult) -> Work[tuple[Weighing, ...]] | None:
        own = files.get(result.model.id)
        if own is None:
            return None
        others = tuple(files[known] for known in result.references)
        return Work(weigh_model, (own, others), (own.path, *(other.path for other in others)))

    return Stage(WEIGH, task, lambda result, found: replace(result, weights=found))


def patterns() -> Stage[tuple[Patterns, ...]]:
    """Patterns of zeros in kernels and matrices that have enough of them to have one."""

    def task(result: ModelResult) -> Work[tuple[Patterns, ...]] | None:
        path = result.model.onnx
        if result.weights is None or not path:
            return None
        known = [weighing.weighed.statistics for weighing in result.weights]
        wanted = tuple(worth_reading(found.count, found.zeros) for found in known)
        return Work(zero_patterns, (path, wanted), (path,))

    return Stage(PATTERNS, task, lambda result, found: replace(result, patterns=found))


def evaluation(
    results: Results, source: DatasetSource, how: Evaluation, content: str, runner: Runner
) -> Stage[Predictions]:
    """Predictions of every model that could be inspected or has answers handed over.

    Models come after the ones they were made from, whose answers wait for them beside the cache.
    ``content`` is the dataset's hash.
    """
    subjects = {r.model.id: found for r in results if (found := _subject(r)) is not None}
    family = Family(tuple(result.model for result in results))
    code = tuple(call.stamp() for call in (*how.callables, *source.callables))
    places = {
        model: runner.cache.beside(key, ".npy")
        for model, subject in subjects.items()
        if (key := _answers(subject, source, content, how, code).key(runner.digests))
    }

    def task(result: ModelResult) -> Work[Predictions] | None:
        subject = subjects.get(result.model.id)
        if subject is None:
            return None
        bases = tuple(
            (subjects[base], roles)
            for base, roles in family.bases(subject.model)
            if base in subjects
        )
        read = dict.fromkeys(f for one in (subject, *(b for b, _ in bases)) for f in one.files)
        waiting = {
            m: places[m] for m in (subject.model, *(b.model for b, _ in bases)) if m in places
        }
        return Work(
            _evaluate,
            (subject, bases, source, content, how, code),
            (*read, *([source.path] if source.path else [])),
            (waiting, family.is_base(subject.model)),
        )

    return Stage(
        EVALUATE,
        task,
        lambda result, found: replace(result, predictions=found),
        lambda result: [base for base, _ in family.bases(result.model.id)],
        evaluation_needs,
    )


def evaluation_needs(result: ModelResult) -> int:
    """Bytes that it takes to run a model on the evaluation set, about."""
    operators = result.inspection.operators if result.inspection else ()
    return to_run(result, evaluate.batch_size(name for name, _ in operators))


def _subject(result: ModelResult) -> Subject | None:
    model, inspection = result.model, result.inspection
    if model.outputs is not None:
        return Subject(model.id, None, model.outputs)
    if result.weights is None or not inspection or not model.onnx:
        return None
    batch = evaluate.batch_size(name for name, _ in inspection.operators)
    return Subject(model.id, model.onnx, None, batch)


def _answers(
    subject: Subject, source: DatasetSource, content: str, how: Evaluation, code: tuple[str, ...]
) -> Work[object]:
    """What answers depend on; how they are judged is no part of it."""
    files = (*subject.files, *([source.path] if source.path else []))
    asked = (how.task, how.output, how.generate, how.postprocess)
    plain = replace(subject, model="")
    return Work(evaluate.answers_of, (plain, source, content, asked, code), files)


def exposing(
    results: Results, source: DatasetSource, content: str, budget: Budget = NO_LIMIT
) -> Stage[Exposed]:
    """Activations of every model that answered, over a sample of the evaluation set.

    Where memory is short, a model is run several times, each for some of its layers.
    """
    most = budget.activations(Sample().memory)
    known = {r.model.id: r.inspection.activations for r in results if r.inspection and r.alignment}
    aligned = {r.model.id: r.alignment for r in results if r.inspection and r.alignment}
    layers = {
        r.model.id: layer_keys(r.inspection.tensors, r.alignment)
        for r in results
        if r.inspection and r.alignment
    }
    wanted: dict[str, tuple[Wanted, ...]] = {}
    # Decided by the first model that has it, so that all are asked on the same instances.
    brief: dict[TensorKey, bool] = {}
    for model, places in align_activations(known, aligned, layers).items():
        wanted[model] = tuple(
            Wanted(one, place.key, brief.setdefault(place.key, one.joined), place.note)
            for one, place in zip(known[model], places, strict=True)
        )

    def task(result: ModelResult) -> Work[Exposed] | None:
        path, shown = result.model.onnx, wanted.get(result.model.id)
        if not result.predictions or not result.inspection or not path or not shown:
            return None
        alone = evaluate.batch_size(name for name, _ in result.inspection.operators) == 1
        how = Sample(batch=1) if alone else Sample()
        arguments = (path, shown, source, content, how)
        return Work(_expose, arguments, (path, *_files_of(source)), (most,))

    def keep(result: ModelResult, found: Exposed) -> ModelResult:
        return replace(result, exposed=found)

    needs = partial(to_expose, batch=Sample().batch, activations=most)
    return Stage(EXPOSE, task, keep, needs=needs)


def packing(results: Results, known: Mapping[str, Embedding]) -> Stage[Packed]:
    """Model files that travel with the site, made ready; those of equal content once."""
    chosen = {known[r.model.id].asset: r.model.id for r in reversed(results)}

    def task(result: ModelResult) -> Work[Packed] | None:
        asset, path = known[result.model.id].asset, result.model.onnx
        chosen_one = asset and chosen[asset] == result.model.id
        return pack_work(path) if chosen_one and path else None

    return Stage("Pack", task, None, needs=to_pack)


def pack_work(path: Path) -> Work[Packed]:
    """A model file, made ready to travel."""
    return Work(pack_model, (path,), (path,))


def packed(runner: Runner, result: ModelResult) -> Packed:
    """The result of ``packing`` for a model that travels with the site."""
    assert result.model.onnx is not None
    return runner.result(pack_work(result.model.onnx))


def time_models(results: Results, source: DatasetSource, content: str, runner: Runner) -> Results:
    """Time of one instance in every model that answered, taking turns; nothing else may run.

    A turn that was taken before on this machine is not taken again.
    """
    where = machine()
    fed = bool(source.inputs or source.preprocess)
    timed = {r.model.id: r.model.onnx for r in results if fed and r.predictions and r.model.onnx}
    data = (source.path,) if source.path else ()
    turns: dict[str, list[Latency]] = {model: [] for model in timed}
    failures: dict[str, str] = {}
    with runner.open("Time", TURNS * len(timed)) as advance:
        for turn in range(TURNS):
            for model, path in timed.items():
                work = Work(_measure, (path, source, content, where, turn), (path, *data))
                known = runner.find(work)
                if known:
                    turns[model].append(known[0])
                elif model not in failures:
                    try:
                        turns[model].append(work())
                        runner.keep(work, turns[model][-1])
                    except ModelError as error:
                        failures[model] = str(error)
                advance(model)
    give_back()
    return tuple(
        replace(r, failure=r.told(failures[r.model.id]))
        if r.model.id in failures
        else replace(r, latency=together(turns[r.model.id]) if r.model.id in turns else None)
        for r in results
    )


def measure_memory(
    results: Results, source: DatasetSource, content: str, runner: Runner, pool: Executor
) -> Results:
    """Peak memory of one run of every model that was timed; nothing where the system tells none.

    A model that was measured before on this machine is not measured again. Others may run
    meanwhile, for each is measured in a process of its own.
    """
    where = machine()
    works = {
        r.model.id: Work(
            _peak, (r.model.onnx, source, content, where), (r.model.onnx, *_files_of(source))
        )
        for r in results
        if r.latency and r.model.onnx
    }
    found = {model: known[0] for model, work in works.items() if (known := runner.find(work))}
    missing = [model for model in works if model not in found]
    groups = {m: missing[at : at + _TOGETHER] for at, m in enumerate(missing) if not at % _TOGETHER}
    tasks = {
        first: partial(_peaks, tuple(works[m].files[0] for m in group), source, content)
        for first, group in groups.items()
    }
    with runner.open("Measure memory", len(works)) as advance:
        for model in found:
            advance(model)
        needs = {
            first: max(to_run(r, 1) for r in results if r.model.id in group)
            for first, group in groups.items()
        }
        for first, peaks in run_all(pool, tasks, needs=needs, room=runner.room):
            for place, model in enumerate(groups[first]):
                peak = None if isinstance(peaks, ModelError) else peaks[place]
                if peak is not None:
                    found[model] = peak
                    runner.keep(works[model], peak)
                advance(model)
    return tuple(replace(r, memory=found.get(r.model.id)) for r in results)


def _peaks(paths: tuple[Path, ...], source: DatasetSource, content: str) -> tuple[int | None, ...]:
    with peak_memory(lambda: _dataset(source, content)) as measure:
        return tuple(map(measure, paths))


def _peak(
    path: Path, source: DatasetSource, content: str, machine: Mapping[str, str | int]
) -> int | None:
    """What stands for a measurement of memory in the cache; see ``measure_memory``."""
    return _peaks((path,), source, content)[0]


def _files_of(source: DatasetSource) -> tuple[Path, ...]:
    """What an evaluation set is read from; it may be made by the study's own Python."""
    return (source.path,) if source.path else ()


@lru_cache(maxsize=1)
def _dataset(source: DatasetSource, content: str) -> Dataset:
    """The evaluation set, opened once in each worker process and again when its content changes."""
    return open_dataset(source)


def _evaluate(  # noqa: PLR0913, PLR0917 (what predictions depend on, in a key)
    subject: Subject,
    bases: tuple[tuple[Subject, tuple[Role, ...]], ...],
    source: DatasetSource,
    content: str,
    how: Evaluation,
    code: tuple[str, ...],
    places: Mapping[str, Path],
    is_base: bool,
) -> Predictions:
    """``code`` are hashes of the study's own modules; ``places`` where answers wait."""
    spool = evaluate.Spool(places, is_base)
    return evaluate.evaluate(subject, _dataset(source, content), how, bases, spool)


def _expose(  # noqa: PLR0913, PLR0917 (what activations depend on, in a key)
    path: Path,
    wanted: tuple[Wanted, ...],
    source: DatasetSource,
    content: str,
    how: Sample,
    memory: int,
) -> Exposed:
    return expose_model(path, wanted, _dataset(source, content), replace(how, memory=memory))


def _measure(
    path: Path, source: DatasetSource, content: str, machine: Mapping[str, str | int], turn: int
) -> Latency:
    """``machine`` is where this runs: timings of another one are no answer to the same question."""
    return measure_latency(path, _dataset(source, content))
