"""Small ONNX models with the names torch's exporter gives, whose arithmetic is exact.

Weights are multiples of 1/16 and images whole numbers, so that every sum is the same in any order
of adding and on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

Array = NDArray[np.generic]
SIDE, CHANNELS, CLASSES = 4, 2, 3
NAMES = ("conv1.weight", "conv1.bias", "fc.weight", "fc.bias")


def weights(seed: int = 0) -> dict[str, Array]:
    """Weights of the tiny network: a 3×3 convolution and a linear layer."""
    rng = np.random.default_rng(seed)
    shapes = ((CHANNELS, 1, 3, 3), (CHANNELS,), (CLASSES, CHANNELS * SIDE * SIDE), (CLASSES,))
    return {
        name: (rng.integers(-12, 13, shape) / 16).astype(np.float32)
        for name, shape in zip(NAMES, shapes, strict=True)
    }


def pruned(values: dict[str, Array], share: float = 0.5) -> dict[str, Array]:
    """The same weights with the smallest of each matrix set to zero."""
    found = {}
    for name, array in values.items():
        limit = np.quantile(np.abs(array), share)
        found[name] = np.where(np.abs(array) <= limit, 0, array).astype(array.dtype)
    return found


@dataclass
class Parts:
    """What a graph is made of, to be changed before it is a model."""

    nodes: list[NodeProto] = field(default_factory=list)
    initializers: dict[str, Array] = field(default_factory=dict)
    element: int = TensorProto.FLOAT
    batch: str | int = "batch"

    def model(self, outputs: Sequence[str] = ("logits",)) -> ModelProto:
        """The model, with one input ``image`` of shape [batch, 1, 4, 4]."""
        image = value("image", [self.batch, 1, SIDE, SIDE], self.element)
        graph = helper.make_graph(
            self.nodes,
            "tiny",
            [image],
            [value(name, None, self.element) for name in outputs],
            [numpy_helper.from_array(a, name) for name, a in self.initializers.items()],
        )
        return finished(graph)


def value(name: str, shape: list[str | int] | None, element: int) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, element, shape)


def finished(graph: object, opset: int = 17) -> ModelProto:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    model.producer_name = ""
    return model


def network(values: dict[str, Array], element: int = TensorProto.FLOAT) -> Parts:
    """conv1 → Relu → Flatten → fc, as torch's exporter writes it."""
    nodes = [
        helper.make_node(
            "Conv",
            ["image", "conv1.weight", "conv1.bias"],
            ["/conv1/Conv_output_0"],
            name="/conv1/Conv",
            pads=[1, 1, 1, 1],
            kernel_shape=[3, 3],
        ),
        helper.make_node(
            "Relu", ["/conv1/Conv_output_0"], ["/relu/Relu_output_0"], name="/relu/Relu"
        ),
        helper.make_node(
            "Flatten", ["/relu/Relu_output_0"], ["/Flatten_output_0"], name="/Flatten"
        ),
        helper.make_node(
            "Gemm",
            ["/Flatten_output_0", "fc.weight", "fc.bias"],
            ["logits"],
            name="/fc/Gemm",
            transB=1,
        ),
    ]
    return Parts(nodes, dict(values), element)


def float32(values: dict[str, Array]) -> ModelProto:
    return network(values).model()


def float16(values: dict[str, Array]) -> ModelProto:
    halves = {name: array.astype(np.float16) for name, array in values.items()}
    return network(halves, TensorProto.FLOAT16).model()


def int8_per_channel(values: dict[str, Array], scale: float = 1 / 16) -> ModelProto:
    """Weights stored in int8 behind DequantizeLinear, one scale for each output channel."""
    parts = network(values)
    for name in ("conv1.weight", "fc.weight"):
        array = parts.initializers.pop(name)
        scales = np.full(len(array), scale, np.float32)
        # Channels differ, so that a wrong axis shows.
        scales[1:] *= 2
        shape = (-1, *[1] * (array.ndim - 1))
        stored = np.rint(array / scales.reshape(shape)).astype(np.int8)
        parts.initializers |= {
            f"{name}_quantized": stored,
            f"{name}_scale": scales,
            f"{name}_zero_point": np.zeros(len(array), np.int8),
        }
        inputs = [f"{name}_quantized", f"{name}_scale", f"{name}_zero_point"]
        node = helper.make_node(
            "DequantizeLinear", inputs, [name], name=f"{name}_DequantizeLinear", axis=0
        )
        parts.nodes.insert(0, node)
    return parts.model()
