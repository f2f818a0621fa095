"""Layers of several models side by side: any two are compared, groups add up, gaps explained."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_study

from cc_core.api import dispatch
from cc_core.columns import layers_column
from cc_core.errors import CoreError
from cc_core.layer_columns import layer_table
from cc_export import export, read_site
from cc_export.onnx_models.read import read_model
from cc_export.onnx_models.weights import weights
from cc_export.viewer import Viewer

INT8, HALF, PRUNED, BASE = "*/ <img src=x onerror=alert(1)>", "half", "base/pruned", "base"
MODELS = (BASE, PRUNED, INT8, HALF)
FILES = dict(zip(MODELS, ("base", "pruned", "int8", "half"), strict=True))
Row = dict[str, Any]


class Chunks:
    """The chunks of the tiny study's models, and the tensors of their files."""

    def __init__(self, site: Path, study: Path) -> None:
        found = read_site(site)
        models = {m["id"]: m for m in found.models if m["layers"]}
        self.layers = {name: found.json(model["layers"]) for name, model in models.items()}
        self.sketches = {name: found.json(model["sketches"]) for name, model in models.items()}
        self.activations = {
            name: found.json(model["activations"]) for name, model in models.items()
        }
        self.values: dict[str, dict[tuple[str, str], np.ndarray]] = {}
        for name in MODELS:
            path = study / "models" / f"{FILES[name]}.onnx"
            shapes = {(t["layer"], t["name"]): t["shape"] for t in self.sketches[name]["tensors"]}
            self.values[name] = {
                (w.layer, w.name): np.concatenate(
                    list(w.values.blocks([(0, w.values.stored.count)]))
                ).astype(np.float64)
                for w in weights(read_model(path), path)
            }
            assert self.values[name].keys() == shapes.keys()

    def ask(self, *models: str, sketches: bool = True) -> tuple[Row, np.ndarray]:
        """The answer of ``layers``."""
        request: dict[str, object] = {"models": [self.layers[name] for name in models]}
        if sketches:
            request["sketches"] = [self.sketches[name] for name in models]
        text, [counts] = dispatch("layers", json.dumps(request))
        answer = json.loads(text)
        assert answer["counts"] == {
            "name": "counts", "dtype": "float32", "shape": [len(counts)],
        }  # fmt: skip
        return answer["root"], counts


@pytest.fixture(scope="module")
def chunks(tmp_path_factory: pytest.TempPathFactory, viewer: Viewer) -> Chunks:
    site = tmp_path_factory.mktemp("columns") / "site"
    export(tiny_study.TINY, site, viewer=viewer)
    return Chunks(site, tiny_study.TINY)


def rows(row: Row) -> Iterator[Row]:
    yield row
    for child in row["children"]:
        yield from rows(child)


def below(values: dict[tuple[str, str], np.ndarray], row: Row) -> dict[tuple[str, str], np.ndarray]:
    """The tensors that a row is about."""
    if row["is_tensor"]:
        return {(row["path"], row["name"]): values[row["path"], row["name"]]}
    inside = f"{row['path']}." if row["path"] else ""
    return {key: found for key, found in values.items() if f"{key[0]}.".startswith(inside)}


def test_any_two_models_are_compared(chunks: Chunks) -> None:
    """Parents, children and siblings, of every tensor and group: as numpy has it."""
    kinds = []
    for base, model in permutations(MODELS, 2):
        root, _ = chunks.ask(base, model)
        for row in rows(root):
            reference, own = (below(chunks.values[name], row) for name in (base, model))
            cell = row["cells"][1]
            noise = sum(float(np.square(own[key] - reference[key]).sum()) for key in own)
            signal = sum(float(np.square(reference[key]).sum()) for key in own)
            kinds.append(cell["compared"])
            assert cell["statistics"]["count"] == sum(map(np.size, own.values()))
            assert cell["statistics"]["zeros"] == sum(int((v == 0).sum()) for v in own.values())
            if cell["compared"] == "exact":
                assert cell["change"]["noise"] == pytest.approx(noise, rel=1e-5)
                assert cell["change"]["signal"] == pytest.approx(signal, rel=1e-6)
                assert (cell["error"], cell["at_least_db"]) == (0, None)
            elif cell["at_least_db"] is not None:
                assert noise == 0 or 10 * np.log10(signal / noise) > cell["at_least_db"] - 1
                assert cell["sqnr_db"] is cell["relative_l2"] is None
            else:
                assert cell["change"]["noise"] == pytest.approx(noise, rel=5 * cell["error"])
    # A parent is no reference of the base, but the other way round: this is exact, too.
    assert kinds.count("exact") == kinds.count("sketch") > 20


