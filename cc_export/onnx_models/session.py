"""An onnxruntime session whose every failure is a ModelError."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import DTypeLike, NDArray

from cc_export.errors import ModelError
from cc_export.numerals import first_text, number_hint
from cc_export.onnx_models.narrowing import NARROWING_HINT, what_is_lost

PROVIDER = "CPUExecutionProvider"
THREADS = 1
_FATAL_ONLY = 4
_FOLDER = "session.model_external_initializers_file_folder_path"
# Characters of a value that is shown.
# Of a reason: onnxruntime says on the first few what is wrong, and then where in its own source.
_MOST_LINES = 3
_NUMPY: Mapping[str, DTypeLike] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(uint16)": np.uint16,
    "tensor(int16)": np.int16,
    "tensor(uint32)": np.uint32,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint64)": np.uint64,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}

_BFLOAT16 = "tensor(bfloat16)"
_WIDEN = "Export the model with a Cast to float32 at its end."
_NO_TENSOR = (
    "Converters of scikit-learn give probabilities as a list of maps: convert with zipmap=False, "
    "or name a tensor in `evaluation.output`."
)

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
        self._kinds = {output.name: output.type for output in outputs}
        self.shapes: dict[str, tuple[int | str | None, ...]] = {
            entry.name: tuple(entry.shape) for entry in (*inputs, *outputs)
        }
        fixed = {entry.shape[0] for entry in inputs if entry.shape}
        whole = len(fixed) == 1 and all(isinstance(side, int) for side in fixed)
        self.batch: int | None = fixed.pop() if whole else None

    def typed(self, feeds: Feeds) -> dict[str, NDArray[np.generic]]:
        """Inputs in the types and shapes the model takes, filled up to the batch it insists on.

        The last instance is repeated; ``run`` gives no answer for the copies.

        Raises:
            ModelError: instances are lists whose lengths differ, or numbers that the model's type
                would change.
        """
        ready = {}
        for name, given in feeds.items():
            values = self._shaped(name, given)
            missing = max(0, (self.batch or 0) - len(values))
            filled = np.concatenate([values, *[values[-1:]] * missing]) if missing else values
            wanted = _NUMPY.get(self.inputs.get(name, ""), np.float32)
            lost = what_is_lost(filled, np.dtype(wanted))
            if lost:
                raise ModelError(f"{self._path.name}: input {name!r} {lost}", NARROWING_HINT)
            # What a narrower type cannot hold becomes infinite, as in the page.
            with np.errstate(over="ignore", invalid="ignore"):
                try:
                    ready[name] = filled.astype(wanted, copy=False)
                except (TypeError, ValueError):
                    raise ModelError(*no_number(self._path, name, filled.tolist())) from None
        return ready

    def _shaped(self, name: str, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """The same numbers or texts in the shape the model declares, where that is only another.

        A column of numbers or texts fits an input of shape [instances, 1], lists fit one of
        [instances, length], and a row of pixels fits [instances, 1, 28, 28].
        """
        declared = self.shapes.get(name, ())
        if values.dtype.kind == "O" and any(isinstance(row, list) for row in values.tolist()):
            values = self._stacked(name, values)
        if not declared or values.ndim == len(declared) or not values.size:
            return values
        known = math.prod(side for side in declared[1:] if isinstance(side, int))
        free = sum(not isinstance(side, int) for side in declared[1:])
        row = values.size // len(values)
        if free > 1 or known < 1 or row % known or (not free and row != known):
            return values  # it does not fit; onnxruntime says how
        sides = [side if isinstance(side, int) else row // known for side in declared[1:]]
        return values.reshape(len(values), *sides)

    def _stacked(self, name: str, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Instances that are lists, as one array."""
        rows = [row if isinstance(row, list) else [row] for row in values.tolist()]
        lengths = {len(row) for row in rows}
        if len(lengths) > 1:
            raise ModelError(
                f"{self._path.name}: input {name!r} gets lists of {min(lengths)} to "
                f"{max(lengths)} values, which do not stack to a batch",
                "Pad them to one length, in the data or in `dataset.preprocess`.",
            )
        texts = self.inputs.get(name) == "tensor(string)"
        try:
            return np.array(rows, np.object_ if texts else np.float64)
        except (TypeError, ValueError):
            raise ModelError(*no_number(self._path, name, rows)) from None

    def run(self, outputs: Sequence[str], feeds: Feeds) -> list[NDArray[np.generic]]:
        """Outputs for some instances.

        Raises:
            ModelError: onnxruntime cannot run it, or an output is no tensor.
        """
        count = min(len(values) for values in feeds.values())
        found = self.run_typed(outputs, self.typed(feeds))
        for name, values in zip(outputs, found, strict=True):
            if not isinstance(values, np.ndarray):
                what = f"output {name!r} is no tensor but a {type(values).__name__}"
                raise ModelError(f"{self._path.name}: {what}", _NO_TENSOR)
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
            foreign = [name for name in outputs if self._kinds.get(name) == _BFLOAT16]
            if foreign:
                what = f"output {foreign[0]!r} is bfloat16, which onnxruntime gives to no Python"
                raise ModelError(f"{self._path.name}: {what}", _WIDEN) from None
            raise self._failed("run", error) from None
        return found

    def _failed(self, what: str, error: Exception) -> ModelError:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        # The folder is nobody's business who reads the site.
        reason = " ".join(line.strip() for line in lines[:_MOST_LINES])
        text = reason.replace(str(self._path), self._path.name)
        return ModelError(f"{self._path.name}: onnxruntime cannot {what} it: {text}")


def no_number(path: Path, name: str, rows: Sequence[object]) -> tuple[str, str]:
    """What to say of instances with a text where an input takes numbers, and what to try."""
    found = first_text(rows)
    wrong = found[1] if found else str(rows[0])
    what = f"{path.name}: input {name!r} takes numbers, and an instance has {wrong!r}"
    return f"{what} among its values", number_hint(wrong)
