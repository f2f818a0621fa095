"""cc-export: compare compressed machine-learning models in a static page.

>>> from cc_export import export, read_site
>>> report = export("examples/digits", "site")  # doctest: +SKIP
>>> read_site("site").models[0]["metrics"]["Accuracy"]  # doctest: +SKIP
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cc_export.bundle.read import read_site
    from cc_export.errors import ExportError, StudyError
    from cc_export.pipeline import Report, export
    from cc_export.study import LoadedStudy, Study, load_study
    from cc_export.version import __version__

# onnxruntime's own builds send events to their maker, unless this is said before it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__all__ = [
    "ExportError",
    "LoadedStudy",
    "Report",
    "Study",
    "StudyError",
    "__version__",
    "export",
    "load_study",
    "read_site",
]

_HOMES = {
    "ExportError": "cc_export.errors",
    "Report": "cc_export.pipeline",
    "StudyError": "cc_export.errors",
    "Study": "cc_export.study",
    "LoadedStudy": "cc_export.study",
    "__version__": "cc_export.version",
    "export": "cc_export.pipeline",
    "load_study": "cc_export.study",
    "read_site": "cc_export.bundle.read",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: ``cc-export --help`` needs none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
