"""Directions of embeddings, whatever their length."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cc_core.embedding import cosine, unit
from cc_export import Study, export, read_site
from cc_export.bundle.chunk import expand
from cc_export.viewer import Viewer


def test_direction_does_not_depend_on_length() -> None:
    """Squares of a row's numbers may be beyond float64: the angle between rows is not."""
    for length in (1e-300, 1e-80, 1.0, 1e80, 1e300):
        rows = np.array([[3.0, 4.0], [-4.0, 3.0], [-3.0, -4.0]]) * length
        found = cosine(np.repeat(rows[:1], 3, axis=0), rows)
        np.testing.assert_allclose(found, [1, 0, -1], atol=1e-12)
        np.testing.assert_allclose(unit(rows), rows / length / 5, atol=1e-12)


def test_rows_without_a_direction() -> None:
    """Zero, NaN and infinity have no angle to anything, and are no one's neighbour."""
    rows = np.array([[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [1e300, -np.inf]])
    assert np.isnan(cosine(rows, np.ones((4, 2)))).all()
    assert np.isnan(cosine(np.ones((4, 2)), rows)).all()
    assert not unit(rows).any()


def test_no_direction_has_no_share_of_neighbours(tmp_path: Path, viewer: Viewer) -> None:
    """Where the mean leaves an instance out, the instance has no number, and not 0 either."""
    vectors = np.random.default_rng(5).normal(size=(30, 4))
    study = Study.open(tmp_path / "study").operation("prune")
    study.dataset(arrays={"ids": np.arange(30)}, ids="ids").evaluation("embedding")
    study.add_model("a", outputs=vectors)
    broken = np.where(np.arange(30)[:, None] < 2, [[0.0], [np.nan]] * 15, vectors[:, ::-1])
    study.add_model("b", outputs=broken, parent="a", operation="prune")
    assert not export(study, tmp_path / "site", viewer=viewer, cache="off").failures
    site = read_site(tmp_path / "site")
    model = site.models[1]
    kept = expand(site.json(model["predictions"])["bases"][0]["arrays"]["kept"])
    assert np.flatnonzero(np.isnan(kept)).tolist() == [0, 1]
    mean = model["metrics"]["Neighbour overlap@10 with root"]
    np.testing.assert_allclose(np.nanmean(kept.astype(float)), mean, atol=1e-3)
