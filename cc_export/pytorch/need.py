"""torch, or words about what to install."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from cc_export.errors import ExportError

# Of these, a version may change what an exported model looks like.
PACKAGES = ("torch", "onnxscript")


def need(package: str, why: str) -> Any:
    """A package of the extra ``torch``.

    Raises:
        ExportError: it is not installed, or cannot be imported.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        missing = error.name or package
        raise ExportError(
            f"{why} needs the package {missing}, which is not installed",
            "Install it with: pip install 'cc-export[torch]'",
        ) from None
    except (ImportError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ExportError(f"{why} needs the package {package}, which fails: {reason}") from None


def has_onnxscript() -> bool:
    """Whether torch's newer exporter can run."""
    return find_spec("onnxscript") is not None


def versions() -> tuple[str, ...]:
    """What is installed of the packages that make an ONNX model; nothing is imported."""
    return tuple(map(_version, PACKAGES))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
