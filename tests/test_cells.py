"""What the page shows of values that JSON has nothing for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cc_export import export, read_site
from cc_export.viewer import Viewer


def test_columns_of_any_kind(tmp_path: Path, viewer: Viewer) -> None:
    """Dates, bytes, complex and very precise numbers and half characters are shown as text."""
    columns = {
        "bytes": (np.array([b"a", b"\xff"]), ["a", "\ufffd"]),
        "day": (np.array(["2020-01-31", "NaT"], "M8[D]"), ["2020-01-31", "NaT"]),
        "instant": (np.array(["2020-01-31", "NaT"], "M8[ns]"),
                    ["2020-01-31T00:00:00.000000000", "NaT"]),
        "complex": (np.array([1j, 2]), ["1j", "(2+0j)"]),
        "precise": (np.array([0.5, 2], np.longdouble), ["0.5", "2.0"]),
        "broken": (np.array(["a", "\ud800"]), ["a", "?"]),
        "pairs": (np.array([[1.5, np.nan], [2.0, 3.0]]), [[1.5, "NaN"], [2.0, 3.0]]),
        "numbers": (np.array([1, 2]), [1, 2]),
    }  # fmt: skip
    arrays = {name: values for name, (values, _) in columns.items()}
    np.savez(tmp_path / "data.npz", y=np.array([0, 1]), **arrays)
    np.savez(tmp_path / "one.npz", scores=np.zeros((2, 2)))
    (tmp_path / "study.yaml").write_text(
        "dataset:\n  path: data.npz\n  label: y\n"
        f"  preview: {{kind: table, columns: [{', '.join(columns)}]}}\n"
        "evaluation: {task: classification}\nmodels: [{id: one, outputs: one.npz}]\n",
        "utf-8",
    )
    export(tmp_path, tmp_path / "site", viewer=viewer, cache="off")
    site = read_site(tmp_path / "site")
    (chunk,) = site.manifest["dataset"]["chunks"]
    rows = [[wanted[i] for _, wanted in columns.values()] for i in range(2)]
    assert site.json(chunk)["cells"] == rows
