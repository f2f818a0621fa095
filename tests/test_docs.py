"""What README and docs tell a reader to type works, and what they point at is there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_models
import typer.main
import yaml

from cc_export import export, load_study, read_site
from cc_export.bundle.read import Site
from cc_export.cli import app
from cc_export.metrics import MEASURED
from cc_export.study import schema

CHECKOUT = Path(__file__).parents[1]
PAGES = (
    CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", CHECKOUT / "ARCHITECTURE.md",
    *sorted((CHECKOUT / "docs").glob("*.md")),
)  # fmt: skip
# Commands of other programs, which need the network or change the machine.
FOREIGN = ("git", "cd", "pipx", "pytest")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Command:
    """A command as a page shows it; ``output`` are the lines below it, if the page shows any."""

    page: str
    words: tuple[str, ...]
    output: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def blocks(page: Path, language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(page.read_text("utf-8")) if found == language]


def typed(page: Path) -> Iterator[Command]:
    """The lines after a ``$`` in the console blocks of a page."""
    for block in blocks(page, "console"):
        for entry in block.removeprefix("$ ").split("\n$ "):
            line, *output = entry.splitlines()
            for part in line.split("&&"):
                words = tuple(shlex.split(part, comments=True))
                yield Command(page.name, words, tuple(output))


def mentioned(page: Path) -> Iterator[Command]:
    """Commands in running text: what stands between single backticks and starts as one does."""
    text = BLOCK.sub("", page.read_text("utf-8"))
    for code in INLINE.findall(text):
        if re.match(r"(make|cc-export|python -m|pytest) ", code):
            yield Command(page.name, tuple(shlex.split(code)))


TYPED = [command for page in PAGES for command in typed(page)]
MENTIONED = [command for page in PAGES for command in mentioned(page)]


@cache
def run(words: tuple[str, ...], folder: Path) -> str:
    """Run a cc-export command in a folder, once; returns what it printed."""
    arguments = [sys.executable, "-m", "cc_export", *words[1:]]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, built_site: None) -> Path:
    """A folder as a reader has it: README's study with tiny files, its models, and the examples."""
    root = tmp_path_factory.mktemp("reader")
    study = root / "my-study"
    study.mkdir()
    (text,) = blocks(CHECKOUT / "README.md", "yaml")
    (study / "study.yaml").write_text(text, "utf-8")
    rng = np.random.default_rng(0)
    np.savez(
        study / "evaluation.npz",
        images=rng.integers(0, 256, (12, 1, tiny_models.SIDE, tiny_models.SIDE), np.uint8),
        labels=np.arange(12) % 2,
    )
    (study / "adult.csv").write_text("age,hours,sex,income\n39,40,f,no\n52,45,m,yes\n", "utf-8")
    weights = tiny_models.weights()
    # README's classes are two.
    weights |= {"fc.weight": weights["fc.weight"][:2], "fc.bias": weights["fc.bias"][:2]}
    onnx.save(tiny_models.float32(weights), study / "dense.onnx")
    onnx.save(tiny_models.float32(tiny_models.pruned(weights)), study / "pruned.onnx")
    shutil.copytree(CHECKOUT / "examples", root / "examples")
    # A reader who has model files, and no study file yet.
    shutil.copytree(study, root / "my-models", ignore=shutil.ignore_patterns("study.yaml"))
    return root


def test_commands_are_found() -> None:
    """The pages show commands to type and mention others; without any, this file tests nothing."""
    assert any(command.words[:2] == ("cc-export", "build") for command in TYPED)
    assert any(command.words[0] == "make" for command in TYPED)
    assert any(command.words[0] == "cc-export" for command in MENTIONED)


