"""From a study to a site."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import tiny_models
import tiny_study
from test_study_load import HARD_IDS

from cc_export import ExportError, export, load_study, read_site
from cc_export.bundle.chunk import expand
from cc_export.embed import MOST_EMBEDDED, embeddings
from cc_export.inspect import Inspection
from cc_export.pipeline import default_jobs
from cc_export.progress import Progress, Stage
from cc_export.results import ModelResult
from cc_export.study.records import StudyModel
from cc_export.viewer import Viewer

INT8 = "*/ <img src=x onerror=alert(1)>"


def contents(site: Path) -> dict[str, bytes]:
    return {f.relative_to(site).as_posix(): f.read_bytes() for f in site.rglob("*") if f.is_file()}


def test_a_tiny_study(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """An export reports what it did, and every part of the site is there and whole."""
    report = export(tiny, tmp_path / "site", viewer=viewer)
    assert (report.models, report.instances, report.embedded) == (6, 12, 3)
    assert report.failures == {}
    assert list(report.seconds) == [
        "Fingerprint", "Inspect", "Measure files", "Weigh", "Find patterns",
        "Evaluate", "Expose", "Time", "Measure memory", "Pack", "Write",
    ]  # fmt: skip
    site = read_site(tmp_path / "site")
    assert list(site.damaged()) == []
    assert report.bytes == sum(map(len, contents(tmp_path / "site").values()))
    models = {model["id"]: model for model in site.models}
    assert list(models) == [model.id for model in load_study(tiny).models]
    assert [m for m, r in models.items() if r["layers"]] == ["base", "base/pruned", INT8, "half"]
    predictions = site.json(models["base"]["predictions"])
    places = expand(predictions["arrays"]["places"]).astype(int)
    labels = expand(predictions["arrays"]["labels"])[np.cumsum(places) - places]
    truth = site.json(site.manifest["dataset"]["chunks"][0])["labels"]
    assert (labels == truth).mean() == models["base"]["metrics"]["Accuracy"]
    assert set(site.json("data/timing")["latency"]) == {"base", "base/pruned", INT8, "half"}


def test_two_exports_are_equal(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Only timings differ between two exports, whatever the number of processes and the place."""
    moved = shutil.copytree(tiny, tmp_path / "elsewhere" / "study")
    export(tiny, tmp_path / "one", viewer=viewer)
    export(tiny, tmp_path / "two", viewer=viewer, jobs=2)
    export(moved, tmp_path / "three", viewer=viewer, jobs=1)
    one, two, three = (contents(tmp_path / name) for name in ("one", "two", "three"))
    different = {path for path in one if one[path] != two[path] or one[path] != three[path]}
    assert one.keys() == two.keys() == three.keys()
    assert different == {"data/timing.js"}


