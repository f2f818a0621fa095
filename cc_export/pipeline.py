"""From a study to a site: the whole story, in order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cc_export import executor, stages
from cc_export.budget import NO_LIMIT, Budget, budget, spell
from cc_export.budget import too_large as budget_warnings
from cc_export.bundle.evaluation import inputs_bytes, inputs_stride, why_not_runnable
from cc_export.bundle.records.models import FlagRecord
from cc_export.bundle.site import Content, hidden_groups_of, write_site
from cc_export.bundle.write import INDEX, new_site
from cc_export.cache import store
from cc_export.dask import cluster
from cc_export.dataset import dataset_of
from cc_export.embed import Models, chosen, embeddings, too_large
from cc_export.errors import ExportError
from cc_export.flags import size_flags, speed_flags
from cc_export.progress import Progress, Silent
from cc_export.pytorch.convert import Conversion
from cc_export.results import ModelResult, Results
from cc_export.runner import Runner
from cc_export.study import LoadedStudy, Study, load_study
from cc_export.temporary import clear_up_temporary
from cc_export.urls import url_of
from cc_export.viewer import Viewer, built_viewer


@dataclass(frozen=True, slots=True)
class Report:
    """What an export did. ``failures`` are reasons by model id; ``seconds`` are by stage.

    ``missing`` says, by model id, why metrics of the study's own failed; the model itself did not.

    ``site`` is its folder, or its URL. ``conversions`` say how far the ONNX files of PyTorch
    modules are from the modules. ``flags`` are warnings about models by their ids, such as
    "slower than its parent".
    """

    site: Path | str
    models: int
    instances: int
    bytes: int
    seconds: Mapping[str, float]
    failures: Mapping[str, str]
    embedded: int
    warnings: tuple[str, ...] = ()
    conversions: Mapping[str, Conversion] = field(default_factory=dict)
    flags: Mapping[str, tuple[FlagRecord, ...]] = field(default_factory=dict)
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def export(  # noqa: PLR0913 (each is an independent choice of the caller, given by name)
    study: LoadedStudy | Study | Path | str,
    site: Path | str,
    *,
    models: Models = "selected",
    redact: bool = False,
    jobs: int | None = None,
    dask: str | None = None,
    memory: int | str | None = None,
    cache: store.Place = None,
    progress: Progress | None = None,
    viewer: Viewer | None = None,
) -> Report:
    """Export a study to a site that opens by double-click.

    Args:
        study: a loaded study, one that models are added to, its file, or its folder; or the URL of
            one of them.
        site: folder to make; an older site there is replaced once the new one is complete. Or a
            URL, to which the site is copied once it is complete.
        models: which model files travel with the site, so that they run in the page.
        redact: leave out what the instances are, their groups among it, activations, and all model
            files; ids, labels, predictions and metrics stay, those of groups without small levels
            among them.
        jobs: worker processes, in which no model can end the export. A script that asks for them
            needs the usual ``if __name__ == "__main__":`` guard. None runs all in this process.
        dask: address of a Dask scheduler, whose workers are used instead.
        memory: bytes that all processes together may take, about, or a size such as ``"2GiB"``; at
            most so many models are then worked on at once. None: four fifths of what is free on
            this machine. Workers of a Dask cluster have limits of their own.
        cache: folder of what earlier exports found out, in which this one looks first. None: the
            user's own folder for caches, or what ``CC_EXPORT_CACHE`` names; ``"off"``: none.
        progress: told what is being done; silent by default.
        viewer: the page and its engines; those that this installation carries by default.

    Raises:
        ExportError: the study, the evaluation set or the target cannot be used. A single model
            that fails is reported in ``Report.failures`` instead, and shown so in the site.
    """
    models = chosen(models, redact=redact)
    allowed = NO_LIMIT if dask else budget(memory, jobs)
    if not isinstance(study, LoadedStudy):
        study = load_study(study.folder if isinstance(study, Study) else study, cache)
    viewer = viewer or built_viewer()
    clear_up_temporary()
    dataset = dataset_of(study)
    with (
        placed(site) as (folder, older),
        new_site(folder) as writer,
        store.opened(cache) as kept,
        cluster(dask) if dask else executor.local(allowed.workers or None) as pool,
    ):
        runner = Runner(progress or Silent(), kept, room=allowed.room)
        runner.fingerprint(*study.files, pool)
        results = tuple(ModelResult(model) for model in study.models)
        results = stages.export_modules(results, study, dataset, runner, pool)
        results = runner.run(stages.inspection(), results, pool)
        results = runner.run(stages.files(), results, pool)
        results = stages.align(results)
        results = runner.run(stages.weighing(results), results, pool)
        results = runner.run(stages.patterns(), results, pool)
        content = runner.content_of(dataset) if dataset else ""
        if dataset and study.evaluation:
            evaluation = stages.evaluation(
                results, dataset.source, study.evaluation, content, runner
            )
            results = runner.run(evaluation, results, pool)
            if not redact:  # values on the way through a model may be those of its input
                exposing = stages.exposing(results, dataset.source, content, allowed)
                results = runner.run(exposing, results, pool)
            results = stages.time_models(results, dataset.source, content, runner)
            # Of this machine, as the times are.
            here = executor.Inline() if dask else pool
            results = stages.measure_memory(results, dataset.source, content, runner, here)
        if older or (folder / INDEX).is_file():
            _refuse_if_all_failed(results)
        known = embeddings(results, models)
        results = runner.run(stages.packing(results, known), results, pool)
        found = Content(
            study,
            results,
            dataset,
            known,
            partial(stages.packed, runner),
            content,
            kept,
            viewer,
            runner.seconds,
            redact,
        )
        with runner.open("Write", len(results)) as advance:
            write_site(found, writer, advance)
    return _report(url_of(site) or Path(site), found, writer.bytes, kept.problem, allowed)


def _refuse_if_all_failed(results: Sequence[ModelResult]) -> None:
    """A site that says something is not replaced by one that gives nothing but reasons.

    Raises:
        ExportError: no model can be used.
    """
    with_files = [r for r in results if r.model.onnx or r.model.torch]
    failures = [f"\n    {r.model.id}: {r.failure}" for r in with_files if r.failure]
    if failures and len(failures) == len(with_files):
        raise ExportError(
            f"no model can be used; the older site is left as it was{''.join(failures)}",
            "Are the model files what they were, and is the folder they lie in there?",
        )


@contextmanager
def placed(site: Path | str) -> Iterator[tuple[Path, bool]]:
    """The folder to make: the site's own, or for a URL one that is copied there in the end.

    With it comes whether there is a site at the URL.
    """
    url = url_of(site)
    if url is None:
        yield Path(site), False
        return
    from cc_export.remote import site_at  # noqa: PLC0415 (only URLs need it)

    with site_at(url) as found:
        yield found


def _thinned(content: Content) -> list[str]:
    """That inputs of some instances only travel with the site."""
    dataset, evaluation = content.dataset, content.study.evaluation
    if not (dataset and evaluation and any(known.asset for known in content.embeddings.values())):
        return []
    stride = inputs_stride(dataset)
    if stride == 1 or why_not_runnable(dataset, evaluation, content.redact):
        return []
    return [
        f"models run in the page on one in {stride} of the {len(dataset):,} instances: the inputs "
        f"of all of them would take {spell(inputs_bytes(dataset))}"
    ]


def _report(
    site: Path | str, content: Content, size: int, problem: str | None, allowed: Budget
) -> Report:
    large = [
        f"{r.model.id}: cannot run in the page: {content.embeddings[r.model.id].reason}"
        for r in content.results
        if too_large(r) and r.model.embed
    ]
    study = content.study
    run = [r for r in content.results if r.predictions and r.inspection]
    needs = {r.model.id: stages.evaluation_needs(r) for r in run}
    return Report(
        site=site,
        models=len(content.results),
        instances=len(content.dataset) if content.dataset else 0,
        bytes=size,
        seconds=dict(content.seconds),
        failures={r.model.id: r.failure for r in content.results if r.failure},
        conversions={r.model.id: r.conversion for r in content.results if r.conversion},
        flags=_flags(content.results),
        missing={
            r.model.id: tuple(f"metric {name!r}: {why}" for name, why in failed.items())
            for r in content.results
            if (failed := r.predictions.failed if r.predictions else {})
        },
        embedded=sum(known.asset is not None for known in content.embeddings.values()),
        warnings=(
            *(study.told(warning.text(study.file)) for warning in study.warnings),
            *large,
            *_thinned(content),
            *budget_warnings(needs, allowed),
            *(
                f"group {name!r} is left out of the redacted site: so few instances are {level!r} "
                "that its metrics would tell what they are"
                for name, level in hidden_groups_of(content).items()
            ),
            *(
                f"{r.model.id}: {r.told(warning)}"
                for r in content.results
                if r.predictions
                for warning in r.predictions.warnings
            ),
            *([f"what was computed is not kept for the next export: {problem}"] if problem else []),
        ),
    )


def _flags(results: Results) -> dict[str, tuple[FlagRecord, ...]]:
    size, speed = size_flags(results), speed_flags(results)
    ids = [r.model.id for r in results if r.model.id in size or r.model.id in speed]
    return {model: (*size.get(model, ()), *speed.get(model, ())) for model in ids}


def default_jobs(models: int) -> int:
    """Worker processes for a study of that many models: one per core, as many as help."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, models // 4))
