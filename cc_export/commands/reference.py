"""``docs/cli.md``, from the commands themselves.

``python -m cc_export.commands.reference`` writes it; a test says when it is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from inspect import getdoc, signature
from pathlib import Path
from typing import get_args, get_type_hints

from typer.models import OptionInfo

from cc_export.cli import COMMANDS, app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
_HEAD = """\
# The command line

<!-- Written by `python -m cc_export.commands.reference`; change the commands instead. -->

{about}

`cc-export --help` prints help, and `--help` after a command's name prints that command's.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | done, but something failed or is damaged; it is named |
| 2 | bad input, target or usage; the text says what, where and what to try |
| 130 | interrupted by Ctrl-C; an older site is left as it was |

Results go to standard output, progress and errors to standard error. Colours are left out where the
output is no terminal, and with `NO_COLOR=1`.

Shells (bash, zsh, fish, PowerShell) complete commands, options and their values once the option
`--install-completion` has installed it; `--show-completion` prints it for you to place.
"""
_KINDS: Mapping[object, str] = {int: "NUMBER", Path: "PATH", str: "TEXT"}
_EXAMPLE = re.compile(r"^Example: `(.+)`$")


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument or option of a command: what its function's signature says."""

    names: tuple[str, ...]
    value: str
    help: str
    option: bool


def render() -> str:
    """The text of the page."""
    parts = [_HEAD.format(about=app.info.help)]
    for name, function in COMMANDS.items():
        parameters = tuple(_parameters(function))
        body = _body(getdoc(function) or "")
        parts.append(f"## `{name}`\n\n{_usage(name, parameters)}\n\n{body}")
        parts += [_table("argument", parameters), _table("option", parameters)]
    return "\n".join(part for part in parts if part)


def examples(name: str) -> tuple[str, ...]:
    """The lines that a command's help shows to copy."""
    lines = (getdoc(COMMANDS[name]) or "").splitlines()
    return tuple(found.group(1) for line in lines if (found := _EXAMPLE.match(line)))


def _parameters(function: Callable[..., None]) -> Iterator[Parameter]:
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in signature(function).parameters.items():
        kind, told = get_args(hints[name])
        flag = kind is bool
        text = str(told.help)
        if isinstance(kind, type) and issubclass(kind, Enum):
            text += f" One of {', '.join(f'`{choice.value}`' for choice in kind)}."
        if parameter.default is not parameter.empty and not flag and parameter.default is not None:
            text += f" Default: `{_plain(parameter.default)}`."
        option = isinstance(told, OptionInfo)
        # typer takes the first spelling of an annotated option for its default.
        given = (told.default, *(told.param_decls or ())) if option else ()
        names = [n for n in given if isinstance(n, str)] or [f"--{name.replace('_', '-')}"]
        spelled = [part for n in names for part in n.split("/")] if option else []
        spelled.sort(key=lambda spelling: spelling.count("-") < 2)
        value = "" if flag else told.metavar or _KINDS.get(kind, "VALUE")
        yield Parameter(tuple(spelled), value, text, option)


def _usage(name: str, parameters: Sequence[Parameter]) -> str:
    arguments = [p.value for p in parameters if not p.option]
    return f"```\n{' '.join(['cc-export', name, *arguments, '[OPTIONS]'])}\n```"


def _body(text: str) -> str:
    """Help as paragraphs; all examples in one block at the end."""
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    shown = [found.group(1) for part in paragraphs if (found := _EXAMPLE.match(part))]
    told = [part for part in paragraphs if not _EXAMPLE.match(part)]
    return "\n\n".join([*told, "```sh\n" + "\n".join(shown) + "\n```\n"])


def _table(kind: str, parameters: Sequence[Parameter]) -> str:
    wanted = [p for p in parameters if p.option == (kind == "option")]
    cells = [(_spelled(p), p.help) for p in wanted]
    rows = [f"| {left} | {right} |" for left, right in _escaped(cells)]
    return "\n".join([f"| {kind} | meaning |", "|---|---|", *rows, ""]) if rows else ""


def _escaped(cells: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for left, right in cells:
        yield left.replace("|", "\\|"), right.replace("|", "\\|")


def _spelled(parameter: Parameter) -> str:
    if not parameter.option:
        return f"`{parameter.value}`"
    return ", ".join(f"`{f'{name} {parameter.value}'.strip()}`" for name in parameter.names)


def _plain(value: object) -> str:
    return str(value.value if isinstance(value, Enum) else value)


def main() -> None:
    """Write the page and say so."""
    PAGE.write_text(render(), "utf-8")
    sys.stdout.write(f"{PAGE}\n")


if __name__ == "__main__":
    main()
