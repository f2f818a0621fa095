"""The two networks. Attribute names become the layer names of the ONNX files."""

import torch
from torch import Tensor, nn


class ConvNorm(nn.Module):
    """A 3x3 (or 1x1) convolution and its batch normalization, without an activation."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, size: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """[n, inputs, h, w] to [n, outputs, h / stride, w / stride]."""
        return self.norm(self.conv(x))


class Stage(nn.Module):
    """One residual block of two convolutions; the shortcut is a 1x1 convolution if it must be."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Sequential() if same else ConvNorm(inputs, outputs, stride, size=1)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """[n, inputs, h, w] to [n, outputs, h / stride, w / stride]."""
        residual = self.relu1(self.norm1(self.conv1(x)))
        residual = self.norm2(self.conv2(residual))
        return self.relu2(residual + self.shortcut(x))


class ResNet8(nn.Module):
    """Eight weighted layers: a stem, three residual stages, a classifier (30,720 parameters)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm(1, 10)
        self.relu = nn.ReLU()
        self.stage1 = Stage(10, 10, stride=1)
        self.stage2 = Stage(10, 20, stride=2)
        self.stage3 = Stage(20, 40, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(40, 10)

    def forward(self, image: Tensor) -> Tensor:
        """Images [n, 1, 28, 28] in [0, 1] to logits [n, 10]."""
        x = self.stage1(self.relu(self.stem(image)))
        x = self.pool(self.stage3(self.stage2(x)))
        return self.fc(torch.flatten(x, 1))


class CnnSmall(nn.Module):
    """Three strided convolutions and a classifier: 6,274 parameters, a twentieth of the work."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, 2, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(8)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(8, 16, 3, 2, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(16)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(16, 32, 3, 2, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(32)
        self.relu3 = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(32, 10)

    def forward(self, image: Tensor) -> Tensor:
        """Images [n, 1, 28, 28] in [0, 1] to logits [n, 10]."""
        x = self.relu1(self.norm1(self.conv1(image)))
        x = self.relu2(self.norm2(self.conv2(x)))
        x = self.relu3(self.norm3(self.conv3(x)))
        return self.fc(torch.flatten(self.pool(x), 1))


# The root models of the study, by id.
NETWORKS = {"resnet8": ResNet8, "cnn-small": CnnSmall}


def new_network(model_id: str, seed: int) -> nn.Module:
    """The untrained network of a root model, with seeded random weights."""
    if model_id not in NETWORKS:
        raise ValueError(
            f"study.yaml: model {model_id!r} has no base, so it must be a network of network.py "
            f"({', '.join(NETWORKS)}); add its class there or give the model a base"
        )
    torch.manual_seed(seed)
    return NETWORKS[model_id]()
