"""The recipe: study.yaml read as steps, and the check that the files say the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import yaml

EPOCHS_METRIC = "Training epochs"
MAX_OPSET = 17
MAX_IR_VERSION = 10
MAX_BYTES = 3_000_000


@dataclass(frozen=True)
class Step:
    """One model of the study: which operation makes it from which other model."""

    id: str
    base: str | None
    operation: str
    parameters: Mapping[str, Any]
    onnx: str
    metrics: Mapping[str, float]


def read_recipe(path: Path) -> list[Step]:
    """The models of a study file, in its order.

    Raises:
        ValueError: an id is there twice, or a base is missing or stands behind its child.
    """
    steps: list[Step] = []
    for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
        step = Step(
            id=entry["id"],
            base=entry.get("base"),
            operation=entry["operation"]["name"],
            parameters=entry["operation"]["parameters"],
            onnx=entry["onnx"],
            metrics=entry.get("metrics", {}),
        )
        earlier = {other.id for other in steps}
        if step.id in earlier:
            raise ValueError(f"{path.name}: the id {step.id!r} is used twice; rename one model")
        if step.base is None and step.operation != "train":
            raise ValueError(
                f"{path.name}: model {step.id!r} has no base, so there is nothing to "
                f"{step.operation}; name its base, or give it the operation train"
            )
        if step.base is not None and step.base not in earlier:
            raise ValueError(
                f"{path.name}: the base {step.base!r} of model {step.id!r} does not stand "
                "before it; models are made in the order of the file, so list the base first"
            )
        steps.append(step)
    return steps


def problems(steps: Sequence[Step], folder: Path) -> list[str]:
    """Where the files in a folder differ from the steps: a sentence each, none if all is well."""
    return [*_file_set(steps, folder), *_epochs(steps), *_formats(steps, folder), *_size(folder)]


def _file_set(steps: Sequence[Step], folder: Path) -> list[str]:
    wanted = {step.onnx for step in steps}
    found = {path.relative_to(folder).as_posix() for path in folder.glob("models/*")}
    return [
        *(f"{name}: named in study.yaml but not there" for name in sorted(wanted - found)),
        *(f"{name}: there but not in study.yaml" for name in sorted(found - wanted)),
    ]


def _epochs(steps: Sequence[Step]) -> list[str]:
    """A model has cost the epochs of its own operation and those of all its ancestors."""
    spent: dict[str | None, int] = {None: 0}
    found = []
    for step in steps:
        spent[step.id] = spent[step.base] + int(step.parameters.get("epochs", 0))
        declared = step.metrics.get(EPOCHS_METRIC)
        if declared != spent[step.id]:
            found.append(
                f"study.yaml: model {step.id!r} declares {EPOCHS_METRIC} {declared}; "
                f"its chain of operations adds up to {spent[step.id]}"
            )
    return found


def _formats(steps: Sequence[Step], folder: Path) -> list[str]:
    """Files must be valid ONNX that runtimes in a page can read."""
    found = []
    for step in steps:
        if not (folder / step.onnx).exists():
            continue
        model = onnx.load(folder / step.onnx)
        try:
            onnx.checker.check_model(model, full_check=True)
        except onnx.checker.ValidationError as error:
            found.append(f"{step.onnx}: not valid ONNX: {error}")
        opset = max(entry.version for entry in model.opset_import)
        if model.ir_version > MAX_IR_VERSION or opset > MAX_OPSET:
            found.append(
                f"{step.onnx}: IR version {model.ir_version} and opset {opset}; "
                f"the study stays within {MAX_IR_VERSION} and {MAX_OPSET}"
            )
    return found


def _size(folder: Path) -> list[str]:
    files = [*folder.glob("models/*"), *folder.glob("data/*")]
    total = sum(path.stat().st_size for path in files)
    return [f"models and data: {total:,} bytes, over {MAX_BYTES:,}"] if total > MAX_BYTES else []
