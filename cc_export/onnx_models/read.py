"""An ONNX file from disk, with every way it can be bad turned into a ModelError."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import onnx
from onnx import FunctionProto, GraphProto, ModelProto, TensorProto

from cc_export.errors import ModelError
from cc_export.onnx_models.skim import HERE, skim
from cc_export.onnx_models.stored import Files, check_stored, location

_READ = 1 << 20
# What protobuf can hold.
_MOST_MESSAGE = (2 << 30) - 1


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """A model whose large tensors are still in its files; ``files`` are all of them, sorted."""

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
        """The model in one piece: its file as it is, or with external data brought inside.

        Raises:
            ModelError: in one piece it would be larger than a protobuf message can be.
        """
        if self.files == (self.path,):
            return self.path.read_bytes()
        if self.size > _MOST_MESSAGE:
            raise ModelError(
                f"{self.path.name}: with its external data it has {self.size / 2**30:.1f} GiB, "
                "and a model in one piece can have 2"
            )
        model = ModelProto()
        model.ParseFromString(self.path.read_bytes())
        onnx.load_external_data_for_model(model, str(self.path.parent))
        return bytes(model.SerializeToString(deterministic=True))


def read_model(path: Path) -> ModelProto:
    """The model of ``read_file``."""
    return read_file(path).model


def read_file(path: Path) -> OnnxFile:
    """Read a model's graph, and find its tensors without reading them.

    External data must lie in the model's own folder (or below it): a model file is untrusted
    input and may not name other files of the machine.

    Raises:
        ModelError: the file is missing, is not ONNX, refers to data outside its folder, or holds
            less data than its tensors need.
    """
    model = skim(path)
    if not model.graph.node or not model.graph.output:
        raise ModelError(f"{path.name}: holds no graph", "Is this an ONNX model?")
    # protobuf gives bytes where a text is no UTF-8.
    wrong = next((name for name in _names(model) if not isinstance(name, str)), None)
    if wrong is not None:
        raise ModelError(
            f"{path.name}: damaged: the name {wrong[:60]!r} is no UTF-8 text", "Export it again."
        )
    bare = next((node for body in _bodies(model) for node in body.node if not node.output), None)
    if bare is not None:
        raise ModelError(
            f"{path.name}: damaged: the {bare.op_type[:60]} node {bare.name[:60]!r} has no output",
            "Export it again.",
        )
    files, place = {path} | _external_files(path, model), Files(path)
    for tensor in tensors(model):
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        try:
            check_stored(tensor, place)
        except ModelError as error:
            if location(tensor) == HERE:
                raise ModelError(f"{path.name}: {error.what}", "Export it again.") from None
            raise ModelError(
                f"{path.name}: its external data cannot be read: {error.what}",
                "Copy the files of external data along with the model file.",
            ) from None
    return OnnxFile(path, model, tuple(sorted(files)))


def model_files(path: Path) -> tuple[Path, ...]:
    """The file of a model and those of its external data, sorted.

    Raises:
        ModelError: it is no ONNX file, or refers to data outside its folder.
    """
    return tuple(sorted({path} | _external_files(path, skim(path))))


def tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Every stored tensor of a model: of its graph, of nodes, of graphs inside nodes, of functions.

    Of a sparse one, its values and their places.
    """
    for body in _bodies(model):
        if isinstance(body, GraphProto):
            yield from body.initializer
            for sparse in body.sparse_initializer:
                yield from (sparse.values, sparse.indices)
        for node in body.node:
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield attribute.t
                yield from attribute.tensors
                if attribute.HasField("sparse_tensor"):
                    yield attribute.sparse_tensor.values
                    yield attribute.sparse_tensor.indices


def _bodies(model: ModelProto) -> Iterator[GraphProto | FunctionProto]:
    """A model's graph, its functions, and the graphs inside their nodes."""
    pending: list[GraphProto | FunctionProto] = [model.graph, *model.functions]
    while pending:
        body = pending.pop()
        yield body
        for node in body.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    pending.append(attribute.g)
                pending += attribute.graphs


def _external_files(path: Path, model: ModelProto) -> set[Path]:
    files = set()
    for tensor in tensors(model):
        place = location(tensor) if tensor.data_location == TensorProto.EXTERNAL else HERE
        if place == HERE:
            continue
        if not _inside(path.parent, place):
            raise ModelError(
                f"{path.name}: tensor {tensor.name!r} lies outside the model's folder, "
                f"at {place!r}",
                "Keep external data beside the model file.",
            )
        file = path.parent / place
        if file.exists() and not file.is_file():
            # Reading a pipe would wait for ever.
            raise ModelError(
                f"{path.name}: tensor {tensor.name!r} lies at {place!r}, which is no regular file",
                "Copy the files of external data along with the model file.",
            )
        files.add(file)
    return files


def _names(model: ModelProto) -> Iterator[str | bytes]:
    for tensor in tensors(model):
        yield tensor.name
        for entry in tensor.external_data:
            yield from (entry.key, entry.value)
    for opset in model.opset_import:
        yield opset.domain
    for body in _bodies(model):
        if isinstance(body, GraphProto):
            yield from (value.name for value in (*body.input, *body.output))
        else:
            yield from (body.domain, body.name, body.overload, *body.input, *body.output)
        for node in body.node:
            yield from (node.name, node.op_type, node.domain, node.overload)
            yield from (*node.input, *node.output)
            for attribute in node.attribute:
                yield from (attribute.name, attribute.ref_attr_name)


def _inside(folder: Path, location: str) -> bool:
    parts = (PurePosixPath(location), PureWindowsPath(location))
    if not location or "\0" in location or any(part.is_absolute() for part in parts):
        return False
    try:
        return (folder / location).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False
