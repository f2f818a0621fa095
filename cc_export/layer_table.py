"""One model file tensor by tensor, beside another: what ``cc-export inspect`` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from cc_core.change import Change, together
from cc_core.statistics import Statistics, merge
from cc_export.align import ModelAlignment, align_study
from cc_export.errors import ModelError
from cc_export.executor import Inline, run_all
from cc_export.file_facts import FileFacts, file_facts
from cc_export.inspect import Inspection, TensorFacts, inspect_model
from cc_export.urls import url_of
from cc_export.weigh import Aligned, Weighing, weigh_model

Found = TypeVar("Found")
# Ids of the two models while they are aligned.
_OWN, _OTHER = "model", "other"


@dataclass(frozen=True, slots=True)
class Difference:
    """A tensor against the same one of the other file; None where that means nothing.

    ``sqnr_db`` and ``relative_l2`` are those of ``cc_core.change``: higher, and lower, is closer.
    ``equal``: every value is the other's. ``sqnr_db``, which is infinite then, is None there too,
    and ``relative_l2`` is 0. The worst channel is known of single tensors that have channels.
    """

    sqnr_db: float | None
    relative_l2: float | None
    largest: float
    worst_channel_db: float | None = None
    equal: bool = False


@dataclass(frozen=True, slots=True)
class TensorRow:
    """A tensor: where it is, how it is stored, what its values are, how far from the other's.

    ``stored`` is its name in the file, which exporters and quantizers make up as they like.
    ``difference`` is None without another file, and where the other has no such tensor; then
    ``unmatched`` says why.
    """

    layer: str
    name: str
    stored: str
    role: str
    operators: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    count: int
    sparsity: float | None
    nan: int
    infinite: int
    minimum: float | None
    maximum: float | None
    difference: Difference | None = None
    unmatched: str = ""


@dataclass(frozen=True, slots=True)
class LayerTable:
    """A model file: facts of the whole, and a row for each tensor in graph order.

    ``only_other`` are tensors that only the other file has, with the reason.
    """

    file: str
    other: str | None
    opset: int
    bytes: int
    gzip_bytes: int
    effective_bits: float | None
    quantized_share: float | None
    macs: int | None
    macs_unknown: str
    parameters: int
    sparsity: float | None
    operators: Mapping[str, int]
    rows: tuple[TensorRow, ...]
    difference: Difference | None = None
    only_other: tuple[tuple[str, str], ...] = ()


def layer_table(path: Path, against: Path | None = None) -> LayerTable:
    """Read a model file, and compare its tensors with those of another.

    Tensors are compared dequantized, and found again under other names, transposed and quantized
    (see ``cc_export.align``).

    Raises:
        ModelError: a file cannot be read, or its quantization is not understood.
    """
    paths = {_OWN: path} | ({_OTHER: against} if against else {})
    for file in paths.values():
        _check_file(file)
    known = {name: _attempt(partial(inspect_model, file), file) for name, file in paths.items()}
    own = known[_OWN]
    tensors = {name: known[name].tensors for name in sorted(known, reverse=True)}
    alignments = align_study(tensors, {_OWN: (_OTHER,)} if against else {})
    files = {name: Aligned(file, alignments[name].placed) for name, file in paths.items()}
    others = (files[_OTHER],) if against else ()
    weighings = _attempt(partial(weigh_model, files[_OWN], others), path)
    facts = _attempt(partial(file_facts, path), path)
    return _table(path, against, own, facts, alignments[_OWN], weighings)


def _table(  # noqa: PLR0913, PLR0917 (everything that is known of one file)
    path: Path,
    against: Path | None,
    own: Inspection,
    facts: FileFacts,
    alignment: ModelAlignment,
    weighings: tuple[Weighing, ...],
) -> LayerTable:
    reasons = {one.key: one.reason for one in alignment.one_sided if one.side == "model"}
    rows = tuple(
        _row(tensor, found, reasons.get(placed.key, "") if against else "")
        for tensor, found, placed in zip(own.tensors, weighings, alignment.placed, strict=True)
    )
    trained = _trained(own.tensors, weighings)
    changes = [
        known.change
        for tensor, found in zip(own.tensors, weighings, strict=True)
        if tensor.trained and found.weighed.against and (known := found.weighed.against[0])
    ]
    return LayerTable(
        file=str(path),
        other=str(against) if against else None,
        opset=own.opset,
        bytes=facts.bytes,
        gzip_bytes=facts.gzip_bytes,
        effective_bits=facts.stored.effective_bits,
        quantized_share=facts.stored.quantized_share,
        macs=facts.macs.count,
        macs_unknown=facts.macs.unknown,
        parameters=trained.count,
        sparsity=trained.sparsity,
        operators=dict(own.operators),
        rows=rows,
        difference=_difference(together(changes)) if changes else None,
        only_other=tuple(
            (".".join(one.key), one.reason) for one in alignment.one_sided if one.side == "base"
        ),
    )


def _trained(tensors: Iterable[TensorFacts], weighings: Iterable[Weighing]) -> Statistics:
    pairs = zip(tensors, weighings, strict=True)
    return merge(found.weighed.statistics for tensor, found in pairs if tensor.trained)


def _row(tensor: TensorFacts, found: Weighing, unmatched: str) -> TensorRow:
    known = found.weighed.statistics
    against = found.weighed.against[0] if found.weighed.against else None
    worst = against.worst_channel.sqnr_db if against and against.worst_channel else None
    return TensorRow(
        layer=tensor.layer,
        name=tensor.name,
        stored=tensor.initializer,
        role=tensor.role,
        operators=tensor.operators,
        shape=tensor.shape,
        dtype=tensor.dtype,
        count=known.count,
        sparsity=known.sparsity,
        nan=known.nan,
        infinite=known.infinite,
        minimum=known.minimum,
        maximum=known.maximum,
        difference=_difference(against.change, worst) if against else None,
        unmatched="" if against else unmatched,
    )


def _difference(change: Change, worst: float | None = None) -> Difference:
    equal = change.same == change.count and not change.skipped
    return Difference(change.sqnr_db, change.relative_l2, change.largest, worst, equal)


def _check_file(path: Path) -> None:
    url = url_of(path)
    if url is not None:
        raise ModelError(f"{url}: is a URL, not a file of this machine", "Download it first.")
    if path.is_dir():
        raise ModelError(f"{path}: is a folder, not an ONNX file", "Name one of the files in it.")


def _attempt(work: Callable[[], Found], path: Path) -> Found:
    """Errors of a model file as an export words them, whatever is wrong with it."""
    [(_, outcome)] = run_all(Inline(), {path.name: work})
    if isinstance(outcome, ModelError):
        said = outcome.what if path.name in outcome.what else f"{path.name}: {outcome.what}"
        raise ModelError(said, outcome.hint)
    return outcome
