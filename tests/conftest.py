"""What several tests share: the tiny study, a stand-in for the viewer, and the golden files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_study
from hypothesis import settings

from cc_export.cache.store import SWITCH
from cc_export.viewer import FOLDER, Viewer, built_viewer

# The same cases on every run, so that a failure can be repeated by anyone.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files instead of comparing"
    )


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every export computes what it says; tests of the cache name a folder of their own."""
    monkeypatch.setenv(SWITCH, "1")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def viewer() -> Viewer:
    """A viewer folder of two small files, read as the built one is."""
    return built_viewer(tiny_study.FIXTURES / "viewer")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A copy of the tiny study that a test may change."""
    return shutil.copytree(tiny_study.TINY, tmp_path / "study")


@pytest.fixture(scope="session")
def built_site() -> None:
    """The command line takes no stand-in: it needs the viewer that `make build` makes."""
    if not (FOLDER / "index.html").is_file() or not (FOLDER / "runtime.json").is_file():
        pytest.fail(f"the viewer is not built into {FOLDER}; run `make build` first")


@pytest.fixture
def study_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a study file and says where."""

    def write(text: str, name: str = "study.yaml") -> Path:
        file = tmp_path / name
        file.write_text(text, "utf-8")
        return file

    return write
