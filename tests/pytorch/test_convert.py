"""A PyTorch module becomes an ONNX file that has its parts, its names and its answers."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import networks
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from cc_export.errors import ModelError
from cc_export.onnx_models.macs import Macs, count_macs
from cc_export.onnx_models.read import read_model
from cc_export.onnx_models.session import Session
from cc_export.onnx_models.weights import weights
from cc_export.pytorch.convert import Conversion, convert, example_inputs
from cc_export.study.records import Example, Exporter, ToOnnx

IMAGE = {"image": np.random.default_rng(0).normal(size=(4, 1, 12, 12)).astype(np.float32)}
EXPORTERS: tuple[Exporter, ...] = ("dynamo", "legacy")


def exported(
    folder: Path, module: nn.Module, exporter: Exporter, inputs: dict = IMAGE, **how: object
) -> tuple[Conversion, Path]:
    file = folder / "model.onnx"
    return convert(module, inputs, file, ToOnnx(exporter=exporter, **how)), file  # type: ignore[arg-type]


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_every_weight_has_its_name(tmp_path: Path, exporter: Exporter) -> None:
    """Layers are module paths with the values of the state dict, whichever exporter is used."""
    module = networks.trained(networks.Net())
    module.train()
    found, file = exported(tmp_path, module, exporter)
    assert module.training
    assert found.exporter == exporter
    assert found.agreement.instances == 4
    assert found.agreement.relative < 1e-5
    read = {f"{w.layer}.{w.name}": w for w in weights(read_model(file), file)}
    state = {name: value for name, value in module.state_dict().items() if value.ndim}
    assert set(read) == set(state)
    for name, value in state.items():
        assert read[name].shape == tuple(value.shape), name
        np.testing.assert_array_equal(read[name].read(), value.numpy(), name)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_modules_stay_nodes(tmp_path: Path, exporter: Exporter) -> None:
    """BatchNorm stays apart, dropout is gone, and both exporters name nodes alike."""
    _, file = exported(tmp_path, networks.trained(networks.Net()), exporter)
    graph = read_model(file).graph
    kinds = Counter(node.op_type for node in graph.node)
    assert kinds["BatchNormalization"] == 4
    assert kinds["Conv"] == 7
    assert kinds["Dropout"] == 0
    names = {node.name for node in graph.node}
    for name in (
        "/stem/Conv", "/stages/stages.0/conv1/Conv", "/stages/stages.1/bn2/BatchNormalization",
        "/stages/stages.0/act/Relu", "/norm/LayerNormalization", "/fc/Gemm",
    ):  # fmt: skip
        assert name in names
    outputs = {output for node in graph.node for output in node.output}
    assert "/stages/stages.0/conv1/Conv_output_0" in outputs
    assert not any("stack_trace" in p.key for node in graph.node for p in node.metadata_props)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_any_number_of_instances(tmp_path: Path, exporter: Exporter) -> None:
    """The first axis varies, also from an example of one; where it is fixed, it is fixed."""
    module = networks.trained(networks.Net()).eval()
    inputs = example_inputs([("image", Example((1, 1, 12, 12)))])
    _, file = exported(tmp_path, module, exporter, inputs)
    session = Session(file)
    assert session.batch is None
    (found,) = session.run(["output"], {"image": np.repeat(IMAGE["image"], 3, 0)})
    with torch.no_grad():
        wanted = module(torch.from_numpy(np.repeat(IMAGE["image"], 3, 0))).numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    _, file = exported(tmp_path, module, exporter, IMAGE, dynamic=())
    assert Session(file).batch == 4


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_inputs_and_outputs_by_name(tmp_path: Path, exporter: Exporter) -> None:
    """Inputs find their places in forward by name; outputs keep theirs."""
    inputs = {
        "scale": np.array([1, 2, 3], np.float32),
        "tokens": np.arange(6, dtype=np.int64).reshape(3, 2),
    }
    how = {"dynamic": (("tokens", (0, 1)), ("scale", (0,)))}
    _, file = exported(tmp_path, networks.trained(networks.Two()), exporter, inputs, **how)
    session = Session(file)
    assert set(session.inputs) == {"tokens", "scale"}
    assert session.outputs == ("sum", "all")


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_opset(tmp_path: Path, exporter: Exporter) -> None:
    """The opset that was asked for is the file's."""
    found, file = exported(tmp_path, networks.trained(networks.Net()), exporter, opset=18)
    assert found.opset == 18
    assert read_model(file).opset_import[0].version == 18


