"""Processes that add to one study at once, or are killed while they do; tests/test_builder.py asks.

They are forked from this process, which has imported everything and has no threads.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tiny_models

from cc_export import ExportError, Study, load_study
from cc_export.study import LoadedStudy

WRITERS, OWN, SHARED, KILLS = 8, 10, 10, 100
Say = Callable[[str], None]


def content(name: str) -> bytes:
    """An ONNX file that is told by its name; long enough to be half-written."""
    model = tiny_models.float32(tiny_models.weights())
    model.doc_string = hashlib.sha256(name.encode()).hexdigest() * 4_096
    return model.SerializeToString(deterministic=True)


def started(child: Callable[[Say], None]) -> tuple[int, int]:
    """A forked process and the pipe on which it says what is done, each line at once."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    os.close(reading)
    try:
        child(lambda line: os.write(writing, f"{line}\n".encode()) and None)
    finally:
        os._exit(0)


def everything(pipe: int) -> list[str]:
    with os.fdopen(pipe, encoding="utf-8") as stream:
        return stream.read().splitlines()


def add(study: Study, name: str, parent: str | None = None) -> None:
    study.add_model(
        name,
        onnx=content(name),
        parent=parent,
        operation=("train", {"name": name}),
        metrics={"Score": len(name)},
        outputs={"values": np.full(100, len(name)), "ids": [f"{name} {i}" for i in range(100)]},
    )


def check(study: LoadedStudy) -> set[str]:
    """Ids of the models of a study, each of which is complete."""
    known: set[str] = set()
    for model in study.models:
        assert set(model.parents) <= known, "a parent is added before its children"
        known.add(model.id)
        assert model.metrics == {"Score": len(model.id)}
        assert model.operation is not None
        assert model.operation.parameters == {"name": model.id}
        assert model.onnx is not None
        assert model.onnx.read_bytes() == content(model.id)
        assert model.outputs is not None
        with np.load(model.outputs) as file:
            assert file["ids"][99] == f"{model.id} 99"
    assert len(known) == len(study.models)
    return known


def race(folder: Path) -> dict[str, object]:
    """Eight processes add models of their own, and all of them some of the same ids."""

    def writer(number: int) -> Callable[[Say], None]:
        def run(say: Say) -> None:
            study = Study.open(folder, title="Race")
            study.metric("Score", direction="higher").operation("train", "name")
            for index in range(OWN):
                own = f"{number}-{index}"
                add(study, own, f"{number}-{index - 1}" if index else None)
                say(f"added {own}")
                try:
                    add(study, f"shared-{index}")
                    say(f"added shared-{index}")
                except ExportError as error:
                    say(f"refused {error.what}")

        return run

    running = [started(writer(number)) for number in range(WRITERS)]
    reads, seen = 0, set[str]()
    while any(os.waitid(os.P_PID, p, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
              for p, _ in running):  # fmt: skip
        if not list(folder.glob("records/models/*.json")):
            continue
        found = check(load_study(folder))
        assert seen <= found, "what was read once is read again"
        seen, reads = found, reads + 1
    return {"reads": reads, "lines": [line for _, pipe in running for line in everything(pipe)]}


def kill(folder: Path) -> dict[str, object]:
    """A hundred processes, each killed at some moment of adding one model after another."""
    rng = random.Random(5)
    study = Study.open(folder)
    add(study, "root")
    acknowledged = {"root"}
    for moment in range(KILLS):

        def child(say: Say, moment: int = moment) -> None:
            for index in range(1_000):
                add(study, f"{moment}-{index}", "root")
                say(f"{moment}-{index}")

        process, pipe = started(child)
        time.sleep(rng.uniform(0, 0.1))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        acknowledged |= set(everything(pipe))
        if moment % 10 == 9:
            found = check(load_study(folder))
            assert acknowledged <= found, "what was acknowledged is there"
    found = check(load_study(folder))
    return {"acknowledged": len(acknowledged), "unsaid": sorted(found - acknowledged),
            "missing": sorted(acknowledged - found),
            "unfinished": len(list(folder.glob("records/models/.*.part")))}  # fmt: skip


if __name__ == "__main__":
    print(json.dumps({"race": race, "kill": kill}[sys.argv[1]](Path(sys.argv[2]))))  # noqa: T201
