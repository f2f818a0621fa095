"""An ONNX file from disk, with every way it can be bad turned into a ModelError."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto, TensorProto

from cc_export.errors import ModelError


def read_model(path: Path) -> ModelProto:
    """Load a model with its external data.

    External data must lie in the model's own folder (or below it): a model file is untrusted
    input and may not name other files of the machine.

    Raises:
        ModelError: the file is missing, is not ONNX, or refers to data outside its folder.
    """
    try:
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from None
    except DecodeError:
        raise ModelError(
            f"{path}: not an ONNX file, or a damaged one", "Export it again."
        ) from None
    if not model.graph.node or not model.graph.output:
        raise ModelError(f"{path}: holds no graph", "Is this an ONNX model?")
    outside = [t for t in external_tensors(model) if not _inside(path.parent, _location(t))]
    if outside:
        raise ModelError(
            f"{path}: tensor {outside[0].name!r} lies outside the model's folder, "
            f"at {_location(outside[0])!r}",
            "Keep external data beside the model file.",
        )
    try:
        onnx.load_external_data_for_model(model, str(path.parent))
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise ModelError(f"{path}: external data cannot be read: {error}") from None
    return model


def external_tensors(model: ModelProto) -> list[TensorProto]:
    """The initializers whose bytes lie in files of their own."""
    return [t for t in model.graph.initializer if t.data_location == TensorProto.EXTERNAL]


def stored_files(path: Path, model: ModelProto) -> tuple[Path, ...]:
    """The model file and its external data files, sorted."""
    found = {path} | {path.parent / _location(tensor) for tensor in external_tensors(model)}
    return tuple(sorted(found))


def _location(tensor: TensorProto) -> str:
    return next((e.value for e in tensor.external_data if e.key == "location"), "")


def _inside(folder: Path, location: str) -> bool:
    if not location or PurePosixPath(location).is_absolute():
        return False
    return (folder / location).resolve().is_relative_to(folder.resolve())