@pytest.mark.parametrize("command", [*TYPED, *MENTIONED], ids=str)
def test_commands_exist(command: Command) -> None:
    """Every command that a page shows is one of ours, or of a program named here."""
    match command.words:
        case ("make", target, *_):
            makefile = (CHECKOUT / "Makefile").read_text("utf-8")
            assert re.search(rf"^{re.escape(target)}\b[^=\n]*:", makefile, re.MULTILINE)
        case ("cc-export", "--version" | "--help"):
            pass
        case ("cc-export", name, *arguments):
            commands = vars(typer.main.get_command(app))["commands"]
            assert name in commands
            commands[name].make_context(name, list(arguments))
        case ("python", "-m", module, *_):
            assert (CHECKOUT / f"{module.replace('.', '/')}.py").is_file()
        case (program, *_):
            assert program in FOREIGN


# In running text a command may stand for many: STUDY and SITE are for the reader to fill in.
OURS = [
    command
    for command in (*TYPED, *MENTIONED)
    if command.words[0] == "cc-export" and not any(word.isupper() for word in command.words)
]


@pytest.mark.parametrize("command", OURS, ids=str)
def test_commands_work(command: Command, folder: Path) -> None:
    """What a page tells to type runs through, and prints what the page shows."""
    printed = lines(run(command.words, folder))
    assert [line for line in lines("\n".join(command.output)) if line not in printed] == []


def test_demo_output(folder: Path) -> None:
    """``make demo`` ends with the command ``cc-export demo``, whose output is the one shown."""
    (shown,) = [lines("\n".join(c.output)) for c in TYPED if c.words == ("make", "demo")]
    printed = lines(run(("cc-export", "demo", "-o", "digits-site"), folder))
    # A path of the reader's own, and what is left out.
    counts = [line for line in shown if "…" not in line and not line.startswith("site ")]
    assert counts[:3] == ["models 26", "run in the page 26", "instances 1,000"]
    assert [line for line in counts if line not in printed] == []
    sizes = [float(line.split()[1]) for line in (*shown, *printed) if line.startswith("site ")]
    assert sizes == pytest.approx([sizes[0]] * 2, rel=0.05)


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_readme_study(folder: Path) -> None:
    """README's study file is a whole study: valid, evaluated, and its models run in the page."""
    study = load_study(folder / "my-study")
    assert study.warnings == ()
    report = export(study, folder / "readme-site")
    assert report.failures == {}
    assert (report.models, report.embedded, report.instances) == (2, 2, 12)
    first, second = read_site(folder / "readme-site").models
    assert first["metrics"]["Sparsity"] < second["metrics"]["Sparsity"]


