"""What alignment asks of a tensor, and what does not depend on the form it is stored in."""

from __future__ import annotations

from typing import Protocol

from cc_export.onnx_models.graph import without_quantization
from cc_export.onnx_models.modules import given_place, is_counted

# Layer and name within it.
TensorKey = tuple[str, str]
Shape = tuple[int, ...]
# Role, operator and form.
Signature = tuple[str, str, Shape]

# The operators that take a matrix or a kernel, whatever number format they compute in.
FAMILIES = {
    "Conv": "Conv", "FusedConv": "Conv", "NhwcConv": "Conv", "NhwcFusedConv": "Conv",
    "QLinearConv": "Conv", "ConvInteger": "Conv",
    "ConvTranspose": "ConvTranspose", "QLinearConvTranspose": "ConvTranspose",
    "ConvTransposeWithDynamicPads": "ConvTranspose",
    "Gemm": "MatMul", "FusedGemm": "MatMul", "QGemm": "MatMul", "MatMul": "MatMul",
    "FusedMatMul": "MatMul", "QLinearMatMul": "MatMul", "MatMulInteger": "MatMul",
    "MatMulNBits": "MatMul", "MatMulBnb4": "MatMul", "MatMulIntegerToFloat": "MatMul",
    "DynamicQuantizeMatMul": "MatMul", "FusedMatMulActivation": "MatMul",
    "TransposeMatMul": "MatMul", "GemmFastGelu": "MatMul",
    "LSTM": "LSTM", "DynamicQuantizeLSTM": "LSTM",
    "Attention": "Attention", "QAttention": "Attention", "PackedAttention": "Attention",
    "Gather": "Gather", "GatherBlockQuantized": "Gather", "TorchEmbedding": "Gather",
    "EmbedLayerNormalization": "EmbedLayerNormalization",
    "QEmbedLayerNormalization": "EmbedLayerNormalization",
}  # fmt: skip


class Tensor(Protocol):
    """A tensor of a model, as ``onnx_models.weights.Weight`` and ``inspect.TensorFacts`` are."""

    @property
    def layer(self) -> str:
        """Module path."""

    @property
    def name(self) -> str:
        """Name within the layer."""

    @property
    def role(self) -> str:
        """weight, bias, scale or statistic."""

    @property
    def initializer(self) -> str:
        """Name in the file."""

    @property
    def shape(self) -> Shape:
        """Shape as it is read."""

    @property
    def operators(self) -> tuple[str, ...]:
        """Types of the nodes that take it."""

    @property
    def output_axis(self) -> int | None:
        """Axis along which the layer's outputs lie, None where that means nothing."""


def key_of(tensor: Tensor) -> TensorKey:
    """Layer and name in the tensor's own model."""
    return tensor.layer, tensor.name


def family(tensor: Tensor) -> str:
    """The operator as the float model has it: a MatMulNBits takes a matrix as a Gemm does."""
    operator = tensor.operators[0] if tensor.operators else ""
    return FAMILIES.get(operator, operator)


def is_turned(tensor: Tensor) -> bool:
    """Whether it is a matrix stored inputs first, as MatMul has it and torch has not."""
    return len(tensor.shape) == 2 and tensor.output_axis == 1


def form(tensor: Tensor) -> Shape:
    """The shape without what its form of storage adds: outputs first, no sides of one."""
    sides = tensor.shape[::-1] if is_turned(tensor) else tensor.shape
    return tuple(side for side in sides if side != 1)


def signature(tensor: Tensor) -> Signature:
    """What two spellings of one tensor agree in when nothing is known of their names."""
    # The bias of a Gemm may be an Add of its own, the scale of a norm a Mul.
    kind = family(tensor) if tensor.role == "weight" else ""
    return tensor.role, kind, form(tensor)


def original(tensor: Tensor) -> str:
    """The name in the file before quantizers added to it."""
    return without_quantization(tensor.initializer)


def is_named(tensor: Tensor) -> bool:
    """Whether layer and name come from the network's author, not from an exporter's counter."""
    return given_place(original(tensor)) is not None or not is_counted(tensor.layer)
