"""A redacted site: what came of the instances is there, what they are is not."""

from __future__ import annotations

import base64
import binascii
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_study

from cc_export import ExportError, export, read_site
from cc_export.viewer import Viewer


def written(site: Path) -> Iterator[bytes]:
    """Every byte of a site: its files, what is packed in them, and what that is packed of."""
    opened = read_site(site)
    for path in opened.manifest["files"]:
        content = (site / path).read_bytes()
        yield content
        if path.startswith("data/"):
            chunk = path.removesuffix(".js")
            parts = {p for asset in opened.manifest["assets"].values() for p in asset["parts"]}
            if chunk not in parts and path.endswith(".js"):
                yield from _texts(opened.json(chunk))
    for asset in opened.manifest["assets"]:
        yield opened.asset(asset)


def _texts(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        yield np.array([v for v in value if isinstance(v, int | float)], np.float32).tobytes()
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str) and len(value) > 8:
        try:
            found = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return
        yield found
        if found.startswith(b"\x1f\x8b"):
            yield gzip.decompress(found)


@pytest.fixture
def secret(tiny: Path) -> Iterator[tuple[Path, list[bytes]]]:
    """The tiny study with images of random bytes, and every form in which one could be found."""
    arrays = dict(tiny_study.evaluation_arrays())
    shape = arrays["images"].shape
    images = np.random.default_rng(1).integers(17, 256, shape).astype(np.uint8)
    np.savez(tiny / "evaluation.npz", **{**arrays, "images": images})
    scaled = images.astype(np.float32) * np.float32(0.25) - np.float32(1)
    yield (
        tiny,
        [
            row.tobytes()
            for form in (images, scaled, scaled.astype(np.float16), images.astype(np.float32))
            for row in form.reshape(len(form), -1)[:, :8]
        ],
    )


def found_in(site: Path, forms: list[bytes]) -> int:
    return sum(form in content for content in written(site) for form in forms)


def test_no_input_is_in_the_site(
    secret: tuple[Path, list[bytes]], tmp_path: Path, viewer: Viewer
) -> None:
    """Nothing of an instance is in any file; without redaction, it is found."""
    study, forms = secret
    export(study, tmp_path / "open", viewer=viewer)
    export(study, tmp_path / "redacted", viewer=viewer, redact=True)
    assert found_in(tmp_path / "open", forms) >= tiny_study.INSTANCES
    assert found_in(tmp_path / "redacted", forms) == 0


def test_what_stays(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Ids, labels, predictions and metrics are those of the open site; model files are left out."""
    export(tiny, tmp_path / "open", viewer=viewer)
    report = export(tiny, tmp_path / "redacted", viewer=viewer, redact=True)
    assert report.embedded == 0
    opened, redacted = read_site(tmp_path / "open"), read_site(tmp_path / "redacted")
    assert redacted.manifest["dataset"]["redacted"]
    assert redacted.manifest["dataset"]["preview"] is None
    assert not any(asset.startswith("data/onnx") for asset in redacted.manifest["assets"])
    (chunk,) = redacted.manifest["dataset"]["chunks"]
    before, after = opened.json(chunk), redacted.json(chunk)
    assert (after["ids"], after["labels"]) == (before["ids"], before["labels"])
    assert (before["pictures"] is None, after["pictures"]) == (False, None)
    inputs = [site.manifest["dataset"]["inputs_chunks"] for site in (opened, redacted)]
    assert (len(inputs[0]), inputs[1]) == (1, [])
    for one, other in zip(opened.models, redacted.models, strict=True):
        assert one["metrics"] == other["metrics"]
        if one["predictions"]:
            assert opened.json(one["predictions"]) == redacted.json(other["predictions"])


def test_groups_are_what_instances_are(tmp_path: Path, viewer: Viewer) -> None:
    """Of large groups only levels and their metrics stay; of one with a small level, nothing."""
    sex, ward = ["f", "m"] * 10, ["east"] * 17 + ["rare ward"] * 3
    labels = np.arange(20) % 3
    np.savez(tmp_path / "data.npz", y=labels, sex=sex, ward=ward)
    np.savez(tmp_path / "a.npz", scores=np.eye(3)[labels])
    (tmp_path / "study.yaml").write_text(
        "dataset: {path: data.npz, label: y, groups: {sex: sex, ward: ward}}\n"
        "evaluation: {task: classification}\nmodels: [{id: a, outputs: a.npz}]\n",
        "utf-8",
    )
    cache = tmp_path / "cache"
    export(tmp_path, tmp_path / "open", viewer=viewer, cache=cache)
    report = export(tmp_path, tmp_path / "redacted", viewer=viewer, cache=cache, redact=True)
    opened, redacted = read_site(tmp_path / "open"), read_site(tmp_path / "redacted")
    assert set(opened.json("data/attributes")["groups"]) == {"sex", "ward"}
    assert redacted.json("data/attributes")["groups"] == {}
    assert redacted.manifest["dataset"]["groups"] == [{"name": "sex", "levels": ["f", "m"]}]
    before, after = (site.json(site.models[0]["predictions"]) for site in (opened, redacted))
    assert set(before["per_group"]) == {"sex", "ward"}
    assert after["per_group"] == {"sex": before["per_group"]["sex"]}
    assert not found_in(tmp_path / "redacted", [b"rare ward", b"east"])
    (told,) = (text for text in report.warnings if "group" in text)
    assert told == (
        "group 'ward' is left out of the redacted site: so few instances are 'rare ward' that its "
        "metrics would tell what they are"
    )


def test_files_that_are_asked_for(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Whoever asks for all model files and for none is told so before anything is done."""
    with pytest.raises(ExportError) as caught:
        export(tiny, tmp_path / "site", viewer=viewer, models="all", redact=True)
    assert str(caught.value) == (
        "redacting leaves model files out, and `models` asks for all of them\n"
        "    Leave out one of --redact and --models all."
    )
    assert not (tmp_path / "site").exists()
