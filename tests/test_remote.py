"""Studies and sites at URLs: the same site as from files, read once, and never opened half."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import onnx
import pytest
import tiny_models

from cc_export import ExportError, export, load_study, read_site
from cc_export.bundle.write import MANIFEST
from cc_export.remote import INDEX, data_at, model_at, site_at
from cc_export.urls import url_of
from cc_export.validate import validate_study
from cc_export.viewer import Viewer


@pytest.fixture
def memory() -> Iterator[Any]:
    """An empty file system in memory."""
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def contents(site: Path) -> dict[str, bytes]:
    return {f.relative_to(site).as_posix(): f.read_bytes() for f in site.rglob("*") if f.is_file()}


def at(system: Any, root: str) -> dict[str, bytes]:
    return {path[len(root) + 1 :]: system.cat_file(path) for path in system.find(root)}


def error_of(study: Path | str, site: Path | str, **options: Any) -> str:
    with pytest.raises(ExportError) as caught:
        export(study, site, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("place", "url"),
    [
        ("s3://bucket/study", "s3://bucket/study"),
        (Path("s3://bucket/study.yaml"), "s3://bucket/study.yaml"),
        (Path("memory://a/b"), "memory://a/b"),
        (Path("file:///a/b"), "file:///a/b"),
        ("file:///a/b", "file:///a/b"),
        ("C:/study", None),
        ("study.yaml", None),
        (Path("/a/b:c"), None),
    ],
)
def test_what_is_a_url(place: Path | str, url: str | None) -> None:
    """Also as a path, which has dropped a slash; a drive of Windows is none."""
    assert url_of(place) == url


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_study_at_a_url(
    kind: str, tiny: Path, tmp_path: Path, viewer: Viewer, memory: Any
) -> None:
    """It gives the very site that it gives as files, also where the URL names its study file."""
    memory.put(str(tiny), "/bucket/tiny", recursive=True)
    url = "memory://bucket/tiny" if kind == "memory" else tiny.as_uri()
    options: dict[str, Any] = {"viewer": viewer, "cache": tmp_path / "cache"}
    export(tiny, tmp_path / "plain", **options)
    report = export(url, tmp_path / "site", **options)
    assert not report.failures
    export(Path(f"{url}/study.yaml"), tmp_path / "named", **options)
    plain = contents(tmp_path / "plain")
    for name in ("site", "named"):
        found = contents(tmp_path / name)
        assert {n for n in plain | found if plain.get(n) != found.get(n)} <= {"data/timing.js"}


def test_only_what_changed_is_read_again(
    tiny: Path, tmp_path: Path, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second export copies nothing, then what changed; what is gone there is gone here."""
    memory.put(str(tiny), "/bucket/tiny", recursive=True)
    read: list[str] = []
    original = type(memory).get_file

    def get_file(system: Any, path: str, local: str, **rest: Any) -> None:
        read.append(path.rpartition("/")[2])
        original(system, path, local, **rest)

    monkeypatch.setattr(type(memory), "get_file", get_file)
    load_study("memory://bucket/tiny", tmp_path)
    assert sorted(read) == sorted(file.name for file in tiny.rglob("*") if file.is_file())
    read.clear()
    study = load_study("memory://bucket/tiny", tmp_path)
    assert read == []
    memory.pipe_file("/bucket/tiny/models/half.onnx", b"other")
    memory.rm("/bucket/tiny/models/int8.onnx")
    text = (tiny / "study.yaml").read_text("utf-8").replace("models/int8.onnx", "models/half.onnx")
    memory.pipe_file("/bucket/tiny/study.yaml", text.encode())
    load_study("memory://bucket/tiny", tmp_path)
    assert sorted(read) == ["half.onnx", "study.yaml"]
    assert (study.file.parent / "models" / "half.onnx").read_bytes() == b"other"
    assert not (study.file.parent / "models" / "int8.onnx").exists()


def test_models_and_data_at_urls(tiny: Path, tmp_path: Path, viewer: Viewer, memory: Any) -> None:
    """A study here may name them, external data comes along, and the site is the same."""
    memory.put(str(tiny / "models"), "/models", recursive=True)
    memory.put(str(tiny / "evaluation.npz"), "/data/evaluation.npz")
    export(tiny, tmp_path / "plain", viewer=viewer)
    shutil.rmtree(tiny / "models")
    (tiny / "evaluation.npz").unlink()
    text = (tiny / "study.yaml").read_text("utf-8")
    text = text.replace("models/", "memory://models/").replace(
        "evaluation.npz", "memory://data/evaluation.npz"
    )
    (tiny / "study.yaml").write_text(text, "utf-8")
    report = export(tiny, tmp_path / "site", viewer=viewer)
    assert not report.failures
    plain, found = contents(tmp_path / "plain"), contents(tmp_path / "site")
    assert {n for n in plain | found if plain.get(n) != found.get(n)} <= {"data/timing.js"}


