"""Whether an exported model answers as the module does, on the same instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_export.callables import FAILURES, described
from cc_export.errors import ModelError
from cc_export.onnx_models.session import Session

Arrays = Mapping[str, NDArray[np.generic]]
# Of the relative difference; half precision keeps 3 digits of every step.
TOLERANCE, HALF_TOLERANCE = 1e-3, 5e-2


@dataclass(frozen=True, slots=True)
class Agreement:
    """The largest differences over all outputs and instances.

    ``absolute`` is max |exported − module|; ``relative`` divides it by max |module| of the same
    output. 0 is best, for both.
    """

    absolute: float
    relative: float
    instances: int


def answers(torch: Any, module: Any, feeds: Arrays, order: Sequence[str], named: bool) -> Any:
    """What a module gives for some instances, whatever that is.

    Raises:
        ModelError: it cannot be run on them.
    """
    tensors = {name: torch.from_numpy(np.array(feeds[name])) for name in order}
    try:
        with torch.no_grad():
            return module(**tensors) if named else module(*tensors.values())
    except FAILURES as error:  # whatever the module's own code raises
        shapes = ", ".join(f"{n} {list(v.shape)} {v.dtype}" for n, v in feeds.items())
        raise ModelError(
            f"the module cannot be run on {shapes}: {described(error)}",
            "Check the example inputs: names, shapes and types.",
        ) from None


def flattened(output: Any, name: str = "output") -> dict[str, Any]:
    """Tensors of a module's output by name, in order, as torch's exporters list them."""
    if hasattr(output, "detach"):
        return {name: output}
    if isinstance(output, Mapping):
        parts = {str(key): value for key, value in output.items()}
    elif isinstance(output, list | tuple):
        parts = {f"{name}_{index}": value for index, value in enumerate(output)}
    else:
        parts = {}
    return {
        key: tensor for n, value in parts.items() for key, tensor in flattened(value, n).items()
    }


def agreement(path: Path, batches: Sequence[tuple[Arrays, Mapping[str, Any]]]) -> Agreement:
    """Compare a model file with what the module gave, batch by batch: inputs and outputs by name.

    Raises:
        ModelError: onnxruntime cannot run it, an output has another shape, or they differ by more
            than the tolerance.
    """
    session = Session(path)
    worst = Agreement(0.0, 0.0, 0)
    for feeds, expected in batches:
        found = session.run(list(expected), feeds)
        for (name, tensor), values in zip(expected.items(), found, strict=True):
            wanted = tensor.detach().float().numpy()
            if values.shape != wanted.shape:
                raise ModelError(
                    f"output {name!r} of the exported model has shape {list(values.shape)}, the "
                    f"module's has {list(wanted.shape)}",
                    "An axis that varies may have been fixed; name it with `dynamic`.",
                )
            half = str(tensor.dtype) in ("torch.float16", "torch.bfloat16")
            absolute, relative = difference(values.astype(np.float64), wanted.astype(np.float64))
            if not relative <= (HALF_TOLERANCE if half else TOLERANCE):
                raise ModelError(
                    f"output {name!r} of the exported model differs from the module's by up to "
                    f"{absolute:.3g}, {relative:.3g} of its largest value; at most "
                    f"{HALF_TOLERANCE if half else TOLERANCE:g} is taken for rounding",
                    "Try the other exporter; branches that depend on values are not traced.",
                )
            worst = Agreement(
                max(worst.absolute, absolute), max(worst.relative, relative), worst.instances
            )
        count = len(next(iter(feeds.values())))
        worst = Agreement(worst.absolute, worst.relative, max(worst.instances, count))
    return worst


def difference(found: NDArray[np.float64], wanted: NDArray[np.float64]) -> tuple[float, float]:
    """Largest absolute difference, and the same in units of the largest |wanted|.

    Infinite where NaN or infinities stand at other places; both 0 for empty arrays.
    """
    finite = np.isfinite(wanted)
    if not np.array_equal(found[~finite], wanted[~finite], equal_nan=True):
        return float("inf"), float("inf")
    if not finite.any():
        return 0.0, 0.0
    absolute = float(np.abs(found[finite] - wanted[finite]).max())
    scale = float(np.abs(wanted[finite]).max())
    return absolute, absolute / scale if scale else (0.0 if absolute == 0 else float("inf"))
