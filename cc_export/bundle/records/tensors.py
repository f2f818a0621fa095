"""What is told of a tensor's values, and of their change."""

from __future__ import annotations

from dataclasses import dataclass

from cc_export.bundle.records.values import Base64, JsonNumber


@dataclass(frozen=True, slots=True)
class StatisticsRecord:
    """Exact statistics of a tensor's dequantized values."""

    count: int
    zeros: int
    nan: int
    infinite: int
    minimum: JsonNumber | None
    maximum: JsonNumber | None
    total: JsonNumber
    squares: JsonNumber


@dataclass(frozen=True, slots=True)
class HistogramRecord:
    """Counts of finite values in ``bins`` bins, each 2^``exponent`` wide.

    Bin k holds the values from (``first`` + k)·2^exponent. All models of the study have one grid
    for a tensor, and grids of different exponents nest. ``counts`` are uint8 on a square-root
    scale; they stand for ``total`` values.
    """

    exponent: int
    first: int
    bins: int
    total: int
    counts: Base64


@dataclass(frozen=True, slots=True)
class WorstChannelRecord:
    """The output channel with the least SQNR, in decibels."""

    channel: int
    sqnr_db: float


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """Exact sums over pairs of a reference's value r and the tensor's t; they add up over tensors.

    ``skipped`` pairs hold a NaN or infinity, ``same`` ones are equal. ``signal`` is Σr², ``power``
    Σt², ``noise`` Σ(r-t)², ``product`` Σr·t, ``largest`` max |r-t|. ``by_change``, uint8 (bins, 8),
    is the tensor's histogram split by |r-t| / 2^``unit``: below 2^-10, then up to 2^-8, 2^-6, 2^-4,
    2^-2, 1 and above; the eighth holds values that could not be compared.
    """

    count: int
    skipped: int
    same: int
    signal: JsonNumber
    power: JsonNumber
    noise: JsonNumber
    product: JsonNumber
    largest: JsonNumber
    unit: int
    by_change: Base64
    worst_channel: WorstChannelRecord | None
