"""The tiny study's bundle, record by record, as a person can read it.

``pytest --update-golden`` writes the files anew; look at what changed before committing them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_study

from cc_core.jsonable import jsonable
from cc_export import export, read_site
from cc_export.bundle.chunk import expand
from cc_export.version import __version__
from cc_export.viewer import Viewer

GOLDEN = Path(__file__).parent / "golden" / "tiny-study"


@pytest.fixture(scope="module")
def decoded(tmp_path_factory: pytest.TempPathFactory, viewer: Viewer) -> dict[str, str]:
    """Each JSON chunk of the tiny study's site, as pretty JSON by file name."""
    folder = tmp_path_factory.mktemp("golden") / "site"
    export(tiny_study.TINY, folder, viewer=viewer)
    site = read_site(folder)
    parts = {part for asset in site.manifest["assets"].values() for part in asset["parts"]}
    chunks = {
        path.removesuffix(".js"): None
        for path in site.manifest["files"]
        if path.startswith("data/") and path.removesuffix(".js") not in parts
    }
    del chunks["data/timing"]
    found: dict[str, Any] = {chunk: readable(site.json(chunk)) for chunk in chunks}
    without_compressed_sizes(found["data/models"])
    found["data/manifest"] = portable(dict(site.manifest))
    return {
        f"{name.removeprefix('data/')}.json": json.dumps(
            value, indent=1, ensure_ascii=False, sort_keys=True
        )
        + "\n"
        for name, value in found.items()
    }


def without_compressed_sizes(chunk: dict[str, Any]) -> dict[str, Any]:
    """Compressed sizes differ between builds of the compressing library."""
    for model in chunk["models"]:
        if "Gzip size" in model["metrics"]:
            model["metrics"]["Gzip size"] = "measured"
    return chunk


def readable(value: Any) -> Any:
    """With packed arrays as their numbers, which are the same whichever zlib packed them."""
    if isinstance(value, dict) and value.get("encoding") == "planes+zlib":
        return {**value, "data": jsonable(expand(value).tolist())}
    if isinstance(value, dict):
        return {name: readable(part) for name, part in value.items()}
    if isinstance(value, float):
        # The last digits of exp and log differ between processors.
        return float(f"{value:.9g}")
    return [readable(part) for part in value] if isinstance(value, list) else value


def portable(manifest: dict[str, Any]) -> dict[str, Any]:
    """Without the version, and without hashes: those of gzip differ between builds of zlib."""
    files = {
        path: "verified" if record["sha256"] else "not verified"
        for path, record in manifest["files"].items()
    }
    generator = manifest["generator"].replace(__version__, "VERSION")
    return {**manifest, "files": files, "generator": generator}


def test_the_bundle_is_the_golden_one(decoded: dict[str, str], update_golden: bool) -> None:
    """Every chunk of the tiny study's site is what it was when someone last looked at it."""
    if update_golden:
        for file in GOLDEN.rglob("*.json"):
            file.unlink()
        for name, text in decoded.items():
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_text(text, "utf-8")
    golden = {
        file.relative_to(GOLDEN).as_posix(): file.read_text("utf-8")
        for file in GOLDEN.rglob("*.json")
    }
    assert decoded.keys() == golden.keys()
    for name, text in decoded.items():
        assert text == golden[name], f"{name} changed; see `pytest --update-golden`"


def test_the_fixture_is_what_its_script_makes(tmp_path: Path) -> None:
    """The study's committed models and instances can be made again."""
    tiny_study.write(tmp_path)
    made = {f.relative_to(tmp_path) for f in tmp_path.rglob("*.*") if f.is_file()}
    assert Path("evaluation.npz") in made and Path("models/base.onnx") in made
    for file in tiny_study.TINY.rglob("*.*"):
        if file.is_file():
            assert file.read_bytes() == (tmp_path / file.relative_to(tiny_study.TINY)).read_bytes()
