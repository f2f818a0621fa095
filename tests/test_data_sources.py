"""Evaluation data of every kind: the same rows, whatever they are stored in, some at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet

from cc_export.data.parquet import ParquetTable
from cc_export.data.text import CsvTable
from cc_export.dataset import Dataset, dataset_of, open_dataset
from cc_export.errors import DataError, ExportError, StudyError
from cc_export.study import load_study

N = 12
RNG = np.random.default_rng(3)
ROWS = [
    {
        "age": int(RNG.integers(18, 90)),
        "hours": float(RNG.integers(0, 400)) / 4,
        "sex": ["f", "m"][i % 2],
        "note": f"row {i}, “quoted”\nand broken",
        "income": ["no", "yes"][int(RNG.integers(2))],
    }
    for i in range(N)
]


def delimited(path: Path, delimiter: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(ROWS[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(ROWS)


def as_module(path: Path) -> None:
    text = f"ROWS = {ROWS!r}\n\ndef instances():\n    yield from ROWS\n"
    (path.parent / "my_rows.py").write_text(text, "utf-8")


WRITERS: dict[str, Callable[[Path], object]] = {
    "data.csv": lambda path: delimited(path, ","),
    "data.tsv": lambda path: delimited(path, "\t"),
    "data.jsonl": lambda path: path.write_text("\n".join(map(json.dumps, ROWS)) + "\n", "utf-8"),
    "data.parquet": lambda path: parquet.write_table(
        pyarrow.Table.from_pylist(ROWS), path, row_group_size=5
    ),
    "data.npz": lambda path: np.savez(
        path, **{name: np.array([row[name] for row in ROWS]) for name in ROWS[0]}
    ),
    "callable": as_module,
}


def study_of(folder: Path, dataset: str) -> Dataset:
    (folder / "study.yaml").write_text(
        f"dataset:\n{dataset}\nevaluation: {{task: classification}}\nmodels: [{{id: a}}]\n", "utf-8"
    )
    source = load_study(folder).dataset
    assert source is not None
    return open_dataset(source)


@pytest.mark.parametrize("name", WRITERS)
def test_rows_are_the_same(name: str, tmp_path: Path) -> None:
    """Numbers, labels by name, groups and texts, in one piece and in slices of any size."""
    WRITERS[name](tmp_path / name)
    where = "  call: my_rows:instances" if name == "callable" else f"  path: {name}"
    dataset = study_of(
        tmp_path,
        f"{where}\n  inputs: {{x: {{columns: [age, hours], scale: 0.5, offset: 1}}}}\n"
        "  label: income\n  classes: ['no', 'yes']\n  groups: {sex: sex}\n"
        "  preview: {kind: table, columns: [age, note]}",
    )
    expected = np.array([[row["age"], row["hours"]] for row in ROWS]) * 0.5 + 1
    assert len(dataset) == N
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [["no", "yes"].index(row["income"]) for row in ROWS]
    for size in (1, 5, N, 100):
        parts = [feeds["x"] for feeds in dataset.batches(size)]
        np.testing.assert_array_equal(np.concatenate(parts), expected.astype(np.float32))
        assert max(map(len, parts)) == min(size, N)
    (group,) = dataset.groups
    assert [group.levels[code] for code in group.codes] == [row["sex"] for row in ROWS]
    cells = dataset.cells(["note", "age"], slice(3, 7))
    assert cells["note"].tolist() == [row["note"] for row in ROWS[3:7]]
    assert cells["age"].tolist() == [row["age"] for row in ROWS[3:7]]


@pytest.mark.parametrize("layout", ["chw", "hwc"])
def test_a_folder_of_images(layout: str, tmp_path: Path) -> None:
    """A folder for each class; pixels in the layout that was asked for, other sizes resized."""
    pixels = {}
    for name in ("cats/b.png", "cats/a.png", "dogs/c.png"):
        file = tmp_path / "images" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels[name] = RNG.integers(0, 256, (4, 6, 3), np.uint8)
        Image.fromarray(pixels[name]).save(file)
    Image.fromarray(np.zeros((8, 12, 3), np.uint8)).save(tmp_path / "images" / "dogs" / "d.png")
    (tmp_path / "images" / "dogs" / "notes.txt").write_text("no image")
    dataset = study_of(
        tmp_path,
        "  path: images\n  inputs: {x: {array: image}}\n  label: class\n  ids: file\n"
        f"  classes: [cats, dogs]\n  image: {{layout: {layout}}}",
    )
    assert dataset.ids == ("cats/a.png", "cats/b.png", "dogs/c.png", "dogs/d.png")
    assert dataset.labels is not None and dataset.labels.tolist() == [0, 0, 1, 1]
    found = dataset.inputs(slice(0, 4))["x"]
    expected = np.stack([pixels[name] for name in dataset.ids[:3]])
    if layout == "chw":
        expected = expected.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(found[:3], expected)
    assert found.shape == (4, *expected.shape[1:]) and not found[3].any()


def test_images_named_by_a_table(tmp_path: Path) -> None:
    """``labels.csv`` names files and what is known of them; a file outside is refused."""
    folder = tmp_path / "images"
    folder.mkdir()
    Image.fromarray(np.full((2, 2), 7, np.uint8)).save(folder / "one.png")
    (folder / "labels.csv").write_text("file,kind,source\none.png,cat,web\n", "utf-8")
    form = "  path: images\n  inputs: {x: {array: image}}\n  label: kind\n  classes: [cat]\n"
    dataset = study_of(tmp_path, form + "  groups: {source: source}\n  image: {mode: gray}")
    assert dataset.inputs(slice(0, 1))["x"].tolist() == [[[[7.0, 7.0], [7.0, 7.0]]]]
    assert dataset.groups[0].levels == ("web",)
    (folder / "labels.csv").write_text("file,kind\n../study.yaml,cat\n", "utf-8")
    with pytest.raises(ExportError, match=r"'../study.yaml' is not below its folder"):
        study_of(tmp_path, form)
    (folder / "labels.csv").write_text("file,kind\ntwo.png,cat\n", "utf-8")
    with pytest.raises(ExportError, match=r"row 1 names no file: 'two.png'"):
        study_of(tmp_path, form)
    (folder / "labels.csv").unlink()
    (folder / "cat").mkdir()
    (folder / "cat" / "broken.png").write_bytes(b"\x89PNG no more")
    with pytest.raises(ExportError, match=r"cat/broken.png: not a readable image"):
        study_of(tmp_path, form.replace("kind", "class"))


COLUMNS = "  inputs: {x: {columns: [a]}}\n  label: y\n  classes: [n, p]"


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("data.csv", "a,b\n1,2\n", "'y'"),
        (
            "data.csv",
            "a,y\n1,n\n1,n,3\n",
            "data.csv:3: has 3 values, the header names 2 columns\n"
            "    A value that holds a comma or a line break stands in double quotes.",
        ),
        ("data.csv", "a,y\n", "data.csv: holds no instances\n    Below its first line"),
        ("data.tsv", "a\ty\n1\n", "data.tsv:2: has 1 value, the header names 2 columns"),
        ("data.csv", "a,y\n1,n\n2,\udce9\n", "data.csv:3: not UTF-8 text: "),
        ("data.jsonl", "", "data.jsonl: holds no instances"),
        (
            "data.csv",
            "a,y\n1,pp\n",
            "data.csv: instance 0 has the label 'pp', which is no class\n    Did you mean 'p'?",
        ),
        (
            "data.csv",
            "a,y\n1,1\n1,\n",
            "data.csv: instance 1 has no label in 'y'\n    Every instance needs one; leave out",
        ),
        (
            "data.csv",
            'a,y\n1,"n\n',
            "data.csv:2: unexpected end of data\n    Is every double quote closed, and written",
        ),
        ("data.csv", "", "data.csv"),
        ("data.jsonl", '{"a": 1, "y": "n"}\n{"a": \n', "data.jsonl"),
        ("data.jsonl", "[1, 2]\n", "data.jsonl"),
        ("data.parquet", "no parquet at all", "data.parquet"),
        ("data.npz", "no npz at all", "data.npz"),
        ("data.txt", "a,y\n", "no known kind of data file"),
    ],
)
def test_data_that_are_none(name: str, content: str, text: str, tmp_path: Path) -> None:
    """Whatever is wrong with a file is an error that names it and says what."""
    (tmp_path / name).write_text(content, "utf-8", "surrogateescape")
    with pytest.raises(ExportError) as caught:
        study_of(tmp_path, f"  path: {name}\n{COLUMNS}")
    assert text in str(caught.value) and name in str(caught.value)


TABLE = (
    "  path: {name}\n  inputs: {{x: {{columns: [age, hours]}}}}\n  label: incme\n"
    "  groups: {{sex: sexx}}"
)


@pytest.mark.parametrize("name", ["data.csv", "data.tsv", "data.jsonl", "data.parquet", "data.npz"])
def test_columns_that_are_missing(name: str, tmp_path: Path) -> None:
    """Each is told with the line of the study file that names it, and what was probably meant."""
    WRITERS[name](tmp_path / name)
    with pytest.raises(DataError) as first:
        study_of(tmp_path, TABLE.format(name=name))
    assert [finding.key for finding in first.value.findings] == [
        ("dataset", "label"), ("dataset", "groups", "sex"),
    ]  # fmt: skip
    with pytest.raises(StudyError) as caught:
        dataset_of(load_study(tmp_path))
    study, data = tmp_path / "study.yaml", tmp_path / name
    part = "array" if name == "data.npz" else "column"
    assert str(caught.value) == (
        f"{study}:4: dataset.label: {data} has no {part} 'incme'\n"
        "    Did you mean 'income'?\n"
        f"{study}:5: dataset.groups.sex: {data} has no {part} 'sexx'\n"
        "    Did you mean 'sex'?"
    )


@pytest.mark.parametrize(
    ("name", "delimiter"),
    [
        ("data.csv", ";"),
        ("data.csv", "\t"),
        ("data.csv", "|"),
        ("data.tsv", ","),
        ("data.tsv", ";"),
    ],
)
def test_other_delimiters(name: str, delimiter: str, tmp_path: Path) -> None:
    """A file is separated by what its header has, whatever its name says."""
    delimited(tmp_path / name, delimiter)
    delimited(tmp_path / "usual.csv", ",")
    found, usual = (CsvTable(tmp_path / file) for file in (name, "usual.csv"))
    assert found.columns == usual.columns
    for first, count in ((0, N), (3, 2), (N - 1, 1)):
        for column in ROWS[0]:
            ours, theirs = (table.read([column], first, count)[column] for table in (found, usual))
            np.testing.assert_array_equal(ours, theirs)


def test_one_column(tmp_path: Path) -> None:
    """A header of one name has no delimiter; what is in quotes is none."""
    (tmp_path / "one.csv").write_text("text\n1;2\n3;4\n", "utf-8")
    table = CsvTable(tmp_path / "one.csv")
    assert table.read(["text"], 0, 2)["text"].tolist() == ["1;2", "3;4"]
    (tmp_path / "quoted.csv").write_text('"a,b";"c;d"\n1;2\n', "utf-8")
    assert list(CsvTable(tmp_path / "quoted.csv").columns) == ["a,b", "c;d"]


def test_texts_beside_numbers(tmp_path: Path) -> None:
    """They make no input. A decimal comma may be one of thousands as well, so it makes a text."""
    (tmp_path / "data.csv").write_text("a;b;y\n3;7;0\n1,5;8;1\n", "utf-8")
    with pytest.raises(ExportError) as caught:
        study_of(tmp_path, "  path: data.csv\n  inputs: {x: {columns: [b, a]}}\n  label: y")
    assert str(caught.value) == (
        f"{tmp_path / 'data.csv'}: column 'a' holds texts, beside numbers; instance 1 has '1,5'\n"
        "    Numbers have a decimal point: 1.5."
    )


def test_numbers_that_are_none(tmp_path: Path) -> None:
    """The first label that is no number is told where numbers are wanted."""
    (tmp_path / "data.csv").write_text("a,y\n1,2.5\n1,much\n", "utf-8")
    (tmp_path / "study.yaml").write_text(
        "dataset:\n  path: data.csv\n  inputs: {x: {columns: [a]}}\n  label: y\n"
        "evaluation: {task: regression}\nmodels: [{id: a}]\n",
        "utf-8",
    )
    with pytest.raises(StudyError) as caught:
        dataset_of(load_study(tmp_path))
    assert str(caught.value) == (
        f"{tmp_path / 'study.yaml'}:4: dataset.label: {tmp_path / 'data.csv'}: "
        "the labels 'y' must be numbers; instance 1 has 'much'"
    )


PICTURES = "  path: pictures\n  label: class\n  inputs: {x: {array: image}}\n"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ("[0, 8]", "dataset.image.size[0]"),
        ("[8, -1]", "dataset.image.size[1]"),
        ("[200000, 8]", "dataset.image.size[0]"),
        ("[16000, 16000]", "images of 16000 × 16000 pixels are too many to hold"),
    ],
)
def test_sizes_that_no_image_has(size: str, text: str, tmp_path: Path) -> None:
    """Sizes are of at least one pixel and fit into memory."""
    (tmp_path / "pictures" / "a").mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(tmp_path / "pictures" / "a" / "one.png")
    with pytest.raises(ExportError) as caught:
        study_of(tmp_path, f"{PICTURES}  image: {{size: {size}}}")
    assert text in str(caught.value)


@pytest.mark.parametrize("statistics", [True, False])
def test_parquet_values_that_are_missing(statistics: bool, tmp_path: Path) -> None:
    """Missing flags and numbers are NaN; columns without any keep their type, statistics or not."""
    columns = {
        "inner": pyarrow.array([{"y": 1, "flag": 2, "z": None}] * 3),
        "inner.y": pyarrow.array([None, None, 7]),
        "flag": pyarrow.array([True, None, False]),
        "sure": pyarrow.array([True, True, False]),
        "z": pyarrow.array([1, 2, None]),
        "y": pyarrow.array([0, 1, 2]),
    }
    path = tmp_path / "data.parquet"
    parquet.write_table(pyarrow.table(columns), path, write_statistics=statistics, row_group_size=2)
    table = ParquetTable(path)
    expected = {
        "inner.y": [np.nan, np.nan, 7.0], "flag": [1.0, np.nan, 0.0], "z": [1.0, 2.0, np.nan],
        "sure": [True, True, False], "y": [0, 1, 2],
    }  # fmt: skip
    found = table.read(list(expected), 0, 3)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)
    kinds = {name: array.dtype.name for name, array in found.items()}
    assert kinds == {
        "inner.y": "float64", "flag": "float64", "z": "float64", "sure": "bool", "y": "int64",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lists", "kind"),
    [
        ([[1, 2], [3, 4], [5, 6]], "int64"),
        ([[1, 2], [3], [4, 5]], "object"),
        ([[1, 2], [], [4, 5]], "object"),
        ([[1, 2], None, [4, 5]], "object"),
    ],
)
def test_parquet_lists_of_any_length(lists: list[Any], kind: str, tmp_path: Path) -> None:
    """Lists of one length are arrays; others are lists, as classes of an instance may be."""
    path = tmp_path / "data.parquet"
    parquet.write_table(pyarrow.table({"lists": pyarrow.array(lists)}), path, row_group_size=2)
    found = ParquetTable(path).read(["lists"], 0, 3)["lists"]
    assert found.dtype.name == kind
    assert found.tolist() == ["" if one is None else one for one in lists]


def test_a_callable_that_fails(tmp_path: Path) -> None:
    """An iterator that raises is named with its reason; one that is missing, too."""
    (tmp_path / "my_broken.py").write_text(
        "def instances():\n    yield {'a': 1, 'y': 'n'}\n    raise OSError('disk on fire')\n",
        "utf-8",
    )
    with pytest.raises(ExportError, match=r"my_broken:instances.*disk on fire"):
        study_of(tmp_path, f"  call: my_broken:instances\n{COLUMNS}")
    with pytest.raises(ExportError, match="my_broken has no 'others'"):
        study_of(tmp_path, f"  call: my_broken:others\n{COLUMNS}")
    with pytest.raises(StudyError, match="module:callable"):
        study_of(tmp_path, f"  call: my broken\n{COLUMNS}")


def test_labels_that_are_no_labels(tmp_path: Path) -> None:
    """A column of large numbers is no column of class indices, and is not counted up to."""
    (tmp_path / "data.csv").write_text("a,y\n1,3\n2,9000000000\n", "utf-8")
    with pytest.raises(ExportError) as caught:
        study_of(tmp_path, "  path: data.csv\n  inputs: {x: {columns: [a]}}\n  label: y")
    assert caught.value.what.endswith(
        "data.csv: instance 1 has label 9000000000; there can be 65,534 classes, counted from 0"
    )


def test_columns_that_do_not_stand_side_by_side(tmp_path: Path) -> None:
    """Numbers and lists make no array; the shapes of an instance are named."""
    row = '{"a": 1, "b": [1, 2], "y": "n"}\n'
    (tmp_path / "data.jsonl").write_text(row * 2, "utf-8")
    dataset = study_of(tmp_path, "  path: data.jsonl\n  inputs: {x: {columns: [a, b]}}\n  label: y")
    with pytest.raises(ExportError) as caught:
        dataset.inputs(slice(0, 2))
    assert caught.value.what.endswith("the columns of input 'x' have different shapes")
    assert caught.value.hint == "An instance has a [], b [2]."


def test_columns_of_texts_stand_side_by_side(tmp_path: Path) -> None:
    """Two texts of each instance are one input of two columns, from npz as from CSV."""
    words = {"a": np.array(["x", "yy"]), "b": np.array(["z", ""]), "y": np.array([0, 1])}
    np.savez(tmp_path / "data.npz", **words)
    (tmp_path / "data.csv").write_text('a,b,y\nx,z,0\nyy,"",1\n', "utf-8")
    for name in ("data.npz", "data.csv"):
        where = f"  path: {name}\n  inputs: {{x: {{columns: [a, b]}}}}\n  label: y"
        found = study_of(tmp_path, where).inputs(slice(0, 2))["x"]
        assert found.tolist() == [["x", "z"], ["yy", ""]]


def test_hidden_folders_are_no_classes(tmp_path: Path) -> None:
    """What programs keep beside pictures is none of them, and a broken one has its own name."""
    folder = tmp_path / "images"
    for name in ("cat/one.png", "dog/two.png", ".hid/no.png", "cat/.cache/no.png", "cat/._one.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((2, 2), 7, np.uint8)).save(folder / name)
    form = "  path: images\n  label: class\n  inputs: {x: {array: image}}\n"
    dataset = study_of(tmp_path, form)
    assert (dataset.classes, len(dataset)) == (("cat", "dog"), 2)
    (folder / "cat/one.png").write_bytes(b"no picture")
    with pytest.raises(ExportError) as caught:
        study_of(tmp_path, form + "  image: {size: [2, 2]}").inputs(slice(0, 1))
    assert str(caught.value) == (
        f"{folder}: cat/one.png: not a readable image: cannot identify image file 'cat/one.png'"
    )
