"""Tasks for worker processes: importable, because a process that is started afresh imports them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from cc_export.errors import ExportError, ModelError


def double(number: int) -> int:
    return 2 * number


def leave(folder: str, name: str, needed: list[str]) -> list[str]:
    """Leave a file of that name; gives those needed that are not there yet."""
    missing = [one for one in needed if not (Path(folder) / one).exists()]
    time.sleep(0.05)
    (Path(folder) / name).touch()
    return missing


def span(seconds: float) -> tuple[float, float]:
    """When it began and when it ended."""
    begin = time.time()
    time.sleep(seconds)
    return begin, time.time()


_kept: list[bytearray] = []


def resident() -> int:
    """Bytes of memory that this process holds."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) << 10


def fill_and_free() -> int:
    """Bytes that are held after 100 MB were freed, below something that was not."""
    blocks = [bytearray(b"x" * 100_000) for _ in range(1000)]
    _kept.append(bytearray(b"x" * 100_000))
    del blocks
    return resident()


def fail() -> int:
    raise ModelError("no layers", "Add some.")


def stumble() -> int:
    raise IndexError("list index out of range")


def exhaust() -> int:
    raise MemoryError


def stop() -> int:
    raise ExportError("the evaluation set is gone", "Bring it back.")


def die() -> int:
    os._exit(1)


def sleep_and_tell(file: str) -> int:
    with Path(file).open("w") as stream:
        stream.write(str(os.getpid()))
    time.sleep(30)
    return 0


def sleep() -> int:
    time.sleep(30)
    return 0


class Interrupting:
    """A result that sends a signal to the process which hands it over."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[type, tuple[int]]:
        os.kill(os.getpid(), self.number)
        return Interrupting, (self.number,)


def interrupt_while_handing_over(number: int) -> Interrupting:
    return Interrupting(number)
