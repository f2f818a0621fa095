"""Evaluation sets: npz files, and everything that is none."""

from __future__ import annotations

import io
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_study

from cc_export.dataset import open_dataset
from cc_export.errors import ExportError
from cc_export.study import load_study
from cc_export.study.records import DatasetSource, Preview


@pytest.fixture
def source(tmp_path: Path) -> DatasetSource:
    """The tiny study's dataset, to be written by the test."""
    found = load_study(tiny_study.TINY).dataset
    assert found is not None
    return replace(found, path=tmp_path / "evaluation.npz")


def write(source: DatasetSource, **changes: object) -> None:
    arrays = {**tiny_study.evaluation_arrays(), **changes}
    np.savez(source.path, **{name: array for name, array in arrays.items() if array is not None})


def error_of(source: DatasetSource) -> str:
    with pytest.raises(ExportError) as caught:
        open_dataset(source)
    return str(caught.value).replace(str(source.path), "FILE")


def test_instances_become_inputs(source: DatasetSource) -> None:
    """Inputs are raw · scale + offset in float64, rounded once to float32."""
    write(source)
    dataset = open_dataset(source)
    arrays = tiny_study.evaluation_arrays()
    assert len(dataset) == 12
    assert dataset.ids[:2] == ("dot 00", "dot 01")
    assert dataset.labels.dtype == np.int64
    assert set(dataset.raw(slice(0, 2))) == {"images"}
    batches = list(dataset.batches(5))
    assert [len(batch["image"]) for batch in batches] == [5, 5, 2]
    whole = np.concatenate([batch["image"] for batch in batches])
    assert whole.dtype == np.float32
    expected = (arrays["images"].astype(np.float64) * 0.25 - 1).astype(np.float32)
    np.testing.assert_array_equal(whole, expected)


def test_one_instance_without_an_id(source: DatasetSource) -> None:
    """A set of one instance is a set, and instances are numbered where no ids are given."""
    arrays = {name: array[:1] for name, array in tiny_study.evaluation_arrays().items()}
    write(source, **arrays)
    dataset = open_dataset(replace(source, ids=None))
    assert (len(dataset), dataset.ids) == (1, ("0",))


def test_one_array_may_serve_twice(source: DatasetSource) -> None:
    """Labels may be an input, and an input may be the preview."""
    write(source)
    entry = replace(source.inputs[0], array="labels")
    dataset = open_dataset(replace(source, inputs=(entry,), preview=Preview("image", "labels")))
    assert dataset.inputs(slice(0, 2))["image"].tolist() == [-1.0, -0.75]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"images": None, "pixels": np.zeros(12)},
            # Once for the input, once for the preview.
            "FILE has no array 'images'\n    Known: 'labels', 'ids', 'pixels'.\n"
            "FILE has no array 'images'\n    Known: 'labels', 'ids', 'pixels'.",
        ),
        (
            {"labels": np.arange(5) % 3},
            "FILE: array 'images' has 12 instances, array 'labels' has 5",
        ),
        (
            {"ids": np.array(3)},
            "FILE: array 'ids' is a single value\n    There must be one for each instance.",
        ),
        (
            {"labels": np.array(["left", "up"] * 6)},
            "FILE: instance 1 has the label 'up', which is no class\n"
            "    Known: 'left', 'right', 'both */'.",
        ),
        (
            {"labels": np.zeros(12)},
            "FILE: labels 'labels' must be a list of class indices or names, got float64 of shape "
            "[12]\n"
            "    Save them as whole numbers, one for each instance.",
        ),
        (
            {"labels": np.zeros((12, 3), int)},
            "FILE: labels 'labels' must be a list of class indices or names, got int64 of shape "
            "[12, 3]\n"
            "    Save them as whole numbers, one for each instance.",
        ),
        (
            {"labels": np.array(1)},
            "FILE: array 'labels' is a single value\n    There must be one for each instance.",
        ),
        ({"labels": np.zeros(0, int)}, "FILE: the evaluation set is empty"),
        (
            {"labels": np.array([0, 1, 3] * 4)},
            "FILE: instance 2 has label 3, but there are 3 classes (0 to 2)\n"
            "    Check `dataset.classes` and the label array.",
        ),
        (
            {"labels": np.array([2**64 - 1] * 12, np.uint64)},
            "FILE: instance 0 has label 18446744073709551615, but there are 3 classes (0 to 2)\n"
            "    Check `dataset.classes` and the label array.",
        ),
        (
            {"images": np.array(["x"] * 12)},
            "FILE: array 'images' must hold numbers of at most 64 bits, got <U1\n"
            "    Check `dataset.inputs` and `dataset.preview`.",
        ),
        (
            {"images": np.zeros(12, np.longdouble)},
            "FILE: array 'images' must hold numbers of at most 64 bits, got float128\n"
            "    Check `dataset.inputs` and `dataset.preview`.",
        ),
        (
            {"images": np.array([{}] * 12, object)},
            "FILE: not a readable npz file: it is none, or holds Python objects\n"
            "    Write it with numpy.savez.",
        ),
    ],
)
def test_arrays_that_do_not_fit(
    source: DatasetSource, changes: dict[str, object], text: str
) -> None:
    """Missing arrays, other lengths, wrong types and labels out of range are named."""
    write(source, **changes)
    assert error_of(source) == text