def test_external_data_comes_along(tmp_path: Path, memory: Any) -> None:
    """A model's file says where its weights are; those are copied beside it."""
    model = tiny_models.float32(tiny_models.weights())
    onnx.save_model(
        model, tmp_path / "split.onnx", save_as_external_data=True, location="w.bin",
        size_threshold=0,
    )  # fmt: skip
    memory.put(str(tmp_path / "split.onnx"), "/m/split.onnx")
    memory.put(str(tmp_path / "w.bin"), "/m/w.bin")
    copy = model_at("memory://m/split.onnx", tmp_path / "cache")
    assert copy.name == "split.onnx"
    assert (copy.parent / "w.bin").read_bytes() == (tmp_path / "w.bin").read_bytes()


def test_folders_of_data(tmp_path: Path, memory: Any) -> None:
    """A URL of a folder brings all that is in it."""
    for name in ("cat/1.png", "dog/2.png"):
        memory.pipe_file(f"/images/{name}", name.encode())
    copy = data_at("memory://images", tmp_path)
    assert contents(copy) == {
        "cat/1.png": b"cat/1.png",
        "dog/2.png": b"dog/2.png",
        ".cc-export.json": (copy / ".cc-export.json").read_bytes(),
    }


def test_errors_name_the_url(tiny: Path, tmp_path: Path, viewer: Viewer, memory: Any) -> None:
    """Of a study, of what a study names, and of a package that is missing; never the copy."""
    site = tmp_path / "site"
    assert error_of("memory://no/such", site, viewer=viewer) == (
        "memory://no/such: cannot be read: there is no such file or folder\n"
        "    Check the URL, and that this machine may read it."
    )
    memory.pipe_file("/broken/study.yaml", b"models: [{id: a, onnx: a.onnx}]\n")
    assert error_of("memory://broken", site, viewer=viewer) == (
        "memory://broken/study.yaml:1: models[0].onnx: model 'a': there is no file 'a.onnx'\n"
        "    Looked in memory://broken."
    )
    study = tmp_path / "study.yaml"
    study.write_text("models:\n- id: a\n  onnx: memory://no/a.onnx\n- {id: b, onnx: memory://no/b}")
    assert error_of(study, site, viewer=viewer) == (
        f"{study}:3: models[0].onnx: memory://no/a.onnx: cannot be read: "
        "there is no such file or folder\n"
        "    Check the URL, and that this machine may read it.\n"
        f"{study}:4: models[1].onnx: memory://no/b: cannot be read: "
        "there is no such file or folder\n"
        "    Check the URL, and that this machine may read it."
    )
    assert error_of("s3s://a/b", site, viewer=viewer) == (
        "s3s://a/b: there are no URLs that begin with 's3s'\n    Did you mean 's3'?"
    )


def test_what_is_found_later_names_the_url(
    tiny: Path, tmp_path: Path, viewer: Viewer, memory: Any
) -> None:
    """Warnings, and errors about the data, speak of the URL as errors of the study do."""
    memory.put(str(tiny), "/bucket/tiny", recursive=True)
    (warning,) = export("memory://bucket/tiny", tmp_path / "site", viewer=viewer).warnings
    assert warning.startswith("memory://bucket/tiny/study.yaml:54: models[3].metrics: ")
    found = validate_study("memory://bucket/tiny/study.yaml")
    assert (found.file, found.warnings) == ("memory://bucket/tiny/study.yaml", (warning,))
    text = (tiny / "study.yaml").read_text("utf-8").replace("label: labels", "label: lables")
    memory.pipe_file("/bucket/tiny/study.yaml", text.encode())
    for url in ("memory://bucket/tiny", "memory://bucket/tiny/study.yaml"):
        assert error_of(url, tmp_path / "site", viewer=viewer) == (
            "memory://bucket/tiny/study.yaml:20: dataset.label: "
            "memory://bucket/tiny/evaluation.npz has no array 'lables'\n"
            "    Did you mean 'labels'?"
        )


