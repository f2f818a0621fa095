"""Pictures of instances: small, and what the reader would see of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from cc_export.bundle.pictures import SIDE, pictures

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("shape", [(5, 8), (1, 5, 8), (3, 5, 8), (5, 8, 1), (5, 8, 3), (SIDE, 3)])
def test_small_ones_are_as_they_are(shape: tuple[int, ...]) -> None:
    """Every pixel of a small image is in its picture."""
    images = RNG.integers(0, 256, (4, *shape), np.uint8)
    found = pictures(images)
    assert found is not None
    np.testing.assert_array_equal(found, images)


@pytest.mark.parametrize("layout", ["hw", "chw", "hwc"])
@pytest.mark.parametrize(("height", "width"), [(224, 224), (65, 20), (130, 1000)])
def test_large_ones_are_means(layout: str, height: int, width: int) -> None:
    """A pixel is the mean of the square that it stands for, cut off at the edge."""
    sides = {"hw": (height, width), "chw": (3, height, width), "hwc": (height, width, 3)}[layout]
    images = RNG.integers(0, 256, (2, *sides), np.uint8)
    found = pictures(images)
    assert found is not None and found.dtype == np.uint8
    step = -(-max(height, width) // SIDE)
    last = {"hw": images[..., None], "chw": np.moveaxis(images, 1, -1), "hwc": images}[layout]
    small = {"hw": found[..., None], "chw": np.moveaxis(found, 1, -1), "hwc": found}[layout]
    assert small.shape[1:3] == (-(-height // step), -(-width // step))
    assert max(small.shape[1:3]) <= SIDE
    for row, column in ((0, 0), (small.shape[1] - 1, small.shape[2] - 1)):
        square = last[:, row * step : (row + 1) * step, column * step : (column + 1) * step]
        np.testing.assert_allclose(small[:, row, column], square.mean(axis=(1, 2)), atol=0.51)


def test_other_numbers_are_shares() -> None:
    """From 0, black, to 1, white, or over an image's own range; NaN is black, and true is white."""
    values = np.array(
        [
            [[0.0, 0.5, 1.0, np.nan, np.inf]],
            [[-2.0, 0.0, 2.0, np.nan, -np.inf]],
            [[0, 4, 16, 8, 2]],
        ],
        np.float32,
    )
    found = pictures(values)
    assert found is not None
    assert found.tolist() == [
        [[0, 128, 255, 0, 255]],
        [[0, 128, 255, 0, 0]],
        [[0, 64, 255, 128, 32]],
    ]
    flat = pictures(np.array([[[7.0, 7.0]], [[np.nan, np.nan]]]))
    assert flat is not None and flat.tolist() == [[[0, 0]], [[0, 0]]]
    assert np.array_equal(pictures(np.array([[[True, False]]])), [[[255, 0]]])


@pytest.mark.parametrize("shape", [(), (7,), (2, 5, 8), (5, 8, 4), (1, 3, 5, 8)])
def test_what_is_no_image(shape: tuple[int, ...]) -> None:
    """Numbers of another form have no picture, nor have texts."""
    assert pictures(np.zeros((2, *shape), np.float32)) is None
    assert pictures(np.full((2, 5, 8), "a", object)) is None
