"""What a site is said to hold."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cc_export import export, read_site
from cc_export.bundle.chunk import json_chunk
from cc_export.bundle.summary import summarize_site
from cc_export.errors import ExportError
from cc_export.viewer import Viewer


@pytest.fixture
def site(tiny: Path, tmp_path: Path, viewer: Viewer) -> Path:
    export(tiny, tmp_path / "site", viewer=viewer)
    return tmp_path / "site"


def test_a_whole_site(site: Path) -> None:
    """Every file belongs to one kind, and kinds and files add up to the folder."""
    found = summarize_site(read_site(site))
    files = [file for file in site.rglob("*") if file.is_file()]
    assert sum(kind.files for kind in found.kinds) == len(files)
    assert found.bytes == sum(kind.bytes for kind in found.kinds)
    assert found.bytes == sum(file.stat().st_size for file in files)
    kinds = {kind.kind: kind.files for kind in found.kinds}
    assert list(kinds)[:2] == ["page", "overview"]
    assert (kinds["layers"], kinds["predictions"], kinds["onnx"], kinds["instances"]) == (
        4,
        4,
        3,
        1,
    )
    assert (found.title, found.format, found.instances, found.damaged) == ("Tiny", 2, 12, ())
    assert found.exported.startswith("20")


def test_models_of_a_site(site: Path) -> None:
    """For each model it is said what there is of it, and how much."""
    models = {model.id: model for model in summarize_site(read_site(site)).models}
    assert len(models) == 6
    base, half, other = models["base"], models["half"], models["other"]
    assert (base.layers, base.predictions, base.runs_in_page) == (True, True, True)
    assert (half.layers, half.predictions, half.runs_in_page) == (True, True, False)
    assert (other.layers, other.predictions, other.bytes) == (False, False, 0)
    files = [
        *site.glob("data/*/base-cae662172fd4.js"),
        *site.glob(f"{read_site(site).models[0]['onnx']}/*"),
    ]
    assert base.bytes == sum(file.stat().st_size for file in files)
    assert half.bytes > 0


@pytest.mark.parametrize("record", [[], {"models": 3}, {"models": [1]}, {"models": [{"id": 1}]}])
def test_records_that_are_not_ours(site: Path, record: object) -> None:
    """A site whose overview is of another form is refused in words."""
    chunk = json_chunk("data/models", record)
    (site / chunk.path).write_bytes(chunk.content)
    manifest = dict(read_site(site).manifest)
    sha256 = hashlib.sha256(chunk.content).hexdigest()
    manifest["files"] = {**manifest["files"], chunk.path: {"bytes": 1, "sha256": sha256}}
    (site / "data" / "manifest.js").write_bytes(json_chunk("data/manifest", manifest).content)
    with pytest.raises(ExportError, match="its records are not those of cc-export"):
        summarize_site(read_site(site))


def test_a_damaged_site(site: Path) -> None:
    """Altered and missing files are listed, and the rest is still told."""
    (site / "index.html").write_bytes(b"altered")
    (site / "data" / "timing.js").unlink()
    found = summarize_site(read_site(site))
    assert found.damaged == ("data/timing.js", "index.html")
    assert (found.exported, len(found.models)) == ("", 6)
