"""Answers that wait in a file for the models that are compared with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cc_export.answers import collect, kept

VALUES = np.arange(60, dtype=np.float32).reshape(20, 3)


def test_answers_come_back(tmp_path: Path) -> None:
    """What was collected in parts is read whole, in blocks, and again from where it is kept."""
    keep = tmp_path / "kept" / "answers.npy"
    found = collect([VALUES[:7], VALUES[7:]], 20, tmp_path, keep)
    again = kept(keep)
    assert again == found
    np.testing.assert_array_equal(found.whole(), VALUES)
    np.testing.assert_array_equal(found.block(3, 9), VALUES[3:9])
    np.testing.assert_array_equal(np.concatenate(list(found.parts())), VALUES)


@pytest.mark.parametrize("size", [0, 9, 50, 200, 128 + 60 * 4 - 1, 128 + 60 * 4 + 1])
def test_damaged_answers_are_none(size: int, tmp_path: Path) -> None:
    """A file that is cut off or longer than it says is given again, not read."""
    keep = tmp_path / "answers.npy"
    collect([VALUES], 20, tmp_path, keep)
    content = keep.read_bytes()
    assert len(content) == 128 + 60 * 4
    keep.write_bytes((content + b"\0")[:size])
    assert kept(keep) is None
