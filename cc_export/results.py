"""What was found out about each model of a study, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cc_core.patterns import Patterns, add_up
from cc_core.statistics import Statistics, merge
from cc_export.align import ModelAlignment
from cc_export.bundle.chunk import slug
from cc_export.expose import Exposed
from cc_export.file_facts import FileFacts
from cc_export.inspect import Inspection
from cc_export.latency import Latency
from cc_export.predictions import Predictions
from cc_export.pytorch.convert import Conversion
from cc_export.study.records import StudyModel
from cc_export.weigh import Weighing

# Stages whose results chunks are made of.
INSPECT, WEIGH, EVALUATE, EXPOSE = "Inspect", "Weigh", "Evaluate", "Expose"
FILES, PATTERNS = "Measure files", "Find patterns"


@dataclass(frozen=True, slots=True)
class ModelResult:
    """All that was found out about one model; None where it has no file, or failed there.

    ``weights`` has an entry for each tensor of the inspection, with its change against each model
    of ``references``: the root and the parent, or the nearest ancestors that have tensors;
    ``patterns`` of zeros has one, too.
    ``origins``: by stage, what its result is kept under; equal results where it is equal.
    """

    model: StudyModel
    inspection: Inspection | None = None
    facts: FileFacts | None = None
    alignment: ModelAlignment | None = None
    references: tuple[str, ...] = ()
    weights: tuple[Weighing, ...] | None = None
    patterns: tuple[Patterns, ...] | None = None
    predictions: Predictions | None = None
    exposed: Exposed | None = None
    latency: Latency | None = None
    memory: int | None = None
    failure: str | None = None
    conversion: Conversion | None = None
    origins: Mapping[str, str] = field(default_factory=dict)

    def origin(self, *stages: str) -> tuple[str, ...] | None:
        """What the results of some stages are kept under, None where one of them is not kept."""
        found = tuple(self.origins[stage] for stage in stages if stage in self.origins)
        return found if len(found) == len(stages) else None

    def told(self, text: str) -> str:
        """What is said of its file, by the name that the study has: of a module, what makes it."""
        path, module = self.model.onnx, self.model.torch
        return text.replace(path.name, module.call.name) if path and module else text

    @property
    def layers_chunk(self) -> str | None:
        """Id of the chunk of its layers."""
        return f"data/layers/{slug(self.model.id)}" if self.weights is not None else None

    @property
    def sketches_chunk(self) -> str | None:
        """Id of the chunk of its sketches."""
        return f"data/sketches/{slug(self.model.id)}" if self.weights is not None else None

    @property
    def channels_chunk(self) -> str | None:
        """Id of the chunk of its output channels."""
        return f"data/channels/{slug(self.model.id)}" if self.weights is not None else None

    @property
    def activations_chunk(self) -> str | None:
        """Id of the chunk of its activations."""
        return f"data/activations/{slug(self.model.id)}" if self.exposed else None

    @property
    def parameters(self) -> Statistics | None:
        """Statistics of all trained parameters together."""
        if self.inspection is None or self.weights is None:
            return None
        pairs = zip(self.inspection.tensors, self.weights, strict=True)
        return merge(known.weighed.statistics for tensor, known in pairs if tensor.trained)

    @property
    def empty_channels(self) -> float | None:
        """Share of the output channels of kernels and matrices that hold nothing but zeros."""
        if self.inspection is None or self.weights is None:
            return None
        pairs = zip(self.inspection.tensors, self.weights, strict=True)
        own = [known.weighed for tensor, known in pairs if tensor.is_matrix]
        channels = sum(known.channels for known in own)
        return sum(known.empty_channels for known in own) / channels if channels else None

    @property
    def all_patterns(self) -> Patterns | None:
        """Patterns of zeros of all kernels and matrices together."""
        return None if self.patterns is None else add_up(self.patterns)

    @property
    def predictions_chunk(self) -> str | None:
        """Id of the chunk of its predictions."""
        return f"data/predictions/{slug(self.model.id)}" if self.predictions else None


Results = tuple[ModelResult, ...]
