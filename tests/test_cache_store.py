"""The cache: what was computed once is found, and only that."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models

from cc_export import ExportError, export, read_site, stages
from cc_export.bundle import site as site_module
from cc_export.bundle.read import Site
from cc_export.cache import store
from cc_export.cache.files import Digest, digest_files
from cc_export.cache.store import FOLDER, SWITCH, Cache, Work, folder_of, opened
from cc_export.evaluate import Subject, evaluate
from cc_export.inspect import inspect_model
from cc_export.latency import measure_latency
from cc_export.progress import Silent
from cc_export.results import ModelResult
from cc_export.runner import Runner
from cc_export.viewer import Viewer


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the models that something was computed of, in order."""
    made: list[str] = []

    def counted(function: Callable[..., object]) -> Callable[..., object]:
        def call(of: Path | Subject, *rest: object) -> object:
            path = of.onnx if isinstance(of, Subject) else of
            assert path is not None
            made.append(f"{function.__name__} {path.stem}")
            return function(of, *rest)

        call.__module__, call.__qualname__ = function.__module__, function.__qualname__
        return call

    monkeypatch.setattr(stages, "inspect_model", counted(inspect_model))
    monkeypatch.setattr(stages.evaluate, "evaluate", counted(evaluate))
    monkeypatch.setattr(stages, "measure_latency", counted(measure_latency))
    return made


def contents(site: Path) -> dict[str, bytes]:
    return {f.relative_to(site).as_posix(): f.read_bytes() for f in site.rglob("*") if f.is_file()}


