"""Ids of all instances stand by themselves, unless they are numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_study

from cc_export import export, read_site
from cc_export.bundle import evaluation
from cc_export.viewer import Viewer


def test_ids_are_those_of_the_instances(
    tmp_path: Path, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In chunks of some, each told by its first; redacted sites have them, too."""
    monkeypatch.setattr(evaluation, "_IDS", 5)
    export(tiny_study.TINY, tmp_path / "site", viewer=viewer, redact=True)
    site = read_site(tmp_path / "site")
    record = site.manifest["dataset"]
    assert (record["ids_size"], len(record["ids"])) == (5, 3)
    chunks = [site.json(chunk) for chunk in record["ids"]]
    assert [chunk["first"] for chunk in chunks] == [0, 5, 10]
    found = [name for chunk in chunks for name in chunk["ids"]]
    assert found == [name for chunk in record["chunks"] for name in site.json(chunk)["ids"]]
    assert found[11] == "dot 11"


def test_numbers_need_no_chunk(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Without ids of their own, instances are counted from 0."""
    text = (tiny / "study.yaml").read_text("utf-8")
    (tiny / "study.yaml").write_text(text.replace("  ids: ids\n", ""), "utf-8")
    export(tiny, tmp_path / "site", viewer=viewer)
    site = read_site(tmp_path / "site")
    record = site.manifest["dataset"]
    assert record["ids"] == [] and not any("data/ids" in path for path in site.manifest["files"])
    assert site.json(record["chunks"][0])["ids"] == [str(number) for number in range(12)]
