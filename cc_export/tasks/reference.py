"""docs/metrics.md, from the metrics themselves: ``python -m cc_export.tasks.reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from cc_export.bundle.records.manifest import MetricRecord
from cc_export.metrics import MEASURED
from cc_export.study.names import with_root
from cc_export.tasks.table import TASKS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
_HEAD = """# Metrics

What an export measures, by what the models do. `python -m cc_export.tasks.reference` writes this
page. A metric that the study file declares under the same name wins over a measured one. Metrics of
a model and a base are measured against the model's root and its first parent; the one with the root
is a metric of the model, called as the last column says. Values per class and per group stand in
the model's predictions chunk.
"""
_BETTER = {"higher": "higher", "lower": "lower", None: "neither"}


def render() -> str:
    """The text of the page."""
    parts = [_HEAD, "## Every model file\n", _table(MEASURED)]
    for task in TASKS.values():
        parts += [f"## `{task.name}`\n", _table(task.metrics)]
        if task.comparisons:
            parts += ["Against a base:\n", _table(task.comparisons, of_root=True)]
    return "\n".join(parts)


def _table(metrics: Iterable[MetricRecord], *, of_root: bool = False) -> str:
    head = ["metric", "better", "unit", "definition", *(["of the model"] if of_root else [])]
    rows = [
        [m.name, _BETTER[m.direction], m.unit, m.definition]
        + ([with_root(m.name)] if of_root else [])
        for m in metrics
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_escaped(cell) for cell in line)} |\n" for line in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


def main() -> None:
    """Write the page and say so."""
    PAGE.write_text(render(), "utf-8")
    sys.stdout.write(f"{PAGE}\n")


if __name__ == "__main__":
    main()
