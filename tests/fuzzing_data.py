"""Damage for evaluation data and handed-over answers, each case made from a seed alone."""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from fuzzing import damaged_bytes, damaged_text
from PIL import Image
from pyarrow import parquet

from cc_export.study.records import DatasetSource, ImageForm, ModelInput, Preview

N = 6
_ODD: tuple[Any, ...] = (
    None, "", "nan", "1e999", 2**70, -1, True, [], [1, 2], [[1], [2, 3]], {"a": 1}, "x" * 3_000,
    "\u202e", "\ud800", [None], ["a", 1], 1e308, "../x", "/etc/passwd", 0.5,
)  # fmt: skip


def rows() -> list[dict[str, Any]]:
    """Instances with numbers, a list, texts, a group and a label."""
    return [
        {"id": f"r{i}", "age": i + 20, "hours": i / 4, "point": [i, i + 0.5], "sex": "fm"[i % 2],
         "note": f"row {i}, “quoted”\nand broken", "label": ["no", "yes"][i % 2]}
        for i in range(N)
    ]  # fmt: skip


def source(path: Path) -> DatasetSource:
    """How a study reads them: every kind of column has a use."""
    images = path.is_dir()
    inputs = (
        (ModelInput("x", "image", 1 / 255, 0.0),)
        if images
        else (
            ModelInput("x", "x", 2.0, 1.0, ("age", "hours")),
            ModelInput("p", "point", 1.0, 0.0),
            ModelInput("n", "note", 1.0, 0.0),
        )
    )
    return DatasetSource(
        path, "damaged", inputs, ("label",),
        ids="file" if images else "id",
        groups=(("sex", "sex"),),
        preview=Preview("image", "image") if images else Preview("table", None, ("age", "note")),
        image=ImageForm(),
    )  # fmt: skip


def columns() -> dict[str, Any]:
    """The rows as arrays."""
    return {name: np.array([row[name] for row in rows()]) for name in rows()[0]}


def _csv(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows()[0]))
        writer.writeheader()
        writer.writerows(rows())


def _jsonl(path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows()), "utf-8")


def _parquet(path: Path) -> None:
    parquet.write_table(pyarrow.Table.from_pylist(rows()), path, row_group_size=4)


