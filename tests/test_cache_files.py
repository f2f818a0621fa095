"""Contents of files: read once, and again as soon as something speaks for a change."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from pathlib import Path

import pytest

from cc_export.cache.files import Digest, KnownFiles, digest_files


@pytest.fixture
def known(tmp_path: Path) -> KnownFiles:
    return KnownFiles(tmp_path / "files.sqlite")


def settled(file: Path, content: bytes) -> Digest:
    """A file that was written a while ago, as far as our own clock is concerned."""
    file.write_bytes(content)
    return digest_files((file,))


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds pass between writing a file and remembering it."""
    now = time.time_ns
    monkeypatch.setattr("cc_export.cache.files.time.time_ns", lambda: now() + 10_000_000_000)


def test_a_file_is_remembered(tmp_path: Path, known: KnownFiles) -> None:
    """The digest of an unchanged file is found, that of another is not."""
    digest = settled(tmp_path / "a", b"content")
    assert digest.sha256 == hashlib.sha256(b"content").hexdigest()
    known.keep([(tmp_path / "a", digest)])
    assert known.find([tmp_path / "a", tmp_path / "b"]) == {tmp_path / "a": digest}


def test_several_files_are_one_content(tmp_path: Path, known: KnownFiles) -> None:
    """A model and its external data are hashed one after another, and a change of either counts."""
    files = (tmp_path / "model.data", tmp_path / "model.onnx")
    for file in files:
        file.write_bytes(file.name.encode())
    digest = digest_files(files)
    assert digest.sha256 == hashlib.sha256(b"model.datamodel.onnx").hexdigest()
    known.keep([(files[1], digest)])
    assert known.find([files[1]]) == {files[1]: digest}
    files[0].write_bytes(b"model.DATA")
    assert known.find([files[1]]) == {}


def touch(file: Path) -> None:
    os.utime(file)


def grow(file: Path) -> None:
    file.write_bytes(b"content and more")


def rewrite_in_secret(file: Path) -> None:
    """Other bytes, the same size and time of change, as some copying programs leave them."""
    before = file.stat()
    file.write_bytes(b"CONTENT")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def put_another_in_its_place(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(b"content")
    other.replace(file)


@pytest.mark.parametrize(
    "change", [touch, grow, rewrite_in_secret, put_another_in_its_place, Path.unlink]
)
def test_a_changed_file_is_forgotten(tmp_path: Path, known: KnownFiles, change: object) -> None:
    """Size, either time, or the inode: any difference has the file read again."""
    digest = settled(tmp_path / "a", b"content")
    known.keep([(tmp_path / "a", digest)])
    time.sleep(0.02)
    change(tmp_path / "a")  # type: ignore[operator]
    assert known.find([tmp_path / "a"]) == {}
    assert not digest.holds()


def test_a_file_still_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of this very moment could change again within the clock's grain: not remembered."""
    monkeypatch.undo()
    known = KnownFiles(tmp_path / "files.sqlite")
    known.keep([(tmp_path / "a", settled(tmp_path / "a", b"content"))])
    assert known.find([tmp_path / "a"]) == {}


def test_a_damaged_memory(tmp_path: Path, known: KnownFiles) -> None:
    """A database that is none is put away, and a new one takes its place."""
    digest = settled(tmp_path / "a", b"content")
    (tmp_path / "files.sqlite").write_bytes(b"no database" * 100)
    assert known.find([tmp_path / "a"]) == {}
    known.keep([(tmp_path / "a", digest)])
    assert known.find([tmp_path / "a"]) == {tmp_path / "a": digest}


def test_a_damaged_row(tmp_path: Path, known: KnownFiles) -> None:
    """A row that holds something else counts as unknown."""
    known.keep([(tmp_path / "a", settled(tmp_path / "a", b"content"))])
    with sqlite3.connect(tmp_path / "files.sqlite") as database:
        database.execute("UPDATE files SET stamps = ?", (b'[["zz"], 3]',))
    database.close()
    assert known.find([tmp_path / "a"]) == {}


def test_a_memory_in_use(tmp_path: Path, known: KnownFiles) -> None:
    """While another export holds the database, nothing is found and nothing is lost."""
    digest = settled(tmp_path / "a", b"content")
    known.keep([(tmp_path / "a", digest)])
    other = sqlite3.connect(tmp_path / "files.sqlite")
    other.execute("BEGIN EXCLUSIVE")
    impatient = KnownFiles(tmp_path / "files.sqlite", patience=0.01)
    assert impatient.find([tmp_path / "a"]) == {}
    other.rollback()
    other.close()
    assert impatient.find([tmp_path / "a"]) == {tmp_path / "a": digest}


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such names")
def test_names_that_are_no_text(tmp_path: Path, known: KnownFiles) -> None:
    """A name that is no UTF-8 is remembered like any other."""
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    digest = settled(file, b"content")
    known.keep([(file, digest)])
    assert known.find([file]) == {file: digest}
