"""The study that comes with cc-export."""

from __future__ import annotations

from pathlib import Path

from cc_export.errors import ExportError

_INSTALLED = Path(__file__).parent / "_demo"
_CHECKOUT = Path(__file__).parent.parent / "examples" / "digits"


def demo_study() -> Path:
    """The folder of the digits study: inside an installed package, or in a checkout.

    Raises:
        ExportError: this installation does not carry it.
    """
    for folder in (_INSTALLED, _CHECKOUT):
        if (folder / "study.yaml").is_file():
            return folder
    raise ExportError(
        "the demo study is not part of this installation", "Install cc-export from its wheel."
    )
