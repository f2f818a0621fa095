"""The studies of the reference system load unchanged, export, and are explained."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from cc_core.selection import Forest, Model, Operation, explain
from cc_core.selection.forest import canonical
from cc_export import export, load_study, read_site
from cc_export.study import Study
from cc_export.viewer import Viewer

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "reference_studies"
NAMES = (
    "celeba_8", "imagenet_52", "imagenet_tutorial_5", "imagenet_userstudy_20", "t5_squad_40",
)  # fmt: skip

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the reference studies are not here")


def forest_of(study: Study) -> Forest:
    return Forest(
        Model(
            model.id,
            model.parents,
            Operation(model.operation.name, model.operation.parameters)
            if model.operation
            else None,
        )
        for model in study.models
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_study_is_exported(name: str, tmp_path: Path, viewer: Viewer) -> None:
    """Each file is valid as it is, and every model arrives with its metrics."""
    study = load_study(FOLDER / f"{name}.json")
    report = export(study, tmp_path / "site", viewer=viewer)
    assert report.models == int(name.rpartition("_")[2])
    written = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["models"]
    for record, model in zip(read_site(tmp_path / "site").models, written, strict=True):
        assert record["id"] == model["id"]
        assert record["metrics"] == {k: v for k, v in model["metrics"].items() if v is not None}


@pytest.mark.parametrize("name", NAMES)
def test_selections_are_told_apart(name: str) -> None:
    """In every selection, models of different recipes differ, mostly at lower cost than before."""
    selections = json.loads((FOLDER / "baseline_selections.json").read_text("utf-8"))["studies"]
    study = load_study(FOLDER / f"{name}.json")
    forest = forest_of(study)
    recipes = {
        model.id: canonical(
            [[s.operation.name, dict(s.operation.parameters)] for s in forest.chain(model.id)]
        )
        for model in study.models
    }
    dearer = cheaper = 0
    for selection in selections[name]:
        found = explain(forest, selection["ids"])
        charged = [v for v in found.variables if v.implied_by is None]
        rows = {m: tuple(v.model_values[i] for v in charged) for i, m in enumerate(found.models)}
        for a, b in itertools.combinations(found.models, 2):
            assert (rows[a] == rows[b]) == (recipes[a] == recipes[b])
        dearer += found.cost > selection["cost"]
        cheaper += found.cost < selection["cost"]
    assert dearer <= len(selections[name]) / 50
    assert cheaper >= dearer
