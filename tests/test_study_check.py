"""Names in a study refer to things that exist; forests have no circles."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cc_export.errors import ExportError
from cc_export.study import load_study

Write = Callable[..., Path]


def findings(file: Path) -> list[str]:
    """Errors, or the warnings of a valid study, without the file's folder."""
    try:
        found = [problem.text(Path(file.name)) for problem in load_study(file).warnings]
    except ExportError as error:
        found = str(error).replace(str(file), file.name).splitlines()
    return "\n".join(found).replace(str(file.parent.resolve()), "FOLDER").splitlines()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "models:\n- id: a\n- id: a",
            ["study.yaml:3: models[1].id: 'a' is already used by models[0]",
             "    Every id in models must be different."],
        ),
        (
            "operations: [{name: o}, {name: o}]\nmodels: [{id: a}]",
            ["study.yaml:1: operations[1].name: 'o' is already used by operations[0]",
             "    Every name in operations must be different."],
        ),
        (
            "models:\n- id: resnet\n- {id: b, base: resnt}",
            ["study.yaml:3: models[1].base: model 'b' has the unknown parent 'resnt'",
             "    Did you mean 'resnet'?"],
        ),
        (
            "models:\n- id: a\n- {id: b, parents: [a, zzz]}",
            ["study.yaml:3: models[1].parents: model 'b' has the unknown parent 'zzz'",
             "    Known: 'a', 'b'."],
        ),
        (
            "models:\n- id: a\n- {id: b, base: a, parents: [a]}",
            ["study.yaml:3: models[1].parents: model 'b' has both `base` and `parents`",
             "    Use one of them."],
        ),
        (
            "models:\n- {id: a, base: c}\n- {id: b, parents: [a]}\n- {id: c, parents: [b]}",
            ["study.yaml:2: models[0].base: model 'a' is its own ancestor (a → c → b → a)",
             "    Remove one of these links."],
        ),
        (
            "models:\n- id: a\n- {id: b, base: a}\n- {id: a, base: b}",
            ["study.yaml:4: models[2].id: 'a' is already used by models[0]",
             "    Every id in models must be different."],
        ),
        (
            "models: [{id: a, base: a}]",
            ["study.yaml:1: models[0].base: model 'a' is its own ancestor (a → a)",
             "    Remove one of these links."],
        ),
        (
            "models: [{id: a, onnx: models}]",
            ["study.yaml:1: models[0].onnx: model 'a': there is no file 'models'",
             "    Looked in FOLDER."],
        ),
        (
            "models: [{id: a, onnx: .}, {id: b, outputs: stduy.yaml}]",
            ["study.yaml:1: models[0].onnx: model 'a': '.' is a folder, no file",
             "    Looked in FOLDER.",
             "study.yaml:1: models[1].outputs: model 'b': there is no file 'stduy.yaml'",
             "    Is it 'study.yaml'? Looked in FOLDER."],
        ),
        (
            "models: [{id: a, onnx: %s}]" % ("n" * 400),
            [f"study.yaml:1: models[0].onnx: model 'a': there is no file '{'n' * 400}'",
             "    Looked in FOLDER."],
        ),
        (
            "models: [{id: a}]\ndataset: {path: d.npz, label: y, classes: [c], "
            "inputs: {i: {array: x}}}\nevaluation: {task: classification}",
            ["study.yaml:2: dataset.path: there is no file 'd.npz'",
             "    Looked in FOLDER."],
        ),
        (
            "models: [{id: a}]\nevaluation: {task: classification}",
            ["study.yaml:2: evaluation: needs a dataset", "    Add `dataset`."],
        ),
        (
            "metrics: [{name: speed}]\nmodels: [{id: a, metrics: {sped: 1, speed: 2}}]",
            ["study.yaml:2: models[0].metrics.sped: model 'a' has a value for the undeclared "
             "metric 'sped'",
             "    Did you mean 'speed'? Declare it under `metrics`."],
        ),
    ],
)  # fmt: skip
def test_errors(study_file: Write, text: str, expected: list[str]) -> None:
    """What a name wrongly refers to is named, with what may have been meant."""
    assert findings(study_file(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "metrics: [{name: m}, {name: n}]\nmodels: [{id: a, metrics: {m: 1}}, {id: b}]",
            ["study.yaml:1: metrics[1]: no model has a value for 'n'",
             "    It is left empty.",
             "study.yaml:2: models[1].id: model 'b' has no value for 'm'",
             "    It is shown as missing."],
        ),
        (
            "models: [{id: a}, {id: b, base: a}]",
            ["study.yaml:1: models[1]: model 'b' has a parent but no operation",
             "    Say how it was made."],
        ),
        (
            "models: [{id: a}]\ndataset: {path: ., label: y, classes: [c], "
            "inputs: {i: {array: x}}}",
            ["study.yaml:2: dataset: no `evaluation`, so no predictions are made",
             "    Add `evaluation: {task: …}`.",
             "study.yaml:2: dataset: no model has an `onnx` file, so nothing is evaluated"],
        ),
        (
            "operations: [{name: prune, parameters: [amount]}]\n"
            "models: [{id: a, operation: {name: prun}}, "
            "{id: b, operation: {name: prune, parameters: {amont: 1}}}]",
            ["study.yaml:2: models[0].operation.name: model 'a' uses the undeclared operation "
             "'prun'",
             "    Did you mean 'prune'? Declare it under `operations`.",
             "study.yaml:2: models[1].operation.parameters.amont: 'prune' of model 'b' has the "
             "undeclared parameter 'amont'",
             "    Did you mean 'amount'?"],
        ),
        (
            "metrics:\n- {name: m, min: 5, max: 1}\n- name: n\n  format: zzz\nmodels:\n"
            "- {id: a, created: banana, metrics: {m: 1, n: 1}}\n"
            "- id: b\n  parents: [a, a]\n  operation: {name: o}\n  metrics: {m: 1, n: 1}\n"
            '  created: "2026-13-45T99:00"',
            ["study.yaml:2: metrics[0].min: `min` 5 of 'm' is above its `max` 1",
             "    Exchange them, or leave them out. Both are ignored.",
             "study.yaml:4: metrics[1].format: 'zzz' is no d3-format specifier",
             "    Allowed are such as .1%, .3~f, ,d or .2s; see https://d3js.org/d3-format. "
             "Numbers are shown as if it were left out.",
             "study.yaml:6: models[0].created: 'banana' is no date of ISO 8601",
             "    Allowed are such as 2026-03-01 or 2026-03-01T14:30:00Z. "
             "It is shown as text, and stands for no time.",
             "study.yaml:8: models[1].parents: model 'b' has the parent 'a' 2 times",
             "    Name it once. It counts once.",
             "study.yaml:11: models[1].created: '2026-13-45T99:00' is no date of ISO 8601",
             "    Allowed are such as 2026-03-01 or 2026-03-01T14:30:00Z. "
             "It is shown as text, and stands for no time."],
        ),
        ("models: [{id: a, operation: {name: anything, parameters: {}}}]", []),
        ("metrics: [{name: m}]\nmodels: [{id: a, metrics: {m: .nan}}]", []),
    ],
)  # fmt: skip
def test_warnings(study_file: Write, text: str, expected: list[str]) -> None:
    """What may be on purpose is a warning, and the study is usable."""
    assert findings(study_file(text)) == expected


