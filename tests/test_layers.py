"""The tree of layers: groups add up exactly."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cc_core.change import Change, together
from cc_core.dyadic import Dyadic, Grid, coarsen, grid_of
from cc_core.layers import MOST_DEEP, Leaf, Row, joined_grid, layer_tree
from cc_core.statistics import merge, summarize

Values = list[float]
PATHS = ["stem", "a", "a.b", "a.b.c", "a.d", "", "e.f.g"]
tensors = st.lists(
    st.tuples(
        st.sampled_from(PATHS),
        st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=8),
        st.booleans(),
    ),
    max_size=8,
)


def counted(values: Values) -> Dyadic:
    grid = grid_of(min(values), max(values))
    places = [int(np.floor(np.ldexp(v, -grid.exponent))) - grid.first for v in values]
    return Dyadic(grid, np.bincount(places, minlength=grid.bins))


def leaf(path: str, number: int, values: Values, compared: bool) -> Leaf:
    change = Change(len(values), signal=float(len(values)), noise=1.0) if compared else None
    return Leaf(path, f"t{number}", summarize(np.array(values)), counted(values), (change,))


def rows(row: Row) -> list[Row]:
    return [row, *(found for child in row.children for found in rows(child))]


@given(tensors)
def test_groups_are_the_sum_of_their_tensors(given_tensors: list[tuple[str, Values, bool]]) -> None:
    """Every module's statistics, counts and sums are those of all tensors below its path."""
    leaves = [leaf(path, n, *rest) for n, (path, *rest) in enumerate(given_tensors)]
    groups = [row for row in rows(layer_tree(leaves)) if not row.is_tensor]
    assert len({row.path for row in groups}) == len(groups)
    for row in groups:
        inside = [
            one for one in leaves if not row.path or f"{one.path}.".startswith(f"{row.path}.")
        ]
        assert row.tensors == len(inside)
        known = merge(one.statistics for one in inside)
        assert (row.statistics.count, row.statistics.zeros) == (known.count, known.zeros)
        assert (row.statistics.minimum, row.statistics.maximum) == (known.minimum, known.maximum)
        np.testing.assert_allclose(row.statistics.squares, known.squares, rtol=1e-12)
        changes = [one.changes[0] for one in inside if one.changes[0]]
        if row.changes:
            assert row.changes[0] == (together(changes) if changes else None)
        if row.histogram:
            assert row.histogram.counts.sum() == known.count
            assert row.histogram.grid.bins <= 64
            assert (
                row.histogram.grid.low <= known.minimum <= known.maximum <= row.histogram.grid.high
            )


def test_order_and_names() -> None:
    """Modules and tensors stand in graph order; a module keeps its own tensors beside its parts."""
    paths = ("a.b", "c", "a", "a.b")
    tree = layer_tree([leaf(path, n, [1.0], False) for n, path in enumerate(paths)])
    assert [(r.path, r.name, r.is_tensor) for r in rows(tree)] == [
        ("", "", False),
        ("a", "a", False),
        ("a.b", "b", False),
        ("a.b", "t0", True),
        ("a.b", "t3", True),
        ("a", "t2", True),
        ("c", "c", False),
        ("c", "t1", True),
    ]
    assert tree.changes == (None,)


def test_nothing_at_all() -> None:
    """A model without tensors is one empty row."""
    tree = layer_tree([])
    assert (tree.tensors, tree.histogram, tree.changes, tree.children) == (0, None, (), ())


def test_paths_of_any_depth() -> None:
    """A path of thousands of parts is no thousands of rows, and no deep recursion."""
    tree = layer_tree([leaf("x." * 5_000 + "x", 0, [1.0], False)])
    assert len(rows(tree)) == MOST_DEEP + 2


grids = st.builds(Grid, st.integers(-40, 40), st.integers(-200, 200), st.integers(1, 128))


@given(st.lists(grids, min_size=1, max_size=5), st.integers(2, 64))
def test_the_joined_grid_is_the_finest_that_holds_all(known: list[Grid], bins: int) -> None:
    """All nest in it, it is within its bins, and the next finer one would not do."""
    grid = joined_grid(known, bins)
    assert grid.bins <= bins
    for one in known:
        ones = Dyadic(one, np.ones(one.bins, np.int64))
        assert coarsen(ones, grid).sum() == one.bins
    finer = grid.exponent - 1
    if finer >= max(one.exponent for one in known):
        first = min(one.first >> (finer - one.exponent) for one in known)
        last = max((one.first + one.bins - 1) >> (finer - one.exponent) for one in known)
        assert last - first >= bins
