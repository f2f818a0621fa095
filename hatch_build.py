"""Builds the compiled loop of ``cc_export/compiled`` into wheels and editable installations.

Without a C compiler nothing is built, and numpy does what the loop would do. The environment
variable ``CC`` names the compiler; an empty one means none, for a wheel that fits every machine.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PLACE = "cc_export/compiled/weighing"
_OPTIONS = ("-std=gnu11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-Wno-psabi")


class CompiledLoop(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles ``weighing.c`` for the machine that builds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put the library where it is loaded from; a wheel with it is one for this platform."""
        if self.target_name != "wheel":
            return
        source = Path(self.root, f"{_PLACE}.c")
        if version == "editable":
            self._told(_compile(source, source.with_suffix(".bin")))
            return
        self._folder = tempfile.TemporaryDirectory()
        library = Path(self._folder.name, "weighing.bin")
        if self._told(_compile(source, library)):
            build_data["force_include"][str(library)] = f"{_PLACE}.bin"
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{_platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what is in the wheel by now."""
        if self.target_name == "wheel" and version != "editable":
            self._folder.cleanup()

    def _told(self, failure: str | None) -> bool:
        if failure is not None:
            self.app.display_warning(f"tensors will be weighed by numpy: {failure}")
        return failure is None


def _compile(source: Path, library: Path) -> str | None:
    """Compile a library in place of the one that is there; says why where that is impossible."""
    names = (os.environ["CC"],) if "CC" in os.environ else ("cc", "gcc", "clang")
    compiler = next(filter(None, map(shutil.which, filter(None, names))), None)
    said = "no C compiler was found"
    # Vectors of eight, which nearly every processor has and the library asks for; or what the
    # compiler takes for granted.
    wide = platform.machine().lower() in {"x86_64", "amd64"}
    for extra in (["-march=x86-64-v3"], []) if wide else ([],):
        if compiler is None:
            break
        made = library.with_suffix(f".{os.getpid()}")
        command = [compiler, *_OPTIONS, *extra, "-o", str(made), str(source)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode == 0:
            made.replace(library)
            return None
        said = f"{compiler} failed: {done.stderr.strip()[-500:]}"
    library.unlink(missing_ok=True)
    return said


def _platform() -> str:
    """The tag of wheels for this machine."""
    if sys.platform == "darwin":
        # The library is of one architecture, also where Python is of two.
        return f"macosx_11_0_{platform.machine()}"
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")
