"""A module ready to be exported: its own copy, on the CPU, as it answers after training."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cc_export.callables import FAILURES, CallableName, described
from cc_export.errors import ExportError, ModelError
from cc_export.pytorch.need import need
from cc_export.pytorch.weights import load_weights

WHY = "exporting a PyTorch module"


def build_module(name: CallableName, arguments: Mapping[str, Any], weights: Path | None) -> Any:
    """The module that a study file names, with its weights.

    Without weights, whatever is initialised at random is the same each time.

    Raises:
        ModelError: there is no such callable, it fails, gives no module, or the weights do not fit.
    """
    torch = need("torch", WHY)
    try:
        found = name.load()
    except ModelError:
        raise
    except ExportError as error:
        raise ModelError(error.what, error.hint) from None
    if not isinstance(found, torch.nn.Module):
        torch.manual_seed(0)
        try:
            found = found(**arguments)
        except FAILURES as error:  # whatever the study's own code raises
            raise ModelError(f"{name.name}: calling it failed: {described(error)}") from None
    if not isinstance(found, torch.nn.Module):
        raise ModelError(
            f"{name.name}: gives a {type(found).__name__}, no torch.nn.Module",
            "Name a function or class that makes the module.",
        )
    if weights is not None:
        load_weights(found, weights)
    return found


def prepared(module: Any) -> Any:
    """A copy that computes the inference function: on the CPU, in eval mode, without wrappers.

    Pruning masks and parametrizations become plain weights, so that the exported weights are the
    ones that count.

    Raises:
        ModelError: it is no module, or cannot be copied.
    """
    torch = need("torch", WHY)
    while True:
        inner = getattr(module, "_orig_mod", None)  # torch.compile
        if inner is None and isinstance(module, torch.nn.DataParallel):
            inner = module.module
        if inner is None:
            break
        module = inner
    if not isinstance(module, torch.nn.Module):
        raise ModelError(f"a {type(module).__name__} is no torch.nn.Module")
    _detach_computed(torch, module)
    try:
        own = copy.deepcopy(module).cpu().eval()
    except FAILURES as error:  # modules may hold anything
        raise ModelError(f"the module cannot be copied: {described(error)}") from None
    for part in own.modules():
        _plain_weights(part)
    return own


def _detach_computed(torch: Any, module: Any) -> None:
    """Let tensors go that were computed from parameters; they are computed again when it is run."""
    for part in module.modules():
        for name, value in list(vars(part).items()):
            if isinstance(value, torch.Tensor) and value.grad_fn is not None:
                setattr(part, name, value.detach())


def _plain_weights(part: Any) -> None:
    prune = need("torch.nn.utils.prune", WHY)
    masks = [h for h in part._forward_pre_hooks.values() if isinstance(h, prune.BasePruningMethod)]
    for hook in masks:
        prune.remove(part, hook._tensor_name)
    parametrize = need("torch.nn.utils.parametrize", WHY)
    if parametrize.is_parametrized(part):
        # The class has the weight as a property and is shared by copies; it would lose it for all.
        kind = type(part)
        own = {k: v for k, v in vars(kind).items() if k not in ("__dict__", "__weakref__")}
        part.__class__ = type(kind.__name__, kind.__bases__, own)
        for name in list(part.parametrizations):
            parametrize.remove_parametrizations(part, name, leave_parametrized=True)
