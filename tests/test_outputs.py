"""Predictions handed over as arrays get the names that the exporter knows them by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cc_export.errors import ExportError
from cc_export.study.outputs import named_outputs, write_outputs

SCORES = np.eye(3, dtype=np.float32)


@pytest.mark.parametrize(
    ("outputs", "names"),
    [
        (SCORES, ["scores"]), (SCORES.tolist(), ["scores"]), (SCORES[0], ["values"]),
        (np.zeros((2, 3, 4)), ["values"]), (["a", "b"], ["texts"]),
        ({"values": SCORES}, ["values"]), ({"texts": ["a"], "ids": [7]}, ["texts", "ids"]),
    ],
)  # fmt: skip
def test_names(outputs: object, names: list[str]) -> None:
    """A matrix is scores, texts are texts, another array is values; a mapping says it itself."""
    assert list(named_outputs(outputs, "here")) == names


@pytest.mark.parametrize(
    ("outputs", "text"),
    [
        ({}, "here: needs exactly one array of answers"),
        ({"scores": SCORES, "texts": ["a"] * 3}, "here: needs exactly one array of answers"),
        ({"logits": SCORES}, "here: unknown array 'logits'"),
        ({"scores": SCORES[0]},
         "here.scores: must have a row for each instance and a column for each class, "
         "got shape [3]"),
        ({"scores": ["a"]},
         "here.scores: must hold numbers for each instance, got <U1 of shape [1]"),
        ({"texts": [1, 2]}, "here.texts: must hold text for each instance, got int64 of shape [2]"),
        ([], "here.values: must hold numbers for each instance, got float64 of shape [0]"),
        (0.5, "here.values: must hold numbers for each instance, got float64 of shape []"),
        ({"scores": SCORES, "ids": ["a"]}, "here.ids: 1 ids for 3 instances"),
        ({"scores": SCORES, "ids": 5}, "here.ids: 1 ids for 3 instances"),
    ],
)  # fmt: skip
def test_what_is_refused(outputs: object, text: str) -> None:
    """No answers, two kinds of them, the wrong kind, wrong shapes and lengths are errors."""
    with pytest.raises(ExportError) as caught:
        named_outputs(outputs, "here")
    assert caught.value.what == text


def test_round_trip(tmp_path: Path) -> None:
    """What is written is read back without pickles, bit for bit."""
    arrays = {"texts": np.array(["", "🙂", "a\nb"]), "ids": np.array([3, 1, 2])}
    write_outputs(tmp_path / "file.part", arrays)
    with np.load(tmp_path / "file.part", allow_pickle=False) as file:
        assert {name: file[name].tolist() for name in file.files} == {
            name: array.tolist() for name, array in arrays.items()
        }
