"""``cc-export init``: a first study file for a folder of model files."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from cc_export.commands.common import (
    SOME_FAILED,
    JsonOption,
    QuietOption,
    fails_with_text,
)


@fails_with_text
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder with ONNX files, in it or below it.")
    ],
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a first `study.yaml` for a folder of ONNX files.

    Which model was made from which, by pruning, quantizing or training on, is seen in the weights.
    The evaluation set is a data file that fits the models' inputs; a root is run on some of it, to
    see how images are scaled. All this is marked as a guess: read the file before you export. A
    study file that is there already is left alone.

    Example: `cc-export init models`
    """
    from cc_export import report as printed  # noqa: PLC0415 (help stays quick)
    from cc_export.draft import draft_study  # noqa: PLC0415

    drawn = printed.DrawnProgress(printed.new_console(stderr=True))
    with nullcontext() if quiet else drawn.shown():
        found = draft_study(folder, None if quiet else drawn)
    if as_json:
        typer.echo(printed.json_text(found))
    else:
        printed.print_draft(found, printed.new_console(), quiet=quiet)
    if found.unread:
        raise typer.Exit(SOME_FAILED)
