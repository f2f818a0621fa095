"""What the command line prints."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from cc_export import export, read_site
from cc_export.bundle.records.models import FlagRecord
from cc_export.errors import ExportError, Problem
from cc_export.pipeline import Report
from cc_export.report import (
    DrawnProgress,
    print_error,
    print_failures,
    print_flags,
    print_summary,
    spell_bytes,
)
from cc_export.viewer import Viewer

DIGITS = Path(__file__).parents[1] / "examples" / "digits" / "models"


def console(width: int = 80) -> Console:
    return Console(file=io.StringIO(), width=width, emoji=False, highlight=False)


def printed(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (13_740_000, "13.7 MB"),
     (2_500_000_000, "2.5 GB"), (10**15, "1000.0 TB")],
)  # fmt: skip
def test_sizes(count: int, text: str) -> None:
    """Sizes are in decimal units, as file managers show them."""
    assert spell_bytes(count) == text


def test_summary(tmp_path: Path) -> None:
    """Counts, warnings, failures and the path to open; long lines are not wrapped."""
    report = Report(
        site=tmp_path / "site", models=1_234, instances=10, bytes=5_000, embedded=2,
        seconds={"Inspect": 1.25}, failures={"[b]m[/b]": "broken " * 20},
        warnings=("study.yaml:1: odd :smile:",),
        missing=dict.fromkeys("abcdef", ("metric 'M': m:f failed: no",)) | {"g": ("metric 'N'",)},
    )  # fmt: skip
    out = console()
    print_summary(report, out)
    assert printed(out).splitlines() == [
        "models            1,234",
        "run in the page       2",
        "instances            10",
        "site             5.0 kB",
        "inspect           1.2 s",
        "warning study.yaml:1: odd :smile:",
        f"failed [b]m[/b]: {'broken ' * 20}",
        "failed a, b, c and 3 more: metric 'M': m:f failed: no",
        "failed g: metric 'N'",
        "",
        "Open it by double-click, or copy the folder to where others can:",
        f"  {tmp_path / 'site' / 'index.html'}",
    ]


def test_flags_are_told() -> None:
    """One line each; of more than three of a kind one line with their number."""
    slower, bigger = "slower than its parent", "bigger than it claims"
    flags = {f"m{n}": (FlagRecord(slower, "One run takes 2 ms."),) for n in range(4)}
    flags["[b]x[/b]"] = (FlagRecord(bigger, "The file takes 32."), *flags["m0"])
    out = console()
    print_flags(flags, out)
    assert printed(out).splitlines() == [
        "flagged 5 models slower than its parent: m0, m1, m2, …; the site says why of each",
        "flagged [b]x[/b]: bigger than it claims: The file takes 32.",
    ]


def test_failures_of_one_reason_are_one_line() -> None:
    """Many models that fail alike are told together, few each, whatever their files are called."""
    alike = {f"m{n}": f"m{n}.onnx: there is no output 'x'\n    It has y." for n in range(4)}
    report = Report(Path("site"), 6, 0, 0, {}, {**alike, "[b]": "b.onnx: damaged"}, 0)
    out = console(200)
    print_failures(report, out)
    assert printed(out).splitlines() == [
        "failed m0, m1, m2 and 1 more: there is no output 'x'",
        "    It has y.",
        "failed [b]: b.onnx: damaged",
    ]


def test_an_export_tells_its_flags(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Those that the site shows are in the report."""
    shutil.copy(DIGITS / "resnet8.onnx", tiny)
    with (tiny / "study.yaml").open("a", encoding="utf-8") as study:
        study.write("  - {id: large, onnx: resnet8.onnx, operation: {name: int4}, base: other}\n")
    report = export(tiny, tmp_path / "site", viewer=viewer)
    site = read_site(tmp_path / "site")
    shown = {m["id"]: m["flags"] for m in site.models if m["flags"]}
    speed = site.json("data/timing")["flags"]
    for model, flags in report.flags.items():
        found = [{"kind": flag.kind, "text": flag.text} for flag in flags]
        assert found == [*shown.get(model, []), *speed.get(model, [])]
    assert {*shown, *speed} == set(report.flags)
    assert "large" in shown


def test_errors_are_text() -> None:
    """Nothing in an error is taken for markup, and lines stay whole."""
    out = console(20)
    print_error(ExportError("[red]x[/] " + "y" * 40, "Try [bold]."), out)
    assert printed(out) == f"error [red]x[/] {'y' * 40}\n    Try [bold].\n"


def test_bars_show_names_as_they_are() -> None:
    """A model's name beside a bar is cut when long, and never markup."""
    out = console(120)
    progress = DrawnProgress(out)
    with progress.shown(), progress.stage("Inspect", 2) as stage:
        stage.advance("[red]:smile:")
        stage.advance("x" * 300)
    assert "2/2" in printed(out)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("a.b", "is odd"), "f.yaml: a.b: is odd"),
        (Problem("a", "is odd", "Even it.", 3), "f.yaml:3: a: is odd\n    Even it."),
        (Problem("", "is empty"), "f.yaml: is empty"),
    ],
)
def test_problems_are_one_line_and_a_hint(problem: Problem, text: str) -> None:
    """File, line, key, what is wrong; what to try stands below."""
    assert problem.text(Path("f.yaml")) == text
