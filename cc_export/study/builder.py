"""The study that training scripts add to, one model after another, from any number of processes."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from cc_export.errors import ExportError, ModelError, StudyError
from cc_export.onnx_models.read import read_file
from cc_export.study.document import FORMATS, Document, read_document
from cc_export.study.form import fit
from cc_export.study.json_values import parse_json
from cc_export.study.load import find_study, load_study
from cc_export.study.model_files import ModelFiles, OnnxSource, existing, within
from cc_export.study.outputs import named_outputs
from cc_export.study.plain import as_array, named_inputs, plain
from cc_export.study.plausible import implausible
from cc_export.study.record_files import (
    ADDED,
    LISTS,
    RECORDS,
    cannot_write,
    new_file,
    publish,
    record_path,
    record_text,
    remove_unfinished,
)
from cc_export.study.records import LoadedStudy, ToOnnx
from cc_export.study.values import NotValidError

_NO_MODEL = {"id": "-"}


@dataclass(frozen=True, slots=True)
class Study:
    """A study in a folder, to which models are added as experiments finish.

    Every call is on disk when it returns, and either done as a whole or not at all, also when the
    process is killed. Any number of processes may add to one folder at once, and read it meanwhile.

    >>> study = Study.open("my-study", title="Pruning")  # doctest: +SKIP
    >>> study.add_model("dense", onnx="dense.onnx", metrics={"Loss": 0.3})  # doctest: +SKIP
    """

    folder: Path

    def __post_init__(self) -> None:
        """A folder may be given as text, as it may to ``open``."""
        object.__setattr__(self, "folder", Path(self.folder))

    @classmethod
    def open(
        cls,
        folder: Path | str,
        *,
        title: str | None = None,
        description: str | None = None,
        embed: bool | None = None,
    ) -> Self:
        """The study in a folder; folder and study file are made where there are none.

        Args:
            folder: where the study is kept.
            title: of the study; the folder's name where none was ever given.
            description: shown below the title.
            embed: whether models may travel with the site, so that they run in the page.

        Raises:
            ExportError: the folder cannot be made, holds several study files, or one that is
                written by hand and would have to be changed.
        """
        study = cls(Path(folder))
        head = {"title": title, "description": description, "embed": embed}
        given = {key: value for key, value in head.items() if value is not None}
        study._check("models", _NO_MODEL, "the study", **given)
        if study.folder.exists() and not study.folder.is_dir():
            raise ExportError(f"{folder}: is a file, not a folder", "Choose another name.")
        with study._writing():
            study.folder.mkdir(parents=True, exist_ok=True)
            remove_unfinished(study.folder)
            study._write_head(given)
        return study

    def metric(
        self,
        name: str,
        *,
        direction: Literal["higher", "lower", "neither"] | None = None,
        **more: object,
    ) -> Self:
        """Declare a metric; a later declaration of the same name replaces it.

        Args:
            name: as in the ``metrics`` of models.
            direction: which way is better; None where its name says it (accuracy, loss, …).
            more: ``unit``, ``format``, ``definition``, ``min``, ``max``, ``primary``, and
                whatever else docs/study.md lists.

        Raises:
            ExportError: a value is not allowed, or the study file declares the metric already.
        """
        return self._declare("metrics", name, {"direction": direction, **more})

    def operation(self, name: str, *parameters: str | Iterable[str], description: str = "") -> Self:
        """Declare an operation models are made by; a later declaration replaces it.

        Args:
            name: as in the ``operation`` of models.
            parameters: names, a list of names, or a dict of specifications by name.
            description: what the operation does.

        Raises:
            ExportError: a value is not allowed, or the study file declares the operation already.
        """
        specified: dict[str, object] = {}
        for given in parameters:
            if isinstance(given, Mapping):
                specified |= given
            else:
                names = [given] if isinstance(given, str) else given
                specified |= {name: {} for name in names}
        named = specified if any(specified.values()) else list(specified)
        return self._declare(
            "operations", name, {"parameters": named, "description": description or None}
        )

    def dataset(
        self,
        path: Path | str | None = None,
        *,
        arrays: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
        **more: object,
    ) -> Self:
        """Say what models are judged on; a later call replaces it.

        Args:
            path: the data, from the working directory, else from the study's folder.
            arrays: instead of a path: arrays by name, written into the study as an npz file.
            inputs: by the model's input name: the name of an array, or ``{"array": name,
                "scale": …, "offset": …}``.
            more: ``label``, ``classes``, and whatever else docs/study.md lists.

        Raises:
            ExportError: there is no such file, a value is not allowed, or the study file has a
                dataset already.
        """
        sources = [path is not None, arrays is not None, "call" in more]
        if sum(sources) != 1:
            raise ExportError("dataset: needs either a path, arrays or `call`")
        if inputs is not None:
            more["inputs"] = {
                name: {"array": entry} if isinstance(entry, str) else entry
                for name, entry in inputs.items()
            }
        kept = self.folder / RECORDS / "evaluation.npz"
        if "call" not in more:
            file = kept if path is None else existing(self.folder, path, "dataset")
            more["path"] = within(self.folder, file)
        made = self._checked_single("dataset", more)
        if arrays is not None:
            found = {name: as_array(value, f"dataset.{name}") for name, value in arrays.items()}
            with (
                self._writing(),
                new_file(kept, replacing=True) as temporary,
                temporary.open("wb") as stream,
            ):
                np.savez(stream, allow_pickle=False, **found)
        return self._write(record_path(self.folder, "dataset"), made)

    def evaluation(self, task: str, **more: object) -> Self:
        """Say what models are asked to do; a later call replaces it.

        Args:
            task: ``classification``, or another task of docs/study.md.
            more: whatever else docs/study.md lists under ``evaluation``.

        Raises:
            ExportError: a value is not allowed, or the study file has an evaluation already.
        """
        made = self._checked_single("evaluation", {"task": task, **more})
        return self._write(record_path(self.folder, "evaluation"), made)

    def add_model(  # noqa: PLR0913 (the parts of a model's record, given by name)
        self,
        id: str,
        *,
        onnx: OnnxSource | None = None,
        model: Any = None,
        example: Any = None,
        to_onnx: ToOnnx | None = None,
        parent: str | None = None,
        parents: Iterable[str] = (),
        operation: str | tuple[str, Mapping[str, Any]] | Mapping[str, Any] | None = None,
        metrics: Mapping[str, Any] | None = None,
        outputs: object = None,
        created: datetime | str | None = None,
        tag: str | None = None,
        notes: str | None = None,
        embed: bool | None = None,
        replace: bool = False,
    ) -> None:
        """Add a model; once this returns, no kill and no power cut loses it.

        Args:
            id: unique in the study.
            onnx: its ONNX file (copied into the study unless it lies there), or the model in
                memory. None for a model that is known by its metadata. What is no model is
                warned of and kept.
            model: instead of ``onnx``: a ``torch.nn.Module``, which is exported right away (see
                docs/pytorch.md) and stays as it is. The exported file is checked against it.
            example: inputs of that module, by name or in the order of its forward: tensors or
                arrays whose first axis are instances.
            to_onnx: how the module is exported, where the defaults do not suit.
            parent: id of the model it was made from, which has been added before.
            parents: instead of ``parent``: several models.
            operation: how it was made: a name, or a name and the values of parameters.
            metrics: numbers by name; numpy and torch scalars are numbers.
            outputs: its predictions on the evaluation set, so that the model is not run: scores
                (n, classes), texts (n,) or values (n, …) in the order of the dataset; or a
                mapping with one of ``scores``, ``texts``, ``values``, and ``ids`` beside it.
            created: when it was made, in ISO 8601; now where left out.
            tag: a short text.
            notes: a longer text.
            embed: whether the model may travel with the site, where not as the study says.
            replace: whether a model of that id may be replaced.

        Raises:
            ExportError: there is a model of that id, or no parent of that name; a value is not
                allowed; a file is missing or cannot be written; torch is not installed, or cannot
                export the module. Nothing has been added then.
        """
        where = f"model {id!r}"
        self._check("models", {"id": id}, where)
        self._check_new(id, replace)
        if model is not None and (onnx is not None or example is None):
            what = "has both `model` and `onnx`" if onnx is not None else "needs an `example`"
            raise ExportError(f"{where} {what}", "Give model=MODULE with example=INPUTS.")
        several = list(parents)
        if parent is not None and several:
            raise ExportError(f"{where} has both `parent` and `parents`", "Use one of them.")
        made = _plain_given(
            {
                "base": parent,
                "parents": several or None,
                "operation": _operation(operation, where),
                "metrics": metrics or None,
                "created": datetime.now(UTC).isoformat(timespec="seconds")
                if created is None
                else created,
                "tag": tag,
                "notes": notes,
                "embed": embed,
            },
            where,
        )
        self._check("models", {"id": id, **made}, where)
        self._check_parents(id, several if parent is None else [parent])
        arrays = None if outputs is None else named_outputs(outputs, f"{where}: outputs")
        inputs = named_inputs(model, example, f"{where}: example")
        # All that can be wrong with it has been found out before anything is written.
        target = record_path(self.folder, "models", id)
        files, content = ModelFiles(self.folder, id), b""
        try:
            with self._writing():
                if onnx is not None:
                    made["onnx"] = kept = files.onnx(onnx)
                    _warn_of_no_model(self.folder / kept, where)
                if model is not None:
                    made["onnx"] = files.module(model, inputs, to_onnx or ToOnnx())
                if arrays is not None:
                    made["outputs"] = files.outputs(arrays)
                now = datetime.now(UTC).isoformat()
                content = record_text({ADDED: now, "id": id, **made}).encode()
                publish(target, content, replacing=replace)
        except FileExistsError:
            files.discard()
            raise self._exists_already(id) from None
        except BaseException:
            # An interrupt may come when the record has its name already.
            if not target.is_file() or target.read_bytes() != content:
                files.discard()
            raise

    def save(self) -> LoadedStudy:
        """Check the study as a whole, as ``cc-export validate`` does, and give its record.

        Nothing is left to write: every call before has written its own part.

        Raises:
            StudyError: all that is wrong with it; warnings are in the record.
        """
        return load_study(self.folder)

    def __contains__(self, id: object) -> bool:
        """Whether a model has been added, so that a script started again can pass over it."""
        return isinstance(id, str) and (
            record_path(self.folder, "models", id).exists() or id in self._by_hand("models")
        )

    def _write_head(self, given: Mapping[str, object]) -> None:
        head = {"title": self.folder.resolve().name or "Study", **given}
        if not any((self.folder / f"study{suffix}").is_file() for suffix in FORMATS):
            # Another process may be quicker; what is given here may still differ then.
            with suppress(FileExistsError):
                publish(self.folder / "study.json", record_text(head).encode())
        file = find_study(self.folder)
        values = _values(file)
        changed = {key: value for key, value in given.items() if values.get(key) != value}
        if changed and file.name != "study.json":
            key, value = next(iter(changed.items()))
            raise ExportError(
                f"{file}: says {values.get(key)!r} for `{key}`, not {value!r}",
                "It was written by hand: change it there.",
            )
        if changed:
            publish(file, record_text({**values, **changed}).encode(), replacing=True)

    def _declare(self, section: str, name: str, values: Mapping[str, object]) -> Self:
        where = f"{section.removesuffix('s')} {name!r}"
        made = {"name": name, **_plain_given(values, where)}
        self._check(section, made, where)
        if name in self._by_hand(section):
            raise ExportError(
                f"{find_study(self.folder)}: declares the {where} itself", "Change it there."
            )
        return self._write(record_path(self.folder, section, name), made)

    def _checked_single(self, section: str, values: Mapping[str, object]) -> dict[str, object]:
        made = _plain_given(values, section)
        self._check(section, made, section)
        file = find_study(self.folder)
        if section in _values(file):
            raise ExportError(f"{file}: has the key `{section}` itself", "Change it there.")
        return made

    def _write(self, target: Path, values: Mapping[str, object]) -> Self:
        """Write a declaration; one that is there already keeps its place in the order."""
        now = datetime.now(UTC).isoformat()
        with self._writing():
            old = _values(target) if target.is_file() else {}
            made = {ADDED: old.get(ADDED, now), **values}
            # Many processes run one script and declare the same.
            if made != old:
                publish(target, record_text(made).encode(), replacing=True)
        return self

    def _check(
        self, section: str, values: Mapping[str, object], where: str, **head: object
    ) -> None:
        """Check a part of a study in the very form in which it will be read."""
        listed = [values] if section in LISTS else values
        prefix = f"{section}[0]" if section in LISTS else section
        try:
            text = record_text({"models": [_NO_MODEL], **head, section: listed})
            text.encode()
            document = Document(Path(where), parse_json(text)[0], {})
            found = list(implausible(fit(document)))
            if found:
                problems = [document.problem(f.key, f.what, f.hint) for f in found]
                raise StudyError(document.file, problems)
        except NotValidError as error:
            raise ExportError(f"{where}: {error.problem.what}") from None
        except StudyError as error:
            lines = [p.text().removeprefix(prefix).lstrip(".: ") for p in error.problems]
            raise ExportError("\n".join(f"{where}: {line}" for line in lines)) from None
        except UnicodeEncodeError:
            raise ExportError(f"{where}: text with half a surrogate pair") from None
        except ValueError as error:  # a number with thousands of digits
            raise ExportError(f"{where}: {error}") from None

    def _check_new(self, id: str, replacing: bool) -> None:
        if id in self._by_hand("models"):
            file = find_study(self.folder)
            raise ExportError(f"{file}: has a model {id!r} already", "Change it there.")
        if not replacing and record_path(self.folder, "models", id).exists():
            raise self._exists_already(id)

    def _exists_already(self, id: str) -> ExportError:
        return ExportError(
            f"{self.folder}: there is a model {id!r} already",
            "Give it another id, or say replace=True.",
        )

    def _check_parents(self, id: str, parents: list[str]) -> None:
        for parent in parents:
            if parent not in self:
                raise ExportError(
                    f"model {id!r} has the unknown parent {parent!r}",
                    f"Add the parent to {self.folder} first.",
                )
        # Only a model that is replaced has descendants.
        pending, seen = list(parents), set(parents)
        while pending and record_path(self.folder, "models", id).exists():
            file = record_path(self.folder, "models", pending.pop())
            values = _values(file) if file.exists() else {}
            above = {values.get("base"), *values.get("parents", ())} - {None, *seen}
            pending += above
            seen |= above
        if id in seen:
            raise ExportError(f"model {id!r} would be its own ancestor", "Choose another parent.")

    def _by_hand(self, section: str) -> set[str]:
        """Names that the study file itself holds in a section."""
        entries = _values(find_study(self.folder)).get(section)
        listed = entries if isinstance(entries, list) else []
        return {str(entry.get(LISTS[section])) for entry in listed if isinstance(entry, dict)}

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError:
            raise
        except OSError as error:
            raise cannot_write(self.folder, error) from None


def _values(file: Path) -> dict[str, Any]:
    values = read_document(file).values
    return values if isinstance(values, dict) else {}


def _plain_given(values: Mapping[str, object], where: str) -> dict[str, object]:
    return {
        key: plain(value, f"{where}: {key}") for key, value in values.items() if value is not None
    }


def _warn_of_no_model(file: Path, where: str) -> None:
    """An experiment is not lost to a file that is no model, but whoever adds it is told."""
    try:
        read_file(file)
    except ModelError as error:
        what = f"{where} is added, but no export can use its file: {error.what}"
        warnings.warn(what, stacklevel=3)


def _operation(given: object, where: str) -> object:
    if isinstance(given, str):
        return {"name": given}
    if isinstance(given, tuple) and len(given) == 2:
        return {"name": given[0], "parameters": given[1]}
    if given is None or isinstance(given, Mapping):
        return given
    raise ExportError(
        f"{where}: operation: cannot be {given!r}", 'Give a name, or ("prune", {"amount": 0.5}).'
    )
