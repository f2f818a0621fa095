"""Names of layers, and who uses a tensor."""

from __future__ import annotations

import time

import pytest
import tiny_models
from onnx import helper

from cc_export.onnx_models.graph import Graph, module_path, without_quantization


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/conv1/Conv", "conv1"),
        ("/conv1/Conv_output_0", "conv1"),
        ("/stage1/stage1.0/conv/Conv_output_0", "stage1.0.conv"),
        ("/layer1/layer1.1/bn2/BatchNormalization", "layer1.1.bn2"),
        ("/fc/Gemm_output_0_QuantizeLinear_Output", "fc"),
        ("/Flatten_output_0", "Flatten"),
        ("/Add_3", "Add"),
        ("/Add_3_output_0", "Add"),
        ("plain name", "plain name"),
        ("/", "/"),
        ("", ""),
    ],
)
def test_module_paths(name: str, expected: str) -> None:
    """Node and tensor names of torch's exporter say their module; others stay as they are."""
    assert module_path(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fc.weight_quantized", "fc.weight"),
        ("fc.weight_Transposed_quantized", "fc.weight"),
        ("fc.weight_DequantizeLinear_Output", "fc.weight"),
        ("fc.weight", "fc.weight"),
        ("fc.weight_scaled_output_quantized", "fc.weight"),
        ("x_output_scaled_output_scaled", "x"),
        ("_DQ", ""),
    ],
)
def test_names_before_quantization(name: str, expected: str) -> None:
    """What quantizers append to names is taken off, repeatedly."""
    assert without_quantization(name) == expected


def test_long_names_take_no_longer() -> None:
    """Looking for endings costs as little in a name of a million characters as in any other."""
    name = "_DQ" * 300_000 + "x"
    begin = time.process_time()
    assert without_quantization(name) == module_path(name) == name
    assert without_quantization(name + "_DQ") == name
    assert module_path("/a/" + name) == "a"
    assert time.process_time() - begin < 1


def test_uses_are_seen_through_other_spellings() -> None:
    """A constant behind casts, new shapes and quantization is used by what computes with it."""
    nodes = [
        helper.make_node("Cast", ["w"], ["cast"], to=1),
        helper.make_node("Reshape", ["cast", "shape"], ["shaped"]),
        helper.make_node("Mul", ["image", "shaped"], ["logits"]),
        helper.make_node("Neg", ["w"], ["other"]),
    ]
    uses = Graph(tiny_models.Parts(nodes).model().graph).real_uses("w")
    assert sorted((use.node.op_type, use.place) for use in uses) == [("Mul", 1), ("Neg", 0)]


def test_circles_of_spellings_end() -> None:
    """A damaged graph whose casts feed each other is no endless loop."""
    nodes = [
        helper.make_node("Cast", ["a"], ["b"], to=1),
        helper.make_node("Cast", ["b"], ["a"], to=1),
        helper.make_node("Neg", ["image"], ["logits"]),
    ]
    assert Graph(tiny_models.Parts(nodes).model().graph).real_uses("a") == []
