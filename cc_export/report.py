"""What the command line prints: progress while it runs, a summary when it is done."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from cc_core.jsonable import jsonable
from cc_core.selection import spell_value
from cc_export.errors import ExportError
from cc_export.progress import Progress, Stage

if TYPE_CHECKING:  # errors are printed without waiting for onnxruntime to load
    from cc_export.bundle.records.models import FlagRecord
    from cc_export.bundle.summary import SiteSummary
    from cc_export.draft import Draft
    from cc_export.explain import Answer
    from cc_export.pipeline import Report
    from cc_export.pytorch.convert import Conversion
    from cc_export.validate import Validation

# Flags of one kind that are printed each.
_MOST_FLAGS = 3
# Models without a metric, or that failed for one reason, that are named.
_MOST_NAMED = 3
# Characters of a model id beside a bar.
_WIDTH = 40


class DrawnProgress(Progress):
    """A bar for each stage, with counts and the time left."""

    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            TextColumn("{task.description:<16}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("· left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[item]}", style="dim", markup=False),
            console=console,
        )

    @contextmanager
    def shown(self) -> Iterator[DrawnProgress]:
        """Draw while the block runs, from the first stage on."""
        try:
            yield self
        finally:
            if self._bars.tasks:  # without any, an empty line would be printed
                self._bars.stop()

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Stage]:
        """A bar of its own, kept when the stage is over."""
        self._bars.start()
        task = self._bars.add_task(name, total=total, item="")

        class Drawn:
            def advance(self, item: str) -> None:
                shown = item if len(item) <= _WIDTH else f"{item[: _WIDTH - 1]}…"
                bars.advance(task)
                bars.update(task, item=shown)

        bars = self._bars
        yield Drawn()
        self._bars.update(task, item="")


def new_console(stderr: bool = False) -> Console:
    """A console that prints texts of a study as they are: no emoji codes, no guessed colours."""
    return Console(stderr=stderr, emoji=False, highlight=False)


def print_summary(report: Report, console: Console) -> None:
    """The closing table, what failed, and the next step in words."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_row("models", f"{report.models:,}")
    table.add_row("run in the page", f"{report.embedded:,}")
    table.add_row("instances", f"{report.instances:,}")
    table.add_row("site", spell_bytes(report.bytes))
    if report.conversions:
        worst = max(found.agreement.relative for found in report.conversions.values())
        table.add_row("from PyTorch", f"{len(report.conversions):,}, off by ≤ {worst:.2g}")
    for stage, seconds in report.seconds.items():
        table.add_row(stage.lower(), f"{seconds:.1f} s")
    console.print(table)
    print_warnings(report, console)
    print_flags(report.flags, console)
    print_failures(report, console)
    if report.models == len(report.failures):
        # An invitation to open it would read as if all were well.
        console.print("\nEvery model failed. The site shows nothing but the reasons:")
    else:
        told = "by double-click, or copy the folder to where others can"
        where = told if isinstance(report.site, Path) else "where its files are read from"
        console.print(f"\nOpen it {where}:")
    place = report.site
    index = place.resolve() / "index.html" if isinstance(place, Path) else f"{place}/index.html"
    console.print(f"  [bold]{escape(str(index))}[/]", soft_wrap=True)


def print_validation(found: Validation, console: Console, *, quiet: bool = False) -> None:
    """Warnings, model files that cannot be used, and one line that sums up."""
    for warning in found.warnings:
        print_marked("warning", "yellow", warning, console)
    for line in _together(found.failures):
        print_marked("failed", "red", line, console)
    if quiet:
        return
    models = _many(found.models, "model") + (
        f", {found.roots:,} of them roots" if found.models > 1 else ""
    )
    tail = [_many(len(found.warnings), "warning")] if found.warnings else []
    if found.failures:
        tail.append(f"{_many(len(found.failures), 'model file')} cannot be used")
    elif found.opened:
        tail.append(f"{_many(found.opened, 'model file')} can be read")
    if found.instances is not None:
        tail.append(_many(found.instances, "instance"))
    console.print(Text(f"{found.file}: valid; {', '.join([models, *tail])}"), soft_wrap=True)


