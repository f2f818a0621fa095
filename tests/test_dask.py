"""Tasks on a Dask cluster: the same site as from one process, also when a worker is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cc_export import ExportError, export
from cc_export.dask import cluster
from cc_export.progress import Progress, Stage
from cc_export.viewer import Viewer

pytest.importorskip("distributed")
SCHEDULER = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0")
WORKER = ("distributed.cli.dask_worker", "--host", "127.0.0.1", "--no-nanny", "--nthreads", "1")


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A scheduler and two workers, each a process of its own on loopback."""
    file = tmp_path / "scheduler.json"
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str) -> None:
        arguments = [sys.executable, "-m", *words, "--no-dashboard", "--scheduler-file", str(file)]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(arguments, cwd=tmp_path, stdout=quiet, stderr=quiet)
        started.append(process)

    try:
        start(*SCHEDULER)
        until = time.monotonic() + 60
        while not file.exists() or not file.read_text():
            assert time.monotonic() < until
            time.sleep(0.05)
        for name in "ab":
            start(*WORKER, "--name", name, "--local-directory", str(tmp_path / name))
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


class KillOne(Progress):
    """Kills a worker outright once the first model of a stage is done."""

    def __init__(self, stage: str, worker: subprocess.Popen[bytes]) -> None:
        self._stage, self._worker = stage, worker
        self.killed = False

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Stage]:
        class One:
            def advance(_, item: str) -> None:  # noqa: N805 (self is the one outside)
                if name == self._stage and not self.killed:
                    self._worker.kill()
                    self._worker.wait()
                    self.killed = True

        yield One()


def contents(site: Path) -> dict[str, bytes]:
    return {f.relative_to(site).as_posix(): f.read_bytes() for f in site.rglob("*") if f.is_file()}


def test_a_worker_is_lost(
    tiny: Path, tmp_path: Path, viewer: Viewer, processes: list[subprocess.Popen[bytes]]
) -> None:
    """One of two workers is killed in the middle; the site is that of a local export."""
    address = json.loads((tmp_path / "scheduler.json").read_text())["address"]
    _wait_for_workers(address, 2)
    progress = KillOne("Inspect", processes[1])
    report = export(tiny, tmp_path / "far", viewer=viewer, dask=address, progress=progress)
    assert progress.killed
    assert report.failures == {}
    export(tiny, tmp_path / "near", viewer=viewer)
    far, near = contents(tmp_path / "far"), contents(tmp_path / "near")
    assert far.keys() == near.keys()
    assert {path for path in far if far[path] != near[path]} <= {"data/timing.js"}


def _wait_for_workers(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)


def test_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address at which nobody answers is said to be so."""
    monkeypatch.setattr("cc_export.dask._PATIENCE", 1)
    with pytest.raises(ExportError) as caught, cluster("tcp://127.0.0.1:9"):
        pass
    assert caught.value.what.startswith("tcp://127.0.0.1:9: no Dask scheduler answers there: ")
    assert caught.value.hint == (
        "Start one with `dask scheduler`, and give the address that it prints."
    )


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("nowhere", "missing port number in address 'nowhere'"),
        ("ftp://nowhere:1", "unknown address scheme 'ftp'"),
    ],
)
def test_addresses_that_are_none(address: str, why: str) -> None:
    """They are refused at once, before a client waits for an answer."""
    begun = threading.active_count()
    with pytest.raises(ExportError) as caught, cluster(address):
        pass
    assert caught.value.what.startswith(f"{address}: no Dask scheduler answers there: {why}")
    assert threading.active_count() == begun


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed, the error says what to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ExportError) as caught, cluster("tcp://127.0.0.1:9"):
        pass
    assert str(caught.value) == (
        "--dask needs the package distributed, which is not installed\n"
        "    Install it with: pip install 'cc-export[dask]'"
    )
