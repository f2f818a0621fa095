"""What a model file holds: sizes, operators, layers with exact statistics and histograms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cc_core.histogram import Histogram, common_range, histogram
from cc_core.statistics import Statistics, merge, summarize
from cc_export.onnx_models.activations import Activation, activations
from cc_export.onnx_models.read import read_file, read_model
from cc_export.onnx_models.weights import Quantization, weights

Range = tuple[float, float]
# A tensor of a study: layer and name within it, the same in every model that has it.
TensorKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """One trained tensor: where it belongs, how it is stored, what its values sum up to."""

    layer: str
    name: str
    role: str
    initializer: str
    shape: tuple[int, ...]
    dtype: str
    operators: tuple[str, ...]
    quantization: Quantization | None
    statistics: Statistics
    output_axis: int | None = None

    @property
    def key(self) -> TensorKey:
        """Layer and name."""
        return self.layer, self.name

    @property
    def trained(self) -> bool:
        """Whether it counts as parameters: measured statistics (of BatchNorm) do not."""
        return self.role != "statistic"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A model file, read once. ``bytes`` includes external data; ``sha256`` is of all of it."""

    bytes: int
    sha256: str
    opset: int
    operators: tuple[tuple[str, int], ...]
    tensors: tuple[TensorFacts, ...]
    activations: tuple[Activation, ...]

    @property
    def parameters(self) -> Statistics:
        """Statistics of all trained parameters together."""
        return merge(tensor.statistics for tensor in self.tensors if tensor.trained)


def inspect_model(path: Path) -> Inspection:
    """Read one ONNX file.

    Raises:
        ModelError: it cannot be read, or its quantization is not understood.
    """
    file = read_file(path)
    model = file.model
    return Inspection(
        bytes=file.size,
        sha256=file.sha256(),
        opset=max(
            (o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0
        ),
        operators=tuple(sorted(Counter(node.op_type for node in model.graph.node).items())),
        tensors=tuple(
            TensorFacts(
                layer=weight.layer,
                name=weight.name,
                role=weight.role,
                initializer=weight.initializer,
                shape=weight.shape,
                dtype=weight.dtype,
                operators=weight.operators,
                quantization=weight.quantization,
                statistics=summarize(weight.read()),
                output_axis=weight.output_axis,
            )
            for weight in weights(model)
        ),
        activations=activations(model),
    )


def shared_ranges(inspections: Iterable[Inspection]) -> dict[TensorKey, Range]:
    """One histogram range for each tensor of a study, over all models that have it."""
    found: dict[TensorKey, list[Statistics]] = {}
    for inspection in inspections:
        for tensor in inspection.tensors:
            found.setdefault(tensor.key, []).append(tensor.statistics)
    return {key: common_range(parts) for key, parts in found.items()}


def weight_histograms(path: Path, ranges: Mapping[TensorKey, Range]) -> dict[TensorKey, Histogram]:
    """Histograms of a model's tensors on the study's ranges.

    Raises:
        ModelError: the file cannot be read any more.
    """
    return {
        (weight.layer, weight.name): histogram(weight.read(), *ranges[weight.layer, weight.name])
        for weight in weights(read_model(path))
    }
