"""Sets of labels in a site: instances without one, and very many labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cc_core.confusions import disagreement
from cc_core.paired import Kept, answers, label_rows, pair_values
from cc_export import Study, export, read_site
from cc_export.bundle.chunk import expand
from cc_export.bundle.read import Site
from cc_export.viewer import Viewer

RNG = np.random.default_rng(3)


def exported(
    folder: Path, viewer: Viewer, truth: NDArray[np.uint8], **given: NDArray[np.float32]
) -> Site:
    """The site of models that are made one from another."""
    study = Study.open(folder / "study").operation("prune")
    study.dataset(arrays={"y": truth}, label="y").evaluation("multilabel", scores="logits")
    before: dict[str, Any] = {}
    for model, scores in given.items():
        study.add_model(model, outputs=scores, **before)
        before = {"parent": model, "operation": "prune"}
    assert not export(study, folder / "site", viewer=viewer, cache="off").failures
    return read_site(folder / "site")


def arrays_of(site: Site) -> list[dict[str, NDArray[np.generic]]]:
    """What the site keeps of each model's answers."""
    chunks = [site.json(model["predictions"]) for model in site.models]
    return [{name: expand(one) for name, one in chunk["arrays"].items()} for chunk in chunks]


def test_no_answer_agrees_with_nothing(tmp_path: Path, viewer: Viewer) -> None:
    """Any two models agree as often as the exact comparison says: NaN is no empty set."""
    truth = np.zeros((6, 3), np.uint8)
    truth[::2, 1] = 1
    scores = RNG.normal(-1, 1, (6, 3)).astype(np.float32)
    broken = scores.copy()
    scores[0], broken[:2], broken[3] = -1, np.nan, 2
    site = exported(tmp_path, viewer, truth, a=scores, b=broken)
    base, other = map(Kept, arrays_of(site))
    found = pair_values("multilabel", base, other)
    assert np.flatnonzero(np.isnan(found["agreement"])).tolist() == [0, 1]
    assert np.flatnonzero(np.isnan(found["differing"])).tolist() == [0, 1]
    exact = site.models[1]["metrics"]["Agreement with root"]
    assert np.nanmean(found["agreement"]) == pytest.approx(exact) == 3 / 4
    apart = disagreement([answers("multilabel", one) for one in (base, other)]).from_first
    assert apart[:2].tolist() == [1, 1]
    for label, row in enumerate(label_rows(base, other, np.packbits(truth, axis=1), 3)):
        answered = (broken[2:, label] >= 0) == truth[2:, label]
        assert row.outcomes is not None
        assert row.outcomes.both_right + row.outcomes.gained == answered.sum()


def test_more_labels_than_16_bits_tell_apart(tmp_path: Path, viewer: Viewer) -> None:
    """The most probable labels are named as they are, also beyond 65,535."""
    scores = RNG.normal(0, 1, (2, 70_000)).astype(np.float32)
    scores[0, [69_999, 65_535, 65_536]] = 50, 40, 30
    scores[1, 0] = np.nan
    site = exported(tmp_path, viewer, (scores > 1).astype(np.uint8), a=scores)
    labels = arrays_of(site)[0]["labels"]
    assert labels[0, :3].tolist() == [69_999, 65_535, 65_536]
    assert set(labels[1].tolist()) == {2**32 - 1}
