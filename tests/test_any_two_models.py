"""What a page shows of any two models' answers is in the bundle, for every task.

Two siblings are compared by their chunks alone, none of which is about both; every number is worked
out again from the answers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cc_core.api import dispatch
from cc_core.outcomes import FourWay, paired_test
from cc_export import export, read_site
from cc_export.bundle.chunk import expand
from cc_export.bundle.read import Site
from cc_export.viewer import Viewer

N, RNG = 60, np.random.default_rng(5)
GROUP = RNG.integers(0, 3, N)
FIRST, SECOND = "first", "second"


def built(
    folder: Path, viewer: Viewer, task: str, answers: list[Any], truth: Any, *, dataset: str = ""
) -> Site:
    """A site of a base and two models made from it, with three groups of instances."""
    folder.mkdir()
    kind = {"regression": "values", "embedding": "values", "generation": "texts"}
    np.savez(folder / "data.npz", y=truth, g=GROUP)
    for name, values in zip(("base", FIRST, SECOND), answers, strict=True):
        np.savez(folder / f"{name}.npz", **{kind.get(task, "scores"): values})
    (folder / "study.yaml").write_text(
        f"dataset: {{path: data.npz, label: y, groups: {{g: g}}{dataset}}}\n"
        f"evaluation: {{task: {task}}}\nmodels:\n  - {{id: base, outputs: base.npz}}\n"
        f"  - {{id: {FIRST}, base: base, outputs: {FIRST}.npz}}\n"
        f"  - {{id: {SECOND}, base: base, outputs: {SECOND}.npz}}\n",
        "utf-8",
    )
    assert export(folder, folder / "site", viewer=viewer, cache="off").failures == {}
    return read_site(folder / "site")


class Page:
    """What a page has loaded of a site: it asks with the arrays of chunks and nothing else."""

    def __init__(self, site: Site, *models: str) -> None:
        self.record = site.manifest["dataset"]
        attributes = site.json(self.record["attributes"])
        chunks = {m["id"]: site.json(m["predictions"]) for m in site.models}
        self.tensors: list[np.ndarray] = []
        self.request: dict[str, Any] = {
            "task": self.record["task"],
            "instances": self.record["instances"],
            "classes": len(self.record["classes"]),
            "rows": [{"codes": self.place(attributes["groups"]["g"]), "levels": 3}],
            "models": [self.model(site, chunks[name]) for name in models],
        }
        # The labels of an embedding study are those of neighbours; texts are not in the attributes.
        if attributes["labels"] is not None and self.record["task"] != "embedding":
            self.request["labels"] = self.place(attributes["labels"])

    def place(self, packed: Any) -> int:
        self.tensors.append(expand(packed))
        return len(self.tensors) - 1

    def model(self, site: Site, chunk: Any) -> dict[str, Any]:
        texts = [text for part in chunk["texts"] for text in site.json(part)["texts"]]
        return {
            "arrays": {name: self.place(packed) for name, packed in chunk["arrays"].items()},
            "correct": None if chunk["correct"] is None else self.place(chunk["correct"]),
            **({"texts": texts} if texts else {}),
        }

    def ask(self, question: str, **more: object) -> tuple[Any, list[np.ndarray]]:
        described = [{"dtype": t.dtype.name, "shape": list(t.shape)} for t in self.tensors]
        asked = json.dumps({**self.request, **more, "tensors": described})
        buffers = [memoryview(np.ascontiguousarray(t)).cast("B") for t in self.tensors]
        text, arrays = dispatch(question, asked, buffers)
        return json.loads(text), arrays


def check_outcomes(answer: Any, first: np.ndarray, second: np.ndarray) -> None:
    """Overall and for each level: the four-way split, McNemar's test and its interval."""
    levels = [np.arange(N), *(np.flatnonzero(level == GROUP) for level in range(3))]
    for row, which in zip([answer["whole"], *answer["rows"][0]], levels, strict=True):
        a, b = first[which], second[which]
        counts = FourWay(
            int((a & b).sum()), int((~a & ~b).sum()), int((a & ~b).sum()), int((~a & b).sum())
        )
        assert row["count"] == len(which)
        assert tuple(row["outcomes"].values()) == (
            counts.both_right, counts.both_wrong, counts.lost, counts.gained,
        )  # fmt: skip
        assert row["test"]["p"] == pytest.approx(paired_test(counts).p)
        assert row["test"]["difference"] == pytest.approx(b.mean() - a.mean())


def check_means(answer: Any, name: str, values: np.ndarray, tolerance: float) -> None:
    """Overall and for each level, and every instance."""
    levels = [np.arange(N), *(np.flatnonzero(level == GROUP) for level in range(3))]
    for row, which in zip([answer["whole"], *answer["rows"][0]], levels, strict=True):
        assert row["means"][name] == pytest.approx(np.nanmean(values[which]), abs=tolerance)


