"""One pass over a tensor and its references, against looking at one value at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from cc_core.change import NOT_COMPARED, STEP_EDGES, STEPS, Change, together, unit
from cc_core.comparison import compare
from cc_core.layout import BLOCK, Layout
from cc_core.loop import Loop
from cc_core.statistics import summarize
from cc_core.weighing import Weighed, weigh
from cc_export.compiled import LOOP

shapes = npst.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5)
# Of such sizes that no sum of squares leaves float64 or is lost in it.
usual = st.floats(-(2.0**50), 2.0**50, width=32).filter(lambda v: v == 0 or abs(v) > 1e-15)
singles = usual | st.sampled_from([0.0, -0.0, 1.0, 0.25, math.nan, math.inf, -math.inf])


def weighed(
    tensor: np.ndarray,
    references: Sequence[np.ndarray | None],
    axis: int | None,
    most: int = BLOCK,
    loop: Loop | None = None,
) -> Weighed:
    layout = Layout.of(tensor.shape, axis)
    cuts = layout.cuts(tensor.size, most)
    flat = tensor.reshape(-1)
    blocks = (
        (flat[a:b], [None if r is None else r.reshape(-1)[a:b] for r in references])
        for a, b in cuts
    )
    units = [None if r is None else unit(r) for r in references]
    return weigh(blocks, layout, units, loop)


def slow_step(r: float, t: float, scale: int) -> int:
    """The definition of a step of change."""
    if not (math.isfinite(r) and math.isfinite(t)):
        return NOT_COMPARED
    gap = float(np.abs(np.float32(r) - np.float32(t))) / 2.0**scale
    return sum(gap >= edge for edge in STEP_EDGES)


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, list[np.ndarray | None], int | None, int]:
    shape = draw(shapes)
    arrays = npst.arrays(np.float32, shape, elements=singles)
    references = draw(st.lists(st.none() | arrays, max_size=2))
    axis = draw(st.none() | st.integers(0, len(shape) - 1))
    return draw(arrays), references, axis, draw(st.integers(1, 40))


@pytest.mark.parametrize("loop", [None, LOOP], ids=["numpy", "compiled"])
@settings(deadline=None)
@given(cases())
def test_a_pass_is_the_definition(
    loop: Loop | None, case: tuple[np.ndarray, list[np.ndarray | None], int | None, int]
) -> None:
    """Counts are exact and sums as good as float64's, however the tensor is cut into blocks."""
    tensor, references, axis, most = case
    found, known = weighed(tensor, references, axis, most, loop), summarize(tensor)
    for name in ("count", "zeros", "nan", "infinite", "minimum", "maximum"):
        assert getattr(found.statistics, name) == getattr(known, name), name
    assert math.isclose(found.statistics.squares, known.squares, rel_tol=1e-12)
    assert int(found.histogram.counts.sum()) == known.finite
    for reference, against in zip(references, found.against, strict=True):
        assert (reference is None) == (against is None)
        if reference is None or against is None:
            continue
        change, slow = against.change, compare(reference, tensor)
        assert (change.count, change.skipped) == (slow.count, slow.skipped)
        assert math.isclose(change.largest, slow.largest, rel_tol=1e-7)
        for name in ("relative_l2", "cosine"):
            ours, theirs = getattr(change, name), getattr(slow, name)
            assert (ours is None) == (theirs is None)
            assert ours is None or math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-9)
        pairs = list(zip(reference.reshape(-1).tolist(), tensor.reshape(-1).tolist(), strict=True))
        usable = [(r, t) for r, t in pairs if math.isfinite(r) and math.isfinite(t)]
        assert change.same == sum(r == t for r, t in usable)
        steps = [slow_step(r, t, against.unit) for r, t in pairs if math.isfinite(t)]
        expected = np.bincount(steps, minlength=STEPS + 1)
        np.testing.assert_array_equal(against.by_change.sum(0), expected)
        np.testing.assert_array_equal(against.by_change.sum(1), found.histogram.counts)