def _images(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    lines = ["file,label,sex"]
    for number, suffix in enumerate(("png", "jpg", "gif", "bmp")):
        pixels = np.full((5, 4, 3), 40 * number, np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.{suffix}")
        lines.append(f"{number}.{suffix},{number % 2},f")
    (folder / "labels.csv").write_text("\n".join(lines), "utf-8")


SOUND: Mapping[str, Callable[[Path], None]] = {
    "data.npz": lambda path: np.savez_compressed(path, **columns()),
    "data.csv": _csv,
    "data.jsonl": _jsonl,
    "data.parquet": _parquet,
    "images": _images,
}


def damage(path: Path, rng: random.Random) -> None:
    """Write sound data to a place and damage them: bytes, text, or what they say."""
    SOUND[path.name](path)
    if path.is_dir():
        victim = rng.choice(sorted(path.iterdir()))
        text = victim.suffix == ".csv"
        victim.write_bytes((damaged_text if text else damaged_bytes)(victim.read_bytes(), rng))
    elif path.suffix == ".npz" and rng.random() < 0.6:
        path.write_bytes(odd_npz(columns(), rng))
    elif path.suffix == ".jsonl" and rng.random() < 0.6:
        path.write_text(_odd_rows(rng), "utf-8", errors="surrogatepass")
    elif path.suffix == ".parquet" and rng.random() < 0.5:
        _odd_table(path, rng)
    else:
        text = path.suffix in (".csv", ".jsonl")
        path.write_bytes((damaged_text if text else damaged_bytes)(path.read_bytes(), rng))


def odd_npz(arrays: Mapping[str, Any], rng: random.Random) -> bytes:
    """An npz file of other arrays, or with a header that is not what an array has."""
    return rng.choice([_odd_arrays, _odd_members])(arrays, rng)


def _odd_arrays(sound: Mapping[str, Any], rng: random.Random) -> bytes:
    """Well-formed arrays of the wrong type, shape or order."""
    arrays = dict(sound)
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(list(arrays))
        old = np.asarray(sound[name])
        arrays[name] = rng.choice(
            [np.float32(3), old[:-1], np.zeros((N, 0)), np.zeros((0, 3)), np.zeros((N, 2, 2)),
             np.asfortranarray(np.ones((N, 3))), np.full(N, np.nan), np.full(N, 1e308),
             np.arange(N) * 10**18, np.ones(N, np.complex128), np.zeros(N, "datetime64[s]"),
             np.zeros(N, "V5"), np.zeros(N, [("a", "f4")]), np.full(N, b"ab"), np.ones(N, ">f4"),
             np.ones(N, np.float16), np.zeros(N, np.bool_), np.full(N, -1), old[::-1]]
        )  # fmt: skip
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def _odd_members(sound: Mapping[str, Any], rng: random.Random) -> bytes:
    """A zip file whose arrays have headers that promise more than they hold."""
    name = rng.choice(list(sound))
    shape = rng.choice(["(6,)", "(2**40,)", "(-1,)", "(6, 9999999999)", "6", "(6.5,)", "()", "(,"])
    kind = rng.choice(["<f8", "|O", "<U99999999", "|V0", "<i3", "", "|S0", "<M8[s]"])
    header = f"{{'descr': '{kind}', 'fortran_order': {rng.random() < 0.3}, 'shape': {shape}, }}"
    text = header.encode().ljust(117) + b"\n"
    version = rng.choice([b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x00"])
    member = b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + bytes(48)
    content = io.BytesIO()
    np.savez(content, **sound)
    old = zipfile.ZipFile(io.BytesIO(content.getvalue()))
    content = io.BytesIO()
    packing = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    with zipfile.ZipFile(content, "w", packing) as new:
        for info in old.infolist():
            new.writestr(
                info.filename, member if info.filename == f"{name}.npy" else old.read(info)
            )
    return content.getvalue()


def _odd_rows(rng: random.Random) -> str:
    """Rows whose values are of another kind, or missing."""
    found = rows()
    for _ in range(rng.randint(1, 4)):
        row = rng.choice(found)
        name = rng.choice(["id", "age", "hours", "point", "sex", "note", "label"])
        if rng.random() < 0.2:
            row.pop(name, None)
        elif rng.random() < 0.3:
            value = rng.choice(_ODD)
            for one in found:
                one[name] = value
        else:
            row[name] = rng.choice(_ODD)
    return "".join(json.dumps(row, ensure_ascii=rng.random() < 0.5) + "\n" for row in found)


def _odd_table(path: Path, rng: random.Random) -> None:
    """A sound file with columns of types that no study has."""
    table = pyarrow.Table.from_pylist(rows())
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(table.num_columns)
        array = rng.choice(
            [pyarrow.array([None] * N), pyarrow.array([[1], [2, 3], None] * 2),
             pyarrow.array([b"\xff\x00"] * N), pyarrow.array([{"a": 1}] * N),
             pyarrow.array([1.5, None, 2.5] * 2), pyarrow.array([1, None, 2] * 2),
             pyarrow.array([2**63] * N, pyarrow.uint64()), pyarrow.array(["a", None, "b"] * 2),
             pyarrow.array([[["x"]]] * N), pyarrow.array([0] * N, pyarrow.timestamp("ns")),
             pyarrow.array(["a"] * N).dictionary_encode(), pyarrow.array([[]] * N),
             pyarrow.array([True, None, False] * 2), pyarrow.array([float("nan")] * N)]
        )  # fmt: skip
        table = table.set_column(at, table.column_names[at], array)
    if rng.random() < 0.2:
        table = table.slice(0, 0)
    parquet.write_table(table, path)


def answers() -> dict[str, Any]:
    """Answers to these instances, as they are handed over."""
    return {"scores": np.eye(N, 2) * 3, "ids": np.array([row["id"] for row in rows()])}
