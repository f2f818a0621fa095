"""From a network to an ONNX model whose layers keep the names of the network's modules."""

import copy
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from dataset import SIDE

OPSET = 17
TOLERANCE = 1e-3


def to_onnx(network: nn.Module, pixels: np.ndarray) -> onnx.ModelProto:
    """The network as ONNX: input image [n, 1, 28, 28], output logits [n, 10], float32.

    Batch normalization stays a node of its own, and every initializer is named as in the
    network's state_dict, such as ``stage2.conv1.weight``.

    Args:
        network: the network; it is left as it was.
        pixels: images [n, 1, 28, 28] in [0, 1] to compare PyTorch and onnxruntime on.

    Raises:
        ValueError: onnxruntime answers these images differently.
    """
    network = copy.deepcopy(network).eval()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        path = Path(folder) / "model.onnx"
        # The TorchScript exporter announces its own retirement. The newer one would fold batch
        # normalization into the convolutions or, told not to, leave a noisy graph.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (torch.zeros(1, 1, SIDE, SIDE),),
            path,
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            opset_version=OPSET,
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": {0: "n"}, "logits": {0: "n"}},
        )
        exported = onnx.load(path)
    names = [name for name in network.state_dict() if not name.endswith("num_batches_tracked")]
    model = _one_initializer_each(exported, names)
    _check_same_answers(network, model, pixels)
    return model


def logits(model: onnx.ModelProto, pixels: np.ndarray) -> np.ndarray:
    """What onnxruntime answers for images [n, 1, 28, 28] in [0, 1]: logits [n, 10]."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(["logits"], {"image": pixels})[0]


def _one_initializer_each(model: onnx.ModelProto, names: list[str]) -> onnx.ModelProto:
    """Undo the exporter's merging of equal tensors.

    It stores tensors of equal values once and gives the others their names by Identity nodes:
    in a pruned network, every norm bias that is all zeros. Here each gets its initializer back,
    in the order of the names given.
    """
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type == "Identity" and node.input[0] in stored:
            tensor = copy.deepcopy(stored[node.input[0]])
            tensor.name = node.output[0]
            stored[tensor.name] = tensor
        else:
            nodes.append(node)
    restored = copy.deepcopy(model)
    del restored.graph.node[:], restored.graph.initializer[:]
    restored.graph.node.extend(nodes)
    restored.graph.initializer.extend(stored[name] for name in names)
    return restored


def _check_same_answers(network: nn.Module, model: onnx.ModelProto, pixels: np.ndarray) -> None:
    """Raise ValueError when onnxruntime's logits are not those of PyTorch."""
    with torch.no_grad():
        expected = network(torch.from_numpy(pixels)).numpy()
    difference = float(np.abs(logits(model, pixels) - expected).max())
    allowed = TOLERANCE * max(1.0, float(np.abs(expected).max()))
    if not difference <= allowed:
        raise ValueError(
            f"onnxruntime and PyTorch disagree on the logits by {difference:.3g}, "
            f"more than {allowed:.3g}; is an operator exported in training mode?"
        )
