"""Weights of a module from a file: safetensors, or a state dict, read without running code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cc_export.errors import ModelError
from cc_export.pytorch.need import need

_WHY = "loading PyTorch weights"
# Where training scripts put a state dict among other things.
_KEYS = ("state_dict", "model_state_dict", "model", "module", "net", "weights")
# What wrappers put before every name: DataParallel, torch.compile, Lightning.
_PREFIXES = ("module.", "_orig_mod.", "model.")
_GLOBAL = re.compile(r"(?:GLOBAL|global|Unsupported class|class) ['\"]?([\w.]+)['\"]?")
_MOST_NAMED = 4
# What torch.save writes begins so: a zip file, or a pickle of older versions.
_PICKLED = (b"PK\x03\x04", b"\x80")


def load_weights(module: Any, file: Path) -> None:
    """Give a module the weights of a file.

    A checkpoint that holds more than the weights, names with a wrapper's prefix, masks of
    ``torch.nn.utils.prune``, and tensors stored under one of several names are understood.

    Raises:
        ModelError: the file cannot be read, holds more than tensors, or fits another module.
    """
    wanted = module.state_dict()
    found = _with_aliases(_fitting(_state(file), wanted), wanted)
    _compare(file.name, found, wanted)
    module.load_state_dict(found)


def _state(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise ModelError(f"{file.name}: no such file of weights")
    if _is_safetensors(file):
        load_file = need("safetensors.torch", _WHY).load_file
        try:
            return dict(load_file(file))
        except Exception as error:  # safetensors has an error of its own, without a base class
            raise ModelError(f"{file.name}: not a safetensors file: {_line(error)}") from None
    torch = need("torch", _WHY)
    try:
        with file.open("rb") as stream:  # of a path, torch goes by its name
            found = torch.load(stream, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle and torch raise whatever a damaged file makes them
        raise _refused(file, error) from None
    return _state_dict(found, file)


def _is_safetensors(file: Path) -> bool:
    """Whether it is one by what it holds; by its name where it is of neither kind.

    A safetensors file begins with the length of a JSON object, and with that.
    """
    try:
        with file.open("rb") as stream:
            head = stream.read(9)
        size = file.stat().st_size
    except OSError as error:
        raise ModelError(f"{file.name}: cannot be read: {error.strerror}") from None
    if head[8:] == b"{" and int.from_bytes(head[:8], "little") <= size:
        return True
    return file.suffix == ".safetensors" and not head.startswith(_PICKLED)


def _refused(file: Path, error: Exception) -> ModelError:
    text = str(error)
    if "eights only" in text or "weights_only" in text:
        named = _GLOBAL.search(text)
        what = f" ({named.group(1)})" if named else ""
        return ModelError(
            f"{file.name}: is a pickle that holds more than tensors{what}; loading it would run "
            "code of whoever made it, so it is refused",
            "Save the weights alone: torch.save(model.state_dict(), FILE), or "
            "safetensors.torch.save_model(model, FILE).",
        )
    return ModelError(
        f"{file.name}: cannot be read as PyTorch weights: {_line(error)}",
        "Save them with torch.save(model.state_dict(), FILE).",
    )


def _state_dict(found: object, file: Path) -> dict[str, Any]:
    """The state dict, or the one among the parts of a checkpoint."""
    if isinstance(found, Mapping):
        if found and all(hasattr(value, "shape") for value in found.values()):
            return dict(found)
        for key in _KEYS:
            inner = found.get(key)
            if isinstance(inner, Mapping) and inner:
                return _state_dict(inner, file)
        tensors = {k: v for k, v in found.items() if hasattr(v, "shape")}
        if tensors:
            return tensors
    raise ModelError(
        f"{file.name}: holds no state dict but a {type(found).__name__}",
        "Save the weights with torch.save(model.state_dict(), FILE).",
    )


def _fitting(found: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    for prefix in _PREFIXES:
        if not set(found) & set(wanted) and all(name.startswith(prefix) for name in found):
            found = {name.removeprefix(prefix): value for name, value in found.items()}
    for name in list(found):
        base = name.removesuffix("_orig")
        if base != name and base in wanted and f"{base}_mask" in found:
            # As torch.nn.utils.prune keeps a pruned tensor.
            found[base] = found.pop(name) * found.pop(f"{base}_mask")
    return found


def _with_aliases(found: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A tensor that the module has under several names is stored once by safetensors."""
    known = {_place(wanted[name]): value for name, value in found.items() if name in wanted}
    lacking = {name: _place(tensor) for name, tensor in wanted.items() if name not in found}
    return found | {name: known[place] for name, place in lacking.items() if place in known}


def _place(tensor: Any) -> tuple[object, ...]:
    """Where a tensor's values are: equal for two names of one; an empty one is nowhere."""
    return (tensor.data_ptr() or id(tensor), tuple(tensor.shape), tensor.stride())


def _compare(file: str, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    missing = [name for name in wanted if name not in found]
    unknown = [name for name in found if name not in wanted]
    if missing or unknown:
        parts = [
            f"{what} {_listed(names)}"
            for what, names in (("lacks", missing), ("has the unknown", unknown))
            if names
        ]
        raise ModelError(
            f"{file}: does not fit the module: {', and '.join(parts)}",
            "Are these the weights of another architecture?",
        )
    for name, value in wanted.items():
        if tuple(found[name].shape) != tuple(value.shape):
            raise ModelError(
                f"{file}: does not fit the module: {name!r} has shape "
                f"{list(found[name].shape)}, the module wants {list(value.shape)}",
                "Are these the weights of another architecture?",
            )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(map(repr, names[:_MOST_NAMED])) + more


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
