"""The command line: what it prints, and the code it exits with."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tiny_study
from typer.testing import CliRunner, Result

from cc_export import read_site
from cc_export.cli import COMMANDS, app
from cc_export.version import __version__

pytestmark = pytest.mark.usefixtures("built_site")
COMMAND = Path(sys.executable).with_name("cc-export")


def run(*arguments: object) -> Result:
    """A command in this process; usage errors are drawn as for a terminal of 80 columns."""
    return CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "80"})


def started(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """A command as people start it."""
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False, **options,
    )  # fmt: skip


def test_version() -> None:
    """The version is that of the package."""
    assert run("--version").output == f"cc-export {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help_names_every_command(arguments: list[str]) -> None:
    """Help says what it is for and which commands there are; without arguments it is shown too."""
    result = run(*arguments)
    assert result.exit_code == (0 if arguments else 2)
    assert "one command, one folder, no" in result.output
    for command in COMMANDS:
        assert re.search(rf"^│ {command} ", result.output, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example(command: str) -> None:
    """Each command shows a line to copy."""
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"cc-export {command} " in result.output


def test_help_is_quick() -> None:
    """Help and version load neither onnxruntime nor numpy."""
    code = (
        "import sys, time; from cc_export.cli import app\n"
        "try: app(['--version'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'onnx', 'onnxruntime', 'pydantic', 'yaml'} & set(sys.modules)))\n"
        "print(time.process_time() < 1)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.splitlines()[1:] == ["[]", "True"]


def test_a_study_becomes_a_site(tiny: Path, tmp_path: Path) -> None:
    """A build ends with the path to open and code 0, and the site is whole."""
    result = started("build", tiny, "-o", tmp_path / "site", "--jobs", 1)
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert lines[:3] == [
        "models                 6",
        "run in the page        3",
        "instances             12",
    ]
    # Whether a model is slower than its parent depends on the machine.
    assert [line for line in lines if not line.startswith("flagged ")][-5:] == [
        f"warning {tiny / 'study.yaml'}:54: models[3].metrics: model 'half' has no value for "
        "'Verdict'",
        "    It is shown as missing.",
        "",
        "Open it by double-click, or copy the folder to where others can:",
        f"  {tmp_path / 'site' / 'index.html'}",
    ]
    assert "Traceback" not in result.stderr
    assert list(read_site(tmp_path / "site").damaged()) == []


def test_models_that_fail_are_named(tiny: Path, tmp_path: Path) -> None:
    """Code 1 says that some models failed; quietly, only they and warnings are printed."""
    (tiny / "models" / "pruned.onnx").write_bytes(b"[bold]:smile:")
    result = started("build", tiny, "-o", tmp_path / "site", "-q", "--models", "none")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"warning {tiny / 'study.yaml'}:54: models[3].metrics: "
        "model 'half' has no value for 'Verdict'\n    It is shown as missing.\n"
        "failed base/pruned: pruned.onnx: not an ONNX file, or a damaged one\n"
        "    Export it again.\n"
    )
    assert (tmp_path / "site" / "index.html").is_file()


def test_a_site_is_not_lost_to_models_that_all_fail(tiny: Path, tmp_path: Path) -> None:
    """Code 2 and every reason; the older site is as it was. Without one, the reasons are shown."""
    site = tmp_path / "site"
    assert run("build", tiny, "-o", site, "-q", "--models", "none").exit_code == 0
    before = (site / "data" / "models.js").read_bytes()
    for file in (tiny / "models").glob("*.onnx"):
        file.write_bytes(b"")
    result = run("build", tiny, "-o", site, "-q", "--models", "none")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(
        "error no model can be used; the older site is left as it was\n"
    )
    assert "base/pruned: pruned.onnx: holds no graph" in result.stderr
    assert (site / "data" / "models.js").read_bytes() == before
    new = tmp_path / "new"
    new.mkdir()
    assert run("build", tiny, "-o", new, "-q", "--models", "none").exit_code == 1


def test_errors_of_a_study(tmp_path: Path) -> None:
    """Code 2 comes with what is wrong and where, as text: names are no markup."""
    study = tmp_path / "study.yaml"
    study.write_text("models:\n- id: a\n- {id: '[red]b :smile:', base: aa}\n", "utf-8")
    for command in (["build", study, "-o", tmp_path / "site"], ["validate", study]):
        result = started(*command)
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr == (
            f"error {study}:3: models[1].base: model '[red]b :smile:' has the unknown parent 'aa'\n"
            "    Did you mean 'a'?\n"
        )
    assert not (tmp_path / "site").exists()


def test_a_target_that_is_taken(tiny: Path) -> None:
    """A folder with other files is refused with code 2 and left as it is."""
    result = run("build", tiny, "-o", tiny, "-q")
    assert result.exit_code == 2
    assert result.stderr == (
        f"error {tiny}: holds files, but no site (evaluation.npz, models/base.onnx, "
        "models/half.onnx, …); it is left as it is\n"
        "    Choose an empty or new folder with -o, or move these files away.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["build"], "cc-export build needs the argument STUDY"),
        (["explain", "x"], "cc-export explain needs the argument ID..."),
        (["onnx", "a:b"], "cc-export onnx needs the option --input NAME:TYPE:SHAPE"),
        (["build", "x", "--jobs"], "--jobs needs a value"),
        (["build", "x", "--quiet=1"], "--quiet takes no value"),
        (["build", "x", "--jobs", "-1"], "--jobs -1: is not a whole number of at least 0"),
        (["build", "x", "-j", "abc"], "--jobs abc: is not a whole number of at least 0"),
        (["build", "x", "-j", "9" * 5000], f"--jobs {'9' * 5000}: is not a whole number"),
        (
            ["build", "x", "--models", "all,foo"],
            "--models all,foo: is none of 'none', 'selected', 'all'\n"
            "    `cc-export build --help` shows what it takes.",
        ),
        (
            ["build", "x", "--memory", "3", "GB"],
            "cc-export build takes no further argument 'GB'\n"
            "    A value that holds spaces stands in quotes. `cc-export build --help` shows",
        ),
        (["build", "x", "-o", ""], "-o is empty\n    Is a variable of the shell not set?"),
        (["build", "x", "--cache="], "--cache is empty\n"),
        (["validate", ""], "an argument is empty\n"),
        (
            ["build", "x", "--jbs", "3"],
            "cc-export build has no option --jbs\n    Did you mean '--jobs'",
        ),
        (["--verbose"], "cc-export has no option --verbose\n    Did you mean '--version'?"),
        (["buld"], "there is no command 'buld'\n    Did you mean 'build'?"),
        (["export"], "there is no command 'export'\n    Known: 'build', 'demo', "),
        (["serve", ".", "--port", "x"], "--port x: is not a whole number from 0 to 65535"),
        (["serve", ".", "--port", "99999"], "--port 99999: is not a whole number"),
        (["onnx", "a:b", "-i", "x:int8:1", "--opset", "3"], "--opset 3: is not a whole number of"),
    ],
)
def test_wrong_usage(arguments: list[str], text: str) -> None:
    """Wrong arguments are named as every other error is, with what is allowed and code 2."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error {text}")