def test_groups_add_up_exactly(chunks: Chunks) -> None:
    """Counts, bits and patterns of a group are those of its tensors; histograms lie on one grid."""
    root, counts = chunks.ask(PRUNED, INT8, BASE)
    for row in rows(root):
        for place, cell in enumerate(row["cells"]):
            shown = counts[cell["first"] :][: row["bins"] * 8].reshape(-1, 8)
            total = cell["statistics"]["count"]
            assert abs(shown.sum() - total) <= max(2, 0.02 * total)
            if place == 0:
                assert cell["compared"] == "base" and not shown[:, :7].any()
            for child in row["children"]:
                assert child["exponent"] <= row["exponent"]
        if row["children"]:
            for place, cell in enumerate(row["cells"]):
                under = [child["cells"][place] for child in row["children"]]
                assert cell["channels"] == sum(one["channels"] for one in under)
                assert cell["statistics"]["zeros"] == sum(o["statistics"]["zeros"] for o in under)
    whole = root["cells"][1]
    [model] = [name for name in MODELS if name == INT8]
    tensors = [t for layer in chunks.layers[model]["layers"] for t in layer["tensors"]]
    bits = sum(t["bits"] for t in tensors)
    assert whole["effective_bits"] == bits / sum(t["statistics"]["count"] for t in tensors)
    kernels = [t for t in tensors if t["patterns"] is not None]
    values = sum(t["statistics"]["count"] for t in kernels)
    expected = sum(t["patterns"].get("2:4", 0) for t in kernels) / values
    assert whole["patterns"].get("2:4", 0) == expected
    # int8 of the unpruned weights differs from the pruned ones by steps that the split tells.
    shown = counts[whole["first"] :][: root["bins"] * 8].reshape(-1, 8)
    assert (shown[:, :7].sum(axis=0) > 0).sum() >= 2


def test_without_sketches_only_kin_is_compared(chunks: Chunks) -> None:
    """What the page must load is said, and what it has not loaded is not guessed."""
    root, _ = chunks.ask(BASE, INT8, sketches=False)
    assert {row["cells"][1]["compared"] for row in rows(root)} == {"exact"}
    root, _ = chunks.ask(PRUNED, INT8, sketches=False)
    notes = {row["cells"][1]["note"] for row in rows(root) if row["is_tensor"]}
    assert notes == {"sketches of both models are needed to compare them"}
    assert root["cells"][1]["compared"] == "no" and root["cells"][1]["lone"] == 4
    assert root["cells"][1]["change"] is None


def test_what_is_on_one_side_only_says_why(chunks: Chunks) -> None:
    """A missing tensor is no zeros; one of another shape is not compared."""
    own = json.loads(json.dumps(chunks.layers[INT8]))
    sketches = json.loads(json.dumps(chunks.sketches[INT8]))
    fc = next(layer for layer in own["layers"] if layer["path"] == "fc")
    gone, kept = fc["tensors"][0], fc["tensors"][1]
    fc["tensors"] = [kept]
    own["references"], own["base"] = [], BASE
    for shape in (t["shape"] for t in sketches["tensors"] if t["name"] == kept["name"]):
        shape[0] = 99
    reason = {"layer": "fc", "name": gone["name"], "side": "base", "kind": "absent", "reason": "R"}
    own["one_sided"] = [reason]
    base = layers_column(chunks.layers[BASE], chunks.sketches[BASE])
    table, _ = layer_table([base, layers_column(own, sketches)])
    [group] = [row for row in table.children if row.path == "fc"]
    tensors = {row.name: row for row in group.children}
    assert tensors[gone["name"]].cells[1] is None
    assert tensors[gone["name"]].reasons == ("", "R")
    cell = tensors[kept["name"]].cells[1]
    assert cell is not None and cell.change is None
    assert (cell.compared, cell.note, cell.lone) == ("no", "of another shape than in base", 1)
    # The other way round, the same reason is known.
    table, _ = layer_table([layers_column(own, sketches), base])
    [group] = [row for row in table.children if row.path == "fc"]
    [lone] = [row for row in group.children if row.name == gone["name"]]
    assert lone.cells[0] is None and lone.cells[1] is not None
    assert lone.cells[1].note == "R"


