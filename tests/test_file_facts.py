"""Facts of a model file: sizes on disk and compressed, together with what is counted from it."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_models
import tiny_study

from cc_export.errors import ModelError
from cc_export.file_facts import file_facts, gzip_size


def test_a_file(tmp_path: Path) -> None:
    """Size, bits and multiply-accumulates of a float network, with external data or without."""
    whole = file_facts(tiny_study.TINY / "models" / "base.onnx")
    assert (whole.stored.effective_bits, whole.macs.count) == (32.0, 384)
    assert whole.bytes == (tiny_study.TINY / "models" / "base.onnx").stat().st_size
    split = tmp_path / "split.onnx"
    model = tiny_models.float32(tiny_models.weights())
    onnx.save_model(
        model, split, save_as_external_data=True, location="split.data", size_threshold=0
    )
    found = file_facts(split)
    assert (found.stored, found.macs) == (whole.stored, whole.macs)
    assert found.bytes == split.stat().st_size + (tmp_path / "split.data").stat().st_size


def test_compressed_as_gzip_does(tmp_path: Path) -> None:
    """What is counted is close to what gzip makes of the same bytes, over all files together."""
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.02, 600_000).astype(np.float32)
    sparse = np.where(rng.random(noise.size) < 0.7, 0, noise).astype(np.float32)
    (tmp_path / "a").write_bytes(noise.tobytes())
    (tmp_path / "b").write_bytes(sparse.tobytes())
    usual = len(gzip.compress(noise.tobytes() + sparse.tobytes(), 6))
    assert gzip_size([tmp_path / "a", tmp_path / "b"]) == pytest.approx(usual, rel=0.06)
    assert gzip_size([tmp_path / "b"]) < 0.45 * gzip_size([tmp_path / "a"])


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    """What cannot be read is said as everywhere."""
    (tmp_path / "no.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError) as caught:
        file_facts(tmp_path / "no.onnx")
    assert str(caught.value) == (
        "no.onnx: not an ONNX file, or a damaged one\n    Export it again."
    )
