"""Make every file of this study: ``python examples/digits/train.py`` (about two minutes).

study.yaml is the recipe: each model there names its base, its operation and the operation's
parameters, and this script carries them out in order. It writes models/ and data/, prints the
table of README.md, and ends with a check of the files against study.yaml.
"""

import os

# Idle OpenMP threads must sleep: spinning slows training many times over on shared machines.
# It counts only if it is set before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from pathlib import Path

import onnx
import torch

from dataset import Digits, load_digits, split_digits, to_npz
from network import new_network
from onnx_file import logits, to_onnx
from operations import OPERATIONS, SEED
from quantize import quantize
from recipe import Step, problems, read_recipe

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Carry out study.yaml."""
    torch.set_num_threads(1)  # sums in the same order whatever the number of cores
    torch.use_deterministic_algorithms(True)
    steps = read_recipe(HERE / "study.yaml")
    training, held_out = split_digits(load_digits(), SEED)
    write(HERE / "data" / "evaluation.npz", to_npz(held_out))

    networks: dict[str, torch.nn.Module] = {}
    models: dict[str, onnx.ModelProto] = {}
    for step in steps:
        if step.operation == "quantize":
            models[step.id] = quantize(models[step.base], training, step.parameters)
        else:
            base = networks[step.base] if step.base else new_network(step.id, SEED)
            operation = OPERATIONS[step.operation]
            networks[step.id] = operation(base, training, **step.parameters)
            models[step.id] = to_onnx(networks[step.id], held_out.pixels())
        file = models[step.id].SerializeToString(deterministic=True)
        write(HERE / step.onnx, file)
        print(table_row(step, accuracy(models[step.id], held_out), len(file)), flush=True)

    found = problems(steps, HERE)
    if found:
        raise SystemExit("\n".join(found))
    print(f"{len(steps)} models, as in study.yaml")


def accuracy(model: onnx.ModelProto, digits: Digits) -> float:
    """The fraction of digits whose greatest logit is that of their label."""
    return float((logits(model, digits.pixels()).argmax(axis=1) == digits.labels).mean())


def table_row(step: Step, correct: float, size: int) -> str:
    """One line of the table in README.md."""
    base = f"`{step.base}`" if step.base else ""
    parameters = ", ".join(f"{name} {value}" for name, value in step.parameters.items())
    operation = f"{step.operation} ({parameters})"
    return f"| `{step.id}` | {base} | {operation} | {correct:.3f} | {size:,} |"


def write(path: Path, content: bytes) -> None:
    """Write a file, making its folder first."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main()
