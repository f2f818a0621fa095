"""The built viewer, as it lies in the package."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import tiny_study

from cc_export.bundle.records.manifest import AssetRecord
from cc_export.errors import ExportError
from cc_export.viewer import built_viewer


def test_files_and_assets(tmp_path: Path) -> None:
    """Every file but the index is copied; the index says which engines there are."""
    found = built_viewer(tiny_study.FIXTURES / "viewer")
    assert [path for path, _ in found.files] == ["index.html", "runtime/engine.js/0.js"]
    assert found.runtime.versions == {"engine": "1.0"}
    assert found.assets == {"runtime/engine.js": AssetRecord(26, "gzip", ("runtime/engine.js/0",))}


@pytest.mark.parametrize("missing", ["runtime.json", "index.html"])
def test_a_viewer_that_is_not_built(tmp_path: Path, missing: str) -> None:
    """In a checkout without a build, it is said which file is not there and what makes it."""
    folder = shutil.copytree(tiny_study.FIXTURES / "viewer", tmp_path / "viewer")
    (folder / missing).unlink()
    with pytest.raises(ExportError) as caught:
        built_viewer(folder)
    assert str(caught.value) == (
        f"the viewer is not built: there is no {folder / missing}\n"
        "    In a checkout, run `make build`. An installed cc-export carries it: install it again."
    )
