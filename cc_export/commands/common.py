"""What the commands share: exit codes, options, and how an error ends a command."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from cc_export.errors import ExportError
from cc_export.interrupts import INTERRUPTED

DONE, SOME_FAILED, BAD_INPUT = 0, 1, 2

Arguments = ParamSpec("Arguments")


class ModelsChoice(StrEnum):
    """Which model files travel with a site."""

    NONE = "none"
    SELECTED = "selected"
    ALL = "all"


def whole(flag: str, least: int, most: int | None = None) -> Callable[[object], int]:
    """Reads the number that is typed after a flag; one that is none or out of range is refused."""
    wanted = f"of at least {least}" if most is None else f"from {least} to {most}"

    def read(text: object) -> int:
        # Longer ones are out of every range, and Python refuses to read them.
        found = re.fullmatch(r"[+-]?\d{1,18}", str(text).strip(), re.ASCII)
        number = int(found[0]) if found else None
        if number is None or number < least or (most is not None and number > most):
            raise ExportError(f"{flag} {text}: is not a whole number {wanted}")
        return number

    return read


StudyArgument = Annotated[
    Path,
    typer.Argument(
        metavar="STUDY", help="A study file, or a folder with a `study.yaml`; a path or a URL."
    ),
]
SiteArgument = Annotated[
    Path, typer.Argument(metavar="SITE", help="The folder of a site made by cc-export.")
]
SiteOption = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="FOLDER",
        help="Folder to make, or a URL; an older site is replaced.",
    ),
]
ModelsOption = Annotated[
    ModelsChoice,
    typer.Option(
        "--models",
        help="Model files that travel with the site and run in the page: "
        "`selected` are those whose study record says `embed: true`.",
    ),
]
RedactOption = Annotated[
    bool,
    typer.Option(
        "--redact",
        help="Leave out what the instances are, their groups among it, activations, and all model "
        "files; ids, labels, predictions and metrics stay, also of groups whose levels have five "
        "instances or more.",
    ),
]
JobsOption = Annotated[
    int,
    typer.Option(
        "--jobs",
        "-j",
        metavar="NUMBER",
        parser=whole("--jobs", 0),
        help="Worker processes; 0 chooses by cores.",
    ),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="Memory that all processes may take together, about (`2GiB`, `512MB`): fewer models "
        "are worked on at once, and activations come layer group by layer group. Left out: four "
        "fifths of what is free.",
    ),
]
DaskOption = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS",
        help="Scheduler of a Dask cluster (`tcp://host:8786`), whose workers are used instead.",
    ),
]
CacheOption = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="FOLDER",
        help="Folder of what earlier exports computed. Left out: `$CC_EXPORT_CACHE`, else the "
        "user's folder for caches.",
    ),
]
NoCacheOption = Annotated[
    bool,
    typer.Option("--no-cache", help="Compute everything, and keep nothing for the next export."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what went wrong.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


@contextmanager
def printing_aside() -> Iterator[None]:
    """What the study's code prints goes to stderr, that of worker processes and libraries too.

    stdout is for what a command itself has to say; programs read it.
    """
    with redirect_stdout(sys.stderr):
        try:
            kept = os.dup(1)
        except OSError:  # there is no standard output
            yield
            return
        _flush()
        try:
            with suppress(OSError):  # there is no standard error
                os.dup2(2, 1)
            yield
        finally:
            _flush()
            os.dup2(kept, 1)
            os.close(kept)


def _flush() -> None:
    """Write what C libraries have printed so far to where it was meant to go."""
    with suppress(OSError, AttributeError, TypeError):  # not everywhere
        ctypes.CDLL(None).fflush(None)


def fails_with_text(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
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
            raise typer.Exit(INTERRUPTED) from None

    return run
