"""The module of a network that a node or a tensor speaks for."""

from __future__ import annotations

import re

from onnx import NodeProto

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


def given_place(name: str) -> tuple[str, str] | None:
    """Layer and own name of ``stage1.conv1.weight``; None for a name that no module gave."""
    # Of a bias made by fusion, the name tells what it was made from.
    if "." not in name or "/" in name or "::" in name or "Fusion_" in name:
        return None
    layer, _, own = name.rpartition(".")
    return layer, own
