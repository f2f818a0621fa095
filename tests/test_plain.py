"""What scripts have in their hands becomes text, numbers, lists and dicts."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
import pytest

from cc_export.errors import ExportError
from cc_export.study.plain import as_array, plain


class Scope(StrEnum):
    ALL = "all"


class Tensor:
    """As much of a torch tensor as is asked of one here; tests/pytorch has real ones."""

    dtype = "torch.bfloat16"

    def __init__(self, values: object, steps: tuple[str, ...] = ()) -> None:
        self.values, self.steps = values, steps

    def __getattr__(self, step: str) -> object:
        if step not in ("detach", "cpu", "float"):
            raise AttributeError(step)
        return lambda: Tensor(self.values, (*self.steps, step))

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        if self.steps != ("detach", "cpu", "float"):
            raise TypeError("a tensor that needs a gradient, on a GPU, of a type unknown to numpy")
        return np.array(self.values)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), (True, True), (3, 3), (0.5, 0.5), ("x", "x"),
        (np.float64(0.1), 0.1), (np.float32(0.5), 0.5), (np.int64(7), 7), (np.bool_(True), True),
        (np.array(2.0), 2.0), (np.arange(3), [0, 1, 2]), (np.array(["a"]), ["a"]),
        (Scope.ALL, "all"), (Path("a/b"), str(Path("a/b"))), (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        ((1, [np.int8(2)]), [1, [2]]), (OrderedDict(a={1: "x"}), {"a": {"1": "x"}}),
        (Tensor([1, 2]), [1, 2]), (Tensor(0.25), 0.25),
    ],
)  # fmt: skip
def test_values(value: object, expected: object) -> None:
    """Each kind of value has its plain form, of a plain type."""
    found = plain(value, "here")
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [object()]}, "here.a[0]: a object cannot be written down"),
        ({1, 2}, "here: a set cannot be written down"),
        (b"x", "here: a bytes cannot be written down"),
        (1j, "here: a complex cannot be written down"),
        (np.array([1j]), "here: a ndarray cannot be written down"),
    ],
)
def test_what_has_no_form(value: object, text: str) -> None:
    """Anything else is refused, with its place and its type."""
    with pytest.raises(ExportError) as caught:
        plain(value, "here")
    assert caught.value.what == text
    assert caught.value.hint == "Give text, numbers, lists or dicts of them."


def test_circles() -> None:
    """A value within itself is refused, not followed for ever."""
    circle: dict[str, object] = {}
    circle["again"] = circle
    with pytest.raises(ExportError, match=r"^here: nested more than 64 levels deep$"):
        plain(circle, "here")


def test_arrays_hold_no_objects() -> None:
    """Lists of unequal lengths and mixed values are no arrays."""
    with pytest.raises(ExportError, match=r"^here: is no array: setting an array element"):
        as_array([[1], [1, 2]], "here")
    with pytest.raises(ExportError, match=r"^here: an array of Python objects cannot be written"):
        as_array(["a", None], "here")
