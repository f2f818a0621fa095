"""Writes the small ONNX models of the browser tests: python make.py (needs onnx and numpy)."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent


def save(name, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
        producer_name="cc-export tests",
    )
    onnx.checker.check_model(model)
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def floats(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


# hidden = relu(x @ w1); y = hidden @ w2, with weights a reader can check by head
save(
    "perceptron",
    [
        helper.make_node("MatMul", ["x", "w1"], ["sum"], name="first"),
        helper.make_node("Relu", ["sum"], ["hidden"], name="activation"),
        helper.make_node("MatMul", ["hidden", "w2"], ["y"], name="second"),
    ],
    [floats("x", ["n", 3])],
    [floats("y", ["n", 2])],
    [
        numpy_helper.from_array(np.array([[1, -1], [2, -2], [3, -3]], np.float32), "w1"),
        numpy_helper.from_array(np.array([[1, 10], [1, 10]], np.float32), "w2"),
    ],
)

# the same numbers in the types that JavaScript treats in ways of its own
save(
    "types",
    [
        helper.make_node("Cast", ["x"], ["half"], to=TensorProto.FLOAT16),
        helper.make_node("Cast", ["x"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Cast", ["x"], ["double"], to=TensorProto.DOUBLE),
        helper.make_node("Greater", ["x", "one"], ["above"]),
    ],
    [floats("x", ["n"])],
    [
        helper.make_tensor_value_info("half", TensorProto.FLOAT16, ["n"]),
        helper.make_tensor_value_info("whole", TensorProto.INT64, ["n"]),
        helper.make_tensor_value_info("double", TensorProto.DOUBLE, ["n"]),
        helper.make_tensor_value_info("above", TensorProto.BOOL, ["n"]),
    ],
    [numpy_helper.from_array(np.float32(1), "one")],
)