def test_python_page(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Python shown works as it stands, in order, and prints what its comments say."""
    monkeypatch.chdir(folder)
    script, reading = blocks(CHECKOUT / "docs/python.md", "python")
    names: dict[str, object] = {}
    exec(compile(script, "docs/python.md", "exec"), names)
    assert capsys.readouterr().out == "3 models\n"
    assert {model["id"]: model["parents"] for model in read_site("softmax-site").models} == {
        "dense": [], "pruned-50%": ["dense"], "pruned-90%": ["dense"],
    }  # fmt: skip
    assert load_study("softmax-study").models[0].metrics["Training loss"] < 0.5
    # Answers that were handed over as arrays: no model was run.
    right = [model["metrics"]["Accuracy"] for model in read_site("softmax-site").models]
    assert right[0] > 0.85 > right[2]
    exec(compile(reading, "docs/python.md", "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "{}"
    assert printed[-1] == "[]"
    site = names["site"]
    assert isinstance(site, Site)
    assert [line.split()[0] for line in printed[1:-1]] == [model["id"] for model in site.models]
    assert isinstance(names["onnx_bytes"], bytes)
    assert onnx.load_from_string(names["onnx_bytes"]).graph.node


def test_readme_python() -> None:
    """The import that README shows works."""
    (line,) = [c for c in INLINE.findall(README) if c.startswith("from cc_export import")]
    exec(line, {})


README = BLOCK.sub("", (CHECKOUT / "README.md").read_text("utf-8"))


@pytest.mark.parametrize("fragment", blocks(CHECKOUT / "docs/study.md", "yaml"))
def test_study_fragments(fragment: str, folder: Path) -> None:
    """Each fragment of a study file is valid as a part of one."""
    study = {"models": [{"id": "dense", "onnx": "dense.onnx"}], **yaml.safe_load(fragment)}
    if "dataset" in study:
        study["evaluation"] = {"task": "classification"}
    file = folder / "my-study" / "fragment.yaml"
    file.write_text(yaml.safe_dump(study), "utf-8")
    assert load_study(file).warnings == ()


@pytest.mark.parametrize(
    ("heading", "form"),
    [("# The study file", schema.StudyFile), ("## `models`", schema.ModelFile)],
)
def test_study_keys(heading: str, form: type[schema.StudyFile]) -> None:
    """The tables of keys name every key that a study file may have, and no other."""
    assert _keys_of_table(heading) == set(form.model_fields)


def test_metric_keys() -> None:
    """The keys of a declared metric are all named, and no other."""
    paragraph = _section("## `metrics`").split("\n\n")[1]
    named = set(re.findall(r"`(\w+)`", paragraph)) - {"higher", "lower", "neither"}
    assert named == set(schema.MetricFile.model_fields)


def test_measured_metrics() -> None:
    """The table of measured metrics names those that the exporter measures, in its order."""
    rows = re.findall(r"^\| ([A-Z][^|`]*) \|", _section("## `metrics`"), re.MULTILINE)
    assert ", ".join(rows).split(", ") == [metric.name for metric in MEASURED]


def test_site_listing(folder: Path) -> None:
    """The listing of a site's files covers every file of one, and each line some file but ids."""
    export(folder / "my-study", folder / "listed-site")
    (listing, *_) = blocks(CHECKOUT / "docs/bundle.md", "")
    wanted = [path for line in listing.splitlines() for path in re.split(r" {3,}", line)[0].split()]
    patterns = [_pattern(path) for path in wanted]
    site = folder / "listed-site"
    files = [file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()]
    assert [f for f in files if not any(p.fullmatch(f) for p in patterns)] == []
    unused = zip(wanted, patterns, strict=True)
    # Instances of this study are numbers, which need no ids.
    missing = [path for path, p in unused if not any(map(p.fullmatch, files))]
    assert missing == ["data/ids/<n>.js"]


def _pattern(path: str) -> re.Pattern[str]:
    """``data/layers/<model>.js`` as a regular expression; ``…`` is anything below a folder."""
    parts = re.split(r"(<\w+>|…)", path)
    spelled = {"…": ".+"} | {part: "[^/]+" for part in parts if part.startswith("<")}
    return re.compile("".join(spelled.get(part, re.escape(part)) for part in parts))


def _links() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        text = BLOCK.sub("", page.read_text("utf-8"))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" not in target:
                found.append((page.relative_to(CHECKOUT).as_posix(), target.partition("#")[0]))
    return found


@pytest.mark.parametrize(("page", "target"), _links())
def test_links(page: str, target: str) -> None:
    """Every link and picture of a page leads to a file that is there."""
    assert (CHECKOUT / page).parent.joinpath(target).exists()


@pytest.mark.parametrize(
    "path", re.findall(r"`((?:cc_export|wasm|viewer|tests|examples)/[^`\s]*)`", README)
)
def test_paths(path: str) -> None:
    """Every path in README's table of where to change what is there."""
    assert (CHECKOUT / path).exists()


def _section(heading: str) -> str:
    text = (CHECKOUT / "docs/study.md").read_text("utf-8")
    start = text.index(f"{heading}\n")
    end = text.find("\n## ", start + 1)
    return text[start:end]


def _keys_of_table(heading: str) -> set[str]:
    rows = [row for row in _section(heading).splitlines() if row.startswith("| `")]
    return {key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])}
