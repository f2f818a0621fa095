"""Examples are studies that export as they are, and are what their pages say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cc_export import export, read_site
from cc_export.bundle.read import Site
from cc_export.viewer import Viewer

TUMOURS = Path(__file__).parents[1] / "examples" / "tumours"
STUDY: Any = yaml.safe_load((TUMOURS / "study.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, viewer: Viewer) -> Site:
    folder = tmp_path_factory.mktemp("tumours")
    report = export(TUMOURS, folder / "site", viewer=viewer, cache="off")
    assert (report.failures, report.models, report.instances) == ({}, 13, 190)
    assert report.embedded == 13
    return read_site(folder / "site")


def row_of(site: Site, entry: dict[str, Any]) -> str:
    model = next(model for model in site.models if model["id"] == entry["id"])
    found = site.json(model["predictions"])["per_class"]["recall"][0]
    operation = entry["operation"]
    parameters = ", ".join(f"{name} {value}" for name, value in operation["parameters"].items())
    base = f"`{entry['base']}`" if "base" in entry else ""
    metrics = model["metrics"]
    return (
        f"| `{entry['id']}` | {base} | {operation['name']} ({parameters}) | "
        f"{metrics['Accuracy']:.3f} | {found:.3f} | {metrics['Log loss']:.3f} | "
        f"{metrics['Size']:,} |"
    )


def test_tumours_are_what_their_page_says(site: Site) -> None:
    """Every model's row of the page is what the export measured."""
    page = (TUMOURS / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `.*$", page, re.MULTILINE)
    assert rows == [row_of(site, entry) for entry in STUDY["models"]]


def test_tumours_have_groups_and_cells(site: Site) -> None:
    """Sizes of tumours are a group, with accuracy of each; instances are rows of a table."""
    found = site.json(site.models[0]["predictions"])["per_group"]["size"]
    assert sum(found["count"]) == 190 and len(found["Accuracy"]) == 3
    record = site.manifest["dataset"]
    assert record["preview"]["kind"] == "table" and record["not_runnable"] == ""
    instances = site.json(record["chunks"][0])
    assert instances["ids"][:2] == ["row-000", "row-003"]
    assert instances["cells"][0][:2] == [17.99, 10.38] and instances["cells"][0][-1] == "large"


def test_tumours_can_be_made_again(tmp_path: Path) -> None:
    """The script makes every file of the study, with the layers of the files that are there."""
    subprocess.run([sys.executable, TUMOURS / "make.py", tmp_path], check=True, capture_output=True)
    for entry in STUDY["models"]:
        there = TUMOURS / entry["onnx"]
        assert (tmp_path / there.name).stat().st_size == there.stat().st_size
    assert len(list(tmp_path.iterdir())) == len(STUDY["models"])
