"""An ONNX file from disk, with every way it can be bad turned into a ModelError."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import onnx
from google.protobuf.message import DecodeError
from onnx import GraphProto, ModelProto, TensorProto

from cc_export.errors import ModelError

_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """A model with its external data inside; ``files`` are all it was read from, sorted."""

    path: Path
    model: ModelProto
    files: tuple[Path, ...]

    @property
    def size(self) -> int:
        """Size on disk, external data included."""
        return sum(file.stat().st_size for file in self.files)

    def sha256(self) -> str:
        """Hash of all its files, one after another."""
        digest = hashlib.sha256()
        for file in self.files:
            with file.open("rb") as stream:
                while part := stream.read(_READ):
                    digest.update(part)
        return digest.hexdigest()

    def content(self) -> bytes:
        """The model in one piece: its file as it is, or with external data brought inside."""
        if self.files == (self.path,):
            return self.path.read_bytes()
        return bytes(self.model.SerializeToString(deterministic=True))


def read_model(path: Path) -> ModelProto:
    """The model of ``read_file``."""
    return read_file(path).model


def read_file(path: Path) -> OnnxFile:
    """Load a model with its external data.

    External data must lie in the model's own folder (or below it): a model file is untrusted
    input and may not name other files of the machine.

    Raises:
        ModelError: the file is missing, is not ONNX, or refers to data outside its folder.
    """
    model = _parse(path)
    if not model.graph.node or not model.graph.output:
        raise ModelError(f"{path.name}: holds no graph", "Is this an ONNX model?")
    # protobuf gives bytes where a text is no UTF-8.
    wrong = next((name for name in _names(model) if not isinstance(name, str)), None)
    if wrong is not None:
        raise ModelError(
            f"{path.name}: damaged: the name {wrong[:60]!r} is no UTF-8 text", "Export it again."
        )
    files = {path} | _external_files(path, model)
    try:
        # Forgets where the tensors came from, so their files are noted before.
        onnx.load_external_data_for_model(model, str(path.parent))
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        what = getattr(error, "strerror", None) or str(error).replace(str(path.parent), ".")
        raise ModelError(
            f"{path.name}: its external data cannot be read: {what}",
            "Copy the files of external data along with the model file.",
        ) from None
    return OnnxFile(path, model, tuple(sorted(files)))


def model_files(path: Path) -> tuple[Path, ...]:
    """The file of a model and those of its external data, sorted, without reading tensors.

    Raises:
        ModelError: it is no ONNX file, or refers to data outside its folder.
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        # Where no entry names a location there is no external data, and nothing is to be parsed.
        if not path.stat().st_size:
            return (path,)
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content.find(b"location") < 0:
                return (path,)
    return tuple(sorted({path, *_external_files(path, _parse(path))}))


def tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Every stored tensor of a model: of its graph, of nodes, of graphs inside nodes."""
    for graph in graphs(model):
        yield from graph.initializer
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield attribute.t
                yield from attribute.tensors


def graphs(model: ModelProto) -> Iterator[GraphProto]:
    """A model's graph and the graphs inside its nodes."""
    pending: list[GraphProto] = [model.graph]
    while pending:
        graph = pending.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    pending.append(attribute.g)
                pending += attribute.graphs


def _external_files(path: Path, model: ModelProto) -> set[Path]:
    external = [t for t in tensors(model) if t.data_location == TensorProto.EXTERNAL]
    for tensor in external:
        if not _inside(path.parent, _location(tensor)):
            raise ModelError(
                f"{path.name}: tensor {tensor.name!r} lies outside the model's folder, "
                f"at {_location(tensor)!r}",
                "Keep external data beside the model file.",
            )
    return {path.parent / _location(tensor) for tensor in external}


def _names(model: ModelProto) -> Iterator[str | bytes]:
    for tensor in tensors(model):
        yield tensor.name
        for entry in tensor.external_data:
            yield from (entry.key, entry.value)
    for opset in model.opset_import:
        yield opset.domain
    for graph in graphs(model):
        for value in (*graph.input, *graph.output):
            yield value.name
        for node in graph.node:
            yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
            for attribute in node.attribute:
                yield attribute.name


def _parse(path: Path) -> ModelProto:
    model = ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path.name}: cannot be read: {error.strerror or error}") from None
    except DecodeError:
        raise ModelError(
            f"{path.name}: not an ONNX file, or a damaged one", "Export it again."
        ) from None
    return model


def _location(tensor: TensorProto) -> str:
    return next((e.value for e in tensor.external_data if e.key == "location"), "")


def _inside(folder: Path, location: str) -> bool:
    parts = (PurePosixPath(location), PureWindowsPath(location))
    if not location or "\0" in location or any(part.is_absolute() for part in parts):
        return False
    try:
        return (folder / location).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False
