"""The command line: each command parses, calls and prints."""

from __future__ import annotations

import signal
import sys
import webbrowser
from collections.abc import Callable
from contextlib import nullcontext
from enum import StrEnum
from functools import wraps
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from cc_export.errors import ExportError

DONE, SOME_FAILED, BAD_INPUT = 0, 1, 2
# As shells have it: 128 and the number of the signal.
INTERRUPTED, TERMINATED = 130, 143

app = typer.Typer(
    name="cc-export",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Compare compressed machine-learning models: one command, one folder, no server.",
)
Arguments = ParamSpec("Arguments")


class ModelsChoice(StrEnum):
    """Which model files travel with a site."""

    NONE = "none"
    SELECTED = "selected"
    ALL = "all"


StudyArgument = Annotated[
    Path, typer.Argument(metavar="STUDY", help="A study file, or a folder with a `study.yaml`.")
]
ModelsOption = Annotated[
    ModelsChoice,
    typer.Option(
        "--models",
        help="Model files that travel with the site and run in the page: "
        "`selected` are those whose study record says `embed: true`.",
    ),
]
JobsOption = Annotated[
    int, typer.Option("--jobs", "-j", min=0, help="Worker processes; 0 chooses by cores.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what went wrong.")]


def _fails_with_text(
    command: Callable[Arguments, None],
) -> Callable[Arguments, None]:
    """Errors of input become text and exit code 2, an interrupt becomes 130 as in shells."""

    @wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except ExportError as error:
            from cc_export.report import new_console, print_error  # noqa: PLC0415 (help stays quick)

            print_error(error, new_console(stderr=True))
            raise typer.Exit(BAD_INPUT) from None
        except KeyboardInterrupt:
            typer.echo("interrupted; an older site is left as it was", err=True)
            raise typer.Exit(INTERRUPTED) from None

    return run


@app.command()
@_fails_with_text
def build(
    study: StudyArgument,
    site: Annotated[Path, typer.Option("-o", "--output", help="Folder to make.")] = Path("site"),
    models: ModelsOption = ModelsChoice.SELECTED,
    jobs: JobsOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Export a study to a site that opens by double-click.

    Exit codes: 0 done, 1 done but some models failed (they are named), 2 bad input or target,
    130 interrupted.

    Example: `cc-export build examples/digits -o site`
    """
    _export(study, site, models, jobs, quiet)


@app.command()
@_fails_with_text
def demo(
    site: Annotated[Path, typer.Option("-o", "--output", help="Folder to make.")] = Path(
        "digits-site"
    ),
    jobs: JobsOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Export the study that comes with cc-export: 26 variants of two digit classifiers.

    Example: `cc-export demo -o digits-site`
    """
    from cc_export.demo import demo_study  # noqa: PLC0415 (help stays quick)

    _export(demo_study(), site, ModelsChoice.ALL, jobs, quiet)


@app.command()
@_fails_with_text
def validate(study: StudyArgument) -> None:
    """Check a study file and print everything that is wrong with it.

    Example: `cc-export validate examples/digits`
    """
    from cc_export.report import new_console, print_marked  # noqa: PLC0415 (help stays quick)
    from cc_export.study import load_study  # noqa: PLC0415

    out = new_console()
    loaded = load_study(study)
    for problem in loaded.warnings:
        print_marked("warning", "yellow", problem.text(loaded.file), out)
    roots = sum(not model.parents for model in loaded.models)
    count, found = len(loaded.models), len(loaded.warnings)
    tail = f", {found} warning{'s' if found > 1 else ''}" if found else ""
    models = f"{count} models, {roots} of them roots" if count > 1 else "1 model"
    typer.echo(f"{loaded.file}: valid; {models}{tail}")


@app.command()
@_fails_with_text
def explain(
    source: Annotated[
        Path, typer.Argument(metavar="SITE|STUDY", help="A site, or a study file or its folder.")
    ],
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of models to compare.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for other tools.")] = False,
) -> None:
    """Say what tells models apart, as the page does: a sentence, a table, their metrics.

    Example: `cc-export explain site resnet8 prune-all-50 recalibrate-all-50`
    """
    from cc_export.explain import explain_selection  # noqa: PLC0415 (help stays quick)
    from cc_export.report import answer_json, new_console, print_answer  # noqa: PLC0415

    answer = explain_selection(source, ids)
    if as_json:
        typer.echo(answer_json(answer))
    else:
        print_answer(answer, new_console())


@app.command()
@_fails_with_text
def serve(
    site: Annotated[Path, typer.Argument(metavar="SITE", help="A site made by cc-export.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")
    ] = 8000,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Serve a site on this machine over http, for convenience: sites need no server.

    Example: `cc-export serve site --open`
    """
    from cc_export.serve import static_server  # noqa: PLC0415 (help stays quick)

    with static_server(site, port) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        typer.echo(f"{site} is at {address}  (Ctrl-C stops)")
        if open_browser:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            raise typer.Exit(DONE) from None


def _version(asked: bool) -> None:
    if asked:
        from cc_export.version import __version__  # noqa: PLC0415 (help stays quick)

        typer.echo(f"cc-export {__version__}")
        raise typer.Exit(DONE)


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


def _export(study: Path, site: Path, models: ModelsChoice, jobs: int, quiet: bool) -> None:
    from cc_export.pipeline import default_jobs, export  # noqa: PLC0415 (help stays quick)
    from cc_export.report import (  # noqa: PLC0415
        DrawnProgress,
        new_console,
        print_failures,
        print_summary,
    )
    from cc_export.study import load_study  # noqa: PLC0415

    out, err = new_console(), new_console(stderr=True)
    loaded = load_study(study)
    drawn = DrawnProgress(err)
    with nullcontext() if quiet else drawn.shown():
        report = export(
            loaded,
            site,
            models=models.value,
            jobs=jobs or default_jobs(len(loaded.models)),
            progress=None if quiet else drawn,
        )
    if quiet:
        print_failures(report, err)
    else:
        print_summary(report, out)
    if report.failures:
        raise typer.Exit(SOME_FAILED)


def main() -> None:
    """Entry point of the ``cc-export`` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A model's name may hold what an old terminal cannot show.
            stream.reconfigure(errors="backslashreplace")
    # As with Ctrl-C, what was begun is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    app()


__all__ = ["BAD_INPUT", "DONE", "INTERRUPTED", "SOME_FAILED", "app", "main"]
