"""The output channels of a model's kernels and matrices."""

from __future__ import annotations

from dataclasses import dataclass

from cc_export.bundle.records.values import Base64


@dataclass(frozen=True, slots=True)
class ChannelsRecord:
    """The output channels of a tensor, in order; ``each`` of them together, the last maybe fewer.

    ``rms``, float16 times 2^``exponent``, is the root mean square of their values, in which those
    that are not finite count as zero. ``sqnr_db``, float16, has an entry for each reference of the
    chunk, None where the reference has no such tensor: infinite where nothing changed, NaN where
    the reference is all zero, or sums go beyond float64.
    """

    layer: str
    name: str
    channels: int
    each: int
    exponent: int
    rms: Base64
    sqnr_db: tuple[Base64 | None, ...]


@dataclass(frozen=True, slots=True)
class ChannelsChunk:
    """``data/channels/…``: tensors of one model that have more than one output channel."""

    model: str
    references: tuple[str, ...]
    tensors: tuple[ChannelsRecord, ...]
