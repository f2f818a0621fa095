"""``cc-export validate``: everything that is wrong with a study."""

from __future__ import annotations

from typing import Annotated

import typer

from cc_export.commands.common import (
    SOME_FAILED,
    JsonOption,
    QuietOption,
    StudyArgument,
    fails_with_text,
    printing_aside,
)


@fails_with_text
def validate(
    study: StudyArgument,
    files: Annotated[
        bool,
        typer.Option(
            "--files/--no-files",
            help="Also open the evaluation set and every model file; nothing is run.",
        ),
    ] = True,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check a study, its evaluation set and its model files; print everything that is wrong.

    Example: `cc-export validate examples/digits`

    Example: `cc-export validate examples/digits --no-files --json`
    """
    from cc_export import report as printed  # noqa: PLC0415 (help stays quick)
    from cc_export.validate import validate_study  # noqa: PLC0415

    with printing_aside():
        found = validate_study(study, files=files)
    if as_json:
        typer.echo(printed.json_text(found))
    else:
        printed.print_validation(found, printed.new_console(), quiet=quiet)
    if found.failures:
        raise typer.Exit(SOME_FAILED)