def test_measured_metrics_may_be_declared_without_values(tiny: Path) -> None:
    """Declaring how to show a metric that the exporter measures is no reason to warn."""
    assert not any("Accuracy" in problem.what for problem in load_study(tiny).warnings)


def chain(length: int, first: str | None = None) -> str:
    models = [{"id": "m0", "base": first}]
    models += [{"id": f"m{i}", "base": f"m{i - 1}"} for i in range(1, length)]
    return json.dumps({"models": models})


def test_long_chains(study_file: Write) -> None:
    """A chain of 3,000 models is checked without recursion, and so is a circle of them."""
    study = load_study(study_file(chain(3_000), "study.json"))
    assert len(study.models) == 3_000
    assert findings(study_file(chain(3_000, "m2999"), "study.json"))[0] == (
        "study.json:1: models[0].base: model 'm0' is its own ancestor "
        "(m0 → m2999 → m2998 → m2997 → m2996 → m2995 → … → m0)"
    )


def test_many_wrong_names_take_no_minutes(study_file: Write) -> None:
    """Hints are looked for a bounded number of times, however many names are wrong."""
    models = [{"id": f"model {i}", "base": f"modl {i}"} for i in range(1_000)]
    found = findings(study_file(json.dumps({"models": models}), "study.json"))
    assert found[-1] == "and 60 more problems"
