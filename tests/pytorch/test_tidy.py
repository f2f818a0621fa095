"""What is stored in an exported file is what the module has: no weight is hidden, none invented."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import networks
import numpy as np
import pytest
import torch
from torch import nn

from cc_export.onnx_models.read import read_model
from cc_export.onnx_models.weights import weights
from cc_export.pytorch.convert import convert
from cc_export.study.records import Exporter, ToOnnx


class Recurrent(nn.Module):
    """Two recurrent layers, one of them in both directions, GroupNorm, and a Conv without bias."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 6, 2, batch_first=True)
        self.gru = nn.GRU(6, 3, batch_first=True, bidirectional=True)
        self.norm = nn.GroupNorm(2, 6)
        self.conv = nn.Conv1d(6, 5, 1, bias=False)
        self.fc = nn.Linear(5, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.gru(self.lstm(x)[0])[0].transpose(1, 2)
        return self.fc(self.conv(self.norm(hidden)).mean(2))


@pytest.mark.parametrize("exporter", ["dynamo", "legacy"])
def test_every_parameter_once(tmp_path: Path, exporter: Exporter) -> None:
    """Layers have as many trained numbers as the module, under its names, and its answers."""
    module = networks.trained(Recurrent())
    file = tmp_path / "model.onnx"
    inputs = {"x": np.random.default_rng(0).normal(size=(3, 5, 4)).astype(np.float32)}
    found = convert(module, inputs, file, ToOnnx(exporter=exporter))
    assert found.agreement.relative < 1e-5
    read = list(weights(read_model(file), file))
    counted: Counter[str] = Counter()
    for weight in read:
        counted[weight.layer] += int(np.prod(weight.shape))
    wanted = {
        name: sum(parameter.numel() for parameter in part.parameters())
        for name, part in module.named_children()
    }
    assert counted == wanted
    assert {f"{w.layer}.{w.name}" for w in read} == {
        "lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_l0", "lstm.weight_ih_l1",
        "lstm.weight_hh_l1", "lstm.bias_l1", "gru.weight_ih_l0", "gru.weight_hh_l0", "gru.bias_l0",
        "norm.weight", "norm.bias", "conv.weight", "fc.weight", "fc.bias",
    }  # fmt: skip
    # The same numbers as the module's, gates in another order.
    (matrix,) = (w.read() for w in read if f"{w.layer}.{w.name}" == "lstm.weight_ih_l1")
    own = module.lstm.weight_ih_l1.detach().numpy()
    np.testing.assert_array_equal(np.sort(matrix, axis=None), np.sort(own, axis=None))


@pytest.mark.parametrize("exporter", ["dynamo", "legacy"])
def test_large_weights_lie_beside(
    tmp_path: Path, exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights beyond what one file can hold are a file beside it, and all else stays the same."""
    monkeypatch.setattr("cc_export.pytorch.convert._MOST_BYTES", 100)
    module = networks.trained(networks.Net())
    file = tmp_path / "model.onnx"
    inputs = {"image": np.ones((2, 1, 12, 12), np.float32)}
    assert convert(module, inputs, file, ToOnnx(exporter=exporter)).agreement.relative < 1e-5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx", "model.onnx.data"]
    read = {f"{w.layer}.{w.name}": w.read() for w in weights(read_model(file), file)}
    np.testing.assert_array_equal(read["fc.weight"], module.fc.weight.detach().numpy())
