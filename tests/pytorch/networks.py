"""Modules to export: every kind of layer once, and the ways in which exporting goes wrong."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Convolutions with BatchNorm and a shortcut; ``act`` is called twice."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.act = nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.short = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.bn2(self.conv2(self.act(self.bn1(self.conv1(x)))))
        return self.act(inner + self.short(x))


class Net(nn.Module):
    """A small classifier with dropout, LayerNorm, attention and a matrix without bias."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3)
        self.stages = nn.Sequential(Block(width, width), Block(width, 2 * width))
        self.drop = nn.Dropout(0.5)
        self.norm = nn.LayerNorm(2 * width)
        self.attn = nn.MultiheadAttention(2 * width, 2, batch_first=True, dropout=0.1)
        self.fc = nn.Linear(2 * width, 16)
        self.head = nn.Linear(16, 3, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        x = self.drop(self.stages(self.stem(image)).mean((2, 3)))
        tokens = self.norm(x)[:, None, :]
        mixed, _ = self.attn(tokens, tokens, tokens)
        return self.head(torch.relu(self.fc(mixed.squeeze(1))))


def trained(module: nn.Module, seed: int = 0) -> nn.Module:
    """With weights and statistics that all differ, as training leaves them."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        nn.init.normal_(parameter, 0, 0.3, generator=generator)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.uniform_(-0.5, 0.5, generator=generator)
            part.running_var.uniform_(0.5, 2, generator=generator)
    return module


class Two(nn.Module):
    """Two inputs, one of whole numbers, and outputs by name."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 4)

    def forward(
        self, tokens: Tensor, flag: Tensor | None = None, scale: Tensor | None = None
    ) -> dict:
        found = self.embed(tokens) * (1 if scale is None else scale[:, None, None])
        return {"sum": found.sum(1), "all": found}


class Branching(nn.Module):
    """Follows a value: the older exporter keeps one branch only, and the newer refuses."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2 if x.sum() > 0 else x - 1


class Eigenvalues(nn.Module):
    """What neither exporter can write."""

    def forward(self, image: Tensor) -> Tensor:
        return torch.linalg.eigvals(image[:, 0]).abs()


class Noisy(nn.Module):
    """Dropout that stays on."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, 0.5, training=True)


class Fails(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise RuntimeError("no such luck")


def small(width: int = 8) -> nn.Module:
    """What a study file names."""
    return Net(width)


def no_module() -> int:
    return 7


def raises() -> nn.Module:
    raise KeyError("weights")


READY = nn.Sequential(nn.Linear(2, 2))


class Packed(nn.Module):
    """A linear layer as GPTQ stores it: eight numbers of four bits in 32, scales for each group."""

    def __init__(self, inputs: int = 32, outputs: int = 16, group: int = 8) -> None:
        super().__init__()
        rng = np.random.default_rng(0)
        words = rng.integers(-(2**31), 2**31, (inputs // 8, outputs)).astype(np.int32)
        self.register_buffer("qweight", torch.tensor(words))
        scales = rng.random((inputs // group, outputs)).astype(np.float32)
        self.register_buffer("scales", torch.tensor(scales))
        self.register_buffer("g_idx", torch.arange(inputs) // group)
        self.register_buffer("shifts", torch.arange(0, 32, 4, dtype=torch.int32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        words = self.qweight.unsqueeze(1).expand(-1, 8, -1)
        numbers = torch.bitwise_right_shift(words, self.shifts.view(1, 8, 1)) & 15
        matrix = numbers.reshape(-1, self.qweight.shape[1]) - 8
        return x @ (self.scales[self.g_idx] * matrix)
