"""Which model files travel with a site, so that they run in the page, and why others do not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from cc_export.bundle.chunk import Packed, pack_asset
from cc_export.errors import ExportError
from cc_export.onnx_models.read import model_files, read_file
from cc_export.results import ModelResult, Results

Models = Literal["none", "selected", "all"]
# A page can run larger models, but loading one takes seconds and gigabytes of memory.
MOST_EMBEDDED = 100 << 20


@dataclass(frozen=True, slots=True)
class Embedding:
    """Whether a model travels with the site: its asset id, or why it does not."""

    asset: str | None
    reason: str = ""


def chosen(models: str, *, redact: bool) -> Models:
    """The choice of models; none travels with a site without inputs.

    Before anything is computed: a mistyped ``none`` must not give files away.

    Raises:
        ExportError: ``models`` is no choice, or asks for files that ``redact`` leaves out.
    """
    if models not in get_args(Models):
        raise ExportError(
            f"{models!r} is no choice of models", f"Use {', '.join(get_args(Models))}."
        )
    if redact and models == "all":
        raise ExportError(
            "redacting leaves model files out, and `models` asks for all of them",
            "Leave out one of --redact and --models all.",
        )
    return "none" if redact else cast(Models, models)


def embeddings(results: Results, models: Models) -> dict[str, Embedding]:
    """What becomes of each model's file, by model id."""
    return {result.model.id: _embedding(result, models) for result in results}


def too_large(result: ModelResult) -> bool:
    """Whether a model has a file that is larger than a page should load."""
    return result.inspection is not None and result.inspection.bytes > MOST_EMBEDDED


def pack_model(path: Path) -> Packed:
    """A model file as a site carries it, external data brought inside.

    Raises:
        ModelError: the file cannot be read any more.
    """
    if model_files(path) == (path,):
        return pack_asset(path.read_bytes())
    return pack_asset(read_file(path).content())


def _embedding(result: ModelResult, models: Models) -> Embedding:
    if result.inspection is None:
        return Embedding(None, "there is no readable model file")
    if models == "none" or (models == "selected" and not result.model.embed):
        return Embedding(None, "it was exported without its file")
    if too_large(result):
        size, limit = result.inspection.bytes / 2**20, MOST_EMBEDDED >> 20
        return Embedding(None, f"its file has {size:,.0f} MiB, and a page runs up to {limit} MiB")
    return Embedding(f"data/onnx/{result.inspection.sha256}")
