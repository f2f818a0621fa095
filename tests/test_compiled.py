"""The compiled loop against numpy, which it stands in for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc_core.change import unit
from cc_core.layout import Layout
from cc_core.loop import Loop, Tally
from cc_core.weighing import Weighed, weigh
from cc_export.compiled import weighing
from cc_export.compiled.weighing import load

# More than a piece of the loop, with a rest.
LARGE = 1_300
BINARY32 = np.finfo(np.float32)


@pytest.fixture(scope="module")
def loop() -> Loop:
    """The loop of this installation, which has one: a compiler is there wherever tests run."""
    found = load()
    assert found is not None
    return found


def both(
    loop: Loop,
    tensor: np.ndarray,
    references: list[np.ndarray],
    layout: Layout,
    most: int = 1 << 15,
) -> tuple[Weighed, Weighed]:
    """The same by numpy and by the loop."""
    cuts = layout.cuts(tensor.size, most)

    def found(loop: Loop | None) -> Weighed:
        blocks = ((tensor[a:b], [r[a:b] for r in references]) for a, b in cuts)
        return weigh(blocks, layout, [unit(r) for r in references], loop)

    return found(None), found(loop)


def assert_same(by_numpy: Weighed, by_loop: Weighed) -> None:
    """Counts and extremes to the bit; sums but for the order they were added in."""
    for name in ("count", "zeros", "nan", "infinite", "minimum", "maximum"):
        assert getattr(by_loop.statistics, name) == getattr(by_numpy.statistics, name), name
    assert by_loop.histogram.grid == by_numpy.histogram.grid
    np.testing.assert_array_equal(by_loop.histogram.counts, by_numpy.histogram.counts)
    assert by_loop.empty_channels == by_numpy.empty_channels
    np.testing.assert_allclose(by_loop.power, by_numpy.power, rtol=1e-12)
    scale = np.sqrt(by_numpy.statistics.squares * max(1, by_numpy.statistics.count))
    assert abs(by_loop.statistics.total - by_numpy.statistics.total) <= 1e-12 * scale
    for ours, theirs in zip(by_loop.against, by_numpy.against, strict=True):
        assert ours is not None and theirs is not None
        np.testing.assert_array_equal(ours.by_change, theirs.by_change)
        np.testing.assert_allclose(ours.signal, theirs.signal, rtol=1e-12)
        np.testing.assert_allclose(ours.noise, theirs.noise, rtol=1e-12)
        mine, known = ours.change, theirs.change
        assert (mine.same, mine.skipped, mine.largest) == (known.same, known.skipped, known.largest)
        assert abs(mine.product - known.product) <= 1e-12 * np.sqrt(known.signal * known.power)
        np.testing.assert_allclose(mine.power, known.power, rtol=1e-12)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[Layout, int]:
    """Channels one by one, in rows shorter and longer than a piece, and several times over."""
    channels, inner = draw(st.integers(1, 40)), draw(st.sampled_from([1, 2, 7, 8, 9, 64, LARGE]))
    rounds = draw(st.integers(1, max(1, 4 * LARGE // (channels * inner))))
    return Layout(channels, inner), channels * inner * rounds


@settings(deadline=None)
@given(layouts(), st.integers(0, 3), st.integers(1, 3 * LARGE), st.integers(0, 2**32 - 1))
def test_is_what_numpy_finds(
    loop: Loop, case: tuple[Layout, int], references: int, most: int, seed: int
) -> None:
    """In every layout, against up to three references, however the tensor is cut into blocks."""
    layout, size = case
    rng = np.random.default_rng(seed)
    scale = 2.0 ** rng.integers(-30, 5)
    tensor = (scale * rng.standard_normal(size) * (rng.random(size) < 0.8)).astype(np.float32)
    gaps = [scale * 4.0 ** -rng.integers(0, 12, size) for _ in range(references)]
    others = [
        np.where(rng.random(size) < 0.3, tensor, tensor + gap).astype(np.float32) for gap in gaps
    ]
    assert_same(*both(loop, tensor, others, layout, most))


@pytest.mark.parametrize(
    "values",
    [
        [0.0, -0.0, 1.0, -1.0],
        [BINARY32.smallest_subnormal, -BINARY32.smallest_subnormal, 0.0, 0.0],
        [BINARY32.max, -BINARY32.max, BINARY32.tiny, 1.0],
        [1e9, 1e9 + 64, 1e9, 1e9],
        [-3.0, -3.0, -3.0, -3.0],
    ],
)
def test_extremes(loop: Loop, values: list[float]) -> None:
    """The ends of float32, differences beyond it, bins wider than one, one value alone."""
    tensor = np.array(values * 5, np.float32)
    others = [tensor[::-1].copy(), -tensor, np.zeros_like(tensor)]
    with np.errstate(all="ignore"):
        assert_same(*both(loop, tensor, others, Layout(1, tensor.size)))


@pytest.mark.parametrize("where", ["tensor", "reference"])
@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_left_to_numpy(loop: Loop, where: str, value: float) -> None:
    """One block of several holds it; the others are the loop's, and all add up."""
    rng = np.random.default_rng(3)
    tensor, other = rng.standard_normal((2, 4 * LARGE)).astype(np.float32)
    (tensor if where == "tensor" else other)[LARGE + 5] = value
    by_numpy, by_loop = both(loop, tensor, [other], Layout(4, LARGE), LARGE)
    assert_same(by_numpy, by_loop)
    assert by_loop.against[0] is not None and by_loop.against[0].change.skipped == 1


def taken(loop: Loop, values: np.ndarray) -> bool:
    return _tally(loop, 1).take(values, []) is not None


def _tally(loop: Loop, channels: int) -> Tally:
    return loop.tally(Layout(channels, 1), np.zeros(channels), [])


def test_takes_plain_float32_alone(loop: Loop) -> None:
    """Not another type, byte order, step or place in memory, none of which C would read right."""
    plain = np.ones(8, np.float32)
    odd = np.frombuffer(bytes(33), np.uint8)[1:].view(np.float32)
    assert taken(loop, plain)
    assert not any(
        taken(loop, values)
        for values in (plain.astype(float), plain[::2], plain.astype(">f4"), odd)
    )


def test_threads(loop: Loop) -> None:
    """Tensors weighed side by side do not mix."""
    tensors = [np.full(LARGE, number, np.float32) for number in range(1, 9)]
    layout = Layout(1, LARGE)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda t: weigh([(t, [])], layout, [], loop), tensors * 20))
    assert [f.statistics.total for f in found] == [LARGE * n for n in range(1, 9)] * 20


def test_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is missing, damaged, without the functions or of another form is no loop."""
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(b"no library")
    import _ctypes

    assert load(tmp_path / "missing.bin") is None
    assert load(damaged) is None
    assert load(Path(_ctypes.__file__)) is None
    monkeypatch.setattr(weighing, "VERSION", weighing.VERSION + 1)
    assert load() is None
