"""From a study file to a study, or to words about what is wrong."""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_study

from cc_export.errors import ExportError, StudyError
from cc_export.study import LoadedStudy, load_study
from cc_export.study.records import (
    DatasetSource,
    Evaluation,
    Metric,
    ModelInput,
    Operation,
    OperationType,
    Preview,
)

Write = Callable[..., Path]


def error_of(file: Path) -> str:
    with pytest.raises(ExportError) as caught:
        load_study(file)
    return str(caught.value).replace(str(file), file.name)


def test_every_key_arrives() -> None:
    """Each key of a study file has its place in the record, with paths and defaults resolved."""
    study = load_study(tiny_study.TINY)
    folder = tiny_study.TINY.resolve()
    assert study.file == folder / "study.yaml"
    assert study.title == "Tiny"
    assert study.metrics[0] == Metric("Effort", "lower", "h", ".1f", "Hours of work.", 0, None)
    assert study.operations[1] == OperationType("prune", ("amount",))
    assert study.dataset == DatasetSource(
        path=folder / "evaluation.npz",
        name="Dots",
        inputs=(ModelInput("image", "images", 0.25, -1.0),),
        label=("labels",),
        classes=("left", "right", "both */"),
        ids="ids",
        preview=Preview("image", "images"),
    )
    assert study.evaluation == Evaluation("classification", "logits", "logits")
    base, pruned, _, half, other, student = study.models
    assert base.operation == Operation("train", {"epochs": 3})
    assert (base.onnx, base.embed, base.created) == (
        folder / "models/base.onnx", True, "2026-01-02",
    )  # fmt: skip
    assert (pruned.parents, pruned.tag) == (("base",), "half")
    assert pruned.metrics["Effort"] == math.inf
    assert math.isnan(pruned.metrics["Verdict"])
    assert half.embed is False
    assert other.onnx is None
    assert student.parents == ("base", "other")
    assert student.metrics["Effort"] == 2.0**53


def test_formats_agree(study_file: Write) -> None:
    """One study in YAML, JSON and TOML is the same study."""
    content = {
        "title": "T",
        "metrics": [{"name": "m", "direction": "higher"}],
        "models": [
            {"id": "a", "metrics": {"m": 1.5}},
            {"id": "b", "base": "a", "metrics": {"m": 2}},
        ],
    }
    toml = (
        'title = "T"\n[[metrics]]\nname = "m"\ndirection = "higher"\n'
        '[[models]]\nid = "a"\nmetrics = {m = 1.5}\n'
        '[[models]]\nid = "b"\nbase = "a"\nmetrics = {m = 2}\n'
    )
    texts = {"a.yaml": json.dumps(content), "a.json": json.dumps(content), "a.toml": toml}
    studies = [load_study(study_file(text, name)) for name, text in texts.items()]
    assert studies[0].models == studies[1].models == studies[2].models
    assert studies[0].metrics == studies[1].metrics == studies[2].metrics


def test_a_title_is_found(study_file: Write) -> None:
    """Without a title, a study is called by its file, or its folder where the file is `study`."""
    assert load_study(study_file("models: [{id: a}]", "resnets.yaml")).title == "resnets"
    named = study_file("models: [{id: a}]")
    assert load_study(named).title == named.parent.name


def test_the_file_in_a_folder(tmp_path: Path) -> None:
    """A folder stands for its one study file; none, several or no folder are errors."""
    names = "study.yaml, study.yml, study.json, study.toml"
    with pytest.raises(ExportError) as none:
        load_study(tmp_path)
    assert str(none.value) == (
        f"{tmp_path}: no study file in this folder\n    It needs one of {names}. "
        f"`cc-export init {tmp_path}` writes a first one for ONNX files in it."
    )
    (tmp_path / "study.yaml").write_text("models: [{id: a}]")
    assert load_study(tmp_path).models[0].id == "a"
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(ExportError) as several:
        load_study(tmp_path)
    assert str(several.value) == (
        f"{tmp_path}: 2 study files in this folder (study.yaml, study.json)\n"
        "    Name the file that is meant."
    )
    with pytest.raises(ExportError) as missing:
        load_study(tmp_path / "x")
    assert str(missing.value) == (
        f"{tmp_path / 'x'}: no such file or folder\n    Give a study file or its folder."
    )
    with pytest.raises(ExportError) as long:
        load_study("y" * 5_000)
    assert str(long.value) == f"{'y' * 5_000}: File name too long"


WRONG = """\
metrics:
  - {name: a, min: .inf}
  - {nam: b}
dataset: {path: x, classes: [], label: y, inputs: {}}
models:
  - id: "a\\x1bb"
    metrics: {a: "x", b: true}
    onnx: 3
  - id: ""
    base: [1]
    operation: {name: x, parameters: null}
    parents: {}
  - 7
  - {}
embed: 1
evaluation: {task: foo, wrong: 3}
"""


