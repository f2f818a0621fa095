"""What is too much for one chunk is in several, of which one is enough for one layer."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import tiny_study
from hypothesis import given
from hypothesis import strategies as st

from cc_export import export, read_site
from cc_export.bundle import parts
from cc_export.bundle import site as site_module
from cc_export.bundle.activations import activation_sizes
from cc_export.bundle.layers import layer_sizes, sketch_sizes
from cc_export.bundle.parts import cut
from cc_export.results import ModelResult
from cc_export.viewer import Viewer

KINDS = {"layers": "layers", "sketches": "tensors", "activations": "activations"}


@given(st.lists(st.integers(0, 50)), st.integers(1, 60))
def test_entries_stay_in_order_and_fit(sizes: list[int], most: int) -> None:
    """Every entry is in one run; a run fits, unless one entry alone does not."""
    found = cut([("", size) for size in sizes], most)
    assert [place for run in found for place in range(run.start, run.stop)] == list(
        range(len(sizes))
    )
    for run in found:
        assert sum(sizes[run]) <= most or run.stop - run.start == 1
    # Two neighbours that fit together are together.
    for first, second in pairwise(found):
        assert sum(sizes[first]) + sizes[second.start] > most


def chunks(folder: Path, viewer: Viewer) -> tuple[Any, dict[tuple[str, str], Any]]:
    export(tiny_study.TINY, folder, viewer=viewer)
    site = read_site(folder)
    return site, {
        (model["id"], kind): site.json(model[kind])
        for model in site.models
        for kind in KINDS
        if model[kind]
    }


def test_the_parts_are_the_whole(
    tmp_path: Path, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chunk of parts and its parts hold what the one chunk of a small model holds."""
    _, whole = chunks(tmp_path / "whole", viewer)
    assert not any(chunk["parts"] for chunk in whole.values())
    monkeypatch.setattr(parts, "MOST", 500)
    site, cut_up = chunks(tmp_path / "parts", viewer)
    assert cut_up.keys() == whole.keys() and len(whole) == 12
    for key, chunk in cut_up.items():
        field = KINDS[key[1]]
        assert chunk[field] == [] and len(chunk["parts"]) > 1
        given_parts = [site.json(part["chunk"]) for part in chunk["parts"]]
        records = [record for part in given_parts for record in part[field]]
        assert records == whole[key][field]
        for record, part in zip(chunk["parts"], given_parts, strict=True):
            paths = [one.get("path", one.get("layer")) for one in part[field]]
            assert record["layers"] == list(dict.fromkeys(paths))
            assert part["model"] == key[0]
        assert {**chunk, "parts": [], field: records} == whole[key]


def test_the_guess_of_a_size_is_not_far_too_low(
    tmp_path: Path, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a third at most, so that 3 MiB of a guess are no more than 4 MiB of a chunk."""
    seen: list[ModelResult] = []
    original = site_module.channels_chunk
    monkeypatch.setattr(site_module, "channels_chunk", lambda r: seen.append(r) or original(r))
    site, found = chunks(tmp_path / "site", viewer)
    assert len(seen) == 4
    for result in seen:
        sizes = {
            "layers": layer_sizes(result),
            "sketches": sketch_sizes(result),
            "activations": activation_sizes(result),
        }
        for kind, known in sizes.items():
            [model] = [m for m in site.models if m["id"] == result.model.id]
            actual = (site.folder / f"{model[kind]}.js").stat().st_size
            assert actual < 4 / 3 * sum(size for _, size in known) + 1500
            assert found[result.model.id, kind]["model"] == result.model.id