@pytest.mark.parametrize(
    ("url", "module", "package"),
    [
        ("s3://bucket/study", "s3fs", "cc-export[s3]"),
        ("https://example.invalid/study.yaml", "aiohttp", "fsspec[http]"),
        ("gs://bucket/study", "gcsfs", "gcsfs"),
    ],
)
def test_a_package_that_is_missing(
    url: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said which extra or package to install."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExportError) as caught:
        load_study(url)
    assert str(caught.value) == (
        f"{url}: a package for such URLs is not installed\n"
        f"    Install it with: pip install '{package}'"
    )


def test_names_that_leave_the_folder(
    tmp_path: Path, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store whose names are no paths below the URL writes nothing outside the copy."""
    found = {"/evil/study.yaml": {"size": 1}, "/evil/../../out": {"size": 1}}
    memory.pipe_file("/evil/study.yaml", b"x")
    monkeypatch.setattr(type(memory), "find", lambda *_, **__: found)
    with pytest.raises(ExportError) as caught:
        load_study("memory://evil", tmp_path / "cache")
    assert str(caught.value) == (
        "memory://evil: holds a file of the name '../../out', which is no path"
    )


def test_a_site_at_a_url(tiny: Path, tmp_path: Path, viewer: Viewer, memory: Any) -> None:
    """It is the site that is made here; a second export leaves what is the same as it is."""
    options: dict[str, Any] = {"viewer": viewer, "cache": tmp_path / "cache"}
    export(tiny, tmp_path / "site", **options)
    report = export(tiny, "memory://web/site", **options)
    assert report.site == "memory://web/site"
    here, there = contents(tmp_path / "site"), at(memory, "/web/site")
    assert {n for n in here | there if here.get(n) != there.get(n)} <= {"data/timing.js"}
    created = {path: memory.info(path)["created"] for path in memory.find("/web/site")}
    memory.pipe_file("/web/site/data/old.js", b"")
    assert error_of(tiny, "memory://web/site", **options) == (
        "memory://web/site: holds files that no export made (data/old.js); it is left as it is\n"
        "    Choose an empty or new place with -o, or move these files away."
    )
    memory.rm("/web/site/data/old.js")
    export(tiny, Path("memory://web/site"), **options)
    again = {path for path, time in created.items() if memory.info(path)["created"] != time}
    assert {path.removeprefix("/web/site/") for path in again} <= {
        INDEX, MANIFEST, ".nojekyll", "data/timing.js",
    }  # fmt: skip
    export(tiny, tmp_path.as_uri() + "/by-url", **options)
    assert not list(read_site(tmp_path / "by-url").damaged())
    for model in (tiny / "models").glob("*.onnx"):
        model.write_bytes(b"")
    before = at(memory, "/web/site")
    told = error_of(tiny, "memory://web/site", **options)
    assert told.startswith("no model can be used; the older site is left as it was")
    assert at(memory, "/web/site") == before


def test_a_site_that_is_half_copied(
    tiny: Path, tmp_path: Path, viewer: Viewer, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no page to open, whenever copying ends, and the next export completes it."""
    options: dict[str, Any] = {"viewer": viewer, "cache": tmp_path / "cache"}
    export(tiny, "memory://web/site", **options)
    total = len(memory.find("/web/site"))
    original = type(memory).put_file
    for stop in (0, 1, total // 2, total - 2):
        for name in ("models.js", "timing.js"):  # so that more is copied than these
            memory.pipe_file(f"/web/site/data/{name}", b"")
        left = [stop]

        def put_file(
            system: Any, local: str, path: str, left: list[int] = left, **rest: Any
        ) -> None:
            if not left[0]:
                raise OSError("the line is down")
            left[0] -= 1
            original(system, local, path, **rest)

        memory.rm("/web/site/" + INDEX)
        with monkeypatch.context() as patch:
            patch.setattr(type(memory), "put_file", put_file)
            assert error_of(tiny, "memory://web/site", **options) == (
                "memory://web/site: cannot be written: the line is down\n"
                "    What is there has no index.html until an export is complete; export again."
            )
        assert not memory.exists("/web/site/" + INDEX)
        export(tiny, "memory://web/site", **options)
        memory.get("/web/site", str(tmp_path / f"back{stop}"), recursive=True)
        assert not list(read_site(tmp_path / f"back{stop}").damaged())
        assert len(memory.find("/web/site")) == total


def test_an_export_that_fails_touches_no_site(tiny: Path, viewer: Viewer, memory: Any) -> None:
    """The site at a URL is there as it was until a new one is complete."""
    export(tiny, "memory://web/site", viewer=viewer)
    before = at(memory, "/web/site")
    with pytest.raises(ExportError), site_at("memory://web/site"):
        raise ExportError("nothing was made")
    assert at(memory, "/web/site") == before


def test_copies_that_nobody_uses_go(tmp_path: Path, memory: Any) -> None:
    """After 30 days, when something else is copied."""
    memory.pipe_file("/a/one.bin", b"1")
    memory.pipe_file("/b/two.bin", b"2")
    first = data_at("memory://a/one.bin", tmp_path)
    state = first.parent / ".cc-export.json"
    os.utime(state, (1, 1))
    data_at("memory://b/two.bin", tmp_path)
    assert not first.exists()


def test_validation_of_a_url(tiny: Path, memory: Any) -> None:
    """``validate`` reads the same."""
    memory.put(str(tiny), "/bucket/tiny", recursive=True)
    assert validate_study("memory://bucket/tiny").failures == {}


def test_paths_need_no_fsspec(tiny: Path, tmp_path: Path) -> None:
    """An export of files to a folder does not even import it."""
    script = (
        "import sys\n"
        "from cc_export import export, load_study\n"
        f"load_study({str(tiny)!r})\n"
        "assert 'fsspec' not in sys.modules, 'imported'\n"
        "assert 'cc_export.remote' not in sys.modules, 'imported'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
