"""``cc-export explain``: what tells models apart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cc_export.commands.common import JsonOption, fails_with_text


@fails_with_text
def explain(
    source: Annotated[
        Path, typer.Argument(metavar="SITE|STUDY", help="A site, or a study file or its folder.")
    ],
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of models to compare.")],
    as_json: JsonOption = False,
) -> None:
    """Say what tells models apart, as the page does: a sentence, a table, their metrics.

    Example: `cc-export explain site resnet8 prune-all-50 recalibrate-all-50`
    """
    from cc_export.explain import explain_selection  # noqa: PLC0415 (help stays quick)
    from cc_export.report import json_text, new_console, print_answer  # noqa: PLC0415

    answer = explain_selection(source, ids)
    if as_json:
        typer.echo(json_text(answer))
    else:
        print_answer(answer, new_console())
