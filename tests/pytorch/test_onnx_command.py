"""``cc-export onnx`` writes an ONNX file, or says in words why not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import networks
import pytest
import torch

from cc_export.onnx_models.read import read_model
from cc_export.onnx_models.weights import weights

INPUT = ("--input", "image:float32:1x1x12x12")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with a module's source and its weights."""
    shutil.copyfile(networks.__file__, tmp_path / "net.py")
    torch.save(networks.trained(networks.Net()).state_dict(), tmp_path / "net.pt")
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cc_export", "onnx", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)


def test_a_file_is_written(folder: Path) -> None:
    """The module with its weights is in the file, and what it was compared by is printed."""
    done = run(folder, "net:small", "-w", "net.pt", *INPUT, "-o", "net.onnx", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    assert printed["exporter"] == "dynamo"
    assert printed["agreement"]["relative"] < 1e-5
    read = {f"{w.layer}.{w.name}": w.read() for w in weights(read_model(folder / "net.onnx"),
            folder / "net.onnx")}  # fmt: skip
    wanted = torch.load(folder / "net.pt", weights_only=True)
    assert (read["fc.weight"] == wanted["fc.weight"].numpy()).all()
    again = run(
        folder, "net:small", "-w", "net.pt", *INPUT, "--exporter", "legacy", "--opset", "17"
    )
    assert again.returncode == 0
    assert again.stdout.startswith("model.onnx: opset 17, torch ")
    assert " legacy exporter; differs from the module by at most " in again.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("net:small", "--input", "image"), 2,
         "--input image: is not of the form NAME:TYPE:SHAPE\n    Such as image:float32:1x3x32x32"),
        (("net:small", "--input", "image:text:1"), 2, "--input image:text:1: is not of the form"),
        (("net:small", *INPUT, *INPUT), 2, "--input image: is given twice\n"),
        (("net:small", "--input", "image:float32:0x1x12x12"), 2,
         "the input 'image' of shape [0, 1, 12, 12] holds 0 numbers\n"
         "    An example has at least one and at most 268,435,456.\n"),
        (("net:small", "--input", "image:float32:99999999x1x9999x12"), 2,
         "the input 'image' of shape [99999999, 1, 9999, 12] holds 11,998,799,880,012 numbers"),
        (("net:small", *INPUT, "--dynamic", "x"), 2, "--dynamic x: is not of the form NAME:AXES"),
        (("net:small", *INPUT, "--dynamic", "x:0"), 2,
         "dynamic axes of the unknown input 'x'\n    Known: 'image'."),
        (("net:small", *INPUT, "--dynamic", "image:0,9"), 2,
         "the input 'image' has no axis 9 that could vary: its shape is [2, 1, 12, 12]\n"
         "    Axes are counted from 0, here up to 3.\n"),
        (("net", *INPUT), 2, "'net' is not of the form module:callable"),
        (("net:Eigenvalues", *INPUT), 2,
         "torch's dynamo exporter cannot export the module: DispatchError: "),
        (("net:nothing", *INPUT), 2, "net:nothing: net has no 'nothing'"),
        (("nowhere:small", *INPUT), 2, "nowhere:small: there is no module 'nowhere'"),
        (("net:no_module", *INPUT), 2, "net:no_module: gives a int, no torch.nn.Module"),
        (("net:raises", *INPUT), 2, "net:raises: calling it failed: KeyError: 'weights'"),
        (("net:small", "-w", "no.pt", *INPUT), 2, "no.pt: no such file of weights"),
        (("net:small", *INPUT, "-o", "net.py/x.onnx"), 2, "net.py/x.onnx: cannot be written: "),
    ],
)  # fmt: skip
def test_what_is_wrong(folder: Path, arguments: tuple[str, ...], code: int, text: str) -> None:
    """Wrong arguments, names and weights give an error text and exit code 2."""
    done = run(folder, *arguments)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.startswith(f"error {text}")
    assert "Traceback" not in done.stderr
    assert not (folder / "model.onnx").exists()


def test_without_torch(folder: Path) -> None:
    """Where torch is not installed, it is said what to install."""
    (folder / "torch.py").write_text("raise ModuleNotFoundError('no', name='torch')", "utf-8")
    done = run(folder, "net:small", *INPUT)
    assert done.returncode == 2
    assert done.stderr == (
        "error exporting a PyTorch module needs the package torch, which is not installed\n"
        "    Install it with: pip install 'cc-export[torch]'\n"
    )
