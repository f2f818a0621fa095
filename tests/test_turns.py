"""Nodes that change a shape are followed, and undone."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import GraphProto, NodeProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from tiny_models import finished, value

from cc_export.onnx_models.graph import Graph
from cc_export.onnx_models.turns import turn_of, undone

SHAPE = (2, 1, 6)
VALUES = np.arange(12, dtype=np.float32).reshape(SHAPE)


def with_given(node: NodeProto, given: object) -> GraphProto:
    tensors = [numpy_helper.from_array(np.array(given), "given")] if given is not None else []
    if tensors:
        node.input.append("given")
    return helper.make_graph([node], "g", [value("x", [*SHAPE], 1)], [value("y", None, 1)], tensors)


@pytest.mark.parametrize(
    ("operator", "attributes", "given"),
    [
        ("Transpose", {}, None),
        ("Transpose", {"perm": [1, 2, 0]}, None),
        ("Reshape", {}, [3, 4]),
        ("Reshape", {}, [0, -1]),
        ("Reshape", {}, [-1]),
        ("Flatten", {}, None),
        ("Flatten", {"axis": -1}, None),
        ("Flatten", {"axis": 0}, None),
        ("Squeeze", {}, None),
        ("Squeeze", {}, [-2]),
        ("Unsqueeze", {}, [0, -1]),
    ],
)
def test_shapes_are_those_of_onnx(
    operator: str, attributes: dict[str, object], given: object
) -> None:
    """The shape behind a node is what onnx's own reference makes, and its values find back."""
    node = helper.make_node(operator, ["x"], ["y"], **attributes)
    graph = with_given(node, given)
    [expected] = ReferenceEvaluator(finished(graph)).run(None, {"x": VALUES})
    turn = turn_of(Graph(graph), node, SHAPE)
    assert turn is not None
    assert turn.after == expected.shape
    np.testing.assert_array_equal(undone(expected, [turn], SHAPE), VALUES)


@pytest.mark.parametrize(
    ("operator", "attributes", "given"),
    [
        ("Transpose", {"perm": [0, 0, 1]}, None),
        ("Reshape", {}, [5, -1]),
        ("Reshape", {}, [-1, -1]),
        ("Reshape", {}, [0, 0, 0, 0]),
        ("Reshape", {}, ["12"]),
        ("Reshape", {}, None),
        ("Squeeze", {}, [0]),
        ("Unsqueeze", {}, [0, 0]),
        ("Flatten", {"axis": 7}, None),
        ("Relu", {}, None),
    ],
)
def test_what_is_not_known(operator: str, attributes: dict[str, object], given: object) -> None:
    """Nodes that do not fit the tensor, or that are none of these, are not followed."""
    node = helper.make_node(operator, ["x"], ["y"], **attributes)
    assert turn_of(Graph(with_given(node, given)), node, SHAPE) is None