def test_activations_of_any_two_models(chunks: Chunks) -> None:
    """Their sketches are in their chunks; a model against itself is the base."""
    request = {"models": [chunks.activations[name] for name in (PRUNED, INT8, PRUNED)]}
    text, _ = dispatch("activations", json.dumps(request))
    root = json.loads(text)["root"]
    assert [cell["compared"] for cell in root["cells"]] == ["base", "sketch", "base"]
    [known] = [a for a in chunks.activations[INT8]["activations"] if a["layer"] == "relu"]
    found = next(row for row in rows(root) if row["is_tensor"] and row["path"] == "relu")
    assert found["cells"][1]["statistics"]["count"] == known["statistics"]["count"]
    assert found["cells"][1]["sqnr_db"] > 0
    # Instance by instance, from what is sketched of each.
    pair = [
        next(a for a in chunks.activations[name]["activations"] if a["layer"] == "relu")
        for name in (PRUNED, INT8)
    ]
    arrays = [np.frombuffer(base64.b64decode(a["sketch"]), np.float16) for a in pair]
    asked = {
        "exponents": [a["exponent"] for a in pair],
        "shares": [0, 0.5, 1],
        "parts": pair[0]["instances"],
        "tensors": [{"dtype": "float16", "shape": [a.size]} for a in arrays],
    }
    text, _ = dispatch("sketched", json.dumps(asked), [memoryview(a.tobytes()) for a in arrays])
    base, own = json.loads(text)
    r, t = (
        np.ldexp(a.astype(np.float64), one["exponent"]).reshape(12, -1)
        for a, one in zip(arrays, pair, strict=True)
    )
    assert own["quantiles"] == np.quantile(t, [0, 0.5, 1]).tolist()
    expected = np.linalg.norm(r - t, axis=1) / np.linalg.norm(r, axis=1)
    assert own["parts"] == pytest.approx(expected.tolist())
    assert base["parts"] == [0] * 12


@pytest.mark.parametrize(
    ("name", "request_", "text"),
    [
        ("layers", {"models": []}, "a table of layers needs at least one model"),
        ("layers", {"models": [{}]}, "the request of 'layers' lacks 'layers'"),
        ("sketched", {"exponents": [1]}, "0 sketches do not have 1 exponents"),
        ("sketched", {"exponents": [], "shares": [2]}, "shares of a quantile are from 0 to 1"),
    ],
)
def test_requests_of_the_wrong_form(name: str, request_: object, text: str) -> None:
    """Every wrong request is a CoreError whose text the page can show."""
    with pytest.raises(CoreError) as caught:
        dispatch(name, json.dumps(request_))
    assert str(caught.value) == text


def test_damaged_numbers_are_told(chunks: Chunks) -> None:
    """Counts that do not fit their grid are no histogram."""
    own = json.loads(json.dumps(chunks.layers[BASE]))
    own["layers"][0]["tensors"][0]["histogram"]["counts"] = "AAAA"
    with pytest.raises(CoreError, match=r"a histogram of \d+ bins has 3 counts"):
        layers_column(own)
    own["layers"][0]["tensors"][0]["histogram"]["counts"] = "A"
    with pytest.raises(CoreError, match="packed numbers are no base64"):
        layers_column(own)
