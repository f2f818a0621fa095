"""What weighing costs: ns of CPU a weight and MiB of memory, on six ResNet-50 and on 2 GB models.

``python benchmarks/weights.py [FOLDER]`` keeps the models it makes in FOLDER (a temporary one).
The reference, measured in the same run, extracts tensors with onnx and compares them with numpy as
one would by hand.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: CPU time is that of one thread

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import studies
from onnx import TensorProto, helper, numpy_helper

from cc_export import stages, weigh
from cc_export.compiled import LOOP
from cc_export.inspect import inspect_model
from cc_export.results import ModelResult, Results
from cc_export.study import load_study
from cc_export.weigh import Aligned, weigh_model

MODELS = 6
# Matrices of 4,096 × 4,096 float32, 64 MiB each.
LARGE, SIDE = 31, 4096


def prepared(study: Path) -> Results:
    """A study's models with their tensors recognized, as an export has them before it weighs."""
    models = load_study(study).models
    return stages.align(tuple(ModelResult(m, inspection=inspect_model(m.onnx)) for m in models))


def weigh_all(results: Results) -> tuple[float, int]:
    """CPU seconds, and how many weights were weighed."""
    files = {r.model.id: Aligned(r.model.onnx, r.alignment.placed) for r in results}
    begin, weights = time.process_time(), 0
    for result in results:
        found = weigh_model(files[result.model.id], tuple(files[r] for r in result.references))
        weights += sum(one.weighed.statistics.count for one in found)
    return time.process_time() - begin, weights


def by_hand(model: Path, parent: Path) -> tuple[float, int]:
    """Statistics, a histogram and one comparison of each tensor, as one writes it at first."""
    begin, weights = time.process_time(), 0
    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(parent).graph.initializer}
    for tensor in onnx.load(model).graph.initializer:
        values, other = numpy_helper.to_array(tensor), tensors[tensor.name]
        wide, reference = values.astype(np.float64), other.astype(np.float64)
        np.histogram(wide, 64)
        np.histogram2d(wide.ravel(), (reference - wide).ravel(), (64, 8))
        _ = wide.mean(), wide.std(), (wide == 0).mean(), np.linalg.norm(reference - wide)
        _ = (wide * reference).sum(), np.abs(reference - wide).max()
        weights += values.size
    return time.process_time() - begin, weights


def write_large(folder: Path) -> None:
    """A model of 2 GB in external data, and one made from it."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name, scale in (("base", 1.0), ("tuned", 1.01)):
        tensors, nodes = [], []
        with (folder / f"{name}.data").open("wb") as data:
            for number in range(LARGE):
                if name == "base":
                    values = rng.standard_normal((SIDE, SIDE), np.float32)
                    np.save(folder / f"{number}.npy", values)
                values = np.load(folder / f"{number}.npy") * np.float32(scale)
                tensor = TensorProto(name=f"layer{number}.weight", data_type=TensorProto.FLOAT)
                tensor.dims.extend(values.shape)
                tensor.data_location = TensorProto.EXTERNAL
                for key, text in (("location", f"{name}.data"), ("offset", str(data.tell()))):
                    tensor.external_data.add(key=key, value=text)
                data.write(values.tobytes())
                tensors.append(tensor)
                nodes.append(
                    helper.make_node("MatMul", [f"x{number}", tensor.name], [f"x{number + 1}"])
                )
        inputs = [helper.make_tensor_value_info("x0", TensorProto.FLOAT, ["n", SIDE])]
        outputs = [helper.make_tensor_value_info(f"x{LARGE}", TensorProto.FLOAT, ["n", SIDE])]
        graph = helper.make_graph(nodes, "large", inputs, outputs, tensors)
        onnx.save(helper.make_model(graph, ir_version=8), folder / f"{name}.onnx")
    for file in folder.glob("*.npy"):
        file.unlink()
    (folder / "study.yaml").write_text(
        "models:\n  - {id: base, onnx: base.onnx}\n"
        "  - {id: tuned, base: base, operation: {name: tune}, onnx: tuned.onnx}\n"
    )


def peak(study: Path) -> tuple[int, int]:
    """MiB that weighing takes in a process of its own: beyond interpreter and libraries, in all."""
    script = f"import weights; weights.report_peak({str(study)!r})"
    output = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
    ).stdout
    beyond, whole = map(int, output.split())
    return beyond, whole


def report_peak(study: str) -> None:
    """Print the growth of the process's peak resident memory, and the peak, in MiB."""
    before = _resident("VmHWM")
    weigh_all(prepared(Path(study)))
    after = _resident("VmHWM")
    print((after - before) >> 10, after >> 10)


def _resident(kind: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind))


def main() -> None:
    """Make what is missing, measure, print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        resnets, large = folder / "resnet50", folder / "large"
        if not resnets.exists():
            studies.write_study(resnets, studies.resnet50(), MODELS, 224)
        if not large.exists():
            write_large(large)
        results = prepared(resnets)
        taken, weights = min(weigh_all(results) for _ in range(3))
        weigh.LOOP = None
        plain, _ = min(weigh_all(results) for _ in range(3))
        hand, of = by_hand(resnets / "m1.onnx", resnets / "m0.onnx")
        compared = sum(len(result.references) for result in results)
        print(f"ResNet-50 × {MODELS}, {compared} comparisons")
        if LOOP is None:
            print("  there is no compiled loop here: see hatch_build.py")
        else:
            print(f"  weighed                {1e9 * taken / weights:6.1f} ns CPU a weight, model")
        print(f"  weighed by numpy       {1e9 * plain / weights:6.1f} ns")
        print(f"  by hand, 1 comparison  {1e9 * hand / of:6.1f} ns")
        for title, study in (("ResNet-50 × 6", resnets), ("2 GB in external data × 2", large)):
            beyond, whole = peak(study)
            print(f"{title}: {beyond} MiB beyond interpreter and libraries, {whole} MiB in all")


if __name__ == "__main__":
    main()
