"""The command line: which commands there are. Each is a file of ``cc_export/commands``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from io import TextIOWrapper
from typing import Annotated

import typer

from cc_export.commands.build import build, demo
from cc_export.commands.common import BAD_INPUT, DONE, SOME_FAILED
from cc_export.commands.explain import explain
from cc_export.commands.init import init
from cc_export.commands.inspect import inspect
from cc_export.commands.onnx import onnx
from cc_export.commands.serve import serve
from cc_export.commands.show import show
from cc_export.commands.usage import Commands
from cc_export.commands.validate import validate
from cc_export.interrupts import INTERRUPTED, told_once

app = typer.Typer(
    name="cc-export",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Compare compressed machine-learning models: one command, one folder, no server.",
    epilog="Exit codes: 0 done, 1 done but something failed or is damaged (it is named), "
    "2 bad input or target, 130 interrupted. `NO_COLOR=1` prints without colours.",
)
# In the order in which help lists them.
COMMANDS: Mapping[str, Callable[..., None]] = {
    "build": build,
    "demo": demo,
    "init": init,
    "validate": validate,
    "onnx": onnx,
    "inspect": inspect,
    "show": show,
    "explain": explain,
    "serve": serve,
}
for name, command in COMMANDS.items():
    app.command(name)(command)


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


def main() -> None:
    """Run the command that was typed, and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A model's name may hold what an old terminal cannot show.
            stream.reconfigure(errors="backslashreplace")
    with told_once():
        app()


__all__ = ["BAD_INPUT", "DONE", "INTERRUPTED", "SOME_FAILED", "app", "main"]
