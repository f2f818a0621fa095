"""What a stored tensor is to a model, by the operator and the place that take it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from onnx import TensorProto

from cc_export.errors import ModelError
from cc_export.onnx_models.flat import KNOWN_DOMAINS
from cc_export.onnx_models.graph import Use

ROLES: Mapping[tuple[str, int], str] = {
    ("Conv", 1): "weight", ("Conv", 2): "bias",
    ("ConvTranspose", 1): "weight", ("ConvTranspose", 2): "bias",
    ("ConvInteger", 1): "weight",
    ("QLinearConv", 3): "weight", ("QLinearConv", 8): "bias",
    ("Gemm", 0): "weight", ("Gemm", 1): "weight", ("Gemm", 2): "bias",
    ("QGemm", 3): "weight", ("QGemm", 6): "bias",
    ("MatMul", 0): "weight", ("MatMul", 1): "weight",
    ("MatMulInteger", 0): "weight", ("MatMulInteger", 1): "weight",
    ("QLinearMatMul", 0): "weight", ("QLinearMatMul", 3): "weight",
    ("Gather", 0): "weight",
    ("LSTM", 1): "weight", ("LSTM", 2): "weight", ("LSTM", 3): "bias", ("LSTM", 7): "weight",
    ("GRU", 1): "weight", ("GRU", 2): "weight", ("GRU", 3): "bias",
    ("RNN", 1): "weight", ("RNN", 2): "weight", ("RNN", 3): "bias",
    ("BatchNormalization", 1): "scale", ("BatchNormalization", 2): "bias",
    ("BatchNormalization", 3): "statistic", ("BatchNormalization", 4): "statistic",
    ("InstanceNormalization", 1): "scale", ("InstanceNormalization", 2): "bias",
    ("GroupNormalization", 1): "scale", ("GroupNormalization", 2): "bias",
    ("LayerNormalization", 1): "scale", ("LayerNormalization", 2): "bias",
    ("SimplifiedLayerNormalization", 1): "scale", ("RMSNormalization", 1): "scale",
    ("PRelu", 1): "scale",
    ("DeformConv", 1): "weight", ("DeformConv", 3): "bias",
    # Of onnxruntime: block-quantized and fused operators.
    ("MatMulNBits", 1): "weight", ("MatMulNBits", 5): "bias",
    ("MatMulBnb4", 1): "weight",
    ("GatherBlockQuantized", 0): "weight",
    ("MatMulIntegerToFloat", 1): "weight", ("MatMulIntegerToFloat", 6): "bias",
    ("DynamicQuantizeMatMul", 1): "weight", ("DynamicQuantizeMatMul", 4): "bias",
    ("FusedConv", 1): "weight", ("FusedConv", 2): "bias",
    ("NhwcFusedConv", 1): "weight", ("NhwcFusedConv", 2): "bias",
    ("FusedGemm", 0): "weight", ("FusedGemm", 1): "weight", ("FusedGemm", 2): "bias",
    ("FusedMatMul", 0): "weight", ("FusedMatMul", 1): "weight",
    ("NhwcConv", 1): "weight", ("NhwcConv", 2): "bias",
    ("Attention", 1): "weight", ("Attention", 2): "bias",
    ("PackedAttention", 1): "weight", ("PackedAttention", 2): "bias",
    ("MultiHeadAttention", 3): "bias", ("PackedMultiHeadAttention", 3): "bias",
    ("QAttention", 1): "weight", ("QAttention", 2): "bias",
    ("DynamicQuantizeLSTM", 1): "weight", ("DynamicQuantizeLSTM", 2): "weight",
    ("DynamicQuantizeLSTM", 3): "bias", ("DynamicQuantizeLSTM", 7): "weight",
    ("MoE", 2): "weight", ("MoE", 3): "bias", ("MoE", 4): "weight", ("MoE", 5): "bias",
    ("MoE", 6): "weight", ("MoE", 7): "bias",
    ("GroupNorm", 1): "scale", ("GroupNorm", 2): "bias",
    ("SkipGroupNorm", 1): "scale", ("SkipGroupNorm", 2): "bias",
    ("SkipLayerNormalization", 2): "scale", ("SkipLayerNormalization", 3): "bias",
    ("SkipLayerNormalization", 4): "bias",
    ("SkipSimplifiedLayerNormalization", 2): "scale",
    ("SkipSimplifiedLayerNormalization", 3): "bias",
    ("EmbedLayerNormalization", 2): "weight", ("EmbedLayerNormalization", 3): "weight",
    ("EmbedLayerNormalization", 4): "weight", ("EmbedLayerNormalization", 5): "scale",
    ("EmbedLayerNormalization", 6): "bias",
    ("QEmbedLayerNormalization", 2): "weight", ("QEmbedLayerNormalization", 3): "weight",
    ("QEmbedLayerNormalization", 4): "weight", ("QEmbedLayerNormalization", 5): "scale",
    ("QEmbedLayerNormalization", 6): "bias",
    ("BiasGelu", 1): "bias", ("FastGelu", 1): "bias", ("BiasAdd", 1): "bias",
    ("BiasSplitGelu", 1): "bias", ("BiasDropout", 1): "bias", ("BitmaskBiasDropout", 1): "bias",
    ("FusedMatMulActivation", 0): "weight", ("FusedMatMulActivation", 1): "weight",
    ("TransposeMatMul", 0): "weight", ("TransposeMatMul", 1): "weight",
    ("GemmFastGelu", 1): "weight", ("GemmFastGelu", 2): "bias",
    ("QLinearConvTranspose", 3): "weight", ("QLinearConvTranspose", 8): "bias",
    ("ConvTransposeWithDynamicPads", 1): "weight", ("ConvTransposeWithDynamicPads", 3): "bias",
    ("CausalConvWithState", 1): "weight", ("CausalConvWithState", 2): "bias",
    ("DecoderAttention", 2): "weight", ("DecoderAttention", 3): "weight",
    ("DecoderAttention", 4): "bias",
    ("DecoderMaskedSelfAttention", 1): "weight", ("DecoderMaskedSelfAttention", 2): "bias",
    ("DecoderMaskedMultiHeadAttention", 10): "bias",
    ("LongformerAttention", 1): "weight", ("LongformerAttention", 2): "bias",
    ("LongformerAttention", 4): "weight", ("LongformerAttention", 5): "bias",
    ("GroupQueryAttention", 14): "scale", ("GroupQueryAttention", 15): "scale",
    ("GatedRelativePositionBias", 1): "bias", ("GatedRelativePositionBias", 3): "weight",
    ("GatedRelativePositionBias", 4): "bias", ("RelativePositionBias", 0): "weight",
    ("TorchEmbedding", 0): "weight",
    ("WordConvEmbedding", 1): "weight", ("WordConvEmbedding", 2): "bias",
    ("WordConvEmbedding", 3): "weight",
    ("AttnLSTM", 1): "weight", ("AttnLSTM", 2): "weight", ("AttnLSTM", 3): "bias",
}  # fmt: skip
# Of several numbers, these take a trained array at any place; a single number is none.
_ARRAYS = {
    "Add": "bias", "Sub": "bias", "Mul": "scale", "Div": "scale",
    "QLinearAdd": "bias", "QLinearMul": "scale",
    "Einsum": "weight", "Concat": "weight", "Where": "weight", "Expand": "weight",
    "QLinearConcat": "weight", "QLinearWhere": "weight",
}  # fmt: skip
# Packed in ways that are not read here. Left out, a model would seem smaller than it is.
_UNREAD = frozenset(
    {
        ("MatMulFpQ4", 1), ("QMoE", 2), ("QMoE", 5), ("QMoE", 8),
        ("MatMulBlockQuantizedFp4Weight", 1), ("MatMulBlockQuantizedFp8Weight", 1),
        ("MatMulNBitsMlp", 3), ("MatMulNBitsMlp", 6), ("MatMulNBitsQkv", 3), ("MatMulNBitsQkv", 6),
        ("MatMulNBitsQkv", 9), ("MatMulNBitsQLoRA", 1), ("MatMulPacked", 1), ("GemmFloat8", 1),
        ("QOrderedMatMul", 2), ("QOrderedAttention", 5), ("QOrderedAttention", 6),
        ("QOrderedAttention", 7), ("QOrderedLongformerAttention", 2),
        ("QOrderedLongformerAttention", 8), ("MatMulInteger16", 1), ("MoEPacked", 2),
        ("MoEPacked", 3), ("MoEPacked", 4), ("SparseToDenseMatMul", 0),
    }
)  # fmt: skip
# Types whose values are no trained numbers: text, flags, indices, shapes.
NO_NUMBERS = frozenset(
    {
        TensorProto.UNDEFINED, TensorProto.STRING, TensorProto.BOOL, TensorProto.INT64,
        TensorProto.COMPLEX64, TensorProto.COMPLEX128,
    }
)  # fmt: skip
FLOATS = frozenset(
    {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE}
)


def role_of(use: Use, tensor: TensorProto, scaled: bool) -> str | None:
    """The role of a tensor where a node takes it; None where it is no trained one.

    "statistic" is state that is measured, not trained: it is shown, but is no parameter.

    Args:
        use: the node and the place.
        tensor: the stored tensor.
        scaled: whether it is of integers whose scale is known, which stand for numbers like floats.

    Raises:
        ModelError: it is trained, in a form that cannot be read.
    """
    operator = use.node.op_type
    if (operator, use.place) in _UNREAD:
        raise ModelError(
            f"the weights {tensor.name!r} of the {operator} node {use.node.name!r} are packed in a "
            "form that is not understood",
            "Is there a newer cc-export?",
        )
    if tensor.data_type in NO_NUMBERS:
        return None
    known = ROLES.get((operator, use.place))
    if (
        known is None
        and not use.part
        and math.prod(tensor.dims) > 1
        and (scaled or tensor.data_type in FLOATS)
    ):
        # Of another library's operator nobody knows which arrays it multiplies by.
        return "weight" if use.node.domain not in KNOWN_DOMAINS else _ARRAYS.get(operator)
    return known