def test_everything_wrong_is_said_at_once(study_file: Write) -> None:
    """All findings come together, each with line, key, value and what is allowed."""
    assert error_of(study_file(WRONG)).splitlines() == [
        "study.yaml:2: metrics[0].min: must be a finite number, got inf",
        "study.yaml:3: metrics[1].name: this key is missing",
        "study.yaml:3: metrics[1].nam: unknown key",
        "    Did you mean `name`? Allowed: compute, definition, direction, format, max, min, name, "
        "primary, unit.",
        "study.yaml:4: dataset.inputs: must not be empty",
        "study.yaml:4: dataset.classes: must not be empty",
        "study.yaml:6: models[0].id: must be one line without control characters, got 'a\\x1bb'",
        "study.yaml:7: models[0].metrics.a: must be a number, got 'x'",
        "study.yaml:7: models[0].metrics.b: must be a number, got true",
        "study.yaml:8: models[0].onnx: must be text, got 3",
        "    Put it in quotes.",
        "study.yaml:9: models[1].id: must not be empty",
        "study.yaml:10: models[1].base: must be text, got a list",
        "study.yaml:11: models[1].operation.parameters: must hold keys and values, got null",
        "study.yaml:12: models[1].parents: must be a list, got keys and values",
        "study.yaml:13: models[2]: must hold keys and values, got 7",
        "study.yaml:14: models[3].id: this key is missing",
        "study.yaml:15: embed: must be true or false, got 1",
        "study.yaml:16: evaluation.task: 'foo' is not allowed",
        "    Allowed: 'classification', 'multilabel', 'regression', 'embedding', 'generation', "
        "or module:callable.",
        "study.yaml:16: evaluation.wrong: unknown key",
        "    Allowed: generate, output, postprocess, preprocess, scores, task, threshold.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", "study.yaml:1: the file: must hold keys and values, got 7"),
        ("models: []", "study.yaml:1: models: must not be empty"),
        (
            "models: [{id: a}]\nevaluation: {task: clasification}",
            "study.yaml:2: evaluation.task: 'clasification' is not allowed\n"
            "    Did you mean 'classification'? Allowed: 'classification', 'multilabel', "
            "'regression', 'embedding', 'generation', or module:callable.",
        ),
        (
            "metrics: [{name: m}]\nmodels: [{id: a, metrics: {m: %s}}]" % ("9" * 400),
            "study.yaml:2: models[0].metrics.m: must be a number below 1.8e308, got "
            + "9" * 79
            + "…",
        ),
        (
            "models: [{id: a}]\n"
            "dataset: {path: x, label: y, inputs: {z: {array: q}}, classes: [%s]}"
            % ("a, " * 65_535),
            "study.yaml:2: dataset.classes: must have at most 65534 entries",
        ),
        (
            "models: [{id: %s}]" % ("x" * 2_001),
            "study.yaml:1: models[0].id: must have at most 2000 characters",
        ),
    ],
)
def test_values_out_of_bounds(study_file: Write, text: str, expected: str) -> None:
    """Too many, too large and too long are said with the bound."""
    assert error_of(study_file(text)) == expected


def test_a_thousand_problems_are_not_printed(study_file: Write) -> None:
    """The first forty problems are printed, and how many more there are."""
    error = error_of(study_file(f"models: [{', '.join(['{}'] * 1_000)}]"))
    assert error.splitlines()[-2:] == [
        "study.yaml:1: models[39].id: this key is missing",
        "and 960 more problems",
    ]


HARD_IDS = [
    "'single' \"double\" `back`",
    "🙂🏽 emoji",
    "x" * 300,
    "<img src=x onerror=alert(1)>",
    "*/ end of comment",
    "line\u2028separator",
    "</script>",
    "../../etc/passwd",
    "CON",
    " ",
]


def test_hard_names_are_plain_text(study_file: Write) -> None:
    """Quotes, emoji, markup, comment ends and paths are ids like any other."""
    models = [{"id": name, "tag": name, "metrics": {}} for name in HARD_IDS]
    study = load_study(study_file(json.dumps({"models": models}), "study.json"))
    assert [model.id for model in study.models] == HARD_IDS


def mutations(original: bytes, cases: int) -> list[bytes]:
    """Variants of a text: bytes flipped, cut, doubled, or replaced by what parsers trip over."""
    rng = random.Random(20)
    pieces = [
        b"[" * 500, b"&a [*a]", b"*b", b"!!x ", b"\x00", b"\xff", b"{", b": ", b"- ", b"\t",
        b".nan", b"9" * 4_500, b"'", b'"\\ud800"', b"---\n", b"null", b"[]", b"~",
    ]  # fmt: skip
    found = []
    for _ in range(cases):
        text = bytearray(original)
        for _ in range(rng.randint(1, 4)):
            at, length = rng.randrange(len(text) + 1), rng.randint(0, 40)
            piece = rng.choice(
                [bytes([rng.randrange(256)]), rng.choice(pieces), bytes(text[at : at + length]) * 2]
            )
            text[at : at + rng.choice([0, 1, length])] = piece
        found.append(bytes(text))
    return found


@pytest.mark.parametrize("name", ["study.yaml", "study.json", "study.toml"])
def test_no_text_gives_a_traceback(tmp_path: Path, name: str) -> None:
    """Whatever a study file holds, it is a study or an error in words."""
    shutil.copytree(tiny_study.TINY, tmp_path, dirs_exist_ok=True)
    (tmp_path / "study.yaml").unlink()
    original = {
        "study.yaml": tiny_study.STUDY,
        "study.json": json.dumps(
            {"metrics": [{"name": "m"}], "models": [{"id": "a", "metrics": {"m": 1}}]}, indent=1
        ),
        "study.toml": '[[metrics]]\nname = "m"\n[[models]]\nid = "a"\nmetrics = {m = 1}\n',
    }[name]
    file = tmp_path / name
    valid = 0
    for text in [original.encode(), *mutations(original.encode(), 200)]:
        file.write_bytes(text)
        try:
            valid += isinstance(load_study(file), LoadedStudy)
        except ExportError as error:
            assert str(error)
    assert 0 < valid <= 200


def test_problems_survive_as_records(study_file: Write) -> None:
    """A program gets the problems one by one, not only their text."""
    with pytest.raises(StudyError) as caught:
        load_study(study_file("models: [{id: a}, {id: a}]"))
    [problem] = caught.value.problems
    assert (problem.where, problem.line, problem.fatal) == ("models[1].id", 1, True)
