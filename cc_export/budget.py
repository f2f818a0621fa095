"""The memory that an export may take: a size, the machine's by default, and what tasks need of it.

Most tasks read files slice by slice and need little. Running a model needs its weights, twice
while they are laid out for the processor, and the values of its widest node for a whole batch;
handing out activations needs the file's bytes besides. Tasks run side by side only as far as their
needs fit together; one that is too large by itself runs alone, and the export says so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePosixPath

from cc_export.errors import ExportError
from cc_export.results import ModelResult

MIB = 1 << 20
# A process with our libraries loaded, and what a task takes that reads slice by slice.
PROCESS, STREAMING = 100 * MIB, 60 * MIB
# Values are float32 while a model runs.
_VALUE = 4
# Of the memory that is free, what an export leaves to others.
_LEFT = 0.2
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(iB|B)?\s*", re.I | re.ASCII)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


@dataclass(frozen=True, slots=True)
class Budget:
    """``total`` bytes for all processes of an export, None where nothing limits it.

    ``workers`` of them run tasks; 0: this process does.
    """

    total: int | None
    workers: int

    @property
    def room(self) -> int | None:
        """Bytes for tasks, beyond what each process takes by itself."""
        return None if self.total is None else self.total - PROCESS * (1 + self.workers)

    def activations(self, most: int) -> int:
        """Bytes of activations at once in one task, at most so many."""
        return most if self.room is None else min(most, self.room // (3 * max(1, self.workers)))


NO_LIMIT = Budget(None, 0)


def budget(memory: int | str | None, jobs: int | None) -> Budget:
    """What an export of at most ``jobs`` workers may take; fewer workers where memory is short.

    ``memory`` is bytes, or a size in words; None: most of what is free on this machine.

    Raises:
        ExportError: it is no size, ``jobs`` no number, or not even one worker has room.
    """
    if jobs is not None and (not isinstance(jobs, int) or jobs < 0):
        what = f"jobs must be a whole number of at least 0, got {jobs!r}"
        raise ExportError(what, "With 0 or None, all is run in this process.")
    total = parse_size(memory) if isinstance(memory, str) else memory
    least = PROCESS * (2 if jobs else 1) + STREAMING
    if total is None:
        free = available()
        total = None if free is None else max(free, least)
    elif total < least:
        given = spell(total) if total >> 20 else f"{total:,} bytes"
        raise ExportError(
            f"{given} of memory is too little: an export takes at least {spell(least)}",
            "Give more with --memory.",
        )
    if total is None:
        return Budget(None, jobs or 0)
    return Budget(total, min(jobs or 0, (total - PROCESS) // (PROCESS + STREAMING)))


def to_run(result: ModelResult, batch: int) -> int:
    """Bytes that it takes to run a model on so many instances at once."""
    if result.inspection is None:
        return STREAMING
    widest = result.facts.widest if result.facts else 0
    return STREAMING + 2 * result.inspection.bytes + _VALUE * batch * widest


def to_expose(result: ModelResult, batch: int, activations: int) -> int:
    """Bytes that it takes to get ``activations`` bytes out of a model at once."""
    if result.inspection is None:
        return STREAMING
    return to_run(result, batch) + 2 * result.inspection.bytes + activations


def to_pack(result: ModelResult) -> int:
    """Bytes that it takes to make a model's file ready for the page."""
    return STREAMING + 4 * (result.inspection.bytes if result.inspection else 0)


def too_large(needs: Mapping[str, int], known: Budget) -> list[str]:
    """What to tell of models that need more than there is."""
    room = known.room
    return [
        f"{model}: running it takes about {spell(need)}, more than the {spell(room)} that "
        "--memory leaves for it; it was run alone"
        for model, need in needs.items()
        if room is not None and need > room
    ]


def parse_size(text: str) -> int:
    """Bytes of a size as people write it: ``2GiB``, ``512MB``, ``1.5 g``; powers of 1000 or 1024.

    Raises:
        ExportError: it is no size.
    """
    found = _SIZE.fullmatch(text)
    if not found:
        raise ExportError(
            f"{text!r} is no size of memory", "Write a number and a unit, as in 2GiB or 512MB."
        )
    number, prefix, unit = found.groups()
    base = 1024 if (unit or "").lower() == "ib" else 1000
    return int(Decimal(number) * base ** _POWERS[prefix.upper()])


def spell(count: int) -> str:
    """Bytes as MiB."""
    return f"{max(0, count) / MIB:,.0f} MiB"


def available(
    root: Path = Path("/sys/fs/cgroup"),
    meminfo: Path = Path("/proc/meminfo"),
    own: Path = Path("/proc/self/cgroup"),
) -> int | None:
    """Bytes that an export may take when nobody says: four fifths of what is free here.

    What is free is what the system says, and no more than a container's limit leaves. None where
    neither is told.
    """
    known = [free for free in (_free(meminfo), *_within_limits(root, own)) if free is not None]
    return int(min(known) * (1 - _LEFT)) if known else None


def _free(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text("ascii").splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))
    except (OSError, ValueError, StopIteration):
        pass
    try:  # macOS and the BSDs tell how much there is, not how much is free
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):
        return None


def _within_limits(root: Path, own: Path) -> Iterator[int | None]:
    """What control groups leave: that of this process and those around it, of both versions."""
    try:
        lines = [line.split(":", 2) for line in own.read_text("utf-8").splitlines()]
    except OSError:
        lines = []
    places = {kinds: PurePosixPath(path.lstrip("/")) for _, kinds, path in filter(_whole, lines)}
    for path in _around(places.get("", PurePosixPath())):
        group = root / path
        yield _left(group / "memory.max", group / "memory.current", "inactive_file")
    for path in _around(places.get("memory", PurePosixPath())):
        group = root / "memory" / path
        used = group / "memory.usage_in_bytes"
        yield _left(group / "memory.limit_in_bytes", used, "total_inactive_file")


def _whole(line: Sequence[str]) -> bool:
    return len(line) == 3


def _around(path: PurePosixPath) -> tuple[PurePosixPath, ...]:
    return (path, *path.parents)


def _left(limit: Path, used: Path, cached: str) -> int | None:
    """Bytes up to a limit; files that the system only keeps at hand are not counted as used."""
    try:
        # Without a limit the file says "max", which is no number.
        most, taken = (int(file.read_text("ascii")) for file in (limit, used))
        stated = (used.parent / "memory.stat").read_text("ascii").split()
    except (OSError, ValueError):
        return None
    names = dict(zip(stated[::2], stated[1::2], strict=False))
    return max(0, most - taken + int(names.get(cached, 0)))
