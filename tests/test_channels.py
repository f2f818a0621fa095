"""Output channels: their magnitude, and how far each is from the reference's."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
import tiny_study

from cc_core.layout import Layout
from cc_core.weighing import weigh
from cc_export import export, read_site
from cc_export.align import Placed
from cc_export.bundle.channels import MOST, channels_record
from cc_export.viewer import Viewer

INT8 = "*/ <img src=x onerror=alert(1)>"


def halves(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f2").astype(np.float64)


@pytest.fixture(scope="module")
def chunks(tmp_path_factory: pytest.TempPathFactory, viewer: Viewer) -> dict[str, Any]:
    site = tmp_path_factory.mktemp("channels") / "site"
    export(tiny_study.TINY, site, viewer=viewer)
    found = read_site(site)
    return {m["id"]: found.json(m["channels"]) for m in found.models if m["channels"]}


def test_channels_are_those_of_the_weights(chunks: dict[str, Any]) -> None:
    """Root mean squares of the outputs of each kernel and matrix; biases have none."""
    base = tiny_models.weights()
    [kernel] = [t for t in chunks["base"]["tensors"] if t["layer"] == "conv1"]
    expected = np.sqrt(np.square(base["conv1.weight"].reshape(2, -1)).mean(axis=1))
    np.testing.assert_allclose(np.ldexp(halves(kernel["rms"]), kernel["exponent"]), expected, 1e-3)
    assert (kernel["channels"], kernel["each"], kernel["sqnr_db"]) == (2, 1, [])
    assert [t["name"] for t in chunks["base"]["tensors"]].count("bias") == 0
    assert chunks[INT8]["references"] == ["base"]


def test_channels_against_the_reference(chunks: dict[str, Any]) -> None:
    """Decibels of each channel, of which the least is the worst channel's."""
    base = tiny_models.weights()["conv1.weight"].astype(np.float64).reshape(2, -1)
    pruned = tiny_models.pruned(tiny_models.weights())["conv1.weight"].reshape(2, -1)
    [kernel] = [t for t in chunks["base/pruned"]["tensors"] if t["layer"] == "conv1"]
    noise = np.square(base - pruned).sum(axis=1)
    expected = 10 * np.log10(np.square(base).sum(axis=1) / noise)
    assert noise.all()
    np.testing.assert_allclose(halves(kernel["sqnr_db"][0]), expected, atol=0.02)


def test_many_channels_are_told_together() -> None:
    """Sums of neighbours; equal channels are infinitely close, all-zero references are not."""
    count = 2 * MOST + 1
    rows = np.repeat(np.arange(count, dtype=np.float64), 4)
    other = rows.copy()
    other[8:16] += 1
    weighed = weigh([(rows, [rows])], Layout(count, 4), [0])
    record = channels_record(Placed(("l", "w"), (count, 4), False, None, ""), weighed)
    assert (record.channels, record.each) == (count, 3)
    found = np.ldexp(halves(record.rms), record.exponent)
    assert len(found) == -(-count // 3)
    np.testing.assert_allclose(found[1], np.sqrt((9 + 16 + 25) / 3), 1e-3)
    np.testing.assert_allclose(found[-1], count - 1, 1e-3)
    assert np.isinf(halves(str(record.sqnr_db[0]))[1:]).all()
    weighed = weigh([(other, [rows])], Layout(count, 4), [0])
    record = channels_record(Placed(("l", "w"), (count, 4), False, None, ""), weighed)
    decibels = halves(str(record.sqnr_db[0]))
    # Of channels 0, 1 and 2 the last changed by 1 in each of four values; 3 did, too.
    np.testing.assert_allclose(decibels[0], 10 * np.log10((1 + 4) * 4 / 4), atol=0.01)
    np.testing.assert_allclose(decibels[1], 10 * np.log10((9 + 16 + 25) * 4 / 4), atol=0.01)
    assert np.isinf(decibels[2:]).all()


def test_a_reference_of_zeros_has_no_decibels(tmp_path: Path) -> None:
    """What it is measured by is nothing."""
    weighed = weigh([(np.ones(4), [np.zeros(4)])], Layout(2, 2), [0])
    record = channels_record(Placed(("l", "w"), (2, 2), False, None, ""), weighed)
    assert np.isnan(halves(str(record.sqnr_db[0]))).all()