def test_errors_begin_with_the_word(tiny: Path, tmp_path: Path) -> None:
    """An error before anything was done stands in the first line, with and without progress."""
    for options in ([], ["--quiet"]):
        result = started("build", tmp_path, "-o", tmp_path / "site", *options)
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr.startswith(f"error {tmp_path}: no study file in this folder\n")
    result = started("build", tiny, "-o", tiny)
    assert result.stderr.startswith(f"error {tiny}: holds files, but no site ")


def test_validate(tiny: Path) -> None:
    """A valid study is said to be so, after its warnings."""
    result = run("validate", tiny)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"warning {tiny / 'study.yaml'}:54: models[3].metrics: model 'half' has no value for "
        "'Verdict'",
        "    It is shown as missing.",
        f"{tiny / 'study.yaml'}: valid; 6 models, 2 of them roots, 1 warning, "
        "4 model files can be read, 12 instances",
    ]


def test_validate_opens_files(tiny: Path) -> None:
    """A model file that cannot be used is named with code 1, unless files are left closed."""
    (tiny / "models" / "pruned.onnx").write_bytes(b"[bold]:smile:")
    result = run("validate", tiny, "--quiet")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[2:] == [
        "failed base/pruned: pruned.onnx: not an ONNX file, or a damaged one",
        "    Export it again.",
    ]
    assert (
        run("validate", tiny)
        .stdout.splitlines()[-1]
        .endswith("1 warning, 1 model file cannot be used, 12 instances")
    )
    assert run("validate", tiny, "--no-files").exit_code == 0
    found = json.loads(run("validate", tiny, "--json").stdout)
    assert (found["opened"], list(found["failures"])) == (4, ["base/pruned"])
    (tiny / "evaluation.npz").write_bytes(b"PK")
    result = run("validate", tiny)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error {tiny / 'evaluation.npz'}: ")


