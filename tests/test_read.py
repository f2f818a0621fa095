"""Reading a site back, and saying so when it is damaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import tiny_study

from cc_export import export, read_site
from cc_export.bundle.chunk import asset_chunks, json_chunk, pack_asset, payload
from cc_export.errors import ExportError
from cc_export.viewer import Viewer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, viewer: Viewer) -> Path:
    site = tmp_path_factory.mktemp("made") / "site"
    export(tiny_study.TINY, site, viewer=viewer)
    return site


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "site")


def error_of(work: Callable[[], object], site: Path) -> str:
    with pytest.raises(ExportError) as caught:
        work()
    return str(caught.value).replace(str(site), "SITE")


def change_manifest(site: Path, change: Callable[[dict], object]) -> None:
    file = site / "data" / "manifest.js"
    manifest = orjson.loads(payload(file.read_bytes(), "data/manifest"))
    file.write_bytes(json_chunk("data/manifest", change(manifest) or manifest).content)


def test_models_and_assets_come_back(site: Path) -> None:
    """Records are plain values, and a model that travels along is the very file."""
    found = read_site(site)
    assert [model["id"] for model in found.models][:2] == ["base", "base/pruned"]
    base = found.models[0]
    assert found.asset(base["onnx"]) == (tiny_study.TINY / "models" / "base.onnx").read_bytes()
    assert found.asset("runtime/engine.js") == b"a stand-in for the engine\n"
    assert found.json(base["layers"])["model"] == "base"
    assert list(found.damaged()) == []


def test_every_file_is_in_the_manifest(site: Path) -> None:
    """The manifest lists what there is, but for itself."""
    there = {f.relative_to(site).as_posix() for f in site.rglob("*") if f.is_file()}
    assert there - set(read_site(site).manifest["files"]) == {"data/manifest.js"}


def test_altered_and_missing_files(site: Path) -> None:
    """An altered chunk is refused, and damaged() lists it with what is missing."""
    found = read_site(site)
    models = site / "data" / "models.js"
    models.write_bytes(models.read_bytes().replace(b'"base"', b'"bass"'))
    (site / "index.html").unlink()
    assert error_of(lambda: found.models, site) == (
        "SITE: chunk 'data/models' is not what the manifest says\n"
        "    It was altered or not copied in full; copy or export the site again."
    )
    assert sorted(found.damaged()) == ["data/models.js", "index.html"]
    models.unlink()
    assert error_of(lambda: found.models, site) == (
        "SITE: chunk 'data/models' cannot be read: No such file or directory\n"
        "    Copy the whole folder again, or export again."
    )


def test_ids_that_are_none(site: Path) -> None:
    """An unknown asset and a file that the manifest does not know are refused."""
    found = read_site(site)
    assert error_of(lambda: found.asset("x"), site) == "SITE: no asset 'x'"
    assert error_of(lambda: found.json("data/manifest"), site) == "SITE: no chunk 'data/manifest'"


def test_folders_that_are_no_site(tmp_path: Path, site: Path) -> None:
    """A folder without a manifest, and a manifest that is damaged or not ours, are told apart."""
    assert error_of(lambda: read_site(tmp_path / "none"), tmp_path / "none") == (
        "SITE: there is no such folder\n    Make one with `cc-export build STUDY -o FOLDER`."
    )
    assert read_site(site / "index.html").models == read_site(site).models
    manifest = site / "data" / "manifest.js"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[:-5])
    assert error_of(lambda: read_site(site), site) == (
        "SITE: chunk 'data/manifest' is damaged: data/manifest is truncated or not a chunk"
    )
    for record in ([], {"format": 1}, {"format": {}, "files": {}, "assets": {}}):
        manifest.write_bytes(json_chunk("data/manifest", record).content)
        assert error_of(lambda: read_site(site), site) == (
            "SITE: its manifest is not one of cc-export\n    Export the site again."
        )


@pytest.mark.parametrize(
    "change",
    [
        {"study": None}, {"study": {}}, {"files": {"x": 1}}, {"files": {"x": {}}}, {"files": [[1]]},
        {"assets": {"x": 3}}, {"assets": {"x": {"bytes": "1", "parts": []}}}, {"timing": 4},
        {"runtime": 1}, {"dataset": []}, {"generator": None},
    ],
    ids=str,
)  # fmt: skip
def test_manifests_of_another_form(site: Path, change: dict[str, object]) -> None:
    """Whatever a reader asks a manifest for is checked when the site is opened."""
    change_manifest(site, lambda manifest: manifest.update(change))
    assert error_of(lambda: read_site(site), site) == (
        "SITE: its manifest is not one of cc-export\n    Export the site again."
    )


def test_newer_formats_are_not_guessed_at(site: Path) -> None:
    """A site of a newer format says which version this cc-export reads."""
    change_manifest(site, lambda manifest: manifest["format"].update(version=99))
    assert error_of(lambda: read_site(site), site) == (
        "SITE: bundle format 99, this cc-export reads up to 2\n    Update cc-export."
    )


def test_a_small_file_does_not_fill_the_memory(site: Path) -> None:
    """Unpacking stops at the size that the manifest states."""
    _, chunks = asset_chunks("runtime/engine.js", pack_asset(bytes(50_000_000)))
    for chunk in chunks:
        (site / chunk.path).write_bytes(chunk.content)

    def believe(manifest: dict) -> None:
        for path in manifest["files"]:
            manifest["files"][path] = {"bytes": None, "sha256": None}

    change_manifest(site, believe)
    assert error_of(lambda: read_site(site).asset("runtime/engine.js"), site) == (
        "SITE: asset 'runtime/engine.js' has not the 26 bytes that the manifest says"
    )


@pytest.mark.parametrize("content", [b"####", b"AAAA", b"H4sI"])
def test_assets_that_do_not_unpack(site: Path, content: bytes) -> None:
    """Payloads that are no base64 or no gzip are damaged assets."""
    chunk = site / "runtime" / "engine.js" / "0.js"
    head = b'cc.chunk("runtime/engine.js/0",function(){/*'
    chunk.write_bytes(head + content + b"*/});\n")
    change_manifest(
        site,
        lambda m: m["files"].update({"runtime/engine.js/0.js": {"bytes": None, "sha256": None}}),
    )
    error = error_of(lambda: read_site(site).asset("runtime/engine.js"), site)
    assert error.startswith("SITE: asset 'runtime/engine.js' ")