class _Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("trapped"),)


def test_pickles_are_never_loaded(
    source: DatasetSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An evaluation set is data: a pickle in its place is refused, and not run."""
    monkeypatch.chdir(tmp_path)
    source.path.write_bytes(pickle.dumps(_Trap()))
    assert error_of(source).startswith("FILE: not a readable npz file: ")
    assert not (tmp_path / "trapped").exists()


def zipped(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in ("images", "labels", "ids"):
            file.writestr(f"{name}.npy", content)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"PK\x03\x04" + bytes(50), zipped(b""), zipped(b"\x93NUMPY\x01\x00v\x00{'a"),
     zipped(b"\x93NUMPY\x09\x00")],
    ids=["empty", "text", "no zip", "no arrays", "cut header", "unknown version"],
)  # fmt: skip
def test_files_that_are_no_npz(source: DatasetSource, content: bytes) -> None:
    """Empty, foreign and damaged files are refused in one line and a hint."""
    source.path.write_bytes(content)
    error = error_of(source)
    assert error.startswith("FILE: not a readable npz file: ")
    assert error.endswith("\n    Write it with numpy.savez.")
    assert len(error.splitlines()) == 2


def test_damaged_npz_files(source: DatasetSource) -> None:
    """Cut at any place and with any byte changed, it is read or refused in words."""
    write(source)
    whole = source.path.read_bytes()
    for at in range(0, len(whole), 37):
        for content in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
            source.path.write_bytes(content)
            try:
                open_dataset(source)
            except ExportError as error:
                assert str(error)


def test_a_single_array_and_a_missing_file(source: DatasetSource) -> None:
    """An npy file in place of an npz file is told from no file at all."""
    assert error_of(source) == (
        "FILE: not a readable npz file: No such file or directory\n    Write it with numpy.savez."
    )
    with source.path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    assert error_of(source) == (
        "FILE: holds a single array; an npz file is needed\n    Write it with numpy.savez."
    )


@pytest.mark.parametrize("shape", ["(-3,)", "(3, -2)"])
def test_arrays_of_less_than_nothing(source: DatasetSource, shape: str) -> None:
    """A header with a negative side is refused."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header = header.ljust(117) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    source.path.write_bytes(zipped(content + bytes(48)))
    assert "images.npy has the impossible shape [" in error_of(source)


def test_arrays_larger_than_the_file(source: DatasetSource) -> None:
    """A header that promises more than there is, however much, is refused."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (12, 90000000000000), }"
    header = header.ljust(117) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    source.path.write_bytes(zipped(content))
    assert error_of(source) == (
        "FILE: not a readable npz file: images.npy is cut off: 0 of 8640000000000000 bytes\n"
        "    Write it with numpy.savez."
    )


def test_an_id_is_of_one_instance(source: DatasetSource) -> None:
    """Instances are called by their ids, so an id that two of them have is an error with both."""
    write(source, ids=np.array([f"dot {i % 11}" for i in range(12)]))
    assert error_of(source) == (
        "FILE: array 'ids' has the id 'dot 0' twice: instances 0 and 11, counted from 0\n"
        "    Every id must be different; without `ids`, instances are numbered."
    )


def test_levels_are_named_as_they_are_read(source: DatasetSource) -> None:
    """Floats that a missing value made of whole numbers are whole; the missing ones are named."""
    numbers = [1.0, 2.5, np.nan, 10.0] * 3
    write(source, ages=np.array(numbers), whole=np.arange(12) % 2)
    groups = (("age", "ages"), ("whole", "whole"))
    age, whole = open_dataset(replace(source, groups=groups)).groups
    assert age.levels == ("1", "2.5", "10", "missing")
    assert age.codes.tolist() == [0, 1, 3, 2] * 3
    assert whole.levels == ("0", "1")
