"""Make the models of study.yaml, in its order: ``python examples/tumours/make.py [FOLDER]``.

Needs numpy, onnx and PyYAML, and two seconds. FOLDER is where the models go (``models`` here).
"""

import csv
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
CLASSES = ("malignant", "benign")
RATE, DECAY, SEED = 0.01, 1e-3, 3
BITS = {"int8": (8, TensorProto.INT8), "int4": (4, TensorProto.INT4)}


@dataclass(frozen=True)
class Network:
    """Layers of weights (outputs, inputs) and biases, with a ReLU between them.

    ``mean`` and ``scale`` are those of the training rows; ``bits`` says how weights are stored
    (None: as float32).
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    mean: np.ndarray
    scale: np.ndarray
    bits: str | None = None


@dataclass
class Adam:
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019) for a list of arrays."""

    rate: float
    first: list[np.ndarray] = field(default_factory=list)
    second: list[np.ndarray] = field(default_factory=list)
    steps: int = 0

    def moved(self, values: list[np.ndarray], slopes: list[np.ndarray]) -> list[np.ndarray]:
        """The values after one step."""
        if not self.steps:
            self.first = [np.zeros_like(v) for v in values]
            self.second = [np.zeros_like(v) for v in values]
        self.steps += 1
        self.first = [0.9 * m + 0.1 * g for m, g in zip(self.first, slopes, strict=True)]
        self.second = [0.99 * v + 0.01 * g * g for v, g in zip(self.second, slopes, strict=True)]
        ahead, aside = 1 - 0.9**self.steps, 1 - 0.99**self.steps
        return [
            value * (1 - self.rate * DECAY) - self.rate * m / ahead / (np.sqrt(v / aside) + 1e-8)
            for value, m, v in zip(values, self.first, self.second, strict=True)
        ]


def read(path: Path, columns: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, columns) and class indices (n,) of a table."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    features = np.array([[float(row[name]) for name in columns] for row in rows])
    return features, np.array([CLASSES.index(row["diagnosis"]) for row in rows])


def fresh(features: np.ndarray, hidden: str, rng: np.random.Generator) -> Network:
    """A network of the given widths, such as ``32-16``, with random weights."""
    widths = [] if hidden == "none" else list(map(int, hidden.split("-")))
    sides = [features.shape[1], *widths, len(CLASSES)]
    shapes = list(zip(sides[1:], sides[:-1], strict=True))
    return Network(
        tuple(rng.normal(0, np.sqrt(2 / inner), (outer, inner)) for outer, inner in shapes),
        tuple(np.zeros(outer) for outer, _ in shapes),
        features.mean(axis=0),
        features.std(axis=0),
    )


def forward(network: Network, features: np.ndarray) -> list[np.ndarray]:
    """What goes into each layer, and the logits at the end."""
    values = [(features - network.mean) / network.scale]
    for number, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        result = values[-1] @ weight.T + bias
        last = number == len(network.weights) - 1
        values.append(result if last else np.maximum(result, 0))
    return values


def shares(logits: np.ndarray) -> np.ndarray:
    """Class probabilities (n, classes)."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def fitted(
    network: Network, features: np.ndarray, targets: np.ndarray, epochs: int, rate: float
) -> Network:
    """Trained towards probabilities (n, classes) on all rows at once; zeros stay zeros.

    A new network has none.
    """
    kept = [weight != 0 for weight in network.weights]
    adam, count = Adam(rate), len(network.weights)
    for _ in range(epochs):
        values = forward(network, features)
        slope = (shares(values[-1]) - targets) / len(features)
        slopes: list[np.ndarray] = []
        for number in reversed(range(count)):
            weight = network.weights[number]
            slopes[:0] = [slope.T @ values[number] * kept[number], slope.sum(axis=0)]
            slope = slope @ weight * (values[number] > 0)
        pairs = zip(network.weights, network.biases, strict=True)
        moved = adam.moved([part for pair in pairs for part in pair], slopes)
        network = changed(network, moved[::2], moved[1::2])
    return network


def changed(network: Network, weights: Any, biases: Any = None, bits: str | None = None) -> Network:
    """The network with other weights."""
    biases = network.biases if biases is None else biases
    return Network(tuple(weights), tuple(biases), network.mean, network.scale, bits)


def pruned(network: Network, amount: float) -> Network:
    """The smallest weights of all layers together set to zero."""
    sizes = np.sort(np.concatenate([np.abs(weight).ravel() for weight in network.weights]))
    limit = sizes[int(amount * len(sizes))]
    return changed(network, [w * (np.abs(w) >= limit) for w in network.weights])


def steps_of(weight: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers of that many bits, and the scale (outputs,) of each output."""
    most = 2 ** (bits - 1) - 1
    scale = np.abs(weight).max(axis=1) / most
    scale = np.where(scale == 0, 1, scale).astype(np.float32)
    return np.clip(np.rint(weight / scale[:, None]), -most, most).astype(np.int8), scale