@pytest.mark.parametrize(("exporter", "opset"), [("dynamo", 18), ("dynamo", 20), ("legacy", 17)])
def test_multiply_accumulates_are_known(tmp_path: Path, exporter: Exporter, opset: int) -> None:
    """Whatever an exporter makes of flattening any number of instances."""
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(144, 3)
    )
    _, file = exported(tmp_path, module, exporter, opset=opset)
    assert count_macs(read_model(file)) == Macs(12 * 12 * 4 * 9 + 144 * 3)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_pruned_weights_are_the_ones_that_count(tmp_path: Path, exporter: Exporter) -> None:
    """Masks and parametrizations become plain weights; the module itself keeps them."""
    module = networks.trained(networks.Net())
    prune.l1_unstructured(module.fc, "weight", amount=0.5)
    parametrizations.weight_norm(module.head, "weight")
    module(torch.from_numpy(IMAGE["image"]))
    _, file = exported(tmp_path, module, exporter)
    read = {f"{w.layer}.{w.name}": w.read() for w in weights(read_model(file), file)}
    assert (read["fc.weight"] == 0).mean() == 0.5
    np.testing.assert_array_equal(read["fc.weight"], module.fc.weight.detach().numpy())
    np.testing.assert_allclose(read["head.weight"], module.head.weight.detach().numpy(), rtol=1e-6)
    assert hasattr(module.fc, "weight_orig")
    assert "mask" not in " ".join(read)


def test_renamed_weights_are_noted(tmp_path: Path) -> None:
    """The exporter's own name of a weight that got its name back stands in the metadata."""
    found, file = exported(tmp_path, networks.trained(networks.Net()), "dynamo")
    noted = {p.key: p.value for p in read_model(file).metadata_props}
    renamed = json.loads(noted["cc_export.renamed"])
    assert found.renamed == len(renamed) > 0
    assert renamed["attn.in_proj_weight_Transposed"].startswith("val_")
    assert json.loads(noted["cc_export.torch"])["exporter"] == "dynamo"


def test_half_precision(tmp_path: Path) -> None:
    """A module of float16 takes its inputs in float16, and is compared with patience."""
    module = networks.trained(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))).half()
    inputs = {"x": np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)}
    found, file = exported(tmp_path, module, "dynamo", inputs)
    assert {w.dtype for w in weights(read_model(file), file)} == {"float16"}
    assert found.agreement.relative < 0.05


def test_a_branch_that_depends_on_values(tmp_path: Path) -> None:
    """The older exporter keeps one branch; the difference is found on instances of the other."""
    inputs = {"x": np.array([[3.0], [-1.0]], np.float32)}
    with pytest.raises(ModelError) as caught:
        exported(tmp_path, networks.Branching(), "dynamo", inputs)
    assert str(caught.value).startswith("torch's dynamo exporter cannot export the module: ")
    inputs["x"][0] = -3.0
    file = tmp_path / "legacy.onnx"
    convert(networks.Branching(), {"x": -inputs["x"]}, file, ToOnnx(exporter="legacy"))
    mixed = {"x": np.array([[-3.0], [5.0]], np.float32)}
    with pytest.raises(ModelError) as caught:
        exported(tmp_path, networks.Branching(), "legacy", mixed)
    assert str(caught.value) == (
        "output 'output' of the exported model differs from the module's by up to 2, 0.5 of its "
        "largest value; at most 0.001 is taken for rounding\n"
        "    Try the other exporter; branches that depend on values are not traced."
    )


def test_auto_takes_what_works(tmp_path: Path) -> None:
    """Where the newer exporter fails, the older one is tried."""
    found, _ = exported(tmp_path, networks.trained(networks.Net()), "auto")  # type: ignore[arg-type]
    assert found.exporter == "dynamo"
    agreeing = {"x": np.ones((2, 1), np.float32)}
    found, _ = exported(tmp_path, networks.Branching(), "auto", agreeing)  # type: ignore[arg-type]
    assert found.exporter == "legacy"


@pytest.mark.parametrize(
    ("module", "inputs", "text"),
    [
        (networks.Noisy(), {"x": np.ones((2, 50), np.float32)},
         "the module gives different answers to the same input\n"
         "    Is there dropout, or other noise, that stays on in eval mode?"),
        (networks.Fails(), {"x": np.ones((2, 1), np.float32)},
         "the module cannot be run on x [2, 1] float32: RuntimeError: no such luck\n"
         "    Check the example inputs: names, shapes and types."),
        (networks.Net(), {}, "a module needs at least one input to be exported\n"
         "    Give an example."),
        (7, IMAGE, "a int is no torch.nn.Module"),
    ],
)  # fmt: skip
def test_what_cannot_be_exported(
    tmp_path: Path, module: nn.Module, inputs: dict, text: str
) -> None:
    """Noise, failures and things that are no modules are errors in words."""
    with pytest.raises(ModelError) as caught:
        convert(module, inputs, tmp_path / "model.onnx", ToOnnx())
    assert str(caught.value) == text


def test_wrappers_are_taken_off(tmp_path: Path) -> None:
    """Weights of a module in DataParallel have the names of the module itself."""
    module = nn.DataParallel(networks.trained(networks.Net()))
    _, file = exported(tmp_path, module, "legacy")
    assert "stem" in {w.layer for w in weights(read_model(file), file)}


def test_packed_weights(tmp_path: Path) -> None:
    """Integers that a module unpacks are one weight, with the values it has in torch."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = networks.Packed()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x)

    module = Net()
    rows = {"x": np.eye(32, dtype=np.float32)}
    _, file = exported(tmp_path, module, "dynamo", rows)
    [weight] = weights(read_model(file), file)
    with torch.no_grad():
        expected = module(torch.eye(32)).numpy()
    np.testing.assert_array_equal(weight.read(), expected)
