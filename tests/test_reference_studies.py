"""The studies of the reference system load unchanged, export, and are explained."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import pytest

from cc_core.selection import Explanation, Forest, encode, explain
from cc_core.selection.forest import canonical
from cc_export import export, load_study, read_site
from cc_export.selections import first_selections, forest_of
from cc_export.viewer import Viewer

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "reference_studies"
NAMES = (
    "celeba_8", "imagenet_52", "imagenet_tutorial_5", "imagenet_userstudy_20", "t5_squad_40",
)  # fmt: skip

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the reference studies are not here")


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
def test_selections_cost_no_more_than_the_references(name: str) -> None:
    """Wherever the reference's table tells all models apart, ours does so at no higher cost."""
    selections = json.loads((FOLDER / "baseline_selections.json").read_text("utf-8"))["studies"]
    forest = forest_of(load_study(FOLDER / f"{name}.json").models)
    for selection in selections[name]:
        found = explain(forest, selection["ids"])
        assert found.proven
        if not selection["collisions"]:
            assert found.cost <= selection["cost"], selection["ids"]
        _assert_truthful(forest, found)


@pytest.mark.parametrize("name", NAMES)
def test_selections_of_up_to_sixteen_models_are_proven(name: str) -> None:
    """Every such selection is within the bound of the search; so are those people start with."""
    study = load_study(FOLDER / f"{name}.json")
    forest, ids = forest_of(study.models), [model.id for model in study.models]
    rng = random.Random(5)
    some = [rng.sample(ids, rng.randint(2, min(16, len(ids)))) for _ in range(150)]
    for selected in (*some, *first_selections(study)):
        found = explain(forest, selected)
        assert found.proven
        _assert_truthful(forest, found)


def _assert_truthful(forest: Forest, found: Explanation) -> None:
    """Models of different recipes differ in a charged variable and stand on different marks."""
    recipes = {
        model: canonical(
            [[s.operation.name, dict(s.operation.parameters)] for s in forest.chain(model)]
        )
        for model in found.models
    }
    charged = [v for v in found.variables if v.implied_by is None]
    rows = {m: tuple(v.model_values[i] for v in charged) for i, m in enumerate(found.models)}
    for a, b in itertools.combinations(found.models, 2):
        assert (rows[a] == rows[b]) == (recipes[a] == recipes[b])
    marks = encode(found).marks
    assert sorted(model for mark in marks for model in mark.models) == list(found.models)
    assert all(len({recipes[model] for model in mark.models}) == 1 for mark in marks)
    assert len({(mark.x, mark.colour, mark.facet) for mark in marks}) == len(marks)
