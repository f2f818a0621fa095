"""Exports that are killed: each runs in a process of its own, forked from one that is ready.

``python tests/killed.py STUDY VIEWER FOLDER MOMENTS`` prints one line of JSON for each moment. An
export is killed (SIGKILL) right before one of its operations on files, or after a time.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cc_export import export, load_study, read_site, stages
from cc_export.evaluate import Subject
from cc_export.study.records import LoadedStudy
from cc_export.viewer import Viewer, built_viewer

# What Python tells of operations on files.
EVENTS = frozenset(
    {
        "open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.utime", "os.chmod",
        "shutil.rmtree", "tempfile.mkdtemp", "tempfile.mkstemp", "sqlite3.connect",
    }
)  # fmt: skip
TITLES = ("One", "Two")


def in_a_fork(work: Callable[[], object], seconds: float | None = None) -> bool:
    """Whether the work was done; a process that is still at it after that time is killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    return status == 0


def killed_at(number: int, folder: Path) -> None:
    """End this process outright before its operation of that number on files in the folder."""
    seen = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event in EVENTS and str(folder) in str(arguments[0] or arguments[-1]):
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def told(log: Path) -> None:
    """Write down each model that a stage begins to work on."""
    for home, name in ((stages, "inspect_model"), (stages.evaluate, "evaluate")):
        original = getattr(home, name)

        def call(
            of: Path | Subject, *rest: object, original: Callable[..., object] = original
        ) -> object:
            with log.open("a") as stream:
                name = of.stem if isinstance(of, Path) else of.model
                stream.write(f"{original.__name__} {name}\n")
            return original(of, *rest)

        call.__module__, call.__qualname__ = original.__module__, original.__qualname__
        setattr(home, name, call)


def state(site: Path) -> str:
    """Title of the site that is there, with what is wrong with it."""
    if not site.exists():
        return "absent"
    found = read_site(site)
    damaged = list(found.damaged())
    return f"damaged: {damaged}" if damaged else str(found.manifest["study"]["title"])


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def main() -> None:
    """Kill, look, export again, look; then the next moment."""
    study, viewer, folder = (Path(argument) for argument in sys.argv[1:4])
    moments = int(sys.argv[4])
    loaded, built = load_study(study), built_viewer(viewer)
    folder.mkdir()
    out, cache, log = folder / "out", folder / "cache", folder / "log"
    studies = [replace(loaded, title=title) for title in TITLES]

    def run(which: LoadedStudy, built: Viewer = built) -> None:
        report = export(which, out / "site", viewer=built, cache=cache, models="all")
        assert not report.failures, report.failures

    def counted() -> None:
        total = 0

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal total
            total += event in EVENTS and str(folder) in str(arguments[0] or arguments[-1])

        sys.addaudithook(watch)
        run(studies[0])
        (folder / "total").write_text(str(total))

    # How many operations, and how long, without and with what an earlier export found out.
    operations, longest = [], []
    for _ in range(2):
        began = time.monotonic()
        assert in_a_fork(counted)
        longest.append(time.monotonic() - began)
        operations.append(int((folder / "total").read_text()))
    rng = random.Random(0)
    for moment in range(moments):
        # Every other export has nothing to go on from; every third meets no older site.
        if moment % 2 == 0:
            clear(cache)
        if moment % 3 == 0:
            clear(out)
        log.unlink(missing_ok=True)
        before, wanted = state(out / "site"), studies[moment % 2]
        number = rng.randint(1, operations[moment % 2]) if moment % 4 else None

        def killed(wanted: LoadedStudy = wanted, number: int | None = number) -> None:
            told(log)
            if number is not None:
                killed_at(number, folder)
            run(wanted)

        late = rng.random() * longest[0] if number is None else None
        done = in_a_fork(killed, late)
        after, first = state(out / "site"), lines(log)
        log.unlink(missing_ok=True)

        def resumed(wanted: LoadedStudy = wanted) -> None:
            told(log)
            run(wanted)

        assert in_a_fork(resumed)
        again = set(first) & set(lines(log))
        found = {
            "done": done, "before": before, "after": after, "wanted": wanted.title,
            "end": state(out / "site"), "beside": sorted(f.name for f in out.iterdir()),
            "begun": len(first), "again": sorted(again),
        }  # fmt: skip
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


def clear(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
