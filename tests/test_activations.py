"""Intermediate tensors: which are shown, and how they come out of a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import tiny_models
import tiny_study
from onnx import ModelProto
from onnxruntime.quantization import quantize_dynamic

from cc_export.dataset import open_dataset
from cc_export.evaluate import activation
from cc_export.onnx_models.activations import activations, with_outputs
from cc_export.study import load_study

MODEL = tiny_models.float32(tiny_models.weights())
BETWEEN = ("/conv1/Conv_output_0", "/relu/Relu_output_0")


def shown(model: ModelProto) -> tuple[tuple[str, str, str], ...]:
    return tuple((one.tensor, one.layer, one.operator) for one in activations(model))


def rewritten(model: ModelProto, tensors: tuple[str, ...]) -> bytes:
    """The model with more outputs, the long way: parsed, changed, written."""
    changed = ModelProto()
    changed.CopyFrom(model)
    for tensor in tensors:
        changed.graph.output.append(onnx.ValueInfoProto(name=tensor))
    return changed.SerializeToString()


def test_what_is_shown() -> None:
    """Each layer's output is shown, but neither other spellings of it nor the model's answer."""
    assert shown(MODEL) == (
        ("/conv1/Conv_output_0", "conv1", "Conv"),
        ("/relu/Relu_output_0", "relu", "Relu"),
    )


def test_quantized_models_show_the_same(tmp_path: Path) -> None:
    """Steps that a quantizer put between are left out; what stays keeps its name."""
    (tmp_path / "float.onnx").write_bytes(MODEL.SerializeToString())
    quantize_dynamic(tmp_path / "float.onnx", tmp_path / "int8.onnx")
    assert shown(onnx.load(tmp_path / "int8.onnx")) == shown(MODEL)


def test_the_suffix_equals_the_rewritten_model() -> None:
    """Appending a message that names outputs gives what rewriting the model gives."""
    image = np.arange(48, dtype=np.float32).reshape(3, 1, 4, 4)
    names = ["logits", *BETWEEN]
    results = [
        ort.InferenceSession(content).run(names, {"image": image})
        for content in (
            with_outputs(MODEL.SerializeToString(), BETWEEN),
            rewritten(MODEL, BETWEEN),
        )
    ]
    for suffixed, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(suffixed, expected)
    assert onnx.load_from_string(with_outputs(MODEL.SerializeToString(), BETWEEN)) == (
        onnx.load_from_string(rewritten(MODEL, BETWEEN))
    )


def test_values_for_some_instances() -> None:
    """Activations are computed for the instances asked for, inputs made as for evaluation."""
    study = load_study(tiny_study.TINY)
    assert study.dataset is not None
    dataset = open_dataset(study.dataset)
    path = tiny_study.TINY / "models" / "base.onnx"
    conv, relu = activation(path, dataset, BETWEEN, slice(2, 5))
    assert conv.shape == relu.shape == (3, 2, 4, 4)
    np.testing.assert_array_equal(relu, np.maximum(conv, 0))
    [one] = activation(path, dataset, BETWEEN[:1], slice(3, 4))
    np.testing.assert_array_equal(one[0], conv[1])