def print_draft(found: Draft, console: Console, *, quiet: bool = False) -> None:
    """What went into a first study file, and what to do with it."""
    for file, reason in found.unread.items():
        print_marked("left out", "yellow", f"{file}: {reason}", console)
    if quiet:
        return
    models = _many(found.models, "model")
    based = f", {found.guessed} of them made from another (a guess)" if found.guessed else ""
    data = f"the evaluation set {found.data} (a guess)" if found.data else "no evaluation set"
    console.print(Text(f"{found.file}: {models}{based}; {data}"), soft_wrap=True)
    console.print(
        Text(
            "Read it and put right what was guessed wrong, then:\n"
            f"  cc-export build {quote(str(found.file.parent))} -o site"
        ),
        soft_wrap=True,
    )


def print_site(found: SiteSummary, console: Console, *, quiet: bool = False) -> None:
    """What a site holds, as three short tables, and the files that are damaged."""
    if not quiet:
        console.print(Text(found.title, "bold"), soft_wrap=True)
        console.print(_facts_table(_site_facts(found)))
        console.print()
        rows = [
            (kind.kind, f"{kind.files:,}", spell_bytes(kind.bytes), spell_bytes(kind.largest))
            for kind in found.kinds
        ]
        console.print(_number_table(("files of", "number", "size", "largest"), rows))
        console.print()
        yes = {True: "yes", False: "–"}
        models = [
            (m.id, spell_bytes(m.bytes), yes[m.layers], yes[m.predictions], yes[m.runs_in_page])
            for m in found.models
        ]
        heads = ("model", "size", "layers", "predictions", "runs in page")
        console.print(_number_table(heads, models))
        for model in found.models:
            if model.failure:
                print_marked("failed", "red", f"{model.id}: {model.failure}", console)
    for path in found.damaged:
        print_marked("damaged", "red", path, console)


def _site_facts(found: SiteSummary) -> dict[str, str]:
    engines = ", ".join(f"{name} {version}" for name, version in sorted(found.engines.items()))
    return {
        "made by": found.generator,
        "made at": found.exported or "–",
        "format": str(found.format),
        "engines": engines or "–",
        "models": f"{len(found.models):,}",
        "instances": f"{found.instances:,}",
        "size": spell_bytes(found.bytes),
        "damaged files": f"{len(found.damaged):,}",
    }


def _facts_table(facts: Mapping[str, str]) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, Text(value))
    return table


def _number_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table whose first column is names and whose others are numbers, to the right."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def print_flags(flags: Mapping[str, Sequence[FlagRecord]], console: Console) -> None:
    """One line for each flag, or one for all of a kind where there are many."""
    kinds: dict[str, dict[str, str]] = {}
    for model, own in flags.items():
        for flag in own:
            kinds.setdefault(flag.kind, {})[model] = flag.text
    for kind, models in kinds.items():
        if len(models) <= _MOST_FLAGS:
            lines = [f"{model}: {kind}: {text}" for model, text in models.items()]
        else:
            named = ", ".join(list(models)[:_MOST_FLAGS])
            lines = [f"{_many(len(models), 'model')} {kind}: {named}, …; the site says why of each"]
        for line in lines:
            print_marked("flagged", "yellow", line, console)


def print_warnings(report: Report, console: Console) -> None:
    """One line for each thing that went wrong, or will, without failing a model."""
    for warning in report.warnings:
        print_marked("warning", "yellow", warning, console)


def print_failures(report: Report, console: Console) -> None:
    """One line for each model that failed, and for each metric that did, with its models.

    Many models that failed for one reason are told together.
    """
    for line in _together(report.failures):
        print_marked("failed", "red", line, console)
    reasons = dict.fromkeys(reason for listed in report.missing.values() for reason in listed)
    for reason in reasons:
        models = [model for model, listed in report.missing.items() if reason in listed]
        print_marked("failed", "red", f"{_named(models)}: {reason}", console)


