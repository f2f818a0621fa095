"""Values as training scripts have them (numpy, torch, paths, dates), as what JSON can hold."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cc_export.errors import ExportError
from cc_export.study.values import MOST_LEVELS

# Of a subclass, such as numpy's float64 or an enumeration of texts, only what it stands for.
_SIMPLE: tuple[tuple[type, Callable[[Any], object]], ...] = (
    (type(None), lambda value: value), (bool, bool), (int, int), (float, float),
    (str, str.__str__), (PurePath, str),
    (datetime, datetime.isoformat), (date, date.isoformat), (time, time.isoformat),
)  # fmt: skip


def plain(value: object, where: str, levels: int = MOST_LEVELS) -> object:
    """A value as text, numbers, lists and dicts.

    Arrays and tensors become (lists of) numbers, paths and dates text. ``where`` is named when
    it cannot be done.

    Raises:
        ExportError: a value has no form in JSON, or is nested too deeply (or in itself).
    """
    if levels < 0:
        raise ExportError(f"{where.partition('.')[0]}: nested more than {MOST_LEVELS} levels deep")
    for kind, convert in _SIMPLE:
        if isinstance(value, kind):
            return convert(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}", levels - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}[{i}]", levels - 1) for i, item in enumerate(value)]
    if hasattr(value, "__array__"):
        array = as_array(value, where)
        if array.dtype.kind in "biufU":
            return array.tolist()
    raise ExportError(
        f"{where}: a {type(value).__name__} cannot be written down",
        "Give text, numbers, lists or dicts of them.",
    )


def as_array(value: Any, where: str) -> NDArray[np.generic]:
    """An array from a numpy array, a torch tensor on any device, or nested lists.

    Raises:
        ExportError: it is none, or holds Python objects.
    """
    if hasattr(value, "detach"):
        # A torch tensor: part of a computation, on a GPU, or of a type that numpy does not know.
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ExportError(f"{where}: is no array: {reason}") from None
    if array.dtype.hasobject:
        raise ExportError(
            f"{where}: an array of Python objects cannot be written down",
            "Give numbers of one type and equal lengths, or a list of texts.",
        )
    return array


def named_inputs(module: Any, example: Any, where: str) -> dict[str, NDArray[np.generic]]:
    """Inputs of a module by name: from a mapping, or one or several in the order of its forward.

    Raises:
        ExportError: one is no array, or there are more than the module takes.
    """
    if example is None:
        return {}
    if not isinstance(example, Mapping):
        listed = list(example) if isinstance(example, list | tuple) else [example]
        names = list(inspect.signature(getattr(module, "forward", module)).parameters)
        if len(listed) > len(names):
            raise ExportError(f"{where}: {len(listed)} inputs for a forward of {len(names)}")
        example = dict(zip(names, listed, strict=False))
    return {str(name): as_array(value, f"{where}.{name}") for name, value in example.items()}
