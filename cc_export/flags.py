"""Warnings about models: bigger than it claims, slower than its parent; each with why in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cc_export.bundle.records.models import FlagRecord
from cc_export.file_facts import FileFacts
from cc_export.latency import Latency
from cc_export.results import ModelResult, Results
from cc_export.study.records import Operation

# A type as people write it: int8, uint4, fp16, bfloat16, nf4, w8a8, q4_0.
_TYPE = re.compile(r"(?<![a-z0-9])(?:u?int|float|fp|bfloat|bf|nf|q|w)[-_ ]?(\d{1,2})(?!\d)", re.I)
_BITS_KEY = re.compile(r"^(?:n|num|w|weight)?[-_ ]?bit(?:s|[-_ ]?width)?$", re.I)
_ACTIVATIONS = re.compile(r"act", re.I)
_WIDTHS = frozenset({1, 2, 3, 4, 5, 6, 8, 16})
# Scales, and layers that are left alone, may take half as much again.
_TOLERANCE = 1.5
# Bits for each weight, against the parent's, that should show in the file; and bytes that do not.
_FEWER_BITS, _SAME_SIZE = 0.6, 0.9
# Bytes beyond the claim that every file may have: names, shapes, the graph, a few scales.
_FIXED_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Claim:
    """Bits for each weight that an operation speaks of, and the words it does so with."""

    bits: int
    words: str


def size_flags(results: Results) -> dict[str, tuple[FlagRecord, ...]]:
    """Models whose files are bigger than their operation or their weights' types claim, by id.

    A model claims a number of bits where its own operation names one: a type such as int8 in its
    name or parameters, or a parameter such as ``bits``. It is flagged where

    - the file takes more than 1.5 times as many effective bits for each weight, or
    - its weights take at most 0.6 of the first parent's bits, but its file at least 0.9 of the
      parent's bytes,

    and by more than 4 kB: in a file of little more than names, scales and the graph, these are no
    sign of anything.
    """
    facts = {result.model.id: result.facts for result in results}
    found = {r.model.id: tuple(_size_flags(r, facts)) for r in results}
    return {model: flags for model, flags in found.items() if flags}


def speed_flags(results: Results) -> dict[str, tuple[FlagRecord, ...]]:
    """Models slower than their first parent, by id: the middle halves of runs do not overlap."""
    latencies = {result.model.id: result.latency for result in results}
    found = {r.model.id: tuple(_speed_flags(r, latencies)) for r in results}
    return {model: flags for model, flags in found.items() if flags}


def claim(operation: Operation) -> Claim | None:
    """The fewest bits that an operation says its weights have, None where it says nothing."""
    return min(_claims(operation), key=lambda found: found.bits, default=None)


def _claims(operation: Operation) -> Iterator[Claim]:
    for bits in _named(operation.name):
        yield Claim(bits, repr(operation.name))
    for name, value in operation.parameters.items():
        if _ACTIVATIONS.search(name):
            continue
        words = f"{operation.name} · {name} = {value}"
        if isinstance(value, str):
            yield from (Claim(bits, words) for bits in _named(value))
        elif type(value) is int and value in _WIDTHS and _BITS_KEY.match(name):
            yield Claim(value, words)


def _named(text: str) -> Iterator[int]:
    for found in _TYPE.finditer(text):
        if int(found.group(1)) in _WIDTHS:
            yield int(found.group(1))


def _size_flags(result: ModelResult, known: Mapping[str, FileFacts | None]) -> Iterator[FlagRecord]:
    facts, model = result.facts, result.model
    if facts is None or facts.stored.effective_bits is None:
        return
    own = facts.stored.effective_bits
    claimed = claim(model.operation) if model.operation else None
    beyond = (facts.stored.bits - claimed.bits * facts.stored.weights) / 8 if claimed else 0
    if claimed and own > _TOLERANCE * claimed.bits and beyond > _FIXED_BYTES:
        wide = 1 - (facts.stored.quantized_share or 0)
        why = f"; {wide:.0%} of its weights are stored in more than 8 bits"
        yield FlagRecord(
            "bigger than it claims",
            f"{claimed.words} claims {claimed.bits} bits for each weight, but the file takes "
            f"{own:.3g}{why if claimed.bits <= 8 else ''}.",
        )
    parent = known.get(model.parents[0]) if model.parents else None
    bits = parent.stored.effective_bits if parent else None
    if (
        parent
        and bits
        and own <= _FEWER_BITS * bits
        and facts.bytes >= _SAME_SIZE * parent.bytes
        and facts.bytes - facts.stored.bits / 8 > _FIXED_BYTES
    ):
        yield FlagRecord(
            "bigger than it claims",
            f"Its weights take {own:.3g} bits each instead of the {bits:.3g} of "
            f"{model.parents[0]!r}, but its file has {facts.bytes / parent.bytes:.0%} of that "
            "file's bytes: it holds more than weights, or weights that are not used.",
        )


def _speed_flags(result: ModelResult, known: Mapping[str, Latency | None]) -> Iterator[FlagRecord]:
    own = result.latency
    parent = known.get(result.model.parents[0]) if result.model.parents else None
    if own and parent and own.batch == parent.batch and own.percentile(25) > parent.percentile(75):
        yield FlagRecord(
            "slower than its parent",
            f"One instance takes {own.percentile(50):.3g} ms instead of the "
            f"{parent.percentile(50):.3g} ms of {result.model.parents[0]!r}, and the middle halves "
            "of their runs do not overlap.",
        )
