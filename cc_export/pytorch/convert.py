"""From a module to an ONNX file that keeps its parts apart, has its names and gives its answers."""

from __future__ import annotations

import ctypes
import inspect
import io
import json
import logging
import math
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, helper

from cc_export.callables import FAILURES, described
from cc_export.errors import ModelError
from cc_export.near import near
from cc_export.pytorch.agreement import Agreement, Arrays, agreement, answers, flattened
from cc_export.pytorch.module import WHY, prepared
from cc_export.pytorch.names import module_of, with_module_names
from cc_export.pytorch.need import has_onnxscript, need, versions
from cc_export.pytorch.tidy import tidy
from cc_export.study.records import Example, Exporter, ToOnnx

# protobuf messages end at 2 GiB; weights beyond this are written to a file beside.
_MOST_BYTES = 1_800_000_000
_SEED = 20
# Numbers of an example input: two GiB while they are made.
_MOST_VALUES = 1 << 28
_METADATA = "cc_export.torch"


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a module became an ONNX file. ``renamed`` weights got their names back."""

    exporter: Exporter
    torch: str
    opset: int
    renamed: int
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class _Call:
    """A module, what it is called with, and which axes of that may vary."""

    module: Any
    order: tuple[str, ...]
    named: bool
    inputs: Arrays
    outputs: tuple[str, ...]
    dynamic: Mapping[str, Mapping[int, str]]
    opset: int | None


def convert(module: Any, inputs: Arrays, target: Path, how: ToOnnx) -> Conversion:
    """Export a module to ``target``, an ONNX file.

    Every module stays a node of its own (BatchNorm is not folded into the convolution before it),
    weights have their names in the state dict, and the file is compared with the module on
    ``inputs``: by name, first axis the instances. ``how`` says the rest.

    Raises:
        ModelError: the module cannot be run or exported, or the two give different answers.
        OSError: the file cannot be written.
    """
    torch = need("torch", WHY)
    newest = onnx.defs.onnx_opset_version()
    if how.opset is not None and how.opset > newest:
        raise ModelError(
            f"there is no opset {how.opset}; the newest is {newest}", "Leave the opset out."
        )
    module = prepared(module)
    inputs = _typed(torch, module, inputs)
    order, named = _order(module, tuple(inputs))
    expected = flattened(answers(torch, module, inputs, order, named))
    _check_steady(expected, flattened(answers(torch, module, inputs, order, named)))
    dynamic = _dynamic(inputs, how)
    call = _Call(module, order, named, inputs, tuple(expected), dynamic, how.opset)
    state = {
        name: value.float().numpy() if str(value.dtype) == "torch.bfloat16" else value.numpy()
        for name, value in module.state_dict().items()
        if hasattr(value, "numpy")
    }
    problem: ModelError | None = None
    for exporter in _exporters(how.exporter):
        try:
            model = _exported(torch, call, exporter)
            tidy(model, state, module_of)
            renamed = with_module_names(model, state)
            _note(model, exporter)
            _write(model, target)
            batches = [(inputs, expected)]
            if any(0 in axes for axes in dynamic.values()):
                one = {name: values[:1] for name, values in inputs.items()}
                batches.append((one, flattened(answers(torch, module, one, order, named))))
            close = agreement(target, batches)
        except ModelError as error:
            problem = problem or error
            continue
        opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)
        if how.opset not in {None, opset}:
            target.unlink(missing_ok=True)
            raise ModelError(
                f"torch {versions()[0]} cannot write it in opset {how.opset}, it gives {opset}",
                f"Leave the opset out, or ask for {opset}.",
            )
        return Conversion(exporter, versions()[0], opset, len(renamed), close)
    assert problem is not None
    raise problem


def example_inputs(examples: Sequence[tuple[str, Example]]) -> dict[str, NDArray[np.generic]]:
    """Inputs of given shapes, filled at random, the same each time: normal, or 0 and 1.

    Raises:
        ModelError: a shape holds nothing, or more than an example can.
    """
    rng = np.random.default_rng(_SEED)
    found: dict[str, NDArray[np.generic]] = {}
    for name, example in examples:
        kind, count = np.dtype(example.dtype), math.prod(example.shape)
        if not 0 < count <= _MOST_VALUES:
            what = f"the input {name!r} of shape {list(example.shape)} holds {count:,} numbers"
            raise ModelError(what, f"An example has at least one and at most {_MOST_VALUES:,}.")
        values = (
            rng.standard_normal(example.shape)
            if kind.kind == "f"
            else rng.integers(0, 2, example.shape)
        )
        found[name] = values.astype(kind)
    return found


def _typed(torch: Any, module: Any, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
    """Inputs in the precision of the module; two instances where one would fix the axis."""
    half = any(p.dtype == torch.float16 for p in module.parameters())
    kind = np.float16 if half else np.float32
    found = {}
    for name, values in inputs.items():
        array = np.asarray(values)
        array = array.astype(kind) if array.dtype.kind == "f" else array
        found[name] = np.concatenate([array, array]) if array.ndim and len(array) == 1 else array
    return found


def _order(module: Any, names: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Names in the order of the call, and whether they are given by name."""
    if not names:
        raise ModelError("a module needs at least one input to be exported", "Give an example.")
    parameters = list(inspect.signature(module.forward).parameters)
    if not set(names) <= set(parameters):
        return names, False
    order = tuple(sorted(names, key=parameters.index))
    return order, order != tuple(parameters[: len(order)])


