"""The memory of an export: a size in words, the machine's by default, and what it leaves to do."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tasks
import tiny_models
from onnx import helper

from cc_export import export
from cc_export.budget import MIB, PROCESS, STREAMING, Budget, available, budget, parse_size
from cc_export.errors import ExportError
from cc_export.executor import local, run_all
from cc_export.viewer import Viewer


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GiB", 2 << 30),
        ("512MB", 512_000_000),
        ("1.5 g", 1_500_000_000),
        (" 700 kib ", 700 << 10),
        ("1000000", 1_000_000),
        ("8B", 8),
        ("1TiB", 1 << 40),
    ],
)
def test_sizes_as_people_write_them(text: str, size: int) -> None:
    """Powers of 1000, and of 1024 with an i; capitals are no matter."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1GB", "2 GiB of it", "1e9", "٢GiB"])
def test_what_is_no_size(text: str) -> None:
    """It is said with what to write instead."""
    with pytest.raises(ExportError) as caught:
        parse_size(text)
    assert str(caught.value) == (
        f"{text!r} is no size of memory\n    Write a number and a unit, as in 2GiB or 512MB."
    )


def test_a_budget_too_small_to_work_with(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """It ends the export before anything is written, and says how much is needed."""
    with pytest.raises(ExportError) as caught:
        export(tiny, tmp_path / "site", viewer=viewer, memory="100MiB")
    assert str(caught.value) == (
        "100 MiB of memory is too little: an export takes at least 160 MiB\n"
        "    Give more with --memory."
    )
    assert list(tmp_path.glob("*site*")) == []


@pytest.mark.parametrize("jobs", [-1, 1.5, "2"])
def test_jobs_that_are_no_number(jobs: object, tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """They are refused in words, before anything is begun."""
    with pytest.raises(ExportError) as caught:
        export(tiny, tmp_path / "site", viewer=viewer, jobs=jobs)  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"jobs must be a whole number of at least 0, got {jobs!r}\n"
        "    With 0 or None, all is run in this process."
    )
    assert not (tmp_path / "site").exists()


def test_fewer_workers_where_memory_is_short() -> None:
    """Each process takes its share before any task does."""
    each = PROCESS + STREAMING
    assert budget(PROCESS + 3 * each, 8) == Budget(PROCESS + 3 * each, 3)
    assert budget(PROCESS + 3 * each, 2).workers == 2
    assert budget(PROCESS + each, 8).workers == 1
    assert budget(PROCESS + STREAMING, None).workers == 0
    assert budget("1GiB", 2).room == (1 << 30) - 3 * PROCESS
    # Activations at once: never more than asked for, and a third of what a task has.
    assert budget("1GiB", 2).activations(1 << 40) == ((1 << 30) - 3 * PROCESS) // 6
    assert budget("1TiB", 2).activations(7) == 7


def test_the_machines_own_limits(tmp_path: Path) -> None:
    """The least of what is free and of what control groups leave, the files they cache aside."""
    meminfo, own, root = tmp_path / "meminfo", tmp_path / "cgroup", tmp_path / "fs"
    inner = root / "outer" / "inner"
    inner.mkdir(parents=True)

    def found() -> int | None:
        return available(root, meminfo, own)

    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable: 5000 kB\n")
    assert found() == 4000 << 10
    own.write_text("0::/outer/inner\n")
    (inner / "memory.max").write_text("max\n")
    (inner / "memory.current").write_text("7\n")
    (inner / "memory.stat").write_text("anon 1\n")
    assert found() == 4000 << 10
    for name, text in (("max", "1000"), ("current", "600"), ("stat", "anon 5\ninactive_file 100")):
        (root / "outer" / f"memory.{name}").write_text(text)
    assert found() == 400
    older = root / "memory"
    older.mkdir()
    own.write_text("9:cpu,cpuacct:/\n4:memory:/elsewhere\n")
    (older / "memory.limit_in_bytes").write_text("500")
    (older / "memory.usage_in_bytes").write_text("300")
    (older / "memory.stat").write_text("total_inactive_file 50\n")
    assert found() == 200


def test_tasks_run_together_as_far_as_they_fit(tmp_path: Path) -> None:
    """The sum of what runs at one time stays within the room; one that is too large is alone."""
    needs = {"a": 6, "b": 5, "c": 4, "d": 20, "e": 1}
    work = {name: partial(tasks.span, 0.2) for name in needs}
    with local(3) as executor:
        spans = dict(run_all(executor, work, needs=needs, room=10))
    for name, span in spans.items():
        assert not isinstance(span, Exception)
        begin, _ = span
        together = [n for n, other in spans.items() if other[0] <= begin < other[1]]
        assert sum(needs[n] for n in together) <= 10 or together == [name]


_PEAK = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import numpy as np
import test_expose
from cc_export.expose import Sample
path, memory = Path(sys.argv[2]), int(sys.argv[3])
status = Path("/proc/self/status")
def kib(name):
    lines = status.read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])
