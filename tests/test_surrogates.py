"""Half characters in evaluation data and answers are told in words, and never end an export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cc_export import export
from cc_export.errors import ExportError
from cc_export.surrogates import first_broken, mended
from cc_export.viewer import Viewer

BROKEN = np.array(["a", "b", "\ud800"])
STUDY = """
dataset: {{path: data.npz, {dataset}}}
evaluation: {{task: {task}}}
models: [{{id: one, outputs: one.npz}}, {{id: two, outputs: two.npz}}]
"""


def test_the_first_one_is_found() -> None:
    """In texts and in lists of them; what is no text is left alone."""
    assert first_broken(["a", 3, None, ("b", "\U0001f600")]) is None
    assert first_broken(["a", ["b", "\udfff"], "\ud800"]) == 1
    assert (mended("a\ud800b"), mended("é")) == ("a?b", "é")


@pytest.mark.parametrize("dataset", ["label: y, ids: t", "label: y, groups: {g: t}", "label: t"])
def test_ids_groups_and_labels(dataset: str, tmp_path: Path, viewer: Viewer) -> None:
    """The array and the instance are named before any model is run."""
    np.savez(tmp_path / "data.npz", y=np.array([0, 1, 0]), t=BROKEN)
    text = STUDY.format(dataset=dataset, task="classification")
    (tmp_path / "study.yaml").write_text(text, "utf-8")
    for model in ("one", "two"):
        np.savez(tmp_path / f"{model}.npz", scores=np.zeros((3, 3)))
    with pytest.raises(ExportError) as caught:
        export(tmp_path, tmp_path / "site", viewer=viewer, cache="off")
    assert str(caught.value).startswith(
        f"{tmp_path / 'data.npz'}: array 't', instance 2: the text holds half of a character"
    )


def test_answers(tmp_path: Path, viewer: Viewer) -> None:
    """A model that answers with such a text fails alone."""
    np.savez(tmp_path / "data.npz", y=np.array(["a", "b", "c"]))
    text = STUDY.format(dataset="label: y", task="generation")
    (tmp_path / "study.yaml").write_text(text, "utf-8")
    np.savez(tmp_path / "one.npz", texts=np.array(["a", "b", "c"]))
    np.savez(tmp_path / "two.npz", texts=BROKEN)
    report = export(tmp_path, tmp_path / "site", viewer=viewer, cache="off")
    assert list(report.failures) == ["two"]
    assert report.failures["two"].startswith(
        "two.npz: the answer to instance 2 holds half of a character (a lone surrogate)"
    )
