"""Files that a model brings along, kept in the study: its ONNX file and its predictions."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from cc_export.bundle.chunk import slug
from cc_export.errors import ExportError, ModelError
from cc_export.onnx_models.read import model_files
from cc_export.study.outputs import write_outputs
from cc_export.study.record_files import new_file, publish, record_path
from cc_export.study.records import ToOnnx

OnnxSource = Path | str | bytes | ModelProto
Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Files of a model that is being added to the study in ``folder``.

    Their names are of this addition alone, so that a model can be replaced while it is read. Paths
    are returned as they stand in a record.
    """

    folder: Path
    model: str
    written: list[Path] = field(default_factory=list)

    def onnx(self, source: OnnxSource) -> str:
        """Keep an ONNX file, its external data along with it; one within the study stays there.

        Raises:
            ExportError: there is no such file.
            OSError: it cannot be copied.
        """
        if isinstance(source, bytes | ModelProto):
            content = source if isinstance(source, bytes) else source.SerializeToString()
            file = self._new_name(".onnx")
            publish(file, content)
            return within(self.folder, file)
        path = existing(self.folder, source, f"model {self.model!r}")
        if path.resolve().is_relative_to(self.folder.resolve()):
            return within(self.folder, path)
        files = _files_of(path)
        if files == (path,):
            file = self._new_name(".onnx")
            with new_file(file) as temporary:
                shutil.copyfile(path, temporary)
            return within(self.folder, file)
        kept = self._new_name("")
        with new_file(kept) as temporary:
            for part in files:
                copy = temporary / part.relative_to(path.parent)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(part, copy)
        return within(self.folder, kept / path.name)

    def module(self, module: Any, inputs: Arrays, how: ToOnnx) -> str:
        """Export a PyTorch module as an ONNX file, and check it against the module.

        Raises:
            ExportError: torch is not installed.
            ModelError: it cannot be exported, or the file gives other answers.
            OSError: it cannot be written.
        """
        from cc_export.pytorch.convert import convert  # noqa: PLC0415 (needs onnxruntime)

        # A folder, for weights of more than 2 GB are a file beside the model.
        kept = self._new_name("")
        with new_file(kept) as temporary:
            temporary.mkdir()
            convert(module, inputs, temporary / "model.onnx", how)
        return within(self.folder, kept / "model.onnx")

    def outputs(self, arrays: Arrays) -> str:
        """Keep predictions as an npz file.

        Raises:
            OSError: it cannot be written.
        """
        file = self._new_name(".npz")
        with new_file(file) as temporary:
            write_outputs(temporary, arrays)
        return within(self.folder, file)

    def discard(self) -> None:
        """Remove them again."""
        for file in self.written:
            if file.is_dir():
                shutil.rmtree(file, ignore_errors=True)
            else:
                file.unlink(missing_ok=True)

    def _new_name(self, suffix: str) -> Path:
        name = f"{slug(self.model)}.{uuid.uuid4().hex[:8]}{suffix}"
        file = record_path(self.folder, "models", self.model).with_name(name)
        self.written.append(file)
        return file


def _files_of(path: Path) -> tuple[Path, ...]:
    try:
        return model_files(path)
    except ModelError:
        return (path,)  # the export will say what is wrong with it


def existing(folder: Path, path: Path | str, where: str) -> Path:
    """A file that a script names: from the working directory, else from the study's folder.

    Raises:
        ExportError: there is none.
    """
    for found in (Path(path), folder / path):
        if found.exists():
            return found
    raise ExportError(
        f"{where}: there is no file {str(path)!r}",
        f"Looked in {Path.cwd()} and {folder.resolve()}.",
    )


def within(folder: Path, path: Path) -> str:
    """A path as it stands in a record: from the study's folder where it lies in there."""
    whole, around = path.resolve(), folder.resolve()
    return whole.relative_to(around).as_posix() if whole.is_relative_to(around) else str(whole)