test_expose.exposed(path, test_expose.images(1), Sample(memory=memory))
before = kib("VmRSS:")
Path("/proc/self/clear_refs").write_text("5")
found = test_expose.exposed(path, test_expose.images(32), Sample(memory=memory))
total = sum(one.weighed.statistics.total for one in found)
print((kib("VmHWM:") - before) // 1024, len(found), f"{total:.6g}")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's peak")
def test_activations_come_in_groups_under_a_budget(tmp_path: Path) -> None:
    """With a tenth of the memory, a model is run for some layers at a time: same numbers, less."""
    wide = 1 << 19
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("Concat", ["flat"] * (wide // 16), ["wide0"], axis=1),
        *(helper.make_node("Sin", [f"wide{n}"], [f"wide{n + 1}"]) for n in range(24)),
        helper.make_node("ReduceMax", ["wide24"], ["logits"], keepdims=0, axes=[1]),
    ]
    path = tmp_path / "wide.onnx"
    path.write_bytes(tiny_models.Parts(nodes).model().SerializeToString())
    peaks = {}
    for memory in (160 * MIB, 16 * MIB):
        script = [sys.executable, "-c", _PEAK, str(Path(__file__).parent), str(path), str(memory)]
        done = subprocess.run(script, capture_output=True, text=True, check=True, timeout=120)
        peak, *rest = done.stdout.split()
        peaks[memory] = int(peak), rest
    (rich, found), (poor, same) = peaks.values()
    assert found == same
    assert rich > 110
    assert poor < rich / 2


def test_a_model_that_does_not_fit_is_told(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """It runs by itself all the same, and the report says how much it takes."""
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("Concat", ["flat"] * 4096, ["wide"], axis=1),
        helper.make_node("Sin", ["wide"], ["sin"]),
        helper.make_node("Slice", ["sin", "from", "to", "axis"], ["logits"]),
    ]
    places = {"from": [0], "to": [3], "axis": [1]}
    parts = tiny_models.Parts(nodes, {n: np.array(v, np.int64) for n, v in places.items()})
    (tiny / "models" / "half.onnx").write_bytes(parts.model().SerializeToString())
    report = export(tiny, tmp_path / "site", viewer=viewer, memory="170MiB")
    assert report.failures == {}
    assert [warning for warning in report.warnings if "MiB" in warning] == [
        "half: running it takes about 92 MiB, more than the 70 MiB that --memory leaves for it; "
        "it was run alone"
    ]
    same = export(tiny, tmp_path / "other", viewer=viewer)
    assert not [warning for warning in same.warnings if "MiB" in warning]


def test_time_is_a_clock_that_processes_share() -> None:
    """The test of tasks side by side rests on it."""
    with local(1) as executor:
        before = time.time()
        found = dict(run_all(executor, {"a": partial(tasks.span, 0.0)}))["a"]
        assert not isinstance(found, Exception)
        assert before <= found[0] <= found[1] <= time.time()
