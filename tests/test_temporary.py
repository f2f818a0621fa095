"""Temporary folders: gone with the block, and after a kill with the next export."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cc_export import export
from cc_export.temporary import clear_up_temporary, temporary_folder
from cc_export.viewer import Viewer

_HOLDING = (
    "import sys\n"
    "from cc_export.temporary import temporary_folder\n"
    "with temporary_folder() as folder:\n"
    "    (folder / 'answers.npy').write_bytes(bytes(100))\n"
    "    print(folder, flush=True)\n"
    "    sys.stdin.read()\n"
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def aged(folder: Path) -> None:
    os.utime(folder, (1, 1))


def test_gone_with_the_block(place: Path) -> None:
    """With all that is in it."""
    with temporary_folder() as folder:
        (folder / "a").write_bytes(b"")
        assert list(place.iterdir()) == [folder]
    assert list(place.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be locked there")
def test_after_a_kill(place: Path) -> None:
    """The folder of a process that runs stays, however old; that of a killed one goes."""
    command = [sys.executable, "-c", _HOLDING]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]
        folder = Path(process.stdout.readline().strip())
        assert folder.parent == place
        aged(folder)
        clear_up_temporary()
        assert (folder / "answers.npy").exists()
        process.kill()
    clear_up_temporary()
    assert list(place.iterdir()) == []


def test_what_is_no_leftover(place: Path) -> None:
    """Files of others, links, and folders that were made this minute stay."""
    for name in ("other", "cc-export-new", "cc-export-file"):
        (place / name).mkdir() if name != "cc-export-file" else (place / name).touch()
        if name != "cc-export-new":
            aged(place / name)
    (place / "cc-export-link").symlink_to(place / "other")
    clear_up_temporary()
    assert len(list(place.iterdir())) == 4


def test_an_export_clears_up(place: Path, tiny: Path, tmp_path: Path, viewer: Viewer) -> None:
    """Whatever folder it exports to; nothing of its own is left."""
    left = place / "cc-export-killed"
    left.mkdir()
    (left / "answers.npy").touch()
    aged(left)
    export(tiny, tmp_path / "site", viewer=viewer, cache="off")
    assert list(place.glob("cc-export-*")) == []