def _check_steady(first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    if not first:
        raise ModelError("the module gives no tensors", "Its forward must return some.")
    for name, value in first.items():
        if not np.array_equal(value.numpy(), second[name].numpy(), equal_nan=True):
            raise ModelError(
                "the module gives different answers to the same input",
                "Is there dropout, or other noise, that stays on in eval mode?",
            )


def _dynamic(inputs: Arrays, how: ToOnnx) -> dict[str, dict[int, str]]:
    axes = dict(how.dynamic) if how.dynamic is not None else dict.fromkeys(inputs, (0,))
    unknown = [name for name in axes if name not in inputs]
    if unknown:
        raise ModelError(
            f"dynamic axes of the unknown input {unknown[0]!r}", near(unknown[0], inputs)
        )
    for name, listed in axes.items():
        count = inputs[name].ndim
        beyond = [axis for axis in listed if not 0 <= axis < count]
        if beyond:
            raise ModelError(
                f"the input {name!r} has no axis {beyond[0]} that could vary: its shape is "
                f"{list(inputs[name].shape)}",
                f"Axes are counted from 0, here up to {count - 1}." if count else "Name no axes.",
            )
    return {
        name: {axis: "batch" if axis == 0 else f"{name}_{axis}" for axis in listed}
        for name, listed in axes.items()
        if listed
    }


def _exporters(choice: str) -> tuple[Exporter, ...]:
    """Which to try, in order. The newer one follows no branches either, but says so."""
    if choice != "auto":
        return (cast("Exporter", choice),)
    return ("dynamo", "legacy") if has_onnxscript() else ("legacy",)


def _exported(torch: Any, call: _Call, exporter: Exporter) -> ModelProto:
    try:
        with _quiet(torch):
            return _EXPORTERS[exporter](torch, call)
    except ModelError:
        raise
    except FAILURES as error:  # torch raises whatever its passes and the module's code raise
        raise ModelError(
            f"torch's {exporter} exporter cannot export the module: {_reason(error)}",
            "Try the other exporter, a fixed batch (`dynamic: {}`), or another opset.",
        ) from None


def _dynamo(torch: Any, call: _Call) -> ModelProto:
    need("onnxscript", "torch's dynamo exporter")
    shapes = {name: dict(call.dynamic.get(name, {})) for name in call.order}
    tensors = {name: torch.from_numpy(np.array(call.inputs[name])) for name in call.order}
    program = torch.onnx.export(
        call.module,
        () if call.named else tuple(tensors.values()),
        kwargs=tensors if call.named else None,
        dynamo=True,
        # Its own optimizer folds BatchNorm into convolutions.
        optimize=False,
        verbose=False,
        input_names=list(call.order),
        output_names=list(call.outputs),
        dynamic_shapes=shapes if call.named else tuple(shapes.values()),
        opset_version=call.opset,
    )
    # What remains is folded: shapes, and weights that are stored in another order.
    optimizer = need("onnxscript.optimizer", "torch's dynamo exporter")
    biggest = 2 * max((v.nbytes for v in call.module.state_dict().values()), default=0)
    limit = max(biggest, 1 << 20)
    optimizer.fold_constants(program.model, input_size_limit=limit, output_size_limit=limit)
    optimizer.remove_unused_nodes(program.model)
    return cast("ModelProto", program.model_proto)


def _legacy(torch: Any, call: _Call) -> ModelProto:
    tensors = {name: torch.from_numpy(np.array(call.inputs[name])) for name in call.order}
    batch = {
        name: {0: "batch"} for name in call.outputs if any(0 in a for a in call.dynamic.values())
    }
    with tempfile.TemporaryDirectory(prefix="cc-export-") as folder:
        file = Path(folder) / "model.onnx"
        torch.onnx.export(
            call.module,
            () if call.named else tuple(tensors.values()),
            str(file),
            kwargs=tensors if call.named else None,
            dynamo=False,
            # In eval mode already; told so, it would fold BatchNorm into convolutions.
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            input_names=list(call.order),
            output_names=list(call.outputs),
            dynamic_axes={**call.dynamic, **batch},
            opset_version=call.opset,
        )
        return onnx.load(file)


_EXPORTERS: Mapping[Exporter, Callable[[Any, _Call], ModelProto]] = {
    "dynamo": _dynamo,
    "legacy": _legacy,
}


@contextmanager
def _quiet(torch: Any) -> Iterator[None]:
    """Without torch's advice to its own developers, and without fused operators ONNX lacks."""
    logger = logging.getLogger("torch.onnx")
    level, fused = logger.level, torch.backends.mha.get_fastpath_enabled()
    logger.setLevel(logging.CRITICAL)
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), _nothing_printed():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        torch.backends.mha.set_fastpath_enabled(fused)


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Without what C++ prints: torch's older exporter shows the whole graph where it fails."""
    libc = ctypes.CDLL(None)
    try:
        kept = os.dup(1)
    except OSError:  # there is no standard output
        yield
        return
    libc.fflush(None)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            yield
        finally:
            libc.fflush(None)
            os.dup2(kept, 1)
            os.close(kept)


def _reason(error: BaseException) -> str:
    """The cause in one line; torch wraps it into pages of advice."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return re.sub(r"\x1b\[[0-9;]*m", "", described(cause))[:300]


def _note(model: ModelProto, exporter: Exporter) -> None:
    kept = {p.key: p.value for p in model.metadata_props}
    made = {"torch": versions()[0], "exporter": exporter}
    helper.set_model_props(model, kept | {_METADATA: json.dumps(made)})
    # Where the module's source lies on this machine is nobody's business.
    for node in model.graph.node:
        for prop in [p for p in node.metadata_props if "stack_trace" in p.key]:
            node.metadata_props.remove(prop)
        node.doc_string = ""


def _write(model: ModelProto, target: Path) -> None:
    if model.ByteSize() < _MOST_BYTES:
        target.write_bytes(model.SerializeToString(deterministic=True))
        return
    data = target.with_name(f"{target.name}.data")
    data.unlink(missing_ok=True)
    onnx.save(model, target, save_as_external_data=True, location=data.name)
