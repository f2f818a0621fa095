"""Quantization, from ONNX model to ONNX model, with onnxruntime's own tools."""

import copy
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from dataset import Digits

CALIBRATION_IMAGES = 200


def quantize(
    model: onnx.ModelProto, digits: Digits, parameters: Mapping[str, str]
) -> onnx.ModelProto:
    """The model with weights of fewer bits; its input and output stay float32.

    Args:
        model: a float32 model.
        digits: the training digits; static quantization calibrates on the first 200.
        parameters: as in study.yaml. ``format`` is ``int8`` or ``float16``; int8 has a
            ``method``: ``dynamic`` (the scales of activations are found while running) or
            ``static QDQ`` (found beforehand, written as QuantizeLinear and DequantizeLinear).

    Raises:
        ValueError: the format and method are none of those.
    """
    way = (parameters.get("format"), parameters.get("method"))
    if way not in WAYS:
        allowed = ", ".join(f"{form} / {method}" for form, method in WAYS)
        raise ValueError(
            f"study.yaml: operation quantize has format / method {way[0]} / {way[1]}; "
            f"allowed are {allowed}"
        )
    return WAYS[way](model, digits)


def _float16(model: onnx.ModelProto, digits: Digits) -> onnx.ModelProto:
    """Weights and arithmetic in float16, with casts behind the input and before the output."""
    converted = convert_float_to_float16(copy.deepcopy(model), keep_io_types=True)
    # The converter appends the cast of the input; ONNX wants every node behind its inputs.
    OnnxModel.graph_topological_sort(converted.graph, is_deterministic=True)
    return converted


def _dynamic(model: onnx.ModelProto, digits: Digits) -> onnx.ModelProto:
    """8-bit weights, unsigned because that is what onnxruntime's ConvInteger can read."""
    return _through_files(
        model, lambda source, target: quantize_dynamic(source, target, weight_type=QuantType.QUInt8)
    )


def _static(model: onnx.ModelProto, digits: Digits) -> onnx.ModelProto:
    """Signed 8-bit weights with one scale per output channel, and unsigned 8-bit activations.

    Batch normalization stays float32: its 840 numbers are not worth the error.
    """
    calibration = _Calibration(digits.pixels()[:CALIBRATION_IMAGES])
    return _through_files(
        model,
        lambda source, target: quantize_static(
            source,
            target,
            calibration,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Gemm"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
        ),
    )


# (format, method) as study.yaml names them. A float16 model needs no method: it is a cast.
WAYS: dict[tuple[str | None, str | None], Callable[..., onnx.ModelProto]] = {
    ("int8", "dynamic"): _dynamic,
    ("int8", "static QDQ"): _static,
    ("float16", None): _float16,
}


class _Calibration(CalibrationDataReader):
    """The images one at a time, as quantize_static asks for them."""

    def __init__(self, pixels: np.ndarray) -> None:
        self._batches: Iterator[np.ndarray] = iter(pixels[:, np.newaxis])

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next image as a feed, or None behind the last."""
        batch = next(self._batches, None)
        return None if batch is None else {"image": batch}


def _through_files(
    model: onnx.ModelProto, quantizer: Callable[[Path, Path], None]
) -> onnx.ModelProto:
    """Run a quantizer that reads and writes files; given a model in memory, it would alter it.

    Its advice to fold batch normalization first is not shown: here the layers keep their names.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.onnx", Path(folder) / "target.onnx"
        onnx.save(model, source)
        logging.disable(logging.WARNING)
        try:
            quantizer(source, target)
        finally:
            logging.disable(logging.NOTSET)
        return onnx.load(target)
