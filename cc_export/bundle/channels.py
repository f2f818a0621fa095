"""The records of a model's output channels, from what its tensors weigh."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cc_core.sketch import sketch
from cc_core.weighing import Against, Weighed
from cc_export.align import Placed
from cc_export.bundle.chunk import pack
from cc_export.bundle.records.channels import ChannelsChunk, ChannelsRecord
from cc_export.results import ModelResult

# Entries of a tensor: enough for a picture, and of most layers all channels.
MOST = 1024


def channels_chunk(result: ModelResult) -> ChannelsChunk:
    """The channels of one weighed model, tensors in graph order."""
    assert result.alignment is not None and result.weights is not None
    pairs = zip(result.alignment.placed, result.weights, strict=True)
    return ChannelsChunk(
        model=result.model.id,
        references=result.references,
        tensors=tuple(
            channels_record(placed, weighing.weighed)
            for placed, weighing in pairs
            if weighing.weighed.channels > 1
        ),
    )


def channels_record(placed: Placed, weighed: Weighed) -> ChannelsRecord:
    """The channels of one tensor, at most ``MOST`` entries of them."""
    each = math.ceil(weighed.channels / MOST)
    values = weighed.statistics.count / weighed.channels
    together = _added(np.ones(weighed.channels), each) * values
    with np.errstate(over="ignore", invalid="ignore"):
        rms = sketch(np.sqrt(_added(weighed.power, each) / together))
    return ChannelsRecord(
        layer=placed.key[0],
        name=placed.key[1],
        channels=weighed.channels,
        each=each,
        exponent=rms.exponent,
        rms=pack(rms.values),
        sqnr_db=tuple(
            None if one is None else pack(_decibels(one, each)) for one in weighed.against
        ),
    )


def _decibels(against: Against, each: int) -> NDArray[np.float16]:
    signal, noise = _added(against.signal, each), _added(against.noise, each)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 10 * (np.log10(signal) - np.log10(noise))
    found[~(np.isfinite(signal) & np.isfinite(noise) & (signal > 0))] = np.nan
    return found.astype(np.float16)


def _added(sums: NDArray[np.float64], each: int) -> NDArray[np.float64]:
    """Sums over so many neighbours."""
    return np.add.reduceat(sums, np.arange(0, len(sums), each))
