"""Predictions of very many instances are in parts that a page can load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cc_core.jsonable import jsonable
from cc_export import export, read_site
from cc_export.bundle import evaluation
from cc_export.bundle.chunk import expand, json_chunk
from cc_export.bundle.evaluation import prediction_parts, predictions_chunk
from cc_export.bundle.read import Site
from cc_export.predictions import Predictions
from cc_export.viewer import Viewer

N, CLASSES = 100, 6
RNG = np.random.default_rng(8)
SCORES = {m: RNG.normal(size=(N, CLASSES)) * 3 for m in ("base", "other")}
SCORES["base"][17] = np.nan
STUDY = """
dataset: {path: data.npz, label: y}
evaluation: {task: TASK}
models:
  - {id: base, outputs: base.npz}
  - {id: other, base: base, operation: {name: prune}, outputs: other.npz}
"""
LABELS = {
    "classification": RNG.integers(0, CLASSES, N),
    "multilabel": RNG.integers(0, 2, (N, CLASSES)),
    "regression": RNG.normal(size=(N, CLASSES)),
    "embedding": RNG.integers(0, 3, N),
}


def built(folder: Path, task: str, viewer: Viewer) -> Site:
    folder.mkdir()
    np.savez(folder / "data.npz", y=LABELS[task])
    for model, scores in SCORES.items():
        np.savez(folder / f"{model}.npz", scores=scores)
    (folder / "study.yaml").write_text(STUDY.replace("TASK", task), "utf-8")
    export(folder, folder / "site", viewer=viewer, cache="off")
    return read_site(folder / "site")


def arrays_of(found: Mapping[str, Any], bases: list[Any]) -> dict[str, np.ndarray]:
    """All arrays of a chunk or part; bits by instance."""
    arrays = {name: expand(record) for name, record in found["arrays"].items()}
    for number, base in enumerate(bases):
        arrays |= {f"{number} {name}": expand(record) for name, record in base.items()}
    if found["correct"]:
        arrays["correct"] = np.unpackbits(expand(found["correct"]), count=found["instances"])
    return arrays


@pytest.mark.parametrize("task", LABELS)
def test_parts_joined_are_the_whole(
    task: str, tmp_path: Path, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each array of the parts, one after the other, is the array of one chunk."""
    whole = built(tmp_path / "whole", task, viewer)
    monkeypatch.setattr(evaluation, "_NUMBERS_BYTES", 400)
    cut = built(tmp_path / "cut", task, viewer)
    assert list(cut.damaged()) == []
    for model in whole.models:
        one, other = (site.json(model["predictions"]) for site in (whole, cut))
        assert one["parts"] == [] and one["part_size"] == N
        assert len(other["parts"]) > 1 and other["part_size"] % 8 == 0
        assert other["arrays"] == {} and other["correct"] is None
        assert all(base["arrays"] == {} for base in other["bases"])
        parts = [cut.json(part) for part in other["parts"]]
        assert [part["first"] for part in parts] == list(range(0, N, other["part_size"]))
        assert sum(part["instances"] for part in parts) == N
        pieces = [arrays_of(part, part["bases"]) for part in parts]
        expected = arrays_of(one, [base["arrays"] for base in one["bases"]])
        assert all(piece.keys() == expected.keys() for piece in pieces)
        for name, array in expected.items():
            joined = np.concatenate([piece[name] for piece in pieces])
            np.testing.assert_array_equal(joined, array)
        for key in ("metrics", "per_class", "instances", "invalid"):
            assert one[key] == other[key]


def test_a_part_fits_a_chunk() -> None:
    """What nothing can pack, of half a million instances, stays below 4 MiB a chunk."""
    n = 500_000
    noise = RNG.integers(0, 65_536, (n, 8)).astype(np.uint16)
    found = Predictions("regression", n, {}, {"values": noise}, correct=noise[:, 0] > 9_000)
    parts = prediction_parts("m", found, "data/predictions/m")
    assert len(parts) == 3
    for chunk_id, make in parts.items():
        assert len(json_chunk(chunk_id, make()).content) < 4.1 * 2**20
    main = predictions_chunk("m", found, (), tuple(parts))
    assert len(str(jsonable(main))) < 2_000
