"""What was found out about each model of a study, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cc_core.histogram import Histogram
from cc_export.bundle.chunk import slug
from cc_export.evaluate import Predictions
from cc_export.file_facts import FileFacts
from cc_export.inspect import Inspection, TensorKey
from cc_export.latency import Latency
from cc_export.study.records import StudyModel


@dataclass(frozen=True, slots=True)
class ModelResult:
    """All that was found out about one model; None where it has no file, or failed there."""

    model: StudyModel
    inspection: Inspection | None = None
    facts: FileFacts | None = None
    histograms: Mapping[TensorKey, Histogram] | None = None
    predictions: Predictions | None = None
    latency: Latency | None = None
    failure: str | None = None

    @property
    def layers_chunk(self) -> str | None:
        """Id of the chunk of its layers."""
        return f"data/layers/{slug(self.model.id)}" if self.histograms is not None else None

    @property
    def predictions_chunk(self) -> str | None:
        """Id of the chunk of its predictions."""
        return f"data/predictions/{slug(self.model.id)}" if self.predictions else None


Results = tuple[ModelResult, ...]
