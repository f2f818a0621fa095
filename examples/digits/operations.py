"""The operations on networks: train, prune, finetune, recalibrate.

Each takes a network, the training digits and the operation's parameters as study.yaml writes
them, and returns a new network; the one it was given stays as it was.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from dataset import Digits

SEED = 0
BATCH = 50
TRAIN_RATE = 1e-2
FINETUNE_RATE = 3e-3
WEIGHT_DECAY = 1e-2


def train(network: nn.Module, digits: Digits, *, epochs: int, dataset: str) -> nn.Module:
    """Fit a network to the digits from its random weights."""
    if dataset != digits.name:
        raise ValueError(
            f"study.yaml: operation train names the dataset {dataset!r}, "
            f"but this study trains on {digits.name!r}; write that instead"
        )
    return _fit(network, digits, epochs, TRAIN_RATE, masks={})


def finetune(network: nn.Module, digits: Digits, *, epochs: int) -> nn.Module:
    """Train on from the given weights at a smaller rate; weights that are zero stay zero."""
    return _fit(network, digits, epochs, FINETUNE_RATE, _masks(network))


def prune(network: nn.Module, digits: Digits, *, amount: float, scope: str) -> nn.Module:
    """Global magnitude pruning: zero the smallest parameters of all layers taken together.

    Args:
        network: the network to prune.
        digits: not used; magnitudes need no data.
        amount: fraction of the parameters in scope to set to zero, in [0, 1].
        scope: ``all`` parameters, or ``spare norm`` to leave batch normalization out of it.
    """
    if scope not in ("all", "spare norm"):
        raise ValueError(
            f"study.yaml: operation prune has scope {scope!r}; allowed are 'all' and 'spare norm'"
        )
    pruned = copy.deepcopy(network)
    tensors = _parameters_in_scope(pruned, spare_norm=scope == "spare norm")
    magnitudes = torch.cat([tensor.detach().abs().flatten() for tensor in tensors])
    smallest = torch.argsort(magnitudes, stable=True)[: round(amount * len(magnitudes))]
    keep = torch.ones(len(magnitudes))
    keep[smallest] = 0
    with torch.no_grad():
        for tensor, mask in zip(tensors, keep.split([t.numel() for t in tensors]), strict=True):
            tensor.mul_(mask.view_as(tensor))
    return pruned


def recalibrate(network: nn.Module, digits: Digits, *, images: int) -> nn.Module:
    """Estimate the running mean and variance of batch normalization anew; no weight changes.

    Args:
        network: the network, usually just pruned, whose activations have shifted.
        digits: the training digits.
        images: how many of them, from the first, to average over.
    """
    recalibrated = copy.deepcopy(network)
    for module in recalibrated.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # a plain average over all batches, not a moving one
    recalibrated.train()
    with torch.no_grad():
        for batch in torch.from_numpy(digits.pixels()[:images]).split(BATCH):
            recalibrated(batch)
    return recalibrated.eval()


# What study.yaml calls each operation that makes a network from a network.
OPERATIONS: dict[str, Callable[..., nn.Module]] = {
    "train": train,
    "prune": prune,
    "finetune": finetune,
    "recalibrate": recalibrate,
}


def _parameters_in_scope(network: nn.Module, spare_norm: bool) -> list[nn.Parameter]:
    """Every parameter of the network, or every one that is not batch normalization's."""
    return [
        parameter
        for module in network.modules()
        if not (spare_norm and isinstance(module, nn.BatchNorm2d))
        for parameter in module.parameters(recurse=False)
    ]


def _fit(
    network: nn.Module, digits: Digits, epochs: int, rate: float, masks: dict[str, Tensor]
) -> nn.Module:
    """AdamW under a one-cycle rate on shuffled batches; masked parameters stay zero."""
    torch.manual_seed(SEED)
    images, labels = torch.from_numpy(digits.pixels()), torch.from_numpy(digits.labels.copy())
    fitted = copy.deepcopy(network).train()
    optimizer = torch.optim.AdamW(fitted.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
    steps = epochs * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(images)).split(BATCH):
            optimizer.zero_grad()
            functional.cross_entropy(fitted(images[rows]), labels[rows]).backward()
            optimizer.step()
            schedule.step()
            _apply(masks, fitted)
    return fitted.eval()


def _masks(network: nn.Module) -> dict[str, Tensor]:
    """Per parameter: one where it may move, zero where pruning has put a zero."""
    return {name: (value != 0).float() for name, value in network.named_parameters()}


def _apply(masks: dict[str, Tensor], network: nn.Module) -> None:
    """Put the zeros back that an optimizer step has moved."""
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name in masks:
                value.mul_(masks[name])
