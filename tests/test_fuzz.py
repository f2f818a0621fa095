"""Untrusted files: whatever they hold, an answer or an error in words, in bounded time and memory.

``make fuzz`` tries ten times as many cases; ``CC_FUZZ=n`` multiplies them by n.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fuzzing
import fuzzing_data
import hostile_models
import numpy as np
import pytest

from cc_export.align import align_study
from cc_export.bundle.chunk import json_chunk
from cc_export.bundle.evaluation import attributes_chunk, dataset_record, instances_chunk
from cc_export.dataset import open_dataset
from cc_export.errors import ExportError, ModelError
from cc_export.evaluate import Subject, evaluate
from cc_export.executor import Inline, run_all
from cc_export.file_facts import FileFacts, file_facts
from cc_export.inspect import Inspection, inspect_model
from cc_export.study import LoadedStudy, load_study
from cc_export.study.records import Evaluation
from cc_export.weigh import Aligned, Weighing, weigh_model

TIMES = int(os.environ.get("CC_FUZZ", "1"))
# Of one case. Real ones take milliseconds; a hang is interrupted and fails.
MOST_SECONDS = 10
# Of address space that a case may add, and of memory that a thousand cases may leave.
MOST_SPACE, MOST_MEMORY = 2 << 30, 300 << 20
# What the executor says of an exception that no check foresaw.
UNFORESEEN = "it cannot be understood: "
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the guards are Linux's")


@contextmanager
def guarded() -> Iterator[None]:
    """Within, address space is bounded, and what stays in memory is checked at the end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize") + MOST_SPACE, hard))
    before = _status("VmRSS")
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert _status("VmRSS") - before < MOST_MEMORY


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) << 10


@contextmanager
def in_time(case: object) -> Iterator[None]:
    """Within, a case that hangs is interrupted; one that only takes long fails at its end."""

    def stop(*_: object) -> None:
        pytest.fail(f"{case} takes more than {MOST_SECONDS} s")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(3 * MOST_SECONDS)
    begin = time.process_time()
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    assert time.process_time() - begin < MOST_SECONDS, case


def outcome_of(path: Path, work: Callable[[Path], object]) -> object:
    [(_, outcome)] = run_all(Inline(), {"m": lambda: work(path)})
    return outcome


def weigh_alone(path: Path) -> tuple[Weighing, ...]:
    """Read every value of a model, beside itself."""
    placed = align_study({"m": inspect_model(path).tensors}, {})["m"].placed
    return weigh_model(Aligned(path, placed), (Aligned(path, placed),))


def check(path: Path, case: object) -> bool:
    """Try all that reads a model file; gives whether it was understood."""
    with in_time(case):
        found = [outcome_of(path, work) for work in (inspect_model, file_facts, weigh_alone)]
    for outcome, expected in zip(found, (Inspection, FileFacts, tuple), strict=True):
        assert isinstance(outcome, expected | ModelError), case
        if isinstance(outcome, ModelError):
            assert not outcome.what.startswith(UNFORESEEN), f"{case}: {outcome}"
            assert str(path.parent) not in str(outcome), case
    return not any(isinstance(outcome, ModelError) for outcome in found)


@pytest.mark.parametrize("name", [*fuzzing.study_texts(), "values"])
def test_study_files(tmp_path: Path, name: str) -> None:
    """Damaged texts of each format, and texts of damaged values, load or are refused in words."""
    original = fuzzing.study_texts().get(name)
    file = tmp_path / (name if original else "study.json")
    for folder in ("models", "."):
        (tmp_path / folder).mkdir(exist_ok=True)
    loaded = 0
    cases = (200 if original else 400) * TIMES
    with guarded():
        for case in range(cases):
            rng = random.Random(f"{name} {case}")
            text = fuzzing.damaged_text(original, rng) if original else fuzzing.damaged_values(rng)
            file.write_bytes(text)
            with in_time((name, case)):
                try:
                    loaded += isinstance(load_study(file), LoadedStudy)
                except ExportError as error:
                    assert str(error)
    assert loaded < cases


@pytest.mark.parametrize("kind", ["bytes", "fields"])
@pytest.mark.parametrize("number", range(len(fuzzing.models())))
def test_model_files(tmp_path: Path, number: int, kind: str) -> None:
    """Damaged bytes and damaged fields of each kind of model give facts or an error in words."""
    model = fuzzing.models()[number]
    content = model.SerializeToString()
    path = tmp_path / "model.onnx"
    understood = 0
    cases = 150 * TIMES
    with guarded():
        for case in range(cases):
            rng = random.Random(f"{number} {kind} {case}")
            damaged = (
                fuzzing.damaged_bytes(content, rng)
                if kind == "bytes"
                else fuzzing.damaged_fields(model, rng)
            )
            path.write_bytes(damaged)
            understood += check(path, (number, kind, case))
    assert 0 < understood < cases


@pytest.mark.parametrize("name", hostile_models.hostile())
def test_hostile_files(tmp_path: Path, name: str) -> None:
    """A file that is built to hurt costs little, whether it is understood or not."""
    with guarded():
        check(hostile_models.hostile()[name](tmp_path), name)


def read_through(path: Path) -> None:
    """All that an export does with evaluation data but running models."""
    dataset = open_dataset(fuzzing_data.source(path))
    for _ in dataset.batches(4):
        pass
    record = dataset_record(dataset, Evaluation("classification"))
    json_chunk("data/attributes", attributes_chunk(dataset))
    for number in range(len(record.chunks)):
        json_chunk(record.chunks[number], instances_chunk(dataset, record, number))


@pytest.mark.parametrize("name", fuzzing_data.SOUND)
def test_evaluation_data(tmp_path: Path, name: str) -> None:
    """Damaged data of each kind are read or refused in words."""
    read = 0
    cases = (60 if name in ("images", "data.parquet") else 150) * TIMES
    fuzzing_data.SOUND[name](tmp_path / name)
    read_through(tmp_path / name)
    with guarded():
        for case in range(cases):
            fuzzing_data.damage(tmp_path / name, random.Random(f"{name} {case}"))
            with in_time((name, case)):
                try:
                    read_through(tmp_path / name)
                    read += 1
                except ExportError as error:
                    assert str(error)
    assert 0 < read < cases


def test_handed_over_answers(tmp_path: Path) -> None:
    """Damaged answers are judged or refused in words, and the base that has them is left out."""
    for name in ("data.csv", "sound.npz"):
        fuzzing_data.SOUND.get(name, _sound_answers)(tmp_path / name)
    dataset = open_dataset(fuzzing_data.source(tmp_path / "data.csv"))
    sound, damaged = (Subject(m, None, tmp_path / f"{m}.npz") for m in ("sound", "damaged"))
    how = Evaluation("classification")
    assert not evaluate(sound, dataset, how).warnings
    judged = 0
    cases = 150 * TIMES
    with guarded():
        for case in range(cases):
            rng = random.Random(f"answers {case}")
            content = fuzzing_data.odd_npz(fuzzing_data.answers(), rng)
            (tmp_path / "damaged.npz").write_bytes(content)
            with in_time(case):
                try:
                    evaluate(damaged, dataset, how)
                    judged += 1
                except ModelError as error:
                    assert str(tmp_path) not in str(error)
                found = evaluate(sound, dataset, how, [(damaged, ("root",))])
                assert len(found.comparisons) + len(found.warnings) == 1
    assert 0 < judged < cases


def _sound_answers(path: Path) -> None:
    np.savez(path, **fuzzing_data.answers())
