"""The module of a network that a node or a tensor speaks for."""

from __future__ import annotations

import re

import onnx
from onnx import NodeProto

from cc_export.onnx_models.flat import Inside
from cc_export.onnx_models.graph import module_path

# Where torch's exporter keeps the modules a node was traced in, outermost first: ['', 'stage1',
# 'stage1.conv', 'conv2d_3'], the last one being the call itself.
_SCOPES = "pkg.torch.onnx.name_scopes"
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_REPEATED = re.compile(r"_\d+$")


def module_of(node: NodeProto) -> str:
    """The module path of a node, from its scopes where it has them, else from its name."""
    for entry in node.metadata_props:
        if entry.key == _SCOPES:
            found = _QUOTED.findall(entry.value)
            scopes: list[str] = [single or double for single, double in found]
            modules = [scope for scope in scopes[:-1] if scope]
            if modules:
                return modules[-1]
            if scopes:
                return _REPEATED.sub("", scopes[-1])
    name: str = node.name or (node.output[0] if node.output else "")
    return module_path(name.removeprefix("fused "))


def layer_of(node: NodeProto, inside: Inside | None) -> str:
    """The module path of a node that may be inside another one, or inside a function.

    ``If_3.then_branch.MatMul_1`` where names only count; a path through modules says all.
    """
    own = module_of(node)
    told = node.name.startswith("/") or "." in own
    return own if told and not is_counted(own) else path_inside(inside, own)


def path_inside(inside: Inside | None, path: str) -> str:
    """A path with that of what it is inside of before it."""
    if inside is None:
        return path
    return ".".join(filter(None, (layer_of(inside.node, inside.outer), inside.branch, path)))


def is_counted(layer: str) -> bool:
    """Whether a module path is but an operator, or a number that an exporter gave.

    ``MatMul_12``, ``node_linear_3``, ``onnx::Conv_193`` and ``val_7`` are; so is
    ``If_1.then_branch.MatMul_12``.
    """
    if "." in layer and "/" not in layer:
        last = layer.rpartition(".")[2]
        return last != (operator := _REPEATED.sub("", last)) and onnx.defs.has(operator)
    counted = layer.startswith("node_") or "::" in layer or _REPEATED.search(layer) is not None
    return not layer or counted or onnx.defs.has(layer)


def given_place(name: str) -> tuple[str, str] | None:
    """Layer and own name of ``stage1.conv1.weight``; None for a name that no module gave."""
    # Of a bias made by fusion, the name tells what it was made from.
    if "." not in name or "/" in name or "::" in name or "Fusion_" in name:
        return None
    layer, _, own = name.rpartition(".")
    return layer, own
