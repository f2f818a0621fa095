"""What models take travels with a site where they run in it, of as many instances as fit."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cc_export import export, read_site
from cc_export.bundle import evaluation
from cc_export.bundle.read import Site
from cc_export.viewer import Viewer


def raw_inputs(site: Site) -> dict[int, np.ndarray]:
    """The array of every instance that has one, as the page finds it."""
    found: dict[int, np.ndarray] = {}
    dataset = site.manifest["dataset"]
    for number, chunk_id in enumerate(dataset["inputs_chunks"]):
        chunk: dict[str, Any] = site.json(chunk_id)
        record = chunk["arrays"]["images"]
        array = np.frombuffer(b64decode(record["data"]), record["dtype"]).reshape(record["shape"])
        assert chunk["stride"] == dataset["inputs_stride"]
        assert chunk["first"] == number * dataset["inputs_size"] * chunk["stride"]
        found |= {chunk["first"] + chunk["stride"] * row: one for row, one in enumerate(array)}
    return found


@pytest.mark.parametrize(
    ("most", "kept", "warned"), [(1 << 20, range(12), 0), (70, range(0, 12, 3), 1), (1, [0], 1)]
)
def test_as_many_as_fit(
    *,
    most: int, kept: range | list[int], warned: int, tiny: Path, tmp_path: Path,
    viewer: Viewer, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Evenly spread, unchanged, in chunks of some; a warning says where some are left out."""
    with np.load(tiny / "evaluation.npz") as file:
        images = file["images"]
    monkeypatch.setattr(evaluation, "_INPUTS_BYTES", most * images[0].nbytes // 16)
    monkeypatch.setattr(evaluation, "_INPUTS_CHUNK_BYTES", 2 * images[0].nbytes)
    report = export(tiny, tmp_path / "site", viewer=viewer, cache="off", jobs=1)
    site = read_site(tmp_path / "site")
    found = raw_inputs(site)
    assert sorted(found) == list(kept)
    for place, array in found.items():
        np.testing.assert_array_equal(array, images[place])
    assert len(site.manifest["dataset"]["inputs_chunks"]) == -(-len(kept) // 2)
    told = [warning for warning in report.warnings if "models run in the page on one in" in warning]
    assert len(told) == warned


def test_none_without_models(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Where no model runs, nothing takes them; pictures are there all the same."""
    export(tiny, tmp_path / "site", viewer=viewer, models="none", cache="off")
    site = read_site(tmp_path / "site")
    dataset = site.manifest["dataset"]
    assert dataset["inputs_chunks"] == []
    assert site.json(dataset["chunks"][0])["pictures"]["shape"][0] == 12
    assert not (tmp_path / "site/data/inputs").exists()


def test_none_that_nothing_runs_on(
    tiny: Path, tmp_path: Path, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page runs classifiers; of other tasks there are neither inputs nor a word about them."""
    monkeypatch.setattr(evaluation, "_INPUTS_BYTES", 1)
    study = tiny / "study.yaml"
    text = study.read_text("utf-8").replace("task: classification", "task: embedding")
    study.write_text(text, "utf-8")
    report = export(tiny, tmp_path / "site", viewer=viewer, cache="off", jobs=1)
    assert read_site(tmp_path / "site").manifest["dataset"]["inputs_chunks"] == []
    assert not [warning for warning in report.warnings if "run in the page on" in warning]
