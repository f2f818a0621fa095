"""Tasks in processes: one that fails, or dies, takes no other with it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import tasks

from cc_export.errors import ExportError, ModelError
from cc_export.executor import Inline, local, run_all

WORK: dict[str, Callable[[], int]] = {
    "two": partial(tasks.double, 1),
    "wrong": tasks.fail,
    "odd": tasks.stumble,
    "large": tasks.exhaust,
    "four": partial(tasks.double, 2),
}


@pytest.mark.parametrize("workers", [None, 2])
def test_each_task_has_its_outcome(workers: int | None) -> None:
    """Results and errors come back by name, in this process and in others alike."""
    with local(workers) as executor:
        found = dict(run_all(executor, WORK))
    assert found.keys() == WORK.keys()
    assert (found["two"], found["four"]) == (2, 4)
    texts = {name: str(e) for name, e in found.items() if isinstance(e, ModelError)}
    assert texts == {
        "wrong": "no layers\n    Add some.",
        "odd": "it cannot be understood: IndexError: list index out of range\n"
        "    Is the file a valid ONNX model?",
        "large": "there is not enough memory for it\n    Use fewer --jobs.",
    }


def test_a_task_that_kills_its_process() -> None:
    """Others finish, and the guilty one is named with what it did."""
    work: dict[str, Callable[[], int]] = {
        f"good {number}": partial(tasks.double, number) for number in range(4)
    }
    work["guilty"] = tasks.die
    with local(2) as executor:
        found = dict(run_all(executor, work))
    guilty = found.pop("guilty")
    assert found == {f"good {number}": 2 * number for number in range(4)}
    assert str(guilty) == (
        "the process that ran it died (out of memory, or a crash in onnxruntime)\n"
        "    Use fewer --jobs, or try the model in onnxruntime by itself."
    )


@pytest.mark.parametrize("workers", [None, 1])
def test_what_concerns_the_whole_export_ends_it(workers: int | None) -> None:
    """An error that is not one model's is raised, with text and hint as they were."""
    with local(workers) as executor, pytest.raises(ExportError) as caught:
        list(run_all(executor, {"a": tasks.stop}))
    assert (caught.value.what, caught.value.hint) == (
        "the evaluation set is gone",
        "Bring it back.",
    )


def test_results_come_as_they_are_made() -> None:
    """In this process, a task begins when the result before it was taken."""
    begun: list[int] = []
    work = {str(number): partial(begun.append, number) for number in range(3)}
    outcomes = run_all(Inline(), work)
    next(outcomes)
    assert begun == [0]
    assert len(list(outcomes)) == 2


@pytest.mark.parametrize("workers", [None, 2])
def test_a_task_begins_after_those_it_needs(workers: int | None, tmp_path: Path) -> None:
    """Each finds what the tasks before it have left, and a name of no task is no matter."""
    before = {"d": ["b", "c"], "b": ["a"], "c": ["a", "elsewhere"], "a": [], "e": []}
    work = {
        name: partial(tasks.leave, str(tmp_path), name, [n for n in needed if n in before])
        for name, needed in before.items()
    }
    with local(workers) as executor:
        found = dict(run_all(executor, work, before))
    assert found == {name: [] for name in before}
    assert [name for name, _ in run_all(Inline(), work, before)] == ["a", "e", "b", "c", "d"]


def test_what_comes_after_a_task_that_failed() -> None:
    """It begins all the same: what it needs, it can do by itself."""
    work: dict[str, Callable[[], int]] = {"a": partial(tasks.double, 1), "b": tasks.die}
    with local(2) as executor:
        found = dict(run_all(executor, work, {"a": ["b"]}))
    assert found["a"] == 2
    assert isinstance(found["b"], ModelError)


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="another allocator than glibc's",
)
def test_a_worker_that_waits_holds_little() -> None:
    """What a task has freed goes back to the system before the next task."""
    with local(1) as executor:
        (_, held), *_ = run_all(executor, {"a": tasks.fill_and_free})
        (_, waiting), *_ = run_all(executor, {"a": tasks.resident})
    assert isinstance(held, int)
    assert isinstance(waiting, int)
    assert held - waiting > 80_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    """When the export is killed outright, its workers do not stay behind."""
    script, told = tmp_path / "script.py", tmp_path / "pid"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import tasks\n"
        "from functools import partial\n"
        "from cc_export.executor import local, run_all\n"
        "if __name__ == '__main__':\n"
        "    with local(1) as executor:\n"
        f"        list(run_all(executor, {{'a': partial(tasks.sleep_and_tell, {str(told)!r})}}))\n"
    )
    process = subprocess.Popen([sys.executable, str(script)])
    wait_until(lambda: told.exists() and told.read_text() != "")
    process.kill()
    process.wait()
    worker = int(told.read_text())
    wait_until(lambda: not alive(worker))


def wait_until(come: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not come():
        assert time.monotonic() < until
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("moment", [0, 0.2, 0.5, "in a task"])
def test_an_interrupt_is_quiet_and_quick(tmp_path: Path, moment: float | str) -> None:
    """Ctrl-C ends workers as they start and in the middle of a task; none prints a traceback."""
    told = [tmp_path / "pid0", tmp_path / "pid1"]
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import tasks\n"
        "from functools import partial\n"
        "from cc_export.executor import local, run_all\n"
        "if __name__ == '__main__':\n"
        f"    told = {[str(file) for file in told]!r}\n"
        "    todo = {file: partial(tasks.sleep_and_tell, file) for file in told}\n"
        "    try:\n"
        "        with local(2) as executor:\n"
        "            print('begun', flush=True)\n"
        "            list(run_all(executor, todo | {str(n): tasks.sleep for n in range(8)}))\n"
        "    except KeyboardInterrupt:\n"
        "        print('interrupted', flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    if isinstance(moment, str):
        wait_until(lambda: all(file.exists() and file.read_text() for file in told))
    else:
        time.sleep(moment)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (out, err) == ("interrupted\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_result_is_handed_over_in_full(number: int) -> None:
    """A worker that is told to end while it hands over its result does that: half would hang."""
    with local(1) as executor:
        found = dict(run_all(executor, {"a": partial(tasks.interrupt_while_handing_over, number)}))
    assert isinstance(found["a"], tasks.Interrupting)


def test_a_worker_that_was_told_to_end_begins_nothing(tmp_path: Path) -> None:
    """Told so between two tasks, it takes the next one no more, which another process then runs."""
    todo = {
        "a": partial(tasks.interrupt_while_handing_over, signal.SIGTERM),
        "b": partial(tasks.leave, str(tmp_path), "b", []),
    }
    with local(1) as executor:
        found = dict(run_all(executor, todo))
    assert isinstance(found["a"], tasks.Interrupting)
    assert found["b"] == []
