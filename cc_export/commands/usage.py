"""Wrong arguments of the command line, told as every other error is."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from cc_export.commands.common import BAD_INPUT
from cc_export.errors import ExportError
from cc_export.interrupts import INTERRUPTED, TOLD
from cc_export.near import near

# typer brings click along under a name of its own, or needs the package, by its version.
UsageError: Any = typer.BadParameter.__base__
_EMPTY = re.compile(r"(--[^=]+)=")
_CHOICE = re.compile(r"'(?P<value>.*)' is not one of (?P<known>[^.]*)", re.S)
_EXTRA = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((?P<extra>.*)\)", re.S)


class Commands(TyperGroup):
    """The commands; what is wrong with their arguments is said in the words of this package."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **options: Any) -> Any:
        """Run a command, and end the process with its exit code."""
        given = sys.argv[1:] if args is None else list(args)
        try:
            _refuse_empty(given)
            code = super().main(given, *more, **{**options, "standalone_mode": False})
        except UsageError as error:
            if type(error).__name__ == "NoArgsIsHelpError":  # which has printed the help
                sys.exit(BAD_INPUT)
            _end(told(error))
        except ExportError as error:
            _end(error)
        except typer.Abort:
            code = INTERRUPTED
        if code == INTERRUPTED:
            typer.echo(TOLD, err=True)
        sys.exit(code if isinstance(code, int) else 0)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is meant by the first argument.

        Raises:
            ExportError: there is none of this name.
        """
        if args[0] not in self.commands and not ctx.resilient_parsing:
            hint = near(args[0], self.commands)
            raise ExportError(f"there is no command {args[0]!r}", hint)
        return super().resolve_command(ctx, args)


def told(error: Any) -> ExportError:
    """A finding of typer's about the arguments, in our words."""
    context = error.ctx
    command = f"cc-export {context.info_name}" if context and context.parent else "cc-export"
    what, hint = _WORDS.get(type(error).__name__, _others)(error, command)
    more = f"`{command} --help` shows what it takes." if context else ""
    return ExportError(what, f"{hint} {more}".strip())


def _unknown_option(error: Any, command: str) -> tuple[str, str]:
    params = error.ctx.command.params if error.ctx else ()
    known = [flag for one in params for flag in one.opts if flag.startswith("--")]
    return f"{command} has no option {error.option_name}", near(error.option_name, known)


def _missing(error: Any, command: str) -> tuple[str, str]:
    needed = error.param
    flag = f"option {needed.opts[0]}" if needed.param_type_name == "option" else "argument"
    return f"{command} needs the {flag} {needed.metavar or ''}".rstrip(), ""


def _misused_option(error: Any, command: str) -> tuple[str, str]:
    wants = "takes no value" if "not take" in error.format_message() else "needs a value"
    return f"{error.option_name} {wants}", ""


def _bad_value(error: Any, command: str) -> tuple[str, str]:
    found = _CHOICE.search(error.message)
    if found is None or error.param is None:
        return _others(error, command)
    return f"{error.param.opts[0]} {found['value']}: is none of {found['known']}", ""


def _others(error: Any, command: str) -> tuple[str, str]:
    text = error.format_message()
    found = _EXTRA.search(text)
    if found is None:
        return f"{command}: {text}", ""
    what = f"{command} takes no further argument {found['extra']!r}"
    return what, "A value that holds spaces stands in quotes."


_WORDS: Mapping[str, Callable[[Any, str], tuple[str, str]]] = {
    "NoSuchOption": _unknown_option,
    "MissingParameter": _missing,
    "BadOptionUsage": _misused_option,
    "BadParameter": _bad_value,
}


def _refuse_empty(given: Sequence[str]) -> None:
    for place, argument in enumerate(given):
        flag = _EMPTY.fullmatch(argument)
        if argument and not flag:
            continue
        before = given[place - 1] if place and given[place - 1].startswith("-") else "an argument"
        hint = "Is a variable of the shell not set?"
        raise ExportError(f"{flag[1] if flag else before} is empty", hint)


def _end(error: ExportError) -> NoReturn:
    from cc_export.report import new_console, print_error  # noqa: PLC0415 (help stays quick)

    print_error(error, new_console(stderr=True))
    sys.exit(BAD_INPUT)