def test_a_report_for_programs(tiny: Path, tmp_path: Path) -> None:
    """With --json a build prints its report and nothing else, with the same exit code."""
    (tiny / "models" / "pruned.onnx").write_bytes(b"")
    result = started("build", tiny, "-o", tmp_path / "site", "--json", "-q", "--models", "none")
    assert (result.returncode, result.stderr) == (1, "")
    report = json.loads(result.stdout)
    assert (report["models"], report["instances"], list(report["failures"])) == (
        6, 12, ["base/pruned"],
    )  # fmt: skip
    assert report["site"] == str(tmp_path / "site")


def test_a_build_of_which_every_model_failed(tiny: Path, tmp_path: Path) -> None:
    """It ends without the invitation to open the site, which would read as success."""
    (tiny / "models" / "pruned.onnx").write_bytes(b"")
    study = tiny / "study.yaml"
    study.write_text("models: [{id: a, onnx: models/pruned.onnx}]", "utf-8")
    result = started("build", tiny, "-o", tmp_path / "site")
    assert result.returncode == 1
    assert "Open it" not in result.stdout
    assert result.stdout.splitlines()[-2:] == [
        "Every model failed. The site shows nothing but the reasons:",
        f"  {tmp_path / 'site' / 'index.html'}",
    ]


def test_show(tiny: Path, tmp_path: Path) -> None:
    """What is in a site is printed as tables, or as JSON, and a damaged file gives code 1."""
    site = tmp_path / "site"
    run("build", tiny, "-o", site, "-q")
    result = run("show", site)
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "Tiny"
    assert {"models 6", "instances 12", "damaged files 0", "format 2"} <= set(lines)
    assert any(line.startswith("layers 4 ") for line in lines)
    assert any(re.fullmatch(r"half [\d.]+ kB yes yes –", line) for line in lines)
    (site / "data" / "answers.js").write_bytes(b"")
    result = run("show", site, "-q")
    assert (result.exit_code, result.stdout) == (1, "damaged data/answers.js\n")
    assert json.loads(run("show", site, "--json").stdout)["damaged"] == ["data/answers.js"]


def test_inspect() -> None:
    """A model file is printed tensor by tensor, as wide as it is, or as JSON."""
    models = tiny_study.TINY / "models"
    result = run("inspect", models / "pruned.onnx", "--against", models / "base.onnx")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "parameters 119" in lines
    (weight,) = [line for line in lines if line.startswith("fc.weight ")]
    assert re.fullmatch(
        r"fc.weight Gemm 3×32 float32 96 [\d.]+% \S+ \S+ [\d.]+ [\d.]+ [\d.]+%", weight
    )
    assert lines[-1].startswith("all trained 119 ")
    found = json.loads(run("inspect", models / "base.onnx", "--json").stdout)
    assert (found["parameters"], len(found["rows"]), found["other"]) == (119, 4, None)


