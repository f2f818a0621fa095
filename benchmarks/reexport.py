"""What a second export costs: ``python benchmarks/reexport.py [MODELS]`` (52 by default).

A study of small networks (3 MB each) with an evaluation set is exported three times by the
command line: for the first time, with nothing changed, and with one model changed. CPU time is
that of the command and its workers, start of Python included; modules are compiled before, as
those of an installed package are.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from studies import write_small

MOST_SHARE, MOST_SECONDS = 0.05, 1.5


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU and wall-clock seconds of one command."""

    cpu: float
    wall: float


def cost(study: Path, site: Path, cache: Path, compiled: Path) -> Cost:
    """Export in a process of its own."""
    environment = {**os.environ, "CC_EXPORT_NO_CACHE": "", "PYTHONPYCACHEPREFIX": str(compiled)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "cc_export", "build", study, "-o", site, "--cache", cache, "-q"],
        check=True,
        env=environment,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, time.perf_counter() - began)


def main() -> None:
    """Print CPU time of the three exports, and the shares that have a bound."""
    models = int(sys.argv[1]) if len(sys.argv) > 1 else 52
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = write_small(folder / "study", models, instances=2000, width=96)
        places = folder / "site", folder / "cache", folder / "compiled"
        cost(write_small(folder / "tiny", 1, instances=10, width=8), *places)
        first = cost(study, *places)
        # The median of a few: the machine may be shared.
        same = sorted((cost(study, *places) for _ in range(5)), key=lambda c: c.cpu)[2]
        changed = study / f"m{models - 1}.onnx"
        changed.write_bytes(changed.read_bytes() + b"\x12\x01x")
        one = cost(study, *places)
    print(f"{models} models, first export       {first.cpu:7.2f} s CPU  {first.wall:7.2f} s")
    print(
        f"nothing changed                {same.cpu:7.2f} s CPU  {same.wall:7.2f} s"
        f"   at most {MOST_SECONDS} s"
    )
    print(
        f"one model changed              {one.cpu:7.2f} s CPU  {one.wall:7.2f} s"
        f"   {100 * one.cpu / first.cpu:.1f}% of the first, at most {100 * MOST_SHARE:.0f}%"
    )


if __name__ == "__main__":
    main()
