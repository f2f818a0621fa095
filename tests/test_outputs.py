"""Predictions handed over as arrays get the names that the exporter knows them by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cc_export import export, read_site
from cc_export.dataset import ROWS
from cc_export.errors import ExportError
from cc_export.study.outputs import named_outputs, write_outputs
from cc_export.viewer import Viewer

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
        ({"scores": SCORES[None]},
         "here.scores: must have a row for each instance and a column for each class, "
         "got shape [1, 3, 3]"),
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


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("texts", [True, False])
def test_answers_in_another_order(
    tmp_path: Path, viewer: Viewer, packed: bool, texts: bool
) -> None:
    """With ids beside them, answers belong to the instances they name; more of them than are read
    at once.
    """
    count = ROWS + 500
    rng = np.random.default_rng(3)
    labels, order = rng.integers(0, 3, count), rng.permutation(count)
    ids = np.array([f"image {number}" for number in range(count)])
    answers = labels.astype(str) if texts else np.eye(3, dtype=np.float32)[labels]
    name, task = ("texts", "generation") if texts else ("scores", "classification")
    np.savez(tmp_path / "d.npz", y=labels.astype(str) if texts else labels, id=ids)
    save = np.savez_compressed if packed else np.savez
    save(tmp_path / "a.npz", **{name: answers}, ids=ids)
    save(tmp_path / "b.npz", **{name: answers[order]}, ids=ids[order])
    (tmp_path / "study.yaml").write_text(
        f"dataset: {{path: d.npz, label: y, ids: id}}\nevaluation: {{task: {task}}}\n"
        "models: [{id: a, outputs: a.npz}, {id: b, outputs: b.npz}]\n"
    )
    assert export(tmp_path, tmp_path / "site", viewer=viewer, cache="off").failures == {}
    site = read_site(tmp_path / "site")
    one, other = (site.json(model["predictions"]) for model in site.models)
    assert site.models[0]["metrics"]["Exact match" if texts else "Accuracy"] == 1
    assert {**other, "model": "a", "texts": []} == {**one, "texts": []}


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        (["a", "b", "x"], "m.npz: its id 'x' is that of no instance"),
        (["c", "b", "b"], "m.npz: there is no answer to instance 'a'"),
        (["c", "b"], "m.npz: there is no answer to instance 'a'"),
        (["c", "b", "a", "b"], "m.npz: there are two answers to instance 'b'"),
    ],
)
def test_ids_that_do_not_fit(tmp_path: Path, viewer: Viewer, ids: list[str], reason: str) -> None:
    """Unknown, missing and double ids are named, and what they must be."""
    np.savez(tmp_path / "d.npz", y=np.array([0, 1, 0]), id=np.array(["a", "b", "c"]))
    np.savez(tmp_path / "m.npz", scores=np.eye(2)[[0, 1, 0, 1]][: len(ids)], ids=np.array(ids))
    (tmp_path / "study.yaml").write_text(
        "dataset: {path: d.npz, label: y, ids: id}\nevaluation: {task: classification}\n"
        "models: [{id: m, outputs: m.npz}]\n"
    )
    report = export(tmp_path, tmp_path / "site", viewer=viewer, cache="off")
    hint = "    Its array 'ids' must be the ids of the dataset, such as 'a', in any order."
    assert report.failures == {"m": f"{reason}\n{hint}"}
