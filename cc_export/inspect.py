"""What a model file holds, but for the values of its tensors: sizes, operators, layers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cc_export.onnx_models.activations import Activation, activations
from cc_export.onnx_models.flat import flatten
from cc_export.onnx_models.quantization import Quantization
from cc_export.onnx_models.read import read_file
from cc_export.onnx_models.weights import weights


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """One trained tensor: where it belongs and how it is stored."""

    layer: str
    name: str
    role: str
    initializer: str
    shape: tuple[int, ...]
    dtype: str
    operators: tuple[str, ...]
    quantization: Quantization | None
    output_axis: int | None

    @property
    def trained(self) -> bool:
        """Whether it counts as parameters: measured statistics (of BatchNorm) do not."""
        return self.role != "statistic"

    @property
    def is_matrix(self) -> bool:
        """Whether it is a kernel or matrix, with channels of outputs."""
        return self.role == "weight" and self.output_axis is not None and len(self.shape) > 1


@dataclass(frozen=True, slots=True)
class Inspection:
    """A model file, read once. ``bytes`` includes external data; ``sha256`` is of all of it.

    ``operators`` counts nodes, those inside others and inside functions included.
    """

    bytes: int
    sha256: str
    opset: int
    operators: tuple[tuple[str, int], ...]
    tensors: tuple[TensorFacts, ...]
    activations: tuple[Activation, ...]


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
        operators=tuple(sorted(Counter(node.op_type for node in flatten(model).nodes).items())),
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
                output_axis=weight.output_axis,
            )
            for weight in weights(model, path)
        ),
        activations=activations(model),
    )