def test_classification(tmp_path: Path, viewer: Viewer) -> None:
    """Outcomes, agreement, the change on the true class, confusions and disagreement."""
    labels = RNG.integers(0, 7, N)
    scores = [RNG.normal(size=(N, 7)) + 2 * np.eye(7)[labels] for _ in range(3)]
    classes = ", classes: [a, b, c, d, e, f, g]"
    site = built(tmp_path / "s", viewer, "classification", scores, labels, dataset=classes)
    page = Page(site, FIRST, SECOND)
    [answer], arrays = page.ask("pair")
    p, q = (np.exp(s) / np.exp(s).sum(1, keepdims=True) for s in scores[1:])
    first, second = p.argmax(1), q.argmax(1)
    check_outcomes(answer, first == labels, second == labels)
    values = {place["name"]: array for place, array in zip(answer["arrays"], arrays, strict=True)}
    check_means(answer, "agreement", first == second, 0)
    change = (q - p)[np.arange(N), labels]
    check_means(answer, "truth", change, 2e-5)
    np.testing.assert_allclose(values["truth"], change, atol=2e-5)
    exact = (p * np.log(p / q)).sum(1)
    assert 0.5 * exact.mean() < answer["whole"]["means"]["divergence"] < 1.05 * exact.mean()
    [answer], _ = page.ask("confusions", of=3)
    found = {(c["true"], c["predicted"]): (c["base"], c["model"]) for c in answer["confusions"]}
    for (true, taken), counts in found.items():
        both = [int(((labels == true) & (side == taken)).sum()) for side in (first, second)]
        assert counts == tuple(both)
    assert (
        sum(m["count"] for m in answer["moves"])
        == ((first != second) & ((labels == 3) | (first == 3) | (second == 3))).sum()
    )
    page = Page(site, "base", FIRST, SECOND)
    _, [apart, from_first] = page.ask("disagreement")
    every = np.stack([s.argmax(1) for s in scores])
    assert apart.tolist() == [3 - np.bincount(one).max() for one in every.T]
    assert from_first.tolist() == (every[1:] != every[0]).sum(0).tolist()


def test_multilabel(tmp_path: Path, viewer: Viewer) -> None:
    """Sets of labels: the same or not, and by how many labels they differ."""
    truth = RNG.random((N, 9)) < 0.2
    scores = [RNG.normal(size=(N, 9)) + 3 * truth - 2.5 for _ in range(3)]
    site = built(tmp_path / "s", viewer, "multilabel", scores, truth)
    [answer], _ = Page(site, FIRST, SECOND).ask("pair")
    first, second = (s >= 0 for s in scores[1:])
    check_outcomes(answer, (first == truth).all(1), (second == truth).all(1))
    check_means(answer, "agreement", (first == second).all(1), 0)
    check_means(answer, "differing", (first != second).sum(1), 1e-12)
    assert len(answer["labels"]) == 9
    for label, row in enumerate(answer["labels"]):
        a, b = (side[:, label] == truth[:, label] for side in (first, second))
        assert (row["outcomes"]["lost"], row["outcomes"]["gained"]) == (
            (a & ~b).sum(),
            (b & ~a).sum(),
        )
        assert row["test"]["difference"] == pytest.approx(b.mean() - a.mean())
    _, [apart, _] = Page(site, FIRST, SECOND).ask("disagreement")
    assert apart.tolist() == (first != second).any(1).astype(int).tolist()


def test_regression(tmp_path: Path, viewer: Viewer) -> None:
    """Numbers: how far apart they are, and whether they rise together."""
    truth = RNG.normal(size=N)
    values = [truth + RNG.normal(size=N) / 3 for _ in range(3)]
    [answer], [gap, error] = Page(
        built(tmp_path / "s", viewer, "regression", values, truth), FIRST, SECOND
    ).ask("pair")
    expected = np.abs(values[1] - values[2])
    np.testing.assert_allclose(gap, expected, atol=1e-6)
    check_means(answer, "gap", expected, 1e-6)
    rise = np.abs(values[2] - truth) - np.abs(values[1] - truth)
    np.testing.assert_allclose(error, rise, atol=1e-6)
    check_means(answer, "error", rise, 1e-6)
    known = np.corrcoef(values[1], values[2])[0, 1]
    assert answer["correlation"] == pytest.approx(known, rel=1e-6)
    assert answer["whole"]["outcomes"] is None and answer["whole"]["test"] is None


def test_embedding(tmp_path: Path, viewer: Viewer) -> None:
    """Vectors: which of their neighbours are the same."""
    truth = RNG.integers(0, 4, N)
    vectors = [np.eye(4)[truth] * 2 + RNG.normal(size=(N, 4)) for _ in range(3)]
    site = built(tmp_path / "s", viewer, "embedding", vectors, truth)
    [answer], _ = Page(site, FIRST, SECOND).ask("pair")
    near = []
    for rows in vectors[1:]:
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        likeness = unit @ unit.T
        np.fill_diagonal(likeness, -np.inf)
        near.append(np.argsort(-likeness, axis=1)[:, :10])
    kept = np.array([len(set(a) & set(b)) / 10 for a, b in zip(*near, strict=True)])
    check_means(answer, "kept", kept, 1e-12)
    check_outcomes(answer, *(truth[n[:, 0]] == truth for n in near))


def test_generation(tmp_path: Path, viewer: Viewer) -> None:
    """Texts: the same or not, edits, and word by word what changed."""
    truth = np.array(["red", "blue", "green"])[RNG.integers(0, 3, N)]
    texts = [np.where(RNG.random(N) < 0.3, "blues", truth) for _ in range(3)]
    site = built(tmp_path / "s", viewer, "generation", texts, truth)
    page = Page(site, FIRST, SECOND)
    [answer], _ = page.ask("pair")
    check_outcomes(answer, texts[1] == truth, texts[2] == truth)
    check_means(answer, "agreement", texts[1] == texts[2], 0)
    moved = np.flatnonzero(texts[1] != texts[2])
    assert len(moved) and answer["whole"]["means"]["edits"] >= len(moved) / N
    _, [apart, _] = page.ask("disagreement")
    assert np.flatnonzero(apart).tolist() == moved.tolist()