def test_inspect_what_is_no_model(tmp_path: Path) -> None:
    """What is no model file is said to be none, with code 2."""
    (tmp_path / "no.onnx").write_bytes(b"[bold]")
    result = run("inspect", tmp_path / "no.onnx")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "error no.onnx: not an ONNX file, or a damaged one\n    Export it again.\n"
    )


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (
            "https://example.org/net.onnx",
            "https://example.org/net.onnx: is a URL, not a file of this machine\n"
            "    Download it first.\n",
        ),
        (tiny_study.TINY, f"{tiny_study.TINY}: is a folder, not an ONNX file\n    Name one of"),
    ],
)
def test_inspect_reads_files(place: object, text: str) -> None:
    """A folder and a URL are told to be no file of this machine, whichever of the two they are."""
    for arguments in ([place], [tiny_study.TINY / "models" / "base.onnx", "--against", place]):
        result = run("inspect", *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"error {text}")


def test_inspect_tells_stored_names() -> None:
    """A tensor whose name was found out stands beside its name in the file."""
    found = run("inspect", tiny_study.TINY / "models" / "int8.onnx").stdout
    lines = [line.split() for line in found.splitlines()]
    shown = {line[0]: line[-1] for line in lines if line and "." in line[0]}
    assert shown["fc.weight"] == "fc.weight_quantized"
    assert "stored as" in found
    assert "stored as" not in run("inspect", tiny_study.TINY / "models" / "base.onnx").stdout


def test_a_site_for_a_study_and_otherwise(tiny: Path, tmp_path: Path) -> None:
    """What was given instead is named, with what to give."""
    site = tmp_path / "site"
    assert run("build", tiny, "-o", site, "-q", "--models", "none").exit_code == 0
    for command in (["build", site, "-o", tmp_path / "two"], ["validate", site]):
        assert run(*command).stderr == (
            f"error {site}: no study file in this folder\n"
            "    It is a site made by cc-export; give the study that it was made of.\n"
        )
    for command in (["show", tiny], ["serve", tiny]):
        assert run(*command).stderr.startswith(f"error {tiny}: no site made by cc-export\n")
    assert run("show", "https://example.org/site").stderr == (
        "error https://example.org/site: sites are read from a folder of this machine\n"
        "    Copy it here; a browser opens it where it is.\n"
    )
    assert run("show", "a" * 300).stderr.startswith(f"error {'a' * 300}: there is no such folder\n")


def test_explain_takes_several_models(tiny: Path) -> None:
    """Of one model it is said that a second id is wanted; an unknown id is named."""
    result = run("explain", tiny, "base")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "Give a second id to see what tells the two apart."
    result = run("explain", tiny, "base", "hlaf")
    assert result.exit_code == 2
    assert result.stderr == f"error {tiny}: there is no model 'hlaf'\n    Did you mean 'half'?\n"


