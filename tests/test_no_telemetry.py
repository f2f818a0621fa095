"""An export tells nobody anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import tiny_study

_RUN = """
from pathlib import Path
from cc_export.onnx_models.session import Session
Session(Path({model!r}))
import os
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""


def test_onnxruntime_is_kept_quiet(tmp_path: Path) -> None:
    """Its events are off before it is loaded: it does not even begin a log of them."""
    model = str(tiny_study.TINY / "models" / "base.onnx")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    done = subprocess.run(
        [sys.executable, "-c", _RUN.format(model=model)],
        env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "1\n"
    assert list(tmp_path.iterdir()) == []
