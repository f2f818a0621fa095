"""Weights are read from what training scripts save, and nothing in a file is ever run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import networks
import pytest
import torch
from safetensors.torch import load_file, save_file, save_model
from torch import nn
from torch.nn.utils import prune

from cc_export.errors import ModelError
from cc_export.pytorch.weights import load_weights


def module() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


SOURCE = networks.trained(module(), seed=3)


def prefixed(prefix: str) -> dict[str, torch.Tensor]:
    return {f"{prefix}{name}": value for name, value in SOURCE.state_dict().items()}


SAVERS: dict[str, Callable[[Path], object]] = {
    "w.pt": lambda path: torch.save(SOURCE.state_dict(), path),
    "w.safetensors": lambda path: save_file(SOURCE.state_dict(), path),
    "by content.bin": lambda path: save_file(SOURCE.state_dict(), path),
    "by content.safetensors": lambda path: torch.save(SOURCE.state_dict(), path),
    "w.ckpt": lambda path: torch.save({"epoch": 3, "state_dict": SOURCE.state_dict()}, path),
    "parallel.pt": lambda path: torch.save({"model": prefixed("module.")}, path),
    "compiled.pth": lambda path: torch.save(prefixed("_orig_mod."), path),
    "old.safetensors": lambda path: torch.save(
        SOURCE.state_dict(), path, _use_new_zipfile_serialization=False
    ),
    "old.bin": lambda path: torch.save(
        SOURCE.state_dict(), path, _use_new_zipfile_serialization=False
    ),
}


@pytest.mark.parametrize("name", SAVERS)
def test_what_scripts_save(tmp_path: Path, name: str) -> None:
    """State dicts, checkpoints around one and safetensors of any name give the same weights."""
    SAVERS[name](tmp_path / name)
    found = module()
    load_weights(found, tmp_path / name)
    for key, value in SOURCE.state_dict().items():
        assert torch.equal(found.state_dict()[key], value)


def test_pruned_checkpoints(tmp_path: Path) -> None:
    """A mask that was saved beside its weight is applied."""
    pruned = networks.trained(module())
    prune.l1_unstructured(pruned[0], "weight", amount=0.5)
    torch.save(pruned.state_dict(), tmp_path / "w.pt")
    found = module()
    load_weights(found, tmp_path / "w.pt")
    assert torch.equal(found[0].weight, pruned[0].weight)
    assert int((found[0].weight == 0).sum()) == 3


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, flag: Path) -> None:
        self.flag = flag

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.flag}",)


def test_pickles_are_refused(tmp_path: Path) -> None:
    """A pickle that would run code is refused with the reason, and runs none."""
    torch.save({"state_dict": SOURCE.state_dict(), "x": Evil(tmp_path / "flag")}, tmp_path / "w.pt")
    with pytest.raises(ModelError) as caught:
        load_weights(module(), tmp_path / "w.pt")
    assert not (tmp_path / "flag").exists()
    assert str(caught.value) == (
        "w.pt: is a pickle that holds more than tensors (posix.system); loading it would run code "
        "of whoever made it, so it is refused\n"
        "    Save the weights alone: torch.save(model.state_dict(), FILE), or "
        "safetensors.torch.save_model(model, FILE)."
    )


def test_pickles_named_otherwise(tmp_path: Path) -> None:
    """A pickle is told to be one where its name says safetensors, and runs nothing either."""
    torch.save({"x": Evil(tmp_path / "flag")}, tmp_path / "w.safetensors")
    with pytest.raises(ModelError, match=r"^w.safetensors: is a pickle that holds more than tens"):
        load_weights(module(), tmp_path / "w.safetensors")
    assert not (tmp_path / "flag").exists()


def test_whole_modules_are_refused(tmp_path: Path) -> None:
    """A module saved as a whole is a pickle like any other."""
    torch.save(SOURCE, tmp_path / "w.pt")
    with pytest.raises(ModelError, match=r"holds more than tensors \(torch\.nn\.modules\."):
        load_weights(module(), tmp_path / "w.pt")


def changed(**changes: torch.Tensor | None) -> dict[str, torch.Tensor]:
    state = {**SOURCE.state_dict(), **{k.replace("__", "."): v for k, v in changes.items()}}
    return {name: value for name, value in state.items() if value is not None}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (changed(**{"0__weight": None}),
         "w.pt: does not fit the module: lacks '0.weight'\n"
         "    Are these the weights of another architecture?"),
        (changed(**{"0__weight": None, "2__weight": torch.ones(1)}),
         "w.pt: does not fit the module: lacks '0.weight', and has the unknown '2.weight'\n"
         "    Are these the weights of another architecture?"),
        (changed(**{"0__weight": torch.ones(2, 2)}),
         "w.pt: does not fit the module: '0.weight' has shape [2, 2], the module wants [3, 2]\n"
         "    Are these the weights of another architecture?"),
        ([1, 2], "w.pt: holds no state dict but a list\n"
         "    Save the weights with torch.save(model.state_dict(), FILE)."),
    ],
)  # fmt: skip
def test_weights_of_another_module(tmp_path: Path, content: object, text: str) -> None:
    """What is missing, too much, or of another shape is named."""
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(ModelError) as caught:
        load_weights(module(), tmp_path / "w.pt")
    assert str(caught.value) == text


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 broken", b"\x80\x02}q\x00."])
def test_damaged_files(tmp_path: Path, name: str, content: bytes) -> None:
    """A file that holds no weights is an error in one line, not a traceback."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"^{name}: "):
        load_weights(module(), tmp_path / name)


def test_a_missing_file(tmp_path: Path) -> None:
    """So is a file that is not there."""
    with pytest.raises(ModelError, match=r"^w\.pt: no such file of weights$"):
        load_weights(module(), tmp_path / "w.pt")


def tied() -> nn.Module:
    shared = nn.Linear(2, 2)
    return nn.ModuleDict({"first": shared, "between": nn.Linear(2, 2), "again": shared})


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_tensors_under_several_names(tmp_path: Path, name: str) -> None:
    """safetensors stores a shared tensor once, whatever name it takes; the module gets it whole."""
    source = networks.trained(tied(), seed=5)
    if name == "w.pt":
        torch.save(source.state_dict(), tmp_path / name)
    else:
        save_model(source, str(tmp_path / name))
        assert len(load_file(tmp_path / name)) < len(source.state_dict())
    found = tied()
    load_weights(found, tmp_path / name)
    for key, value in source.state_dict().items():
        assert torch.equal(found.state_dict()[key], value)


def test_equal_tensors_of_one_shape_are_not_shared(tmp_path: Path) -> None:
    """What only looks the same stays missing."""
    torch.save({"0.weight": torch.ones(2, 2)}, tmp_path / "w.pt")
    apart = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    with pytest.raises(ModelError, match=r"lacks '1.weight'"):
        load_weights(apart, tmp_path / "w.pt")
