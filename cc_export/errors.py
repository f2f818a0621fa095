"""Errors a user can act on: what happened, where, why, and what to try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Problems of one file that are printed; whoever has more mends these first.
_MOST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a study file.

    ``line`` is 1-based, None where the format gives no lines. ``fatal`` problems stop the export;
    the others are warnings about a study that is still usable. ``file`` is named where it is not
    the study file itself but one that belongs to it.
    """

    where: str
    what: str
    hint: str = ""
    line: int | None = None
    fatal: bool = True
    file: Path | None = None

    def text(self, file: Path | None = None) -> str:
        """One line: ``file:line: where: what. Hint.``"""
        place = ":".join(str(p) for p in (self.file or file, self.line) if p is not None)
        head = ": ".join(part for part in (place, self.where) if part)
        return f"{head}: {self.what}" + (f"\n    {self.hint}" if self.hint else "")


class ExportError(Exception):
    """Input, target or environment that cc-export cannot work with (exit code 2)."""

    def __init__(self, what: str, hint: str = "") -> None:
        self.what = what
        self.hint = hint
        super().__init__(f"{what}\n    {hint}" if hint else what)

    def __reduce__(self) -> tuple[Any, ...]:
        """How it travels from a worker process."""
        return type(self), (self.what, self.hint)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with evaluation data; ``key`` is where the study speaks of it."""

    key: tuple[str | int, ...]
    what: str
    hint: str = ""


class DataError(ExportError):
    """Evaluation data that are not what the study says they are; all that was found."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        *before, last = findings
        told = [str(ExportError(one.what, one.hint)) for one in before]
        super().__init__("\n".join([*told, last.what]), last.hint)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.findings


class StudyError(ExportError):
    """A study file with fatal problems; all that were found are in ``problems``."""

    def __init__(self, file: Path, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        lines = [problem.text(file) for problem in self.problems[:_MOST_SHOWN]]
        more = len(self.problems) - len(lines)
        super().__init__("\n".join([*lines, f"and {more} more problems"] if more else lines))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.file, self.problems)


class ModelError(ExportError):
    """One model that cannot be read or run; the export goes on without its results."""