def test_show_needs_a_site(tmp_path: Path) -> None:
    """A folder that is no site is said to be none, with code 2."""
    result = run("show", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"error {tmp_path}: no site made by cc-export\n"
        "    Make one with `cc-export build STUDY -o FOLDER`.\n"
    )


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("bu", ["build"]),
        ("build --models ", ["none", "selected", "all"]),
        ("show --js", ["--json"]),
    ],
)
def test_completion(typed: str, expected: list[str]) -> None:
    """A shell completes commands, options and their values."""
    words = f"cc-export {typed}"
    environment = {
        **os.environ,
        "_CC_EXPORT_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    assert started(env=environment).stdout.split() == expected


@pytest.mark.parametrize("colours", [True, False])
def test_no_color(colours: bool) -> None:
    """Colours are printed to a terminal, and to none where NO_COLOR is set."""
    code = "from cc_export.report import new_console, print_marked\n"
    code += "print_marked('error', 'red', 'x', new_console())"
    environment = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    if not colours:
        environment["NO_COLOR"] = "1"
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert ("\x1b[31m" in found.stdout) == colours
    assert found.stdout.endswith(" x\n")


def test_a_name_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    """An emoji is escaped where the terminal's encoding has none."""
    study = tmp_path / "study.yaml"
    study.write_text("models: [{id: 🙂}, {id: b, base: 🙂}]", "utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = started("validate", study, env=environment)
    assert result.returncode == 0
    assert result.stdout.startswith(f"warning {study}:1: models[1]: model 'b' has a parent")
    study.write_text("models: [{id: 🙂}, {id: 🙂}]", "utf-8")
    result = started("validate", study, env=environment)
    assert (result.returncode, "Traceback" in result.stderr) == (2, False)


@contextmanager
def serving(*arguments: object) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [COMMAND, "serve", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found, line
        yield found.group(), process
    finally:
        process.kill()
        process.communicate()


def test_serve(tiny: Path, tmp_path: Path) -> None:
    """A site is answered over http on this machine alone, and Ctrl-C ends it with code 0."""
    assert run("build", tiny, "-o", tmp_path / "site", "-q", "--models", "none").exit_code == 0
    with serving(tmp_path / "site", "--port", 0) as (address, process):
        with urllib.request.urlopen(address) as answer:
            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "no-cache"
            assert answer.read() == (tmp_path / "site" / "index.html").read_bytes()
        for path in ("data/", "none.js", "../study/study.yaml"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(address + path)
            with caught.value:
                assert caught.value.code == 404
        taken = run("serve", tmp_path / "site", "--port", address.split(":")[-1].strip("/"))
        assert taken.exit_code == 2
        port = address.split(":")[-1].strip("/")
        assert taken.stderr == (
            f"error port {port} cannot be used: Address already in use\n"
            "    Choose another with --port, or 0.\n"
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


def test_serve_needs_a_site(tmp_path: Path) -> None:
    """A folder that is no site is not served."""
    result = run("serve", tmp_path)
    assert result.exit_code == 2
    assert result.stderr == (
        f"error {tmp_path}: no site made by cc-export\n"
        "    Make one with `cc-export build STUDY -o FOLDER`.\n"
    )


@pytest.mark.parametrize(
    ("sent", "code", "said"),
    [
        (signal.SIGINT, 130, "interrupted; an older site is left as it was\n"),
        (signal.SIGTERM, 143, ""),
    ],
)
def test_an_interrupted_build(
    tiny: Path, tmp_path: Path, sent: signal.Signals, code: int, said: str
) -> None:
    """A build that is stopped exits as shells expect, without traceback or temporary folder."""
    (tmp_path / "out").mkdir()
    for number in range(400):
        shutil.copy(tiny / "models" / "base.onnx", tiny / "models" / f"copy{number}.onnx")
    with (tiny / "study.yaml").open("a", encoding="utf-8") as study:
        for number in range(400):
            study.write(f"  - {{id: c{number}, base: base, onnx: models/copy{number}.onnx}}\n")
    process = subprocess.Popen(
        [COMMAND, "build", tiny, "-o", tmp_path / "out" / "site", "-q"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 30
    while not list((tmp_path / "out").iterdir()):
        assert time.monotonic() < until
        time.sleep(0.02)
    # The workers have had time to start, and the timing of 400 models takes longer than this.
    time.sleep(1.5)
    os.killpg(process.pid, sent)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (code, "", said)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_module_is_the_command() -> None:
    """`python -m cc_export` is the same."""
    found = subprocess.run(
        [sys.executable, "-m", "cc_export", "--version"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert found.stdout == f"cc-export {__version__}\n"


def test_the_demo_is_a_study() -> None:
    """The study that comes along is the digits study, and it is valid."""
    from cc_export.demo import demo_study

    result = run("validate", demo_study())
    assert result.exit_code == 0
    assert "26 models" in result.stdout