@settings(deadline=None)
@given(npst.arrays(np.float32, shapes, elements=st.floats(-8, 8, width=16)), st.data())
def test_the_worst_channel(tensor: np.ndarray, data: st.DataObject) -> None:
    """It is the one that a comparison of each channel alone finds, and empty ones are counted."""
    axis = data.draw(st.integers(0, tensor.ndim - 1))
    rounded = np.round(tensor)
    found = weighed(rounded, [tensor], axis, data.draw(st.integers(1, 40)))
    rows = zip(np.moveaxis(tensor, axis, 0), np.moveaxis(rounded, axis, 0), strict=True)
    each = [compare(r, t).sqnr_db for r, t in rows]
    known = [value for value in each if value is not None]
    against = found.against[0]
    assert against is not None
    if len(each) == 1 or not known:
        assert against.worst_channel is None
    else:
        assert against.worst_channel is not None
        assert math.isclose(against.worst_channel.sqnr_db, min(known), abs_tol=1e-9)
    empty = sum(not row.any() for row in np.moveaxis(rounded, axis, 0))
    assert (found.channels, found.empty_channels) == (tensor.shape[axis], empty)


def test_changes_add_up() -> None:
    """Two halves together are the whole."""
    rng = np.random.default_rng(2)
    base = rng.standard_normal((8, 40)).astype(np.float32)
    other = np.where(rng.random(base.shape) < 0.3, 0, base).astype(np.float32)
    parts = [weighed(other[a], [base[a]], 0).against[0] for a in (slice(0, 3), slice(3, 8))]
    whole = weighed(other, [base], 0).against[0]
    assert whole is not None
    sums = together(part.change for part in parts if part)
    assert (sums.count, sums.same) == (320, whole.change.same)
    assert math.isclose(sums.noise, whole.change.noise, rel_tol=1e-12)
    assert sums.sqnr_db and whole.change.sqnr_db
    assert math.isclose(sums.sqnr_db, whole.change.sqnr_db, rel_tol=1e-12)
    assert together([]) == Change()


def test_nothing_and_numbers_beyond_float32() -> None:
    """An empty tensor, one of NaN alone, and float64 values that float32 does not have."""
    empty = weighed(np.zeros((0, 3), np.float32), [], 0)
    assert (empty.statistics.count, empty.channels, empty.histogram.counts.sum()) == (0, 0, 0)
    nothing = weighed(np.full(4, np.nan, np.float32), [np.ones(4, np.float32)], None)
    assert (nothing.statistics.nan, nothing.statistics.minimum) == (4, None)
    assert nothing.against[0] is not None and nothing.against[0].change.skipped == 4
    wide = weighed(np.array([1e300, -1e300, 0.0]), [np.array([1e300, 1e300, 0.0])], None)
    assert (wide.statistics.maximum, wide.statistics.minimum) == (1e300, -1e300)
    assert wide.against[0] is not None and wide.against[0].change.same == 2


def test_a_channel_is_empty_where_all_of_it_is_zero() -> None:
    """NaN, infinities and numbers whose squares vanish are something."""
    rows = np.array([[np.nan] * 2, [0, np.inf], [0, 0], [0, 1e-30]], np.float32)
    assert weighed(rows, [], 0).empty_channels == 1
    assert weighed(rows.T, [], 1).empty_channels == 1
    assert weighed(np.array([[1e-200], [0]]), [], 0, most=1).empty_channels == 1


def test_cuts_are_whole_channels_or_parts_of_one() -> None:
    """Every value is in one part, in order, and no part straddles channels without need."""
    for shape, axis in [
        ((3, 5, 7), 0),
        ((3, 5, 7), 1),
        ((3, 5, 7), 2),
        ((100, 9), 0),
        ((50,), None),
    ]:
        layout = Layout.of(shape, axis)
        size = math.prod(shape)
        for most in (1, 4, 36, 1_000):
            cuts = layout.cuts(size, most)
            assert [i for a, b in cuts for i in range(a, b)] == list(range(size))
            for start, stop in cuts:
                whole = start % layout.inner == 0 and stop % layout.inner == 0
                assert whole or start // layout.inner == (stop - 1) // layout.inner
