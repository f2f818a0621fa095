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
    assert (bool(before["arrays"]), after["arrays"]) == (True, {})
    for one, other in zip(opened.models, redacted.models, strict=True):
        assert one["metrics"] == other["metrics"]
        if one["predictions"]:
            assert opened.json(one["predictions"]) == redacted.json(other["predictions"])


def test_files_that_are_asked_for(tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Whoever asks for all model files and for none is told so before anything is done."""
    with pytest.raises(ExportError) as caught:
        export(tiny, tmp_path / "site", viewer=viewer, models="all", redact=True)
    assert str(caught.value) == (
        "redacting leaves model files out, and `models` asks for all of them\n"
        "    Leave out one of --redact and --models all."
    )
    assert not (tmp_path / "site").exists()
