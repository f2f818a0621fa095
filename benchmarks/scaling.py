"""How an export's cost grows: ``python benchmarks/scaling.py``.

CPU seconds of first exports in this process, by stage, while one of models, weights and instances
is doubled; and the exponent of a power law through the first and the last: 1 is in proportion.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from studies import small, write_metadata, write_study

from cc_export import export
from cc_export.progress import Progress, Stage


@dataclass
class CpuTimes(Progress):
    """CPU seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Stage]:
        begin = time.process_time()
        with super().stage(name, total) as stage:
            yield stage
        self.seconds[name] = time.process_time() - begin


def measured(study: Path, site: Path) -> dict[str, float]:
    """CPU seconds of a first export by stage, and of all of it."""
    times, begin = CpuTimes(), time.process_time()
    export(study, site, cache="off", progress=times)
    return {"all": time.process_time() - begin, **times.seconds}


def report(title: str, sizes: list[int], found: list[dict[str, float]], stages: list[str]) -> None:
    """One line for each size, and the exponents."""
    print(f"{title:<12} " + " ".join(f"{stage:>13}" for stage in stages))
    for size, seconds in zip(sizes, found, strict=True):
        print(f"{size:>12,} " + " ".join(f"{seconds.get(s, 0):>12.2f}s" for s in stages))
    grown = math.log(sizes[-1] / sizes[0])
    powers = [
        math.log(max(found[-1].get(s, 0), 1e-3) / max(found[0].get(s, 0), 1e-3)) / grown
        for s in stages
    ]
    print(f"{'exponent':>12} " + " ".join(f"{power:>13.2f}" for power in powers) + "\n")


def main() -> None:
    """Three tables: models, weights, instances; and one of metadata only."""
    with tempfile.TemporaryDirectory() as name:
        folder, site = Path(name), Path(name) / "site"
        models, widths, instances = [4, 8, 16, 32], [64, 128, 256], [250, 500, 1000, 2000]
        heavy = ["all", "Fingerprint", "Inspect", "Weigh", "Evaluate"]
        studies = [write_study(folder / f"m{n}", small(), n, 32, instances=500) for n in models]
        report("models", models, [measured(study, site) for study in studies], heavy)
        networks = [small(width=width) for width in widths]
        weights = [sum(v.size for v in network.weights.values()) for network in networks]
        studies = [
            write_study(folder / f"w{n.weights['fc.weight'].size}", n, 4, 32) for n in networks
        ]
        report("weights", weights, [measured(study, site) for study in studies], heavy[:-1])
        studies = [write_study(folder / f"i{n}", small(), 4, 32, instances=n) for n in instances]
        report("instances", instances, [measured(study, site) for study in studies], heavy)
        counts = [250, 500, 1000, 2000]
        studies = [write_metadata(folder / f"f{n}", n) for n in counts]
        report("metadata", counts, [measured(study, site) for study in studies], ["all", "Write"])


if __name__ == "__main__":
    main()
