"""``cc-export show``: what is in a site."""

from __future__ import annotations

import typer

from cc_export.commands.common import (
    SOME_FAILED,
    JsonOption,
    QuietOption,
    SiteArgument,
    fails_with_text,
)


@fails_with_text
def show(site: SiteArgument, quiet: QuietOption = False, as_json: JsonOption = False) -> None:
    """Say what a site holds: its study, files by kind, versions, models, and what is damaged.

    Every file is checked against the manifest; the exit code is 1 where one is missing or altered.

    Example: `cc-export show site`

    Example: `cc-export show site --json`
    """
    from cc_export import report as printed  # noqa: PLC0415 (help stays quick)
    from cc_export.bundle.read import read_site  # noqa: PLC0415
    from cc_export.bundle.summary import summarize_site  # noqa: PLC0415

    found = summarize_site(read_site(site))
    if as_json:
        typer.echo(printed.json_text(found))
    else:
        printed.print_site(found, printed.new_console(), quiet=quiet)
    if found.damaged:
        raise typer.Exit(SOME_FAILED)
