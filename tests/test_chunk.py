"""Chunks: payloads in classic scripts."""

from __future__ import annotations

import base64
import gzip
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from test_study_load import HARD_IDS

from cc_export.bundle.chunk import (
    PART,
    BrokenChunkError,
    asset_chunks,
    json_chunk,
    pack,
    pack_asset,
    payload,
    slug,
    unpack,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def test_the_form() -> None:
    """A chunk is one line that hands its payload over in a comment."""
    chunk = json_chunk("data/models", {"b": 1, "a": "*/ \u2028"})
    assert chunk.path == "data/models.js"
    expected = 'cc.chunk("data/models",function(){/*{"a":"*\\/ \u2028","b":1}*/});\n'
    assert chunk.content.decode() == expected


@given(json_values | st.sampled_from(HARD_IDS))
def test_json_round_trip(value: object) -> None:
    """Any JSON value comes back equal, and never ends the comment it stands in."""
    chunk = json_chunk("data/x", value)
    inside = payload(chunk.content, "data/x")
    assert b"*/" not in inside
    assert b"\n" not in inside
    assert b"\r" not in inside
    assert json.loads(inside) == value


@pytest.mark.parametrize("size", [0, 1, 1_000, PART])
def test_asset_round_trip(size: int) -> None:
    """Bytes come back from parts of at most 4 MiB, each a whole number of base64 groups."""
    content = np.random.default_rng(3).bytes(size)
    record, chunks = asset_chunks("data/onnx/abc", pack_asset(content))
    made = list(chunks)
    assert [f"{part}.js" for part in record.parts] == [chunk.path for chunk in made]
    texts = [payload(c.content, part) for c, part in zip(made, record.parts, strict=True)]
    assert all(len(text) <= PART and len(text) % 4 == 0 for text in texts)
    assert gzip.decompress(base64.b64decode(b"".join(texts))) == content
    assert record.bytes == size
    assert len(made) == (2 if size == PART else 1)


def test_equal_bytes_give_equal_chunks() -> None:
    """No time stamp is in the gzip header."""
    made = [next(asset_chunks("a", pack_asset(b"content"))[1]).content for _ in range(2)]
    assert made[0] == made[1]
    packed = base64.b64decode(payload(made[0], "a/0"))
    assert packed[4:8] == bytes(4)


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b'cc.chunk("data/y",function(){/*1*/});\n', b'cc.chunk("data/x",function(){/*1',
     b'cc.chunk("data/x",function(){/*1*/});'],
)  # fmt: skip
def test_broken_chunks(content: bytes) -> None:
    """What is truncated, altered or another chunk is said to be so."""
    with pytest.raises(BrokenChunkError) as caught:
        payload(content, "data/x")
    assert str(caught.value) == "data/x is truncated or not a chunk"


@given(
    npst.arrays(
        st.sampled_from(["uint8", "uint16", "int32", "float16", "float32", "float64"]),
        npst.array_shapes(max_dims=3, min_side=0),
    ),
    st.sampled_from(["<", ">", "="]),
    st.booleans(),
)
def test_pack_round_trip(array: np.ndarray, order: str, turned: bool) -> None:
    """Values come back whatever the byte order and memory layout they had."""
    given_array = array.astype(array.dtype.newbyteorder(order))
    given_array = given_array.T if turned else given_array
    back = unpack(pack(given_array), array.dtype.name)
    assert back.dtype == array.dtype.newbyteorder("<")
    np.testing.assert_array_equal(back, given_array.reshape(-1).astype(array.dtype))


def test_packed_bytes_are_little_endian() -> None:
    """The page reads uint16 as little-endian on every machine."""
    assert pack(np.array([1, 258], ">u2")) == base64.b64encode(bytes([1, 0, 2, 1])).decode()


@given(st.lists(st.text(min_size=1), unique=True, max_size=30))
def test_slugs_are_unique_file_names(ids: list[str]) -> None:
    """Ids get file names that differ, also where file systems ignore case."""
    names = [slug(name) for name in ids]
    assert len({name.lower() for name in names}) == len(ids)
    for name in names:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert len(name) <= 60


def test_slugs_are_readable() -> None:
    """A slug begins with what can be kept of the id."""
    assert slug("ResNet-50 / pruned 0.5").startswith("resnet-50-pruned-0-5-")
    assert slug("🙂").startswith("model-")
    assert slug("A") != slug("a")
    assert all(re.fullmatch(r"[a-z0-9-]+", slug(name)) for name in HARD_IDS)