def packed(whole: np.ndarray, bits: int) -> bytes:
    """Whole numbers as ONNX stores them: of 4 bits, two to a byte, the first in its lower half."""
    if bits == 8:
        return whole.tobytes()
    halves = np.append(whole.ravel() & 15, [0] * (whole.size % 2)).astype(np.uint8)
    return (halves[::2] | halves[1::2] << 4).tobytes()


def onnx_of(network: Network, columns: list[str]) -> onnx.ModelProto:
    """The network as a file: input features [n, columns], output logits [n, classes]."""
    stored = {"input.mean": network.mean, "input.scale": network.scale}
    nodes = [
        helper.make_node("Sub", ["features", "input.mean"], ["centred"]),
        helper.make_node("Div", ["centred", "input.scale"], ["x0"]),
    ]
    tensors = []
    for number, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        name, last = f"layer{number + 1}", number == len(network.weights) - 1
        if network.bits is None:
            stored[f"{name}.weight"] = weight
        else:
            bits, kind = BITS[network.bits]
            whole, scale = steps_of(weight, bits)
            stored[f"{name}.weight_scale"] = scale
            given = [f"{name}.weight_quantized", f"{name}.weight_scale"]
            content = packed(whole, bits)
            tensors.append(helper.make_tensor(given[0], kind, whole.shape, content, raw=True))
            nodes.append(helper.make_node("DequantizeLinear", given, [f"{name}.weight"], axis=0))
        stored[f"{name}.bias"] = bias
        inputs = [f"x{number}", f"{name}.weight", f"{name}.bias"]
        result = "logits" if last else f"{name}.sum"
        nodes.append(helper.make_node("Gemm", inputs, [result], name, transB=1))
        if not last:
            nodes.append(helper.make_node("Relu", [result], [f"x{number + 1}"]))
    tensors += [numpy_helper.from_array(v.astype(np.float32), name) for name, v in stored.items()]
    graph = helper.make_graph(
        nodes,
        "tumours",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", len(columns)])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(CLASSES)])],
        tensors,
    )
    # int4 came with opset 21.
    opset = 21 if network.bits == "int4" else 17
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10 if opset == 21 else 8)
    onnx.checker.check_model(model, full_check=True)
    return model


def made(
    step: Mapping[str, Any], base: Network | None, features: np.ndarray, labels: np.ndarray
) -> Network:
    """What the operation of a model makes of its base."""
    name, how = step["operation"]["name"], step["operation"]["parameters"]
    truth = np.eye(len(CLASSES))[labels]
    rng = np.random.default_rng(SEED)
    if name == "train":
        return fitted(fresh(features, how["hidden"], rng), features, truth, how["epochs"], RATE)
    if base is None:
        raise ValueError(f"{step['id']}: there is nothing to {name}; list its base before it")
    if name == "prune":
        return pruned(base, how["amount"])
    if name == "finetune":
        return fitted(base, features, truth, how["epochs"], RATE / 3)
    if name == "distill":
        taught = shares(forward(base, features)[-1])
        return fitted(fresh(features, how["hidden"], rng), features, taught, how["epochs"], RATE)
    if name == "quantize":
        return changed(base, base.weights, bits=how["format"])
    raise ValueError(f"{step['id']}: {name} is no operation of this script")


def main() -> None:
    """Make all models."""
    study = yaml.safe_load((HERE / "study.yaml").read_text("utf-8"))
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "models"
    folder.mkdir(parents=True, exist_ok=True)
    columns = study["dataset"]["inputs"]["features"]["columns"]
    features, labels = read(HERE / "data" / "training.csv", columns)
    networks: dict[str, Network] = {}
    for step in study["models"]:
        network = made(step, networks.get(step.get("base", "")), features, labels)
        networks[step["id"]] = network
        content = onnx_of(network, columns).SerializeToString(deterministic=True)
        (folder / Path(step["onnx"]).name).write_bytes(content)
        print(f"{step['id']:<18} {len(content):>6} bytes")


if __name__ == "__main__":
    main()
