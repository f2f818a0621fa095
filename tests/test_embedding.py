"""Directions of embeddings, whatever their length."""

from __future__ import annotations

import numpy as np

from cc_core.embedding import cosine, unit


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
