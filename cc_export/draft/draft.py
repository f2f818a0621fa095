"""From a folder of model files to a first study file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cc_export.draft.evaluation_set import data_files, find_evaluation_set
from cc_export.draft.family import guess
from cc_export.draft.models import Seen, look
from cc_export.draft.scaling import accuracies
from cc_export.draft.text import Findings, study_text
from cc_export.errors import ExportError, ModelError
from cc_export.progress import Progress, Silent
from cc_export.study.document import FORMATS

NAME = "study.yaml"
# Files of a folder that are looked at; someone who names a whole disk gets an error, not a wait.
_MOST_FILES = 100_000


@dataclass(frozen=True, slots=True)
class Draft:
    """A study file that was written: what it says for sure, and what went into it.

    ``guessed`` counts models with a base, ``data`` is the evaluation set (None: none was found),
    ``unread`` the reason for each model file that was left out.
    """

    file: Path
    models: int
    guessed: int
    data: str | None
    unread: Mapping[str, str] = field(default_factory=dict)


def draft_study(folder: Path | str, progress: Progress | None = None) -> Draft:
    """Write ``study.yaml`` into a folder of ONNX files, with guesses marked as such.

    Raises:
        ExportError: there is a study file already, or no model that can be read.
    """
    folder, progress = Path(folder), progress or Silent()
    _check(folder)
    files = sorted(_files(folder))
    found, unread = _seen(folder, files, progress)
    if not found:
        raise _nothing(folder, unread)
    found = _named(found)
    guesses = guess(found, progress)
    roots = [model for model in found if guesses[model.id].base is None]
    data = find_evaluation_set(folder, data_files(folder, files), roots[0])
    ordered = [*roots, *(model for model in found if model not in roots)]
    shares = accuracies(folder, data, roots[0].path) if data else None
    title = folder.resolve().name or "Study"
    text = study_text(Findings(title, ordered, guesses, data, shares, unread))
    _write(folder / NAME, text)
    based = len(found) - len(roots)
    return Draft(folder / NAME, len(found), based, data.file if data else None, unread)


def _seen(
    folder: Path, files: Sequence[Path], progress: Progress
) -> tuple[list[Seen], dict[str, str]]:
    """The models that can be read, and why the others cannot."""
    found: list[Seen] = []
    unread: dict[str, str] = {}
    paths = [path for path in files if path.suffix.lower() == ".onnx"]
    with progress.stage("Inspect", len(paths)) as stage:
        for path in paths:
            name = path.relative_to(folder).as_posix()
            try:
                if not name.isprintable():
                    # Neither YAML nor a person could tell it from others.
                    name = ascii(name)
                    raise ModelError("its name has characters that cannot be shown")
                found.append(look(path, name))
            except ModelError as error:
                unread[name] = error.what
            stage.advance(path.name)
    return found, unread


def _check(folder: Path) -> None:
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "there is no such folder"
        raise ExportError(f"{folder}: {what}", "Give the folder your ONNX files are in.")
    there = sorted(p.name for p in folder.iterdir() if p.stem == "study" and p.suffix in FORMATS)
    if there:
        raise ExportError(
            f"{folder / there[0]}: there is a study file already",
            "`cc-export validate` checks it, `cc-export build` exports it.",
        )


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder, but for what is hidden; links to folders are not followed."""
    count = 0
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            count += 1
            if count > _MOST_FILES:
                raise ExportError(
                    f"{folder}: holds more than {_MOST_FILES:,} files",
                    "Give the folder your ONNX files are in.",
                )
            if not name.startswith("."):
                yield Path(root, name)


def _nothing(folder: Path, unread: Mapping[str, str]) -> ExportError:
    if unread:
        name, why = next(iter(unread.items()))
        return ExportError(f"{folder}: no model file can be read; {name}: {why}")
    return ExportError(
        f"{folder}: holds no ONNX files",
        "`cc-export onnx` makes them of PyTorch modules; docs/study.md shows a study of metrics.",
    )


def _named(seen: Sequence[Seen]) -> list[Seen]:
    """With ids that are the files' names, where these are enough to tell them apart."""
    names = [Path(model.id).name for model in seen]
    if len(set(names)) < len(names):
        return list(seen)
    return [replace(model, id=name) for model, name in zip(seen, names, strict=True)]


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise ExportError(f"{file}: cannot be written: {error.strerror}") from None
