"""``module:callable`` of a study file: the study's own Python, from its folder or installed.

Importing runs code, so it is done for nothing but what the study file that the user passed names.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from cc_export.errors import ExportError

_NAME = "[A-Za-z_][A-Za-z0-9_]*"
PATTERN = rf"^{_NAME}(\.{_NAME})*:{_NAME}(\.{_NAME})*$"
_FORM = re.compile(PATTERN)
# Characters of what an exception says; torch's may print whole tensors.
_MOST_SAID = 500
# What the study's code may end with. ``sys.exit`` in it is a failure of its own, and must not end
# the export; Ctrl-C is not among them.
FAILURES = (Exception, SystemExit)


@dataclass(frozen=True, slots=True)
class CallableName:
    """``module:callable`` and the folder of the study file that names it."""

    name: str
    folder: Path

    def load(self) -> Callable[..., Any]:
        """Import the module and find the callable.

        A module of the study's folder wins over an installed one of the same name.

        Raises:
            ExportError: there is no such module or callable, or importing it failed.
        """
        if not is_callable_name(self.name):
            raise ExportError(f"{self.name!r} is not of the form module:callable")
        module_name, _, path = self.name.partition(":")
        found: Any = self._module(module_name)
        for part in path.split("."):
            if not hasattr(found, part):
                raise ExportError(f"{self.name}: {module_name} has no {part!r}")
            found = getattr(found, part)
        if not callable(found):
            what = f"{self.name}: {path!r} is a {type(found).__name__} and cannot be called"
            raise ExportError(what)
        result: Callable[..., Any] = found
        return result

    def stamp(self) -> str:
        """A hash of the module's source, and of the modules beside it that it may import."""
        name = self.name.partition(":")[0]
        file = self._file(name)
        beside = sorted(self.folder.glob("*.py")) if file else []
        if file is None:
            try:
                with _importable(self.folder):
                    found = importlib.util.find_spec(name)
            except FAILURES:  # a package above it was imported; loading it will say so
                found = None
            file = Path(found.origin) if found and found.has_location and found.origin else None
        digest = hashlib.sha256()
        for path in (*beside, *([file] if file else [])):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def _module(self, name: str) -> ModuleType:
        file = self._file(name)
        try:
            with _importable(self.folder):
                return _load(file) if file else importlib.import_module(name)
        except ModuleNotFoundError as error:
            missing = error.name or name
            hint = f"Looked in {self.folder} and among the installed packages."
            raise ExportError(f"{self.name}: there is no module {missing!r}", hint) from None
        except FAILURES as error:  # whatever the module's own code raises
            raise ExportError(f"{self.name}: importing it failed: {described(error)}") from None

    def _file(self, name: str) -> Path | None:
        base = self.folder.joinpath(*name.split("."))
        candidates = (base.with_name(f"{base.name}.py"), base / "__init__.py")
        return next((file for file in candidates if file.is_file()), None)


def is_callable_name(text: str) -> bool:
    """Whether a text has the form ``module:callable``."""
    return _FORM.fullmatch(text) is not None


def described(error: BaseException) -> str:
    """An exception of foreign code in one line: its kind and what it says."""
    said = " ".join(str(error).split())
    if len(said) > _MOST_SAID:
        said = f"{said[: _MOST_SAID - 1]}…"
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _load(file: Path) -> ModuleType:
    # Under a name of its own: two studies may each have a module ``hooks``.
    unique = f"_cc_export_study_{hashlib.sha256(str(file).encode()).hexdigest()[:16]}"
    known = sys.modules.get(unique)
    if known is not None and getattr(known, "__cc_stamp__", None) == file.stat().st_mtime_ns:
        return known
    spec = importlib.util.spec_from_file_location(unique, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[unique]
        raise
    module.__dict__["__cc_stamp__"] = file.stat().st_mtime_ns
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """The study's folder first, so that its modules may import one another."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
