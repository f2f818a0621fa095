"""The module that a node or a tensor speaks for."""

from __future__ import annotations

import pytest
from onnx import helper

from cc_export.onnx_models.modules import given_place, module_of


def scoped(scopes: str, name: str = "node_conv2d_3") -> str:
    node = helper.make_node("Conv", ["x", "w"], ["conv2d_3"], name=name)
    node.metadata_props.add(key="pkg.torch.onnx.class_hierarchy", value="['Net', 'Conv2d']")
    node.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=scopes)
    return module_of(node)


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ("['', 'stages', 'stages.0', 'stages.0.conv', 'conv2d_3']", "stages.0.conv"),
        ("['', 'stages.0', 'add_15']", "stages.0"),
        ("['', 'relu_2']", "relu"),
        ('["", "block", "add"]', "block"),
        ("[]", "node_conv2d_3"),
        ("no list " + "[" * 10_000, "node_conv2d_3"),
    ],
)
def test_scopes(scopes: str, expected: str) -> None:
    """What torch's newer exporter notes on a node is its module; anything else is ignored."""
    assert scoped(scopes) == expected


@pytest.mark.parametrize(
    ("name", "output", "expected"),
    [
        ("/stages/stages.0/conv/Conv", "y", "stages.0.conv"),
        ("fused /shared/Gemm", "y", "shared"),
        ("/up/MatMul_Q4", "y", "up"),
        ("", "/fc/Gemm_output_0", "fc"),
        ("", "", ""),
    ],
)
def test_names(name: str, output: str, expected: str) -> None:
    """Without scopes it is the node's name, else its output's."""
    node = helper.make_node("Gemm", ["x", "w"], [output] if output else [], name=name)
    assert module_of(node) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stages.0.conv.weight", ("stages.0.conv", "weight")),
        ("onnx::Conv_40", None),
        ("/proj/Transpose_output_0", None),
        ("val_12", None),
    ],
)
def test_given_places(name: str, expected: tuple[str, str] | None) -> None:
    """An initializer of a state_dict says where it belongs; other names do not."""
    assert given_place(name) == expected
