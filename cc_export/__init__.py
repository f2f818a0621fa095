"""cc-export: compare compressed machine-learning models in a static page.

>>> from cc_export import export, read_site
>>> report = export("examples/digits", "site")  # doctest: +SKIP
>>> read_site("site").models[0]["metrics"]["Accuracy"]  # doctest: +SKIP
"""

from cc_export.bundle.read import read_site
from cc_export.errors import ExportError
from cc_export.pipeline import Report, export
from cc_export.study import Study, load_study
from cc_export.version import __version__

__all__ = ["ExportError", "Report", "Study", "__version__", "export", "load_study", "read_site"]
