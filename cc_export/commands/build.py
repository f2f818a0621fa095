"""``cc-export build`` and ``cc-export demo``: from a study to a site."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import typer

from cc_export.commands.common import (
    SOME_FAILED,
    CacheOption,
    DaskOption,
    JobsOption,
    JsonOption,
    MemoryOption,
    ModelsChoice,
    ModelsOption,
    NoCacheOption,
    QuietOption,
    RedactOption,
    SiteOption,
    StudyArgument,
    fails_with_text,
    printing_aside,
)


@fails_with_text
def build(  # noqa: PLR0913 (each is an option of the command line)
    study: StudyArgument,
    *,
    site: SiteOption = Path("site"),
    models: ModelsOption = ModelsChoice.SELECTED,
    redact: RedactOption = False,
    jobs: JobsOption = 0,
    memory: MemoryOption = None,
    dask: DaskOption = None,
    cache: CacheOption = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Export a study to a site that opens by double-click.

    A model that cannot be read or run does not end the export: it is named, the site shows why,
    and the exit code is 1. So it is where a metric of the study's own fails; the models stay.

    Example: `cc-export build examples/digits -o site`

    Example: `cc-export build examples/digits -o site --models none --json`

    Example: `cc-export build examples/digits -o site --redact`

    Example: `cc-export build examples/digits -o site --jobs 4 --memory 2GiB`
    """
    kept = "off" if no_cache else cache
    _export(
        study, site, models, jobs, kept,
        memory=memory, redact=redact, dask=dask, quiet=quiet, as_json=as_json,
    )  # fmt: skip


@fails_with_text
def demo(  # noqa: PLR0913 (each is an option of the command line)
    *,
    site: SiteOption = Path("digits-site"),
    jobs: JobsOption = 0,
    memory: MemoryOption = None,
    cache: CacheOption = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Export the study that comes with cc-export: 26 variants of two digit classifiers.

    Example: `cc-export demo -o digits-site`
    """
    from cc_export.demo import demo_study  # noqa: PLC0415 (help stays quick)

    kept = "off" if no_cache else cache
    every = ModelsChoice.ALL
    _export(demo_study(), site, every, jobs, kept, memory=memory, quiet=quiet, as_json=as_json)


def _export(  # noqa: PLR0913 (the options of two commands)
    study: Path,
    site: Path,
    models: ModelsChoice,
    jobs: int,
    cache: Path | str | None,
    *,
    memory: str | None,
    redact: bool = False,
    dask: str | None = None,
    quiet: bool,
    as_json: bool,
) -> None:
    from cc_export import report as printed  # noqa: PLC0415 (help stays quick)
    from cc_export.pipeline import default_jobs, export  # noqa: PLC0415
    from cc_export.study import load_study  # noqa: PLC0415

    out, err = printed.new_console(), printed.new_console(stderr=True)
    loaded = load_study(study, cache)
    drawn = printed.DrawnProgress(err)
    with printing_aside(), nullcontext() if quiet else drawn.shown():
        report = export(
            loaded,
            site,
            models=models.value,
            redact=redact,
            jobs=jobs or default_jobs(len(loaded.models)),
            dask=dask,
            memory=memory,
            cache=cache,
            progress=None if quiet else drawn,
        )
    if as_json:
        typer.echo(printed.report_json(report))
    elif quiet:
        printed.print_warnings(report, err)
        printed.print_failures(report, err)
    else:
        printed.print_summary(report, out)
    if report.failures or report.missing:
        raise typer.Exit(SOME_FAILED)
