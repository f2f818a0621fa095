"""What activations cost: CPU against the plain forward pass, and bytes of the bundle, a model.

``python benchmarks/activations.py [FOLDER]`` keeps the six ResNet-50 it makes in FOLDER (a
temporary one). The reference, measured in turns in the same run, is the same models on the same 64
instances in batches of 8, and nothing else; both load their model. With it, what it costs to hand
out all activations of one model on 8 instances, before anything is computed of them.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: CPU time is that of one thread

import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import studies

from cc_export import stages
from cc_export.bundle.activations import activation_grids, activations_chunk, measured_by_key
from cc_export.bundle.chunk import json_chunk
from cc_export.dataset import Dataset, open_dataset
from cc_export.inspect import inspect_model
from cc_export.onnx_models.activations import activations, with_outputs
from cc_export.onnx_models.read import read_model
from cc_export.onnx_models.session import Session
from cc_export.results import ModelResult, Results
from cc_export.study import load_study

MODELS, INSTANCES, BATCH = 6, 64, 8


def plain(path: Path, dataset: Dataset) -> None:
    """The forward pass and nothing else."""
    session = Session(path)
    for feeds in dataset.batches(BATCH):
        session.run(session.outputs, feeds)


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def handed_out(path: Path, dataset: Dataset) -> float:
    """CPU of handing out every activation, by that of none; models are loaded before."""
    shown = tuple(one.tensor for one in activations(read_model(path)))
    feeds = dataset.inputs(slice(0, BATCH))
    both = []
    for outputs in ((), shown):
        session = Session(path, with_outputs(path.read_bytes(), outputs))
        names = session.outputs
        session.run(names, feeds)
        both.append(min(cpu(lambda: session.run(names, feeds)) for _ in range(3)))  # noqa: B023
    return both[1] / both[0]


def prepared(study: Path) -> tuple[Results, Dataset]:
    """A study's models as an export has them before it exposes their activations."""
    loaded = load_study(study)
    results = stages.align(
        tuple(ModelResult(m, inspection=inspect_model(m.onnx)) for m in loaded.models)
    )
    # Only models that answered are asked; what they answered is of no interest here.
    answered = tuple(dataclasses.replace(r, predictions=object()) for r in results)
    return answered, open_dataset(loaded.dataset)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        study = folder / "study.json"
        if not study.is_file():
            studies.write_resnet50(folder, MODELS, INSTANCES)
        results, dataset = prepared(study)
        stage = stages.exposing(results, dataset.source, "")
        found, forward, exposing = [], 0.0, 0.0
        for result in results:
            forward += cpu(lambda: plain(result.model.onnx, dataset))  # noqa: B023
            begin = time.process_time()
            found.append(stage.keep(result, stage.task(result)()))
            exposing += time.process_time() - begin
        known = measured_by_key(found)
        grids = activation_grids(known)
        sizes = [
            len(
                json_chunk(
                    "data/activations/x", activations_chunk(r, known, grids, slice(None), ())
                ).content
            )
            for r in found
        ]
        tensors = len(found[0].exposed.measured)
        ratio = handed_out(results[0].model.onnx, dataset)
    print(f"{len(results)} models, {len(dataset)} instances, {tensors} activations each")
    print(f"plain forward pass   {forward / len(results):6.2f} s CPU a model")
    print(f"activations          {exposing / len(results):6.2f} s, {exposing / forward:.2f} ×")
    print(f"bundle               {max(sizes) / 1e6:6.2f} MB a model at most")
    print(f"handing out all      {ratio:6.2f} × the forward pass, before a number is computed")


if __name__ == "__main__":
    main()