def test_nothing_is_computed_twice(
    tiny: Path, tmp_path: Path, viewer: Viewer, calls: list[str]
) -> None:
    """A second export of a study computes nothing, also from another place, and is the same."""
    export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache")
    first = contents(tmp_path / "site")
    assert len(calls) == 4 + 4 + 4 * 5
    calls.clear()
    moved = shutil.copytree(tiny, tmp_path / "elsewhere")
    for study in (tiny, moved):
        export(study, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache")
        assert calls == []
        again = contents(tmp_path / "site")
        assert {name for name in first if first[name] != again[name]} <= {"data/timing.js"}
    times = [Site(tmp_path / "site").json("data/timing")["latency"] for _ in range(2)]
    assert times[0] == times[1]


def test_one_changed_model(tiny: Path, tmp_path: Path, viewer: Viewer, calls: list[str]) -> None:
    """Only what depends on a changed file is computed again."""
    export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache")
    calls.clear()
    shutil.copy(tiny / "models" / "pruned.onnx", tiny / "models" / "half.onnx")
    (tiny / "models" / "half.onnx").write_bytes(
        (tiny / "models" / "pruned.onnx").read_bytes() + b"\x12\x01x"
    )
    export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache")
    assert {call.split()[1] for call in calls} == {"half"}
    export(tiny, tmp_path / "fresh", viewer=viewer)
    new, fresh = contents(tmp_path / "site"), contents(tmp_path / "fresh")
    assert {n for n in new | fresh if new.get(n) != fresh.get(n)} == {"data/timing.js"}


def test_chunks_of_other_models_are_not_made_again(
    tiny: Path, tmp_path: Path, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed model has its chunks made anew, and others only where its values widen a range."""
    made: list[str] = []
    for name in ("layers_chunk", "sketches_chunk", "channels_chunk", "activations_chunk"):
        original = getattr(site_module, name)

        def counted(
            result: ModelResult, *rest: object, original: Callable[..., object] = original
        ) -> object:
            made.append(f"{original.__name__} {result.model.id}")
            return original(result, *rest)

        monkeypatch.setattr(site_module, name, counted)

    def exported(cache: Path | str = tmp_path / "cache") -> set[str]:
        made.clear()
        export(tiny, tmp_path / "site", viewer=viewer, cache=cache)
        return {call.split()[1] for call in made}

    everyone = exported()
    assert len(everyone) == 4
    assert len(made) == 4 * 4
    assert exported() == set()
    half = tiny / "models" / "half.onnx"
    half.write_bytes((tiny / "models" / "pruned.onnx").read_bytes() + b"\x12\x01x")
    assert exported() == {"half"}
    wide = tiny_models.weights()
    half.write_bytes(tiny_models.float32({n: 100 * w for n, w in wide.items()}).SerializeToString())
    assert exported() == everyone
    again = contents(tmp_path / "site")
    exported("off")
    fresh = contents(tmp_path / "site")
    assert {n for n in again | fresh if again.get(n) != fresh.get(n)} == {"data/timing.js"}


def test_packed_models_stay_in_the_cache(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Model files are made ready once for each content, also when their entries are damaged."""
    shutil.copy(tiny / "models" / "base.onnx", tiny / "models" / "pruned.onnx")
    packed: list[bytes] = []
    original = stages.pack_model

    def pack_model(path: Path) -> object:
        packed.append(path.read_bytes())
        return original(path)

    pack_model.__module__ = original.__module__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "pack_model", pack_model)
        for _ in range(2):
            export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache", models="all")
        assert len(packed) == len(set(packed)) == 3
        for _, _, file in Cache(tmp_path / "cache").entries():
            file.write_bytes(b"damaged")
        export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache", models="all")
    site = read_site(tmp_path / "site")
    assert {site.asset(asset) for asset in site.manifest["assets"] if "onnx" in asset} == set(
        packed
    )


def test_a_model_that_changes_before_it_is_packed(tmp_path: Path) -> None:
    """A file that is not what was inspected does not travel in its name."""
    file = tmp_path / "model.onnx"
    content = tiny_models.float32(tiny_models.weights()).SerializeToString()
    file.write_bytes(content)
    runner = Runner(Silent(), Cache(tmp_path / "cache"), digests={file: digest_files((file,))})
    file.write_bytes(content + content)
    with pytest.raises(ExportError) as caught:
        runner.result(stages.pack_work(file))
    assert str(caught.value) == f"{file}: the file changed during the export\n    Export again."


def test_an_edited_study_file(tiny: Path, tmp_path: Path, viewer: Viewer, calls: list[str]) -> None:
    """Metrics and texts are no part of what models hold: a new value computes nothing."""
    export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache")
    calls.clear()
    text = (tiny / "study.yaml").read_text("utf-8")
    (tiny / "study.yaml").write_text(text.replace("Effort: 2.5", "Effort: 3.5"), "utf-8")
    export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache")
    assert calls == []
    assert read_site(tmp_path / "site").models[0]["metrics"]["Effort"] == 3.5


def test_failures_are_tried_again(
    tiny: Path, tmp_path: Path, viewer: Viewer, calls: list[str]
) -> None:
    """What failed may have failed for want of memory or a right: it is never kept."""
    (tiny / "models" / "pruned.onnx").write_bytes(b"not a model")
    for _ in range(2):
        report = export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache")
        assert list(report.failures) == ["base/pruned"]
    assert calls.count("inspect_model pruned") == 2
    assert calls.count("inspect_model base") == 1


def test_external_data_counts(tiny: Path, tmp_path: Path, viewer: Viewer, calls: list[str]) -> None:
    """A model is what its file and its external data hold."""
    import onnx

    base = tiny / "models" / "base.onnx"
    onnx.save_model(
        onnx.load(base), base, save_as_external_data=True, location="base.data", size_threshold=0
    )
    export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache")
    calls.clear()
    data = bytearray((tiny / "models" / "base.data").read_bytes())
    data[3] ^= 1
    (tiny / "models" / "base.data").write_bytes(data)
    export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache")
    assert "inspect_model base" in calls
    assert "inspect_model pruned" not in calls


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def to_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("damage", [cut, flip, empty, to_a_folder, Path.unlink])
def test_damaged_entries(
    tiny: Path, tmp_path: Path, viewer: Viewer, damage: Callable[[Path], object]
) -> None:
    """Whatever happened to the cache, an export gives the site that it gives without one."""
    export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache")
    before = contents(tmp_path / "site")
    for _, _, file in list(Cache(tmp_path / "cache").entries()):
        damage(file)
    report = export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache")
    assert report.failures == {}
    after = contents(tmp_path / "site")
    assert {n for n in before | after if before.get(n) != after.get(n)} == {"data/timing.js"}


def test_a_file_that_changes_meanwhile(tmp_path: Path) -> None:
    """A result is kept only if its file is still what the key says."""
    file = tmp_path / "a"
    file.write_bytes(b"1")
    cache = Cache(tmp_path / "cache")
    runner = Runner(Silent(), cache, digests={file: digest_files((file,))})
    work = Work(inspect_model, (file,), (file,))
    file.write_bytes(b"22")
    runner.keep(work, 1)  # type: ignore[arg-type]
    assert runner.find(work) is None


def key(work: Work[object], **content: str) -> str | None:
    return work.key({Path(name): Digest(text, (), ()) for name, text in content.items()})


def test_keys() -> None:
    """A key tells apart functions, arguments and contents, and knows nothing of places."""
    work: Work[object] = Work(evaluate, (Path("a"), 1), (Path("a"),))
    assert key(work, a="x") == key(
        replace(work, arguments=(Path("b"), 1), files=(Path("b"),)), b="x"
    )
    others = {
        key(work, a="x"),
        key(work, a="y"),
        key(replace(work, arguments=(Path("a"), 1.0)), a="x"),
        key(replace(work, arguments=(Path("a"), "1")), a="x"),
        key(replace(work, function=inspect_model), a="x"),
        key(replace(work, files=(Path("a"), Path("a"))), a="x"),
    }
    assert len(others) == 6
    assert key(work) is None


def test_other_code_is_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of another version of the program, or of a library, are not found."""
    work: Work[object] = Work(evaluate)
    keys = {key(work)}
    for part in ("_code", "_libraries"):
        with monkeypatch.context() as patch:
            patch.setattr(store, part, lambda: "another")
            keys.add(key(work))
    assert len(keys) == 3


def test_what_expires(tmp_path: Path) -> None:
    """Old entries go, then the least recently used beyond a size; leftovers go after an hour."""
    cache = Cache(tmp_path)
    now = time.time()
    ages = {"aa1": 31 * 86400, "aa2": 3 * 86400, "bb3": 2 * 86400, "bb4": 60}
    for name, age in ages.items():
        cache.keep(name, bytes(1000))
        os.utime(tmp_path / "results" / name[:2] / name[2:], (now - age, now - age))
    (tmp_path / "results" / "aa" / ".new-1").write_bytes(b"")
    (tmp_path / "results" / "aa" / ".new-2").write_bytes(b"")
    os.utime(tmp_path / "results" / "aa" / ".new-1", (now - 4000, now - 4000))
    cache.prune()
    assert sorted(file.name for _, _, file in cache.entries()) == [".new-2", "2", "3", "4"]
    assert cache.find("aa2") == (bytes(1000),)
    cache.prune(most=2500)
    assert sorted(file.name for _, _, file in cache.entries()) == [".new-2", "2", "4"]


def test_a_cache_that_takes_no_more(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """A cache that cannot be written to is a warning; the export itself goes on."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "results").write_text("in the way")
    report = export(tiny, tmp_path / "site", viewer=viewer, cache=tmp_path / "cache")
    assert report.warnings[-1] == (
        "what was computed is not kept for the next export: "
        f"{tmp_path / 'cache'}: cannot be written: Not a directory"
    )
    assert list(read_site(tmp_path / "site").damaged()) == []


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's folder, else the environment's, else the user's; or none at all."""
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv(FOLDER, raising=False)
    user = folder_of()
    assert user is not None
    assert user.name == "cc-export"
    monkeypatch.setenv(FOLDER, str(tmp_path / "mine"))
    assert folder_of() == tmp_path / "mine"
    assert folder_of(tmp_path / "other") == tmp_path / "other"
    assert folder_of("off") is None
    monkeypatch.setenv(SWITCH, "0")
    assert folder_of() == tmp_path / "mine"
    monkeypatch.setenv(SWITCH, "1")
    assert folder_of() is None
    with opened() as cache:
        assert cache.folder.is_dir()
    assert not cache.folder.exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A folder that was asked for and cannot be had is an error; nothing else was promised."""
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "cache"
    with pytest.raises(ExportError) as caught, opened(folder):
        pass
    assert str(caught.value) == (
        f"{folder}: the cache cannot be kept there: Not a directory\n"
        "    Choose another folder with --cache, or export with --no-cache."
    )
