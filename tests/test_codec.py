"""Values as bytes: whatever a result is made of comes back as it was, and nothing else does."""

from __future__ import annotations

import math
import pickle
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc_core.histogram import Histogram
from cc_core.statistics import Statistics
from cc_export.cache.codec import CodecError, decode, encode
from cc_export.study.records import Metric, ModelInput

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
keys = st.text() | st.integers() | st.tuples(st.text(), st.text())
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(keys, inner),
    max_leaves=20,
)
RECORDS = [
    Statistics(3, 1, 0, 1, -1.5, math.inf, 0.1, -0.0),
    Metric("Accuracy", "higher", minimum=0.0),
    ModelInput("image", "images", 1 / 255),
]


def same(one: Any, other: Any) -> bool:
    """Equal in type and value all the way down; NaN equals NaN, -0.0 is not 0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray | np.generic):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and bool(one.tobytes() == other.tobytes())
        )
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    return bool(one == other)


@given(values)
def test_a_round_trip(value: object) -> None:
    """Every value comes back with its types, whatever its nesting."""
    assert same(decode(encode(value)), value)


@given(st.lists(values, min_size=2, max_size=2))
def test_equal_bytes_mean_equal_values(pair: list[object]) -> None:
    """Two values have the same bytes exactly when they are the same."""
    assert (encode(pair[0]) == encode(pair[1])) == same(*pair)


@pytest.mark.parametrize("record", RECORDS)
def test_records(record: object) -> None:
    """Our frozen records come back as what they were."""
    assert decode(encode((record, [record]))) == (record, [record])


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float16).reshape(2, 3).T,
        np.array([1.5, np.nan, -np.inf], ">f8"),
        np.zeros((0, 4), np.int8),
        np.array(7, np.uint16),
        np.array([True, False]),
        np.array(["a", "ünicode"]),
        np.float32(0.1),
    ],
)
def test_arrays(array: Any) -> None:
    """Numbers, flags and texts of any shape and byte order come back equal, and read-only."""
    found = decode(encode({"array": array, "next": np.arange(3)}))
    np.testing.assert_array_equal(found["array"], array)
    assert found["array"].shape == array.shape
    assert found["array"].dtype == array.dtype.newbyteorder("<")
    np.testing.assert_array_equal(found["next"], np.arange(3))
    with pytest.raises(ValueError, match="read-only"):
        found["next"][0] = 1


def test_records_that_hold_arrays() -> None:
    """Arrays in a record, in a mapping, find their own bytes."""
    histograms = {("conv", str(n)): Histogram(0.0, n, np.arange(n, n + 4)) for n in range(5)}
    found = decode(encode(histograms))
    assert list(found) == list(histograms)
    for key, one in histograms.items():
        assert (found[key].low, found[key].high) == (one.low, one.high)
        np.testing.assert_array_equal(found[key].counts, one.counts)


def test_paths_are_spelled_as_asked() -> None:
    """What stands for a path is the caller's choice: its content, say, for the key of a result."""
    assert decode(encode((Path("a/b"), "a/b"))) == (Path("a/b"), "a/b")
    assert decode(encode((Path("a/b"), "a/b"), lambda path: "content")) == (Path("content"), "a/b")


@dataclass(frozen=True)
class Foreign:
    """A frozen record that is not ours."""

    number: int


@pytest.mark.parametrize("value", [Foreign(1), {1, 2}, object(), np.array([object()]), print])
def test_what_has_no_bytes(value: object) -> None:
    """Classes of others, sets, functions and arrays of objects are refused."""
    with pytest.raises(CodecError):
        encode(value)


HEADERS = [
    b'{"record":["tests.test_codec","Foreign",[1]]}',
    b'{"record":["subprocess","Popen",["ls"]]}',
    b'{"record":["cc_export.cache.codec","subprocess",[]]}',
    b'{"record":["cc_export.cache.codec","CodecError",["x"]]}',
    b'{"record":["cc_core.statistics","Statistics",[1,2]]}',
    b'{"record":["cc_export.study.records","Path",["x"]]}',
    b'{"array":["|O",[1]]}',
    b'{"array":["<f8",[1000000]]}',
    b'{"array":["<f8",[-1]]}',
    b'{"unknown":1}',
    b'{"int":"x"}',
    b'{"map":[[{"list":[]},1]]}',
    b"{}",
    b"[[[",
    b"",
]


@pytest.mark.parametrize("header", HEADERS)
def test_bytes_that_hold_no_value(header: bytes) -> None:
    """Bytes made up by someone else give an error, and never an object of their choice."""
    with pytest.raises(CodecError):
        decode(len(header).to_bytes(8, "little") + header)


@given(st.binary() | st.integers(0, 400).map(lambda n: pickle.dumps(RECORDS)[:n]))
def test_any_bytes(content: bytes) -> None:
    """Whatever the bytes, decoding gives a value or the one error."""
    with suppress(CodecError):
        decode(content)