def _together(reasons: Mapping[str, str]) -> Iterator[str]:
    """A line for each model, or for many of one reason, whatever their files are called."""
    alike: dict[str, dict[str, str]] = {}
    for model, reason in reasons.items():
        # Reasons begin with the name of the model's file.
        told = re.sub(r"^[^:\n]+\.onnx: ", "", reason)
        alike.setdefault(told, {})[model] = reason
    for told, models in alike.items():
        if len(models) > _MOST_NAMED:
            yield f"{_named(list(models))}: {told}"
        else:
            yield from (f"{model}: {reason}" for model, reason in models.items())


def _named(models: Sequence[str]) -> str:
    more = len(models) - _MOST_NAMED
    return ", ".join(models[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def print_error(error: ExportError, console: Console) -> None:
    """An error as text; nothing in it is taken for markup."""
    print_marked("error", "red bold", str(error), console)


def print_marked(mark: str, style: str, text: str, console: Console) -> None:
    """A coloured word and a text that is never wrapped: lines are there to be copied."""
    console.print(Text.assemble((mark, style), " ", text), soft_wrap=True)


def spell_bytes(count: int) -> str:
    """Bytes in the unit people read: ``13.4 MB`` (decimal, as file managers show)."""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def print_answer(answer: Answer, console: Console) -> None:
    """What differs among models: the sentence, each model's values, then its metrics."""
    found = answer.explanation
    shown = [variable for variable in found.variables if variable.implied_by is None]
    console.print(Text(found.sentence), soft_wrap=True)
    order = sorted(range(len(found.models)), key=lambda m: ([v.model_values[m] for v in shown], m))
    values = {v.label: [spell_value(v, v.values[place]) for place in v.model_values] for v in shown}
    metrics = {
        f"{metric.name} ({metric.unit})" if metric.unit else metric.name: [
            _spell_number(metric.values.get(model)) for model in found.models
        ]
        for metric in [m for m in answer.metrics if m.primary] or answer.metrics
    }
    for columns in (values, metrics):
        if columns:
            console.print()
            console.print(_table(found.models, order, columns))
    if len(found.models) == 1:
        console.print(Text("Give a second id to see what tells the two apart.", "dim"))
    for variable in found.variables:
        if variable.implied_by is not None:
            console.print(Text(f"{variable.label} follows {variable.implied_by}.", "dim"))
    for group in found.repeats:
        console.print(Text(f"{', '.join(group)} repeat one recipe.", "dim"))
    if not found.proven:
        console.print(Text("The best found in bounded time, not proven to be the least.", "dim"))


def _table(
    models: Sequence[str], order: Sequence[int], columns: Mapping[str, Sequence[str]]
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("model", no_wrap=True)
    for label in columns:
        table.add_column(Text(label), overflow="fold")
    for m in order:
        table.add_row(*(Text(cell) for cell in (models[m], *(c[m] for c in columns.values()))))
    return table


def report_json(report: Report) -> str:
    """What an export did, as JSON."""
    fields = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    return json_text({**fields, "site": str(report.site)})


def print_conversion(path: Path, found: Conversion, console: Console) -> None:
    """What an exported module became, and how far its answers are from the module's."""
    close = found.agreement
    console.print(
        Text(
            f"{path}: opset {found.opset}, torch {found.torch}, {found.exporter} exporter; differs "
            f"from the module by at most {close.absolute:.3g} "
            f"({close.relative:.2g} of its largest value) on {_many(close.instances, 'instance')}"
        ),
        soft_wrap=True,
    )


def json_text(record: object) -> str:
    """A record as JSON for other programs, with sorted keys."""
    return json.dumps(jsonable(record), ensure_ascii=False, indent=2, sort_keys=True)


def _spell_number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
