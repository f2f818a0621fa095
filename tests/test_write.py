"""Writing a site: complete or not at all, and never over what is no site."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cc_export.bundle.chunk import Chunk, json_chunk
from cc_export.bundle.records.manifest import FileRecord
from cc_export.bundle.write import MANIFEST, SiteWriter, new_site
from cc_export.errors import ExportError


def make(site: Path, **chunks: str) -> None:
    """A small site with a manifest that knows its files."""
    with new_site(site) as writer:
        fill(writer, **chunks)


def fill(writer: SiteWriter, **chunks: str) -> None:
    for name, text in chunks.items():
        writer.write(json_chunk(f"data/{name}", text))
    files = dict.fromkeys(writer.files, 0)
    writer.write(json_chunk(MANIFEST.removesuffix(".js"), {"files": files}))


def files(folder: Path) -> set[str]:
    return {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}


def error_of(work: Callable[[], object]) -> str:
    with pytest.raises(ExportError) as caught:
        work()
    return str(caught.value)


def test_files_and_their_records(tmp_path: Path) -> None:
    """Every file is recorded with size and hash, but for what may differ between exports."""
    source = tmp_path / "source.txt"
    source.write_bytes(b"x" * 3_000_000)
    with new_site(tmp_path / "new" / "site") as writer:
        writer.write(Chunk("a/b.js", b"content"))
        writer.write(Chunk("timing.js", b"1234"), verified=False)
        writer.copy(source, "c.txt")
    site = tmp_path / "new" / "site"
    assert writer.files == {
        "a/b.js": FileRecord(7, hashlib.sha256(b"content").hexdigest()),
        "timing.js": FileRecord(None, None),
        "c.txt": FileRecord(3_000_000, hashlib.sha256(b"x" * 3_000_000).hexdigest()),
    }
    assert writer.bytes == sum(f.stat().st_size for f in site.rglob("*") if f.is_file())
    assert site.stat().st_mode & 0o777 == 0o755
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["site"]


def test_an_older_site_is_replaced_whole(tmp_path: Path) -> None:
    """Nothing of an older site stays, and it is there until the new one is complete."""
    site = tmp_path / "site"
    make(site, old="1")
    with new_site(site) as writer:
        assert files(site) == {"data/old.js", MANIFEST}
        fill(writer, new="2")
        assert files(site) == {"data/old.js", MANIFEST}
    assert files(site) == {"data/new.js", MANIFEST}
    assert [p.name for p in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError, ExportError("no")])
def test_an_end_on_the_way_leaves_nothing(tmp_path: Path, stop: type[BaseException]) -> None:
    """When writing ends early, an older site is as it was and no temporary folder stays."""
    site = tmp_path / "site"
    make(site, old="1")
    with pytest.raises(BaseException), new_site(site) as writer:  # noqa: B017 (an interrupt too)
        fill(writer, new="2")
        raise stop
    assert files(site) == {"data/old.js", MANIFEST}
    assert [p.name for p in tmp_path.iterdir()] == ["site"]


def test_litter_of_file_managers_is_no_reason_to_stop(tmp_path: Path) -> None:
    """A site that was looked at on a desktop can be replaced."""
    make(tmp_path / "site", old="1")
    (tmp_path / "site" / "data" / ".DS_Store").write_bytes(b"")
    make(tmp_path / "site", new="2")
    assert files(tmp_path / "site") == {"data/new.js", MANIFEST}


def test_foreign_folders_are_refused_untouched(tmp_path: Path) -> None:
    """A folder with files but no site is named with its first files and left as it is."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("c", "a", "b", "d"):
        (folder / name).write_text(name)
    assert error_of(lambda: make(folder)) == (
        f"{folder}: holds files, but no site (a, b, c, …); it is left as it is\n"
        "    Choose an empty or new folder with -o, or move these files away."
    )
    assert files(folder) == {"a", "b", "c", "d"}
    assert [p.name for p in tmp_path.iterdir()] == ["photos"]


