"""Along which side of a weight the outputs of its layer lie."""

from __future__ import annotations

from cc_export.onnx_models.graph import Use, attribute

_KERNELS = frozenset(
    {"Conv", "FusedConv", "NhwcConv", "NhwcFusedConv", "QLinearConv", "ConvInteger", "DeformConv"}
)
_TRANSPOSED = frozenset({"ConvTranspose", "QLinearConvTranspose", "ConvTransposeWithDynamicPads"})
_RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
# Products of two matrices: the place of the second, and whether it may be told to be transposed.
_PRODUCTS = {
    "Gemm": 1, "FusedGemm": 1, "QGemm": 3, "MatMul": 1, "FusedMatMul": 1, "MatMulInteger": 1,
    "QLinearMatMul": 3, "Attention": 1, "QAttention": 1, "MatMulIntegerToFloat": 1,
    "DynamicQuantizeMatMul": 1, "DynamicQuantizeLSTM": 1, "TransposeMatMul": 1, "GemmFastGelu": 1,
    "FusedMatMulActivation": 1, "LongformerAttention": 1, "DecoderMaskedSelfAttention": 1,
    "PackedAttention": 1,
}  # fmt: skip


def output_axis(use: Use, shape: tuple[int, ...]) -> int | None:
    """The axis of a tensor of that shape along which the outputs of the node lie.

    Two spellings of one matrix whose axes differ are each other's transpose. None where a layer
    has no outputs in this sense (the rows of an embedding).
    """
    if len(shape) == 2:
        axis = _of_matrix(use)
        return 1 - axis if axis is not None and use.turned else axis
    operator = use.node.op_type
    if operator in _KERNELS and shape:
        return 0
    if operator in _TRANSPOSED and len(shape) > 1:
        return 1
    if operator in _RECURRENT and len(shape) > 1:
        return 1
    if operator in _PRODUCTS and len(shape) > 1:
        return len(shape) - 1 if use.place == _PRODUCTS[operator] else len(shape) - 2
    long = [axis for axis, side in enumerate(shape) if side != 1]
    return long[0] if len(long) == 1 else None


def _of_matrix(use: Use) -> int | None:
    operator = use.node.op_type
    if operator == "MatMulBnb4":
        backwards = attribute(use.node, "transB")
        return 1 if backwards and not backwards.i else 0
    if operator == "MatMulNBits" or operator in _KERNELS:
        return 0
    if operator in _RECURRENT:
        return 1
    second = _PRODUCTS.get(operator)
    if second is None:
        return None
    told = attribute(use.node, "transB" if use.place == second else "transA")
    transposed = told is not None and bool(told.i)
    # Outputs are the columns of a second factor and the rows of a first one.
    return int((use.place == second) != transposed)
