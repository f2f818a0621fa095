"""A process of its own, in whose children models are run to see how much memory that takes.

``python -m cc_export.memory_server`` reads requests from standard input: a line of JSON with the
path of a model and a number of bytes, then that many bytes of an npz file with its inputs. It
answers each with a line of JSON: the bytes that were added at most, or null where the model cannot
be run.

A child begins as a copy of this process, loads what onnxruntime needs by running a small model of
ours, and measures from there.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from cc_export.onnx_models.session import Feeds, Session

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
# Sets the peak of a process back to what it holds now (Linux, proc(5)).
_PEAK = "5"


def main() -> None:
    """Answer requests until there are no more."""
    warm = _warm_model()
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        content = sys.stdin.buffer.read(request["bytes"])
        sys.stdout.write(json.dumps(_in_child(Path(request["model"]), content, warm)) + "\n")
        sys.stdout.flush()


def _in_child(model: Path, inputs: bytes, warm: bytes) -> int | None:
    """The bytes that a child of this process measures; None where it fails, or dies of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        # Neither output nor clean-up of the parent's: this process only answers.
        with os.fdopen(writing, "wb") as answer:
            _measure(model, inputs, warm, answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return int(text) if text.isdigit() else None


def _measure(model: Path, inputs: bytes, warm: bytes, answer: BinaryIO) -> None:
    try:
        with np.load(io.BytesIO(inputs), allow_pickle=False) as arrays:
            feeds = {name: arrays[name] for name in arrays.files}
        # The library's own pages are in memory from here on.
        _run(Path("warm"), {"x": np.zeros((1, 1, 8, 8), np.float32)}, warm)
        before = _status("VmRSS:")
        _RESET.write_text(_PEAK)
        _run(model, feeds)
        answer.write(str(max(0, _status("VmHWM:") - before)).encode())
    except Exception:  # whatever it is, there is no answer, and the export goes on
        answer.write(b"failed")


def _run(path: Path, feeds: Feeds, content: bytes | None = None) -> None:
    session = Session(path, content)
    session.run(session.outputs, feeds)


def _status(name: str) -> int:
    """A size that Linux tells of this process, in bytes."""
    lines = _STATUS.read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) << 10


def _warm_model() -> bytes:
    """A convolution and a product of matrices, as small as can be."""
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["y"]),
    ]
    stored = [
        numpy_helper.from_array(np.ones((4, 1, 3, 3), np.float32), "k"),
        numpy_helper.from_array(np.ones((4 * 36, 8), np.float32), "w"),
    ]
    graph = helper.make_graph(
        nodes,
        "warm",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