def test_own_files_in_a_site_are_not_deleted(tmp_path: Path) -> None:
    """Files that someone put into a site, such as CNAME or .git, keep it from being replaced."""
    site = tmp_path / "site"
    make(site, old="1")
    (site / ".git").mkdir()
    (site / ".git" / "HEAD").write_text("ref")
    assert error_of(lambda: make(site)) == (
        f"{site}: holds files that no export made (.git/HEAD); it is left as it is\n"
        "    Choose an empty or new folder with -o, or move these files away."
    )
    (site / ".git" / "HEAD").unlink()
    (site / MANIFEST).write_bytes(b"damaged")
    assert error_of(lambda: make(site)).startswith(
        f"{site}: holds files that no export made (data/old.js); it is left as it is"
    )


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """A file where the site should be stays a file."""
    file = tmp_path / "site"
    file.write_text("x")
    expected = f"{file}: is a file, not a folder\n    Choose another name with -o."
    assert error_of(lambda: make(file)) == expected
    assert error_of(lambda: make(file / "below")) == (
        f"{file / 'below'}: cannot be written: File exists\n"
        "    An older site of that name, if there is one, is left as it was."
    )


def test_the_working_folder_is_not_pulled_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder one stands in, and those around it, are refused: `.`, `..` and `/`."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    for name in (".", "..", "/", str(tmp_path)):
        assert error_of(lambda name=name: make(Path(name))) == (
            f"{name}: is the folder you are in, or one around it, and cannot be replaced\n"
            "    Choose a folder below it with -o, or go to another folder first."
        )
    make(Path("site"), new="1")
    assert files(tmp_path / "a" / "b" / "site") == {"data/new.js", MANIFEST}


def test_a_link_to_a_site_stays_a_link(tmp_path: Path) -> None:
    """What a link points to is replaced; the link is not."""
    real, link = tmp_path / "real", tmp_path / "link"
    make(real, old="1")
    link.symlink_to(real)
    make(link, new="2")
    assert link.is_symlink()
    assert files(real) == {"data/new.js", MANIFEST}
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    assert error_of(lambda: make(circle)).startswith(f"{circle}: cannot be written: ")


def test_two_files_of_one_path(tmp_path: Path) -> None:
    """No file of a site silently takes another's place."""
    site = tmp_path / "site"

    def write() -> None:
        with new_site(site) as writer:
            writer.write(Chunk("a.js", b"1"))
            writer.write(Chunk("a.js", b"2"))

    assert error_of(write) == f"{site}: two files of the site would be 'a.js'"


def test_names_that_no_disk_takes(tmp_path: Path) -> None:
    """A name that is too long is said to be so."""
    long = tmp_path / ("x" * 300)
    assert error_of(lambda: make(long)) == (
        f"{long}: cannot be written: File name too long\n"
        "    An older site of that name, if there is one, is left as it was."
    )


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a folder nobody can write to")
def test_a_target_that_cannot_be_written() -> None:
    """A read-only target is an error that names it."""
    assert error_of(lambda: make(Path("/proc/site"))).startswith("/proc/site: cannot be written: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    """A folder without the right to write is an error, and gets its rights back."""
    tmp_path.chmod(0o555)
    try:
        assert "cannot be written: Permission denied" in error_of(lambda: make(tmp_path / "site"))
    finally:
        tmp_path.chmod(0o755)


def test_a_full_disk(tmp_path: Path) -> None:
    """When the disk takes no more, that is said, and the unfinished site is removed."""
    script = (
        "import sys; from pathlib import Path\n"
        "from cc_export.bundle.chunk import Chunk\n"
        "from cc_export.bundle.write import new_site\n"
        "from cc_export.errors import ExportError\n"
        "try:\n"
        "    with new_site(Path('site')) as writer:\n"
        "        writer.write(Chunk('a.js', bytes(100_000)))\n"
        "except ExportError as error:\n"
        "    print(error)\n"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path, preexec_fn=limit, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert found.stdout == (
        "site: cannot be written: File too large\n"
        "    An older site of that name, if there is one, is left as it was.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_site_is_swapped_in_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between the two renames waits for the second one: there is a site, and no other."""
    site, rename = tmp_path / "site", Path.rename
    make(site, old="old")

    def interrupting(path: Path, target: Path) -> Path:
        found = rename(path, target)
        signal.raise_signal(signal.SIGINT)
        return found

    monkeypatch.setattr(Path, "rename", interrupting)
    with pytest.raises(KeyboardInterrupt):
        make(site, new="new")
    assert files(site) == {"data/new.js", MANIFEST}
    assert list(tmp_path.iterdir()) == [site]
