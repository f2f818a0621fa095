"""Two worker processes against one: ``python benchmarks/workers.py [MODELS] [ROUNDS]``.

Wall-clock time of exporting a study of 16 networks of 9 million parameters, with one worker and
with two, in turns; the ratio of each round, and their median. It needs two idle cores.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from studies import small, write_study

from cc_export import export

LEAST = 1.6


def seconds(study: Path, site: Path, jobs: int) -> float:
    """Wall-clock seconds of an export that finds nothing in a cache."""
    begin = time.perf_counter()
    export(study, site, jobs=jobs, cache="off")
    return time.perf_counter() - begin


def main() -> None:
    """Print each round and the median ratio."""
    models = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = write_study(folder / "study", small(width=320), models, 32, instances=200)
        ratios = []
        for _ in range(rounds):
            one, two = (seconds(study, folder / "site", jobs) for jobs in (1, 2))
            ratios.append(one / two)
            print(f"one worker {one:6.2f} s, two {two:6.2f} s: {ratios[-1]:.2f} ×")
    print(f"{models} models, median {median(ratios):.2f} ×, at least {LEAST} ×")


if __name__ == "__main__":
    main()
