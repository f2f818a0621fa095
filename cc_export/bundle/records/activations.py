"""What a model computed on the way to its answers."""

from __future__ import annotations

from dataclasses import dataclass

from cc_export.bundle.records.layers import PartRecord
from cc_export.bundle.records.tensors import ChangeRecord, HistogramRecord, StatisticsRecord
from cc_export.bundle.records.values import Base64


@dataclass(frozen=True, slots=True)
class ExposedRecord:
    """An activation over a sample of instances; ``layer`` and ``name`` as in every model of it.

    ``tensor`` is its name in the model's own file. ``shape`` is that of one instance, a side None
    where instances differ. Of the ``size`` values of ``instances`` instances, the ``statistics``
    tell those that were looked at (their count). ``sketch``, float16 times 2^``exponent``, holds
    some of these at places that all models share; ``changes``, an entry for each reference of the
    chunk, are over the sketch.
    """

    layer: str
    name: str
    tensor: str
    note: str
    shape: tuple[int | None, ...]
    instances: int
    size: int
    statistics: StatisticsRecord
    histogram: HistogramRecord | None
    changes: tuple[ChangeRecord | None, ...]
    exponent: int
    sketch: Base64


@dataclass(frozen=True, slots=True)
class ActivationsChunk:
    """``data/activations/…``: what a model computes between its layers, in graph order.

    ``problem`` says why there are none, where the model could not be asked for them. ``sample`` are
    the instances of tensors that were measured on all of these, ``brief`` those of the others. Of
    very many activations they are in ``parts``.
    """

    model: str
    references: tuple[str, ...]
    problem: str
    sample: tuple[int, ...]
    brief: tuple[int, ...]
    activations: tuple[ExposedRecord, ...]
    parts: tuple[PartRecord, ...]


@dataclass(frozen=True, slots=True)
class ActivationsPart:
    """``data/activations/…/…``: some activations of a model, in graph order."""

    model: str
    activations: tuple[ExposedRecord, ...]
