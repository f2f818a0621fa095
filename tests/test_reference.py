"""The page of the command line."""

from __future__ import annotations

import shlex

import pytest
import typer.main

from cc_export.cli import COMMANDS, app
from cc_export.commands.reference import PAGE, examples, render


def test_the_page_is_up_to_date() -> None:
    """What lies in docs is what the commands say."""
    assert PAGE.read_text("utf-8") == render(), "run `python -m cc_export.commands.reference`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_described(name: str) -> None:
    """Each command has a chapter with its usage, an example, and every option by its name."""
    page = render()
    chapter = page[page.index(f"## `{name}`") :].partition("\n## ")[0]
    assert f"\ncc-export {name}" in chapter
    for parameter in vars(typer.main.get_command(app))["commands"][name].params:
        if parameter.name != "help":
            names = parameter.opts if parameter.opts[0].startswith("-") else [parameter.metavar]
            for spelling in (*names, *parameter.secondary_opts):
                assert f"`{spelling}".replace("|", "\\|") in chapter


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_can_be_typed(name: str) -> None:
    """Each line that help shows is taken by the command it belongs to."""
    lines = examples(name)
    assert lines
    for line in lines:
        program, command, *arguments = shlex.split(line)
        assert (program, command) == ("cc-export", name)
        vars(typer.main.get_command(app))["commands"][name].make_context(name, arguments)
