"""Ctrl-C at any moment ends a command with one line, and its workers without a word."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cc_export.interrupts import TOLD, held

SIGTERM_IS_CAUGHT = 1 << (signal.SIGTERM - 1)


def has_begun(process: subprocess.Popen[str]) -> bool:
    """Whether a process of ours has taken the signals: before that, they are Python's."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) & SIGTERM_IS_CAUGHT)


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc what a process catches")
@pytest.mark.parametrize("seed", range(6))
def test_a_command_at_any_moment(seed: int, tiny: Path, tmp_path: Path) -> None:
    """While it loads, starts workers, or clears up: one line, no traceback, nothing left."""
    rng = random.Random(seed)
    moments = sorted(rng.uniform(0.01, 2) for _ in range(1 + seed % 3))
    for number in range(300):
        (tiny / "models" / f"{number}.onnx").write_bytes((tiny / "models/base.onnx").read_bytes())
    with (tiny / "study.yaml").open("a", encoding="utf-8") as study:
        for number in range(300):
            study.write(f"  - {{id: c{number}, base: base, onnx: models/{number}.onnx}}\n")
    (tmp_path / "out").mkdir()
    arguments = ["build", str(tiny), "-o", str(tmp_path / "out" / "site"), "-q", "--jobs", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "cc_export", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while not has_begun(process):
        time.sleep(0.001)
    begun = time.monotonic()
    for moment in moments:
        time.sleep(max(0, begun + moment - time.monotonic()))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (out, err) == ("", f"{TOLD}\n")
    # Python kills itself where code is interrupted that was made as it runs: 130 in shells, too.
    assert process.returncode in {130, -signal.SIGINT}
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("seed", range(3))
def test_workers_that_are_starting(seed: int, tmp_path: Path) -> None:
    """A script that is interrupted twice while it starts them has its KeyboardInterrupt alone."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import tasks\n"
        "from cc_export.executor import local, run_all\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        "        print('begun', flush=True)\n"
        "        with local(2) as executor:\n"
        "            list(run_all(executor, {str(n): tasks.sleep for n in range(8)}))\n"
        "    except KeyboardInterrupt:\n"
        "        print('interrupted', flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    time.sleep(random.Random(seed).uniform(0, 0.6))
    os.killpg(process.pid, signal.SIGINT)
    # Once more while a worker may still be loading; a task that runs ends at once.
    time.sleep(0.1)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert err == ""
    assert out.startswith("interrupted\n")


def test_signals_wait() -> None:
    """What is held comes when the block is over, once; then all is as it was."""
    before = signal.getsignal(signal.SIGINT)
    done = []
    with pytest.raises(KeyboardInterrupt), held():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        done.append("the block")
    assert done == ["the block"]
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_hold_nothing() -> None:
    """Only the main thread is interrupted, and only it may say what happens then."""
    found = []

    def hold() -> None:
        with held():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGINT)]


def test_an_interrupt_that_waits_outlives_no_command(tmp_path: Path) -> None:
    """Ctrl-C while the last module loads comes too late, and kills nothing once all is done."""
    (tmp_path / "loaded.py").write_text("import signal; signal.raise_signal(signal.SIGINT)\n")
    script = (
        "import signal, sys, time\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from cc_export.interrupts import told_once\n"
        "with told_once():\n"
        "    import loaded\n"
        # As Python does before it ends.
        "signal.signal(signal.SIGALRM, signal.SIG_DFL)\n"
        "time.sleep(0.1)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("number", "code", "told"), [("SIGINT", 130, f"{TOLD}\n"), ("SIGTERM", 143, "")]
)
def test_an_interrupt_that_is_swallowed_comes_again(number: str, code: int, told: str) -> None:
    """What is raised while an object is deleted nobody passes on: it is neither lost nor shown."""
    script = (
        "import signal, time\n"
        "from cc_export.interrupts import told_once\n"
        "class Swallows:\n"
        "    def __del__(self):\n"
        f"        signal.raise_signal(signal.{number})\n"
        "with told_once():\n"
        "    Swallows()\n"
        "    time.sleep(30)\n"
    )
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", told)
    assert time.monotonic() - begun < 30
