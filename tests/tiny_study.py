"""The tiny study of tests/fixtures; ``python tests/tiny_study.py`` makes its files anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tiny_models import CLASSES, SIDE, Array, float16, float32, int8_per_channel, pruned, weights

FIXTURES = Path(__file__).parent / "fixtures"
TINY = FIXTURES / "tiny-study"
INSTANCES = 12

STUDY = """\
title: Tiny
description: "Every kind of record once: */ <img src=x onerror=alert(1)> & \\u2028"

metrics:
  - {name: Effort, direction: lower, unit: h, format: ".1f", definition: Hours of work., min: 0}
  - {name: Verdict, definition: Neither way is better.}
  - {name: Accuracy, format: ".2%", primary: true}

operations:
  - {name: train, parameters: [epochs], description: Fit to the images.}
  - {name: prune, parameters: {amount: {type: continuous, min: 0, max: 1}}}
  - {name: quantize, parameters: [format]}
  - {name: distill}

dataset:
  path: evaluation.npz
  name: Dots
  inputs:
    image: {array: images, scale: 0.25, offset: -1}
  label: labels
  ids: ids
  classes: [left, right, "both */"]
  preview: {kind: image, array: images}

evaluation: {task: classification, output: logits}

embed: true

models:
  - id: base
    operation: {name: train, parameters: {epochs: 3}}
    onnx: models/base.onnx
    created: "2026-01-02"
    metrics: {Effort: 2.5, Verdict: 1}
  - id: base/pruned
    base: base
    operation: {name: prune, parameters: {amount: 0.5}}
    onnx: models/pruned.onnx
    tag: half
    metrics: {Effort: .inf, Verdict: .nan}
  - id: "*/ <img src=x onerror=alert(1)>"
    base: base
    operation: {name: quantize, parameters: {format: int8}}
    onnx: models/int8.onnx
    notes: |
      Two lines,
      "quoted" and 🙂.
    metrics: {Effort: 0, Verdict: -3}
  - id: half
    base: base
    operation: {name: quantize, parameters: {format: float16}}
    onnx: models/half.onnx
    embed: false
    metrics: {Effort: 0.5}
  - id: other
    operation: {name: train, parameters: {epochs: 3}}
    metrics: {Effort: 2, Verdict: 0}
  - id: student
    parents: [base, other]
    operation: {name: distill}
    metrics: {Effort: 9007199254740993, Verdict: 2}
"""


def evaluation_arrays() -> dict[str, Array]:
    """Images of whole numbers with labels of every class."""
    rng = np.random.default_rng(7)
    return {
        "images": rng.integers(0, 17, (INSTANCES, 1, SIDE, SIDE)).astype(np.uint8),
        "labels": (np.arange(INSTANCES) % CLASSES).astype(np.int64),
        "ids": np.array([f"dot {number:02d}" for number in range(INSTANCES)]),
    }


def write(folder: Path = TINY) -> None:
    """Write the study's files."""
    (folder / "models").mkdir(parents=True, exist_ok=True)
    base = weights()
    models = {
        "base": float32(base),
        "pruned": float32(pruned(base)),
        "int8": int8_per_channel(base),
        "half": float16(base),
    }
    for name, model in models.items():
        (folder / "models" / f"{name}.onnx").write_bytes(
            model.SerializeToString(deterministic=True)
        )
    np.savez(folder / "evaluation.npz", **evaluation_arrays())
    (folder / "study.yaml").write_text(STUDY, "utf-8")


if __name__ == "__main__":
    write()
