"""What evaluation costs above onnxruntime alone: ``python benchmarks/evaluation.py [FOLDER]``.

CPU of evaluating models, from instances on disk to judged answers beside those of root and parent,
by that of onnxruntime running the same batches, made ready before. Both load their model; they take
turns in one process, and of each the median counts. ResNet-50 (random weights, images of 64 × 64,
kept in FOLDER) and the models of examples/digits.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: CPU time is that of one thread

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import studies

from cc_export.dataset import Dataset, open_dataset
from cc_export.evaluate import BATCH, Spool, Subject, batch_size, evaluate
from cc_export.family import Family
from cc_export.inspect import inspect_model
from cc_export.onnx_models.session import Session
from cc_export.study import load_study
from cc_export.study.records import LoadedStudy

DIGITS = Path(__file__).parents[1] / "examples" / "digits" / "study.yaml"
RESNETS, INSTANCES, SIDE, REPEATS = 2, 192, 64, 5


def subjects(study: LoadedStudy) -> dict[str, Subject]:
    """The models that can be run, each with the instances that are run together."""
    return {
        model.id: Subject(
            model.id,
            model.onnx,
            None,
            batch_size(name for name, _ in inspect_model(model.onnx).operators),
        )
        for model in study.models
        if model.onnx
    }


def plain(subject: Subject, dataset: Dataset) -> Callable[[], None]:
    """Loading the model, and running all instances, ready in the types and batches it takes."""
    session = Session(subject.onnx)
    size = session.batch or subject.batch
    ready = [session.typed(feeds) for feeds in dataset.batches(size)]

    def run() -> None:
        fresh = Session(subject.onnx)
        for feeds in ready:
            fresh.run_typed(fresh.outputs[:1], feeds)

    return run


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def measured(study: LoadedStudy, folder: Path) -> tuple[float, float]:
    """CPU seconds of onnxruntime alone and of evaluation, all models of a study."""
    dataset, family = open_dataset(study.dataset), Family(study.models)
    known = subjects(study)
    files = {model: folder / f"{number}.npy" for number, model in enumerate(known)}
    alone = whole = 0.0
    for model in known:  # both studies list a model behind the one it was made from
        bases = tuple((known[base], roles) for base, roles in family.bases(model) if base in known)
        spool = Spool(files, family.is_base(model))
        run = plain(known[model], dataset)
        pairs = [
            (
                cpu(run),
                cpu(lambda: evaluate(known[model], dataset, study.evaluation, bases, spool)),  # noqa: B023
            )
            for _ in range(REPEATS)
        ]
        alone += statistics.median(pair[0] for pair in pairs)
        whole += statistics.median(pair[1] for pair in pairs)
    return alone, whole


def report(title: str, study: LoadedStudy) -> None:
    """Print one line."""
    with tempfile.TemporaryDirectory() as folder:
        alone, whole = measured(study, Path(folder))
    print(f"{title:<34} alone {alone:6.2f} s  evaluated {whole:6.2f} s  {whole / alone:5.2f} ×")


def main() -> None:
    """Make what is missing, measure, print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        if not (folder / "study.json").is_file():
            studies.write_study(
                folder, studies.resnet50(), RESNETS, SIDE, instances=INSTANCES, classes=1000
            )
        print(f"CPU seconds, batches of {BATCH} (of 1 where a model quantizes as it runs)")
        report(f"ResNet-50 × {RESNETS}, {INSTANCES} images", load_study(folder))
        digits = load_study(DIGITS)
        report(f"digits × {len(digits.models)}", digits)


if __name__ == "__main__":
    main()
