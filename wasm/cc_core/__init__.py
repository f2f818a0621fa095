"""The numeric definitions of cc-export, the same natively and in the page.

Everything here is the standard library and numpy, so that one implementation serves the
exporter (CPython) and the viewer (Pyodide): a number computed in the page equals the number in
the bundle. The page enters through :func:`cc_core.api.dispatch`.
"""

__version__ = "0.1.0"
