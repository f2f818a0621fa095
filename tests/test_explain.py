"""``cc-export explain``: what differs among models of a site or a study, in the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cc_core.selection import explain
from cc_export import ExportError, export, read_site
from cc_export.bundle.chunk import json_chunk
from cc_export.cli import BAD_INPUT, app
from cc_export.explain import explain_selection
from cc_export.selections import first_selections, forest_of
from cc_export.study import load_study
from cc_export.viewer import Viewer

STUDY = """
metrics:
  - {name: Accuracy, direction: higher, primary: true}
  - {name: Cost, unit: "[red]€", primary: true}
models:
  - {id: dense, operation: {name: train, parameters: {epochs: 90}}, metrics: {Accuracy: 0.9, Cost: 1}}
  - {id: p50, base: dense, operation: {name: prune, parameters: {amount: 0.5}}, metrics: {Accuracy: 0.8}}
  - {id: "[bold]p90", base: dense, operation: {name: prune, parameters: {amount: 0.9}}, metrics: {Accuracy: .nan}}
  - {id: p50 again, base: dense, operation: {name: prune, parameters: {amount: 0.5}}, metrics: {Accuracy: 0.81}}
"""  # noqa: E501 (a study file has long lines)


@pytest.fixture
def study(study_file: Callable[..., Path]) -> Path:
    return study_file(STUDY)


def test_a_study_is_explained_in_the_terminal(study: Path) -> None:
    """The sentence, each model's values in their order, its metrics, and what repeats."""
    ids = ["p50 again", "[bold]p90", "p50", "dense"]
    done = CliRunner().invoke(app, ["explain", str(study), *ids])
    assert done.exit_code == 0
    lines = [line.rstrip() for line in done.stdout.splitlines() if line.strip()]
    assert lines == [
        "4 models differ in whether prune was applied and prune · amount (none, 0.5, 0.9); "
        "2 of them repeat a recipe.",
        "model      prune     prune · amount",
        "dense      no prune  no prune",
        "p50        prune     0.5",
        "p50 again  prune     0.5",
        "[bold]p90  prune     0.9",
        "model      Accuracy  Cost ([red]€)",
        "dense      0.9       1",
        "p50        0.8       –",
        "p50 again  0.81      –",
        "[bold]p90  nan       –",
        "p50, p50 again repeat one recipe.",
    ]


def test_json_holds_the_whole_answer(study: Path) -> None:
    """With --json other tools get the explanation, the chart and the metrics."""
    done = CliRunner().invoke(app, ["explain", str(study), "p50", "[bold]p90", "--json"])
    answer = json.loads(done.stdout)
    assert answer["explanation"]["sentence"] == "2 models differ in prune · amount (0.5, 0.9)."
    assert [mark["models"] for mark in answer["chart"]["marks"]] == [["p50"], ["[bold]p90"]]
    assert answer["metrics"][0]["values"] == {"p50": 0.8, "[bold]p90": "NaN"}


def test_a_site_gives_the_answer_its_page_gives(
    study: Path, tmp_path: Path, viewer: Viewer
) -> None:
    """From a site comes what its prepared answers say, which the page shows."""
    site = tmp_path / "site"
    export(study, site, viewer=viewer)
    prepared = read_site(site).json("data/answers")["answers"]
    assert [len(a["explanation"]["models"]) for a in prepared] == [4, 3]
    for answer in prepared:
        ids = answer["explanation"]["models"]
        done = CliRunner().invoke(app, ["explain", str(site), *ids, "--json"])
        shown = json.loads(done.stdout)
        assert {key: shown[key] for key in ("chart", "explanation")} == answer


def test_sites_whose_records_are_not_ours(study: Path, tmp_path: Path, viewer: Viewer) -> None:
    """A manifest without metrics is told in words."""
    export(study, tmp_path / "site", viewer=viewer)
    manifest = dict(read_site(tmp_path / "site").manifest)
    del manifest["metrics"]
    chunk = json_chunk("data/manifest", manifest)
    (tmp_path / "site" / chunk.path).write_bytes(chunk.content)
    with pytest.raises(ExportError, match="its records are not those of cc-export"):
        explain_selection(tmp_path / "site", ["dense"])


def test_an_unknown_model_is_named(study: Path) -> None:
    """A wrong id is bad input, with the id in the text."""
    with pytest.raises(ExportError) as caught:
        explain_selection(study, ["p50", "p51"])
    assert caught.value.what == f"{study}: there is no model 'p51'"
    assert str(caught.value).endswith("Did you mean 'p50'?")
    done = CliRunner().invoke(app, ["explain", str(study), "p51"])
    assert done.exit_code == BAD_INPUT


def test_selections_people_start_with(study: Path) -> None:
    """The whole study, roots, operations, children and descendants, each once and two or more."""
    assert list(first_selections(load_study(study))) == [
        ("[bold]p90", "dense", "p50", "p50 again"),
        ("[bold]p90", "p50", "p50 again"),
    ]


def test_preparing_answers_is_bounded(study_file: Callable[..., Path]) -> None:
    """A thousand roots, or one root of a thousand models, make few and small selections."""
    star = "\n".join(f"  - {{id: m{i}, base: r, operation: {{name: o}}}}" for i in range(1_000))
    roots = "\n".join(f"  - {{id: r{i}}}" for i in range(1_000))
    for models in (f"models:\n  - {{id: r}}\n{star}", f"models:\n{roots}"):
        study = load_study(study_file(models))
        selections = list(first_selections(study))
        assert len(selections) == 1
        found = explain(forest_of(study.models), selections[0])
        assert found.proven
        assert len(found.models) == len(study.models)
