"""How an export tells what it is doing; the command line draws it, a notebook may ignore it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Stage(Protocol):
    """One stage of an export in progress."""

    def advance(self, item: str) -> None:
        """One item of the stage is done."""


class Progress(Protocol):
    """Opens stages; see ``Silent`` for the least that is needed."""

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Stage]:
        """A stage of ``total`` items, from enter to exit."""
        yield _NoStage()


class _NoStage:
    def advance(self, item: str) -> None:
        pass


class Silent(Progress):
    """Says nothing."""