def test_one_corrupt_model(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """A model that cannot be read is reported and shown so; the others are exported."""
    (tiny / "models" / "pruned.onnx").write_bytes(b"not a model")
    report = export(tiny, tmp_path / "site", viewer=viewer)
    reason = "pruned.onnx: not an ONNX file, or a damaged one\n    Export it again."
    assert report.failures == {"base/pruned": reason}
    models = {model["id"]: model for model in read_site(tmp_path / "site").models}
    broken = models["base/pruned"]
    assert broken["failure"] == reason
    assert (broken["layers"], broken["predictions"], broken["onnx"]) == (None, None, None)
    assert broken["not_embedded"] == "there is no readable model file"
    assert models["base"]["predictions"]


def test_models_that_fail_later(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """A model that can be read but not run keeps its layers and has a reason."""
    other = tiny_models.network(tiny_models.weights())
    other.nodes[0].input[0] = "pixels"
    model = other.model()
    model.graph.input[0].name = "pixels"
    (tiny / "models" / "pruned.onnx").write_bytes(model.SerializeToString())
    report = export(tiny, tmp_path / "site", viewer=viewer)
    assert report.failures == {
        "base/pruned": "pruned.onnx: the model takes pixels, the dataset gives image\n"
        "    Name the model's inputs under `dataset.inputs`."
    }
    broken = read_site(tmp_path / "site").models[1]
    assert broken["layers"]
    assert broken["predictions"] is None
    assert broken["onnx"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("none", {}),
        ("selected", {"base", "base/pruned", INT8}),
        ("all", {"base", "base/pruned", INT8, "half"}),
    ],
)
def test_which_models_travel(
    tiny: Path, tmp_path: Path, viewer: Viewer, choice: str, expected: set[str]
) -> None:
    """None, those whose record says so, or all; whoever stays behind has a reason."""
    report = export(tiny, tmp_path / "site", viewer=viewer, models=choice)  # type: ignore[arg-type]
    assert report.embedded == len(expected)
    site = read_site(tmp_path / "site")
    for model in site.models:
        if model["id"] in expected:
            assert len(site.asset(model["onnx"])) == model["metrics"]["Size"]
        elif model["sha256"]:
            assert model["not_embedded"] == "it was exported without its file"
        else:
            assert model["not_embedded"] == "there is no readable model file"


def test_a_mistyped_choice_gives_nothing_away(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """An unknown choice of models is refused before anything is done."""
    with pytest.raises(ExportError) as caught:
        export(tiny, tmp_path / "site", viewer=viewer, models="None")  # type: ignore[arg-type]
    assert str(caught.value) == ("'None' is no choice of models\n    Use none, selected, all.")
    assert not (tmp_path / "site").exists()


def test_hard_names_survive(tmp_path: Path, viewer: Viewer) -> None:
    """Ids of every kind come back from a site as they are, each with chunks of its own."""
    names = [name for name in HARD_IDS if name.strip()]
    (tmp_path / "study").mkdir()
    shutil.copytree(tiny_study.TINY / "models", tmp_path / "study" / "models")
    models = [
        {"id": name, "onnx": "models/base.onnx", "tag": name, "metrics": {name: 1.0},
         "operation": {"name": name, "parameters": {name: name, "n": 10**30, "nan": math.nan}}}
        for name in names
    ]  # fmt: skip
    metrics = [{"name": name, "unit": name} for name in names]
    file = tmp_path / "study" / "study.json"
    file.write_text(json.dumps({"metrics": metrics, "models": models}), "utf-8")
    assert export(file, tmp_path / "site", viewer=viewer).failures == {}
    site = read_site(tmp_path / "site")
    assert [model["id"] for model in site.models] == names
    assert [site.json(model["layers"])["model"] for model in site.models] == names
    assert site.models[0]["operation"]["parameters"] == {
        names[0]: names[0], "n": str(10**30), "nan": "NaN",
    }  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_folder_whose_name_is_no_text(tmp_path: Path, viewer: Viewer) -> None:
    """A study is exported from a folder whose name is no UTF-8."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/st\xffudy"))
    folder.mkdir()
    (folder / "study.yaml").write_text("models: [{id: a}]")
    export(folder, tmp_path / "site", viewer=viewer)
    assert read_site(tmp_path / "site").manifest["study"]["title"] == "st?udy"


def test_large_models_stay_behind() -> None:
    """A file larger than a page runs is not embedded, and the reason states both sizes."""
    found = Inspection(MOST_EMBEDDED + (50 << 20), "abc", 17, (), (), ())
    result = ModelResult(StudyModel("large", embed=True), found)
    assert embeddings((result,), "all")["large"].reason == (
        "its file has 150 MiB, and a page runs up to 100 MiB"
    )


def test_external_data_travels_inside(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """A model in two files is one asset, which runs by itself and gives the same answers."""
    base = tiny / "models" / "base.onnx"
    whole = base.read_bytes()
    model = onnx.load(base)
    onnx.save_model(model, base, save_as_external_data=True, location="base.data", size_threshold=0)
    export(tiny, tmp_path / "site", viewer=viewer)
    site = read_site(tmp_path / "site")
    record = site.models[0]
    stored = base.stat().st_size + (tiny / "models" / "base.data").stat().st_size
    assert record["metrics"]["Size"] == stored
    image = {"image": np.ones((1, 1, 4, 4), np.float32)}
    answers = [
        ort.InferenceSession(content).run(None, image)[0]
        for content in (site.asset(record["onnx"]), whole)
    ]
    np.testing.assert_array_equal(*answers)


def test_equal_files_travel_once(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Models of one content share one asset."""
    shutil.copy(tiny / "models" / "base.onnx", tiny / "models" / "pruned.onnx")
    export(tiny, tmp_path / "site", viewer=viewer)
    site = read_site(tmp_path / "site")
    assert site.models[0]["onnx"] == site.models[1]["onnx"]
    assert len(site.manifest["assets"]) == 3


def test_a_target_that_is_taken(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """A folder of other files, the study's own among them, is refused and left as it is."""
    before = contents(tiny)
    with pytest.raises(ExportError) as caught:
        export(tiny, tiny, viewer=viewer)
    assert str(caught.value).startswith(f"{tiny}: holds files, but no site (evaluation.npz, ")
    assert contents(tiny) == before
    export(tiny, tiny / "site", viewer=viewer)
    assert contents(tiny).items() >= before.items()


def test_an_older_site_is_replaced(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """A second export leaves nothing of the first, and nothing beside it."""
    site = tmp_path / "site"
    export(tiny, site, viewer=viewer)
    first = set(contents(site))
    text = (tiny / "study.yaml").read_text("utf-8")
    (tiny / "study.yaml").write_text(text.replace("id: half", "id: float16"), "utf-8")
    export(tiny, site, viewer=viewer)
    assert len(first - set(contents(site))) == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["site", "study"]


def test_a_changed_dataset_is_read_again(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """In one process, a second export sees the instances as they are by then."""
    export(tiny, tmp_path / "site", viewer=viewer)
    arrays = tiny_study.evaluation_arrays()
    np.savez(tiny / "evaluation.npz", **{**arrays, "labels": np.zeros(12, np.int64)})
    export(tiny, tmp_path / "again", viewer=viewer)
    one, two = (read_site(tmp_path / name).models[0]["metrics"] for name in ("site", "again"))
    assert one["Accuracy"] != two["Accuracy"]


def test_given_metrics_are_not_mixed_with_measured_ones(
    tiny: Path, tmp_path: Path, viewer: Viewer
) -> None:
    """Where the study gives any model an accuracy, none is measured: units may differ."""
    text = (tiny / "study.yaml").read_text("utf-8")
    text = text.replace("{Effort: 2.5, Verdict: 1}", "{Effort: 2.5, Verdict: 1, Accuracy: 97.5}")
    (tiny / "study.yaml").write_text(text, "utf-8")
    export(tiny, tmp_path / "site", viewer=viewer)
    site = read_site(tmp_path / "site")
    assert [m["metrics"].get("Accuracy") for m in site.models] == [97.5, *[None] * 5]
    accuracy = next(m for m in site.manifest["metrics"] if m["name"] == "Accuracy")
    assert (accuracy["source"], accuracy["direction"], accuracy["maximum"]) == (
        "study", "higher", None,
    )  # fmt: skip


def test_a_study_of_metadata(tmp_path: Path, viewer: Viewer) -> None:
    """Models without files have metrics and recipes, and no chunks of their own."""
    file = tmp_path / "study.json"
    file.write_text(json.dumps({"models": [{"id": "a"}, {"id": "b", "base": "a"}]}))
    report = export(file, tmp_path / "site", viewer=viewer, jobs=1)
    assert (report.models, report.embedded, report.instances) == (2, 0, 0)
    assert read_site(tmp_path / "site").manifest["dataset"] is None


def test_a_thousand_models_take_seconds(tmp_path: Path, viewer: Viewer) -> None:
    """A study of 1,000 models' metadata is exported in at most three seconds of CPU."""
    models = [
        {
            "id": f"model {i}",
            "base": f"model {(i - 1) // 2}" if i else None,
            "operation": {"name": f"o{i % 5}", "parameters": {"amount": i / 1000, "layers": "all"}},
            "metrics": {f"metric {k}": i * k / 7 for k in range(8)},
        }
        for i in range(1_000)
    ]
    metrics = [{"name": f"metric {k}"} for k in range(8)]
    file = tmp_path / "study.json"
    file.write_text(json.dumps({"metrics": metrics, "models": models}, indent=1))
    begin = time.process_time()
    export(file, tmp_path / "site", viewer=viewer)
    assert time.process_time() - begin < 3


class Told(Progress):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int, list[str]]] = []

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Stage]:
        items: list[str] = []
        self.stages.append((name, total, items))

        class One:
            def advance(self, item: str) -> None:
                items.append(item)

        yield One()


def test_progress_is_told(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Every stage says how many items it has, and each of them when it is done."""
    told = Told()
    export(tiny, tmp_path / "site", viewer=viewer, progress=told)
    assert [stage[0] for stage in told.stages] == [
        "Fingerprint", "Inspect", "Measure files", "Weigh", "Find patterns",
        "Evaluate", "Expose", "Time", "Measure memory", "Pack", "Write",
    ]  # fmt: skip
    for name, total, items in told.stages:
        assert len(items) == total, name
    assert told.stages[-1][2] == [model.id for model in load_study(tiny).models]


def test_no_damage_ends_an_export(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Damaged models, also such as crash onnxruntime, fail alone: the export is completed."""
    rng = np.random.default_rng(5)
    study = load_study(tiny)
    original = bytearray((tiny / "models" / "int8.onnx").read_bytes())
    models = list(study.models[:1])
    for number in range(40):
        content = bytearray(original)
        for _ in range(3):
            content[int(rng.integers(len(content)))] = int(rng.integers(256))
        path = tiny / "models" / f"damaged{number}.onnx"
        path.write_bytes(content)
        models.append(StudyModel(f"damaged {number}", ("base",), onnx=path))
    report = export(replace(study, models=tuple(models)), tmp_path / "site", viewer=viewer, jobs=2)
    assert report.models == 41
    assert "base" not in report.failures
    assert report.failures
    assert list(read_site(tmp_path / "site").damaged()) == []


def test_an_interrupt_leaves_no_folder(tiny: Path, tmp_path: Path) -> None:
    """Ctrl-C in the middle of an export removes what was begun."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from cc_export import export\n"
        "from cc_export.progress import Progress\n"
        "from cc_export.viewer import built_viewer\n"
        "class Say(Progress):\n"
        "    def stage(self, name, total):\n"
        "        print(name, flush=True)\n"
        "        return super().stage(name, total)\n"
        "study, viewer, site = sys.argv[1:]\n"
        "try:\n"
        "    while True:\n"
        "        export(study, site, viewer=built_viewer(Path(viewer)), progress=Say())\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    (tmp_path / "out").mkdir()
    process = subprocess.Popen(
        [sys.executable, str(script), str(tiny), str(tiny_study.FIXTURES / "viewer"),
         str(tmp_path / "out" / "site")],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    while process.stdout.readline() != "Write\n":
        pass
    while process.stdout.readline() != "Time\n":
        pass
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert out.endswith("interrupted\n")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["site"]
    assert list(read_site(tmp_path / "out" / "site").damaged()) == []


def test_jobs_fit_the_study() -> None:
    """Small studies are not spread over many processes, and there is always one."""
    assert default_jobs(0) == default_jobs(7) == 1
    assert default_jobs(10_000) >= 1
