"""How long models take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cc_export.bundle.records.models import FlagRecord


@dataclass(frozen=True, slots=True)
class LatencyRecord:
    """Wall-clock milliseconds of one instance: of each run, divided by the instances in it."""

    batch: int
    runs: int
    mean: float
    p25: float
    p50: float
    p75: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class TimingChunk:
    """``data/timing``: the only chunk that differs between two exports of one study.

    ``memory`` by model id is in bytes; ``flags`` by model id are warnings that rest on timings,
    beside those of the models' records.
    """

    exported: str
    machine: Mapping[str, str | int]
    stages: Mapping[str, float]
    latency: Mapping[str, LatencyRecord]
    memory: Mapping[str, int]
    flags: Mapping[str, tuple[FlagRecord, ...]]
