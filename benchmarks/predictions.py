"""What predictions cost once models have answered: ``python benchmarks/predictions.py``.

10,000 instances and 1,000 classes, six models: a root and five that come from it. CPU seconds from
answers on disk to chunks on disk: judged, compared with root and parent, packed, written; and the
bytes of these chunks. The reference, measured in the same run, reads the same answers, takes the
softmax of a model and its base, and the divergence, as one writes it at first; it keeps nothing.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: CPU time is that of one thread

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cc_export.answers import Answers, collect
from cc_export.bundle.chunk import json_chunk
from cc_export.bundle.evaluation import predictions_chunk
from cc_export.data.npz import NpzTable
from cc_export.dataset import Dataset
from cc_export.predictions import Role
from cc_export.study.records import DatasetSource, Evaluation
from cc_export.tasks.table import task_of
from cc_export.tasks.task import Base, Case

MODELS, INSTANCES, CLASSES, REPEATS = 6, 10_000, 1_000, 5
# How far a model's logits are from those of its parent.
CHANGE = 0.5
# Each model's parent: all of them made from the root, or one from another, up to three deep.
FLAT, DEEP = (0, 0, 0, 0, 0), (0, 1, 2, 0, 4)


def root_logits(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
    """Logits as of a good classifier: right in 78 % of instances, with a mean confidence of 81 %.

    Instances differ in difficulty; five other classes look like the true one.
    """
    logits = rng.standard_normal((len(labels), CLASSES), np.float32)
    rows = np.arange(len(labels))
    logits[rows, labels] += rng.normal(11.5, 5, len(labels)).astype(np.float32)
    for _ in range(5):
        alike = (labels + rng.integers(1, 20, len(labels))) % CLASSES
        logits[rows, alike] += rng.normal(3, 3, len(labels)).astype(np.float32)
    return logits


def write_answers(folder: Path, labels: NDArray[np.int64], parents: Sequence[int]) -> list[Answers]:
    """Answers of the root and of those that come from it, as they lie while a study is exported."""
    rng = np.random.default_rng(1)
    logits = [root_logits(labels, rng)]
    for parent in parents:
        noise = rng.standard_normal(logits[0].shape, np.float32)
        logits.append(logits[parent] + np.float32(CHANGE) * noise)
    return [collect(iter([values]), len(labels), folder, None) for values in logits]


def bases(model: int, parents: Sequence[int], answers: Sequence[Answers]) -> tuple[Base, ...]:
    """Root and parent of a model, once where they are the same."""
    if not model:
        return ()
    parent = parents[model - 1]
    roles: dict[int, tuple[Role, ...]] = {0: ("root",), parent: ("parent",)}
    if not parent:
        roles = {0: ("root", "parent")}
    return tuple(Base(f"m{base}", role, answers[base]) for base, role in roles.items())


def chunks(
    dataset: Dataset, answers: Sequence[Answers], parents: Sequence[int], folder: Path
) -> Iterator[int]:
    """Judge all models, and write their chunks; the bytes of each."""
    how = Evaluation("classification")
    for model, own in enumerate(answers):
        case = Case(dataset, how, own, bases(model, parents, answers))
        found = task_of(how).judge(case)
        chunk = json_chunk(f"m{model}", predictions_chunk(f"m{model}", found, ()))
        yield (folder / f"m{model}.js").write_bytes(chunk.content)


def by_hand(own: Answers, base: Answers) -> None:
    """Five most probable classes and the divergence, as one writes them at first."""
    for part in own.blocks():
        shares = []
        for answers in (own, base):
            values = answers.block(part.start, part.stop).astype(np.float64)
            weights = np.exp(values - values.max(axis=1, keepdims=True))
            shares.append(weights / weights.sum(axis=1, keepdims=True))
        np.argsort(-shares[0], axis=1)[:, :5]
        (shares[1] * np.log(shares[1] / shares[0])).sum(axis=1)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        labels = np.random.default_rng(0).integers(0, CLASSES, INSTANCES)
        np.savez(folder / "labels.npz", labels=labels)
        dataset = Dataset(
            DatasetSource(folder / "labels.npz", "Benchmark", (), ("labels",)),
            NpzTable(folder / "labels.npz"),
            labels,
            tuple(f"class {number}" for number in range(CLASSES)),
            tuple(map(str, range(INSTANCES))),
        )
        print(f"{MODELS} models, {INSTANCES:,} instances, {CLASSES:,} classes")
        for title, parents in (("all from the root", FLAT), ("up to three deep", DEEP)):
            answers = write_answers(folder, labels, parents)
            seconds, size = [], 0
            for _ in range(REPEATS):
                begin = time.process_time()
                size = sum(chunks(dataset, answers, parents, folder))
                seconds.append(time.process_time() - begin)
            begin = time.process_time()
            by_hand(answers[1], answers[0])
            hand = time.process_time() - begin
            compared = sum(len(bases(m, parents, answers)) for m in range(MODELS))
            print(f"{title}: {compared} comparisons")
            print(f"  judged, compared, packed, written  {min(seconds):5.2f} s CPU")
            print(f"  chunks                             {size / 1e6:5.2f} MB")
            print(f"  by hand, a model and one base      {hand:5.2f} s")
            for one in answers:
                one.file.unlink()


if __name__ == "__main__":
    main()
