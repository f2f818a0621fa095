"""An onnxruntime session whose every failure is a ModelError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import DTypeLike, NDArray

from cc_export.errors import ModelError

PROVIDER = "CPUExecutionProvider"
THREADS = 1
_FATAL_ONLY = 4
_FOLDER = "session.model_external_initializers_file_folder_path"
# Of a reason: onnxruntime says on the first few what is wrong, and then where in its own source.
_MOST_LINES = 3
_NUMPY: Mapping[str, DTypeLike] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}

Feeds = Mapping[str, NDArray[np.generic]]


class Session:
    """A model on the CPU with one thread, so that results repeat exactly.

    ``inputs`` are types by name, ``outputs`` names in order, ``shapes`` of both by name as far as
    the model tells (a side is a number, a name, or None), ``batch`` is the number of instances that
    the model insists on (None: any number).
    """

    def __init__(self, path: Path, content: bytes | None = None, *, brief: bool = False) -> None:
        """Load a model file, or the serialized model that stands in for it.

        For a ``brief`` run, weights are left in the layout they have: to lay them out for the
        processor takes longer than it saves on a few instances.

        Raises:
            ModelError: onnxruntime cannot load it.
        """
        self._path = path
        options = ort.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = THREADS
        options.log_severity_level = _FATAL_ONLY
        if brief:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        if content is not None:
            # Where bytes that stand in for a file have their external data.
            options.add_session_config_entry(_FOLDER, str(path.parent.resolve()))
            # Laid out for the sizes of the first run, memory is asked for anew on the second.
            options.enable_mem_pattern = False
        try:
            # Without its fallback, which prints to the terminal and tries the same again.
            self._session = ort.InferenceSession(
                content or str(path), options, providers=[PROVIDER], enable_fallback=0
            )
        except Exception as error:  # onnxruntime's own exceptions share no base class
            raise self._failed("load", error) from None
        inputs = self._session.get_inputs()
        self.inputs: dict[str, str] = {entry.name: entry.type for entry in inputs}
        outputs = self._session.get_outputs()
        self.outputs: tuple[str, ...] = tuple(output.name for output in outputs)
        self.shapes: dict[str, tuple[int | str | None, ...]] = {
            entry.name: tuple(entry.shape) for entry in (*inputs, *outputs)
        }
        fixed = {entry.shape[0] for entry in inputs if entry.shape}
        whole = len(fixed) == 1 and all(isinstance(side, int) for side in fixed)
        self.batch: int | None = fixed.pop() if whole else None

    def typed(self, feeds: Feeds) -> dict[str, NDArray[np.generic]]:
        """Inputs in the types the model takes, filled up to the batch it insists on.

        The last instance is repeated; ``run`` gives no answer for the copies.
        """
        ready = {}
        for name, values in feeds.items():
            missing = max(0, (self.batch or 0) - len(values))
            filled = np.concatenate([values, *[values[-1:]] * missing]) if missing else values
            wanted = _NUMPY.get(self.inputs.get(name, ""), np.float32)
            # What a narrower type cannot hold becomes infinite, as in the page.
            with np.errstate(over="ignore", invalid="ignore"):
                ready[name] = filled.astype(wanted, copy=False)
        return ready

    def run(self, outputs: Sequence[str], feeds: Feeds) -> list[NDArray[np.generic]]:
        """Outputs for some instances.

        Raises:
            ModelError: onnxruntime cannot run it, or an output is no tensor.
        """
        count = min(len(values) for values in feeds.values())
        found = self.run_typed(outputs, self.typed(feeds))
        for name, values in zip(outputs, found, strict=True):
            if not isinstance(values, np.ndarray):
                raise ModelError(
                    f"{self._path.name}: output {name!r} is no tensor but a {type(values).__name__}"
                )
        padded = self.batch is not None and self.batch > count
        return [v[:count] if padded and v.ndim and len(v) == self.batch else v for v in found]

    def run_typed(self, outputs: Sequence[str], ready: Feeds) -> list[NDArray[np.generic]]:
        """As ``run``, with inputs that went through ``typed``: nothing but the model is run.

        Raises:
            ModelError: onnxruntime cannot run it.
        """
        try:
            found: list[NDArray[np.generic]] = self._session.run(list(outputs), dict(ready))
        except Exception as error:  # onnxruntime's own exceptions share no base class
            raise self._failed("run", error) from None
        return found

    def _failed(self, what: str, error: Exception) -> ModelError:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        # The folder is nobody's business who reads the site.
        reason = " ".join(line.strip() for line in lines[:_MOST_LINES])
        text = reason.replace(str(self._path), self._path.name)
        return ModelError(f"{self._path.name}: onnxruntime cannot {what} it: {text}")
