"""Studies to measure on, made from a seed: ``python benchmarks/studies.py KIND FOLDER [MODELS]``.

KIND is ``resnet50`` (25.6 million parameters a model, random ones), ``small`` (a convolutional
network of about 100,000 parameters, with an evaluation set) or ``metadata`` (no model files).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

Weights = dict[str, NDArray[np.float32]]
STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
CLASSES = 10


class Network:
    """Collects nodes and initializers of a convolutional network, in the order of its layers."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: Weights = {}
        self._rng = np.random.default_rng(seed)

    def conv(  # noqa: PLR0913 (what a convolution is)
        self,
        name: str,
        x: str,
        channels: tuple[int, int],
        side: int,
        stride: int = 1,
        *,
        relu: bool = True,
    ) -> str:
        """A convolution with batch norm, and a ReLU where asked for; returns its output."""
        inner, outer = channels
        spread = np.sqrt(2 / (inner * side * side))
        self.weights[f"{name}.conv.weight"] = self._normal(outer, inner, side, side) * np.float32(
            spread
        )
        for part, values in (
            ("weight", 1 + self._normal(outer) / 10),
            ("bias", self._normal(outer) / 10),
            ("running_mean", self._normal(outer) / 10),
            ("running_var", 1 + np.abs(self._normal(outer)) / 10),
        ):
            self.weights[f"{name}.bn.{part}"] = values.astype(np.float32)
        self.node("Conv", f"{name}.conv", [x, f"{name}.conv.weight"], kernel_shape=[side, side],
                  strides=[stride, stride], pads=[side // 2] * 4)  # fmt: skip
        norm = [f"{name}.bn.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
        self.node("BatchNormalization", f"{name}.bn", [f"{name}.conv", *norm])
        return self.node("Relu", f"{name}.relu", [f"{name}.bn"]) if relu else f"{name}.bn"

    def head(self, x: str, inner: int, classes: int) -> None:
        """The classifier, whose output is ``logits``."""
        self.weights["fc.weight"] = self._normal(classes, inner) / np.float32(np.sqrt(inner))
        self.weights["fc.bias"] = self._normal(classes) / 10
        self.node("GlobalAveragePool", "pool", [x])
        self.node("Flatten", "flatten", ["pool"])
        self.node("Gemm", "logits", ["flatten", "fc.weight", "fc.bias"], transB=1)

    def node(self, operator: str, output: str, inputs: list[str], **attributes: object) -> str:
        """A node that is named as its one output."""
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def _normal(self, *shape: int) -> NDArray[np.float32]:
        return self._rng.standard_normal(shape, np.float32)


def resnet50(seed: int = 0) -> Network:
    """ResNet-50 as it is known, with random weights: 25.6 million parameters, input 224 × 224."""
    network = Network(seed)
    x = network.conv("stem", "image", (3, 64), 7, 2)
    x = network.node("MaxPool", "stem.pool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    inner = 64
    for stage, (width, blocks) in enumerate(STAGES, start=1):
        for block in range(blocks):
            name, stride = f"layer{stage}.{block}", 2 if block == 0 and stage > 1 else 1
            y = network.conv(f"{name}.1", x, (inner, width), 1)
            y = network.conv(f"{name}.2", y, (width, width), 3, stride)
            y = network.conv(f"{name}.3", y, (width, 4 * width), 1, relu=False)
            if block == 0:
                x = network.conv(f"{name}.down", x, (inner, 4 * width), 1, stride, relu=False)
            inner = 4 * width
            x = network.node("Relu", f"{name}.out", [network.node("Add", f"{name}.add", [y, x])])
    network.head(x, inner, 1000)
    return network


def small(seed: int = 0, width: int = 32) -> Network:
    """Four convolutions on images of 32 × 32, about 100,000 parameters at width 32."""
    network = Network(seed)
    x, inner = "image", 3
    for number, outer in enumerate((width, width, 2 * width, 2 * width)):
        x = network.conv(f"block{number}", x, (inner, outer), 3, 1 + number % 2)
        inner = outer
    network.head(x, inner, CLASSES)
    return network


def pruned(weights: Weights, share: float) -> Weights:
    """The smallest weights of every matrix and kernel set to zero."""

    def cut(values: NDArray[np.float32]) -> NDArray[np.float32]:
        sizes = np.abs(values).reshape(-1)
        limit = np.partition(sizes, int(share * sizes.size))[int(share * sizes.size)]
        return np.where(np.abs(values) < limit, np.float32(0), values)

    return {n: cut(values) if values.ndim > 1 else values for n, values in weights.items()}


def tuned(weights: Weights, amount: float, seed: int) -> Weights:
    """Every weight moved a little, zeros kept."""
    rng = np.random.default_rng(seed)
    return {
        name: values * (1 + np.float32(amount) * rng.standard_normal(values.shape, np.float32))
        for name, values in weights.items()
    }


def rounded(weights: Weights, bits: int) -> Weights:
    """Matrices and kernels rounded to that many bits a channel, stored as float32."""

    def fit(values: NDArray[np.float32]) -> NDArray[np.float32]:
        axes = tuple(range(1, values.ndim))
        step = np.abs(values).max(axis=axes, keepdims=True) / np.float32(2 ** (bits - 1) - 1)
        step = np.where(step == 0, np.float32(1), step)
        return np.round(values / step) * step

    return {n: fit(values) if values.ndim > 1 else values for n, values in weights.items()}


# What a variant is made by: its operation, the parameters, and how its parent's weights change.
Change = Callable[[Weights, int], Weights]
OPERATIONS: tuple[tuple[str, dict[str, object], Change], ...] = (
    ("prune", {"amount": 0.5}, lambda weights, _: pruned(weights, 0.5)),
    ("quantize", {"bits": 8}, lambda weights, _: rounded(weights, 8)),
    ("finetune", {"epochs": 3}, lambda weights, seed: tuned(weights, 0.05, seed)),
    ("prune", {"amount": 0.8}, lambda weights, _: pruned(weights, 0.8)),
    ("quantize", {"bits": 4}, lambda weights, _: rounded(weights, 4)),
)


def write_model(path: Path, network: Network, weights: Weights, side: int) -> None:
    """One ONNX file; the batch is free."""
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", None])
    graph = helper.make_graph(
        network.nodes,
        "benchmark",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, side, side])],
        [output],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString(deterministic=True))


def write_study(  # noqa: PLR0913 (each is a choice of a benchmark)
    folder: Path,
    network: Network,
    models: int,
    side: int,
    *,
    instances: int = 0,
    classes: int = CLASSES,
    embed: bool = False,
) -> Path:
    """A study of one root and variants of it, each made from the one before or from the root.

    Without instances there is no evaluation set. Returns the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    records: list[dict[str, object]] = []
    parent = network.weights
    for number in range(models):
        record: dict[str, object] = {"id": f"m{number}", "onnx": f"m{number}.onnx"}
        weights = network.weights
        if number:
            # Chains of three operations, each of which starts at the root.
            place = (number - 1) % 3
            name, parameters, change = OPERATIONS[(number - 1) % len(OPERATIONS)]
            weights = change(parent if place else network.weights, number)
            record["base"] = f"m{number - 1}" if place else "m0"
            record["operation"] = {"name": name, "parameters": {**parameters, "seed": number}}
        write_model(folder / f"m{number}.onnx", network, weights, side)
        parent = weights
        records.append(record)
    study: dict[str, object] = {"title": "Benchmark", "embed": embed, "models": records}
    if instances:
        rng = np.random.default_rng(1)
        np.savez(
            folder / "evaluation.npz",
            images=rng.integers(0, 256, (instances, 3, side, side), np.uint8),
            labels=rng.integers(0, classes, instances),
        )
        study["dataset"] = {
            "path": "evaluation.npz",
            "inputs": {"image": {"array": "images", "scale": 1 / 255}},
            "label": "labels",
            "classes": [f"class {number}" for number in range(classes)],
        }
        study["evaluation"] = {"task": "classification"}
    (folder / "study.json").write_bytes(orjson.dumps(study, option=orjson.OPT_INDENT_2))
    return folder


def write_resnet50(folder: Path, models: int = 6, instances: int = 0) -> Path:
    """ResNet-50 and variants of it; 102 MB a model."""
    return write_study(folder, resnet50(), models, 224, instances=instances, classes=1000)


def write_small(folder: Path, models: int = 16, instances: int = 500, width: int = 32) -> Path:
    """Small networks that are evaluated; 0.3 MB a model at width 32."""
    return write_study(folder, small(width=width), models, 32, instances=instances, embed=True)


def write_metadata(folder: Path, models: int = 1000) -> Path:
    """A forest of models without files: recipes, eight metrics each, tags and dates."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(2)
    study = {
        "title": f"{models:,} models",
        "metrics": [{"name": f"metric {k}", "direction": "higher"} for k in range(8)],
        "models": list(_metadata(models, rng)),
    }
    (folder / "study.json").write_bytes(orjson.dumps(study, option=orjson.OPT_INDENT_2))
    return folder


def _metadata(models: int, rng: np.random.Generator) -> Iterator[dict[str, object]]:
    for number in range(models):
        name, parameters, _ = OPERATIONS[number % len(OPERATIONS)]
        root = number < 10
        yield {
            "id": f"model-{number:04d}",
            "base": None
            if root
            else f"model-{int(rng.integers(max(0, number - 200), number)):04d}",
            "operation": {"name": "train", "parameters": {"seed": number}}
            if root
            else {"name": name, "parameters": {**parameters, "layers": int(rng.integers(1, 5))}},
            "tag": f"run {number // 100}",
            "metrics": {f"metric {k}": float(rng.random()) for k in range(8)},
        }


KINDS: dict[str, Callable[..., Path]] = {
    "resnet50": write_resnet50,
    "small": write_small,
    "metadata": write_metadata,
}


def main() -> None:
    """Write the study that the command line asks for."""
    kind, folder, *models = sys.argv[1:]
    print(KINDS[kind](Path(folder), *map(int, models)))


if __name__ == "__main__":
    main()
