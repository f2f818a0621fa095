"""The one spelling of numbers for bundle and page."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc_core.jsonable import jsonable


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    inner: tuple[object, ...] = ()


def test_numbers_that_json_cannot_spell() -> None:
    """NaN, infinities and whole numbers beyond 2**53 are texts; flags are no numbers."""
    values = [float("nan"), float("inf"), -float("inf"), 2**53, 2**53 + 1, -(2**60), True, 1.5]
    assert jsonable(values) == [
        "NaN", "Infinity", "-Infinity", 2**53, str(2**53 + 1), str(-(2**60)), True, 1.5,
    ]  # fmt: skip


def test_records_are_objects() -> None:
    """Records, mappings and tuples nest; keys are texts."""
    assert jsonable({1: Point(2.0, (Point(float("nan")), None, "t"))}) == {
        "1": {"x": 2.0, "inner": [{"x": "NaN", "inner": []}, None, "t"]}
    }


@pytest.mark.parametrize("value", [np.zeros(2), {1, 2}, b"x", Point])
def test_what_has_no_json_form(value: object) -> None:
    """Arrays, sets, bytes and classes are refused by name."""
    with pytest.raises(TypeError) as caught:
        jsonable([value])
    assert str(caught.value).startswith(f"{type(value).__name__} has no JSON form: ")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_the_result_is_json(value: object) -> None:
    """Whatever JSON-like value goes in, strict JSON comes out."""
    json.dumps(jsonable(value), allow_nan=False)
