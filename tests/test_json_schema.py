"""The JSON Schema of study files."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import tiny_study
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from cc_export.study import schema
from cc_export.study.json_schema import FILE, json_schema, render

VALIDATOR = Draft202012Validator(json_schema())
# One document with every kind of part; changed at random places below.
WHOLE: dict[str, Any] = yaml.safe_load(tiny_study.STUDY)
KEYS = sorted(
    {
        key
        for form in vars(schema).values()
        if isinstance(form, type) and issubclass(form, BaseModel)
        for key in form.model_fields
    }
)


def accepted_by_form(document: object) -> bool:
    try:
        schema.StudyFile.model_validate(document)
    except ValidationError:
        return False
    return True


def test_the_file_is_up_to_date() -> None:
    """What lies in docs is what the form gives."""
    assert FILE.read_text("utf-8") == render(), "run `python -m cc_export.study.json_schema`"


def test_it_is_a_schema() -> None:
    """The file is a valid schema of its draft, in which every key of a study has a place."""
    found = json.loads(FILE.read_text("utf-8"))
    Draft202012Validator.check_schema(found)
    text = json.dumps(found)
    assert [key for key in KEYS if f'"{key}": {{' not in text] == []


CHECKOUT = FILE.parents[1]
STUDIES = [*tiny_study.FIXTURES.glob("*/study.*"), *CHECKOUT.glob("examples/*/study.*")]


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: str(file.parent.name))
def test_real_studies_fit(file: Path) -> None:
    """The studies of tests and examples fit the schema."""
    assert list(VALIDATOR.iter_errors(yaml.safe_load(file.read_text("utf-8")))) == []


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(
        ["higher", "classification", "logits", "image", "a\n", "\x7f", "", "x" * 2_001]
    )
    | st.sampled_from([17.0, 1.5, 10**400, -(10**400), 1e308, "a:b", "a:b\n"])
    | st.just("y" * 100_001),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@st.composite
def documents(draw: st.DrawFn) -> object:
    """A whole study with up to three places changed, removed or added."""
    document: object = copy.deepcopy(WHOLE)
    for _ in range(draw(st.integers(0, 3))):
        document = _changed(document, draw)
    return document


def _changed(value: object, draw: st.DrawFn) -> object:
    if isinstance(value, dict | list) and value and draw(st.integers(0, 7)):
        place = draw(st.sampled_from(range(len(value)) if isinstance(value, list) else [*value]))
        if draw(st.integers(0, 5)):
            value[place] = _changed(value[place], draw)
        else:
            del value[place]
    elif isinstance(value, dict) and draw(st.booleans()):
        value[draw(st.sampled_from(KEYS) | st.text(max_size=3))] = draw(VALUES)
    else:
        value = draw(VALUES)
    return value


@settings(max_examples=600)
@given(documents())
def test_schema_and_form_agree(document: object) -> None:
    """What the schema accepts the form accepts, and the other way round."""
    assert VALIDATOR.is_valid(document) == accepted_by_form(document)


@pytest.mark.parametrize(
    ("place", "value", "fits"),
    [
        ("opset", 17.0, True), ("opset", 17.5, False), ("compute", "a:b", True),
        ("compute", "a:b\n", False), ("value", 10**400, False), ("value", -(10**400), False),
        ("value", 10**300, True), ("value", 1e300, True), ("value", float("inf"), True),
        ("min", 10**400, False), ("task", "a:b\n", False),
    ],
)  # fmt: skip
def test_edges_on_which_they_agree(place: str, value: object, fits: bool) -> None:
    """Whole numbers with a point, ends of lines and numbers beyond float64 are one to both."""
    document = {
        "metrics": [{"name": "m", **({place: value} if place in ("compute", "min") else {})}],
        "models": [{"id": "a", "metrics": {"m": value if place == "value" else 1}}],
        **({"to_onnx": {"opset": value}} if place == "opset" else {}),
        **({"evaluation": {"task": value}} if place == "task" else {}),
    }
    assert (VALIDATOR.is_valid(document), accepted_by_form(document)) == (fits, fits)


def test_changed_documents_are_of_both_kinds() -> None:
    """The property above is tried on studies that fit and on studies that do not."""
    found = set()

    @settings(max_examples=60)
    @given(documents())
    def note(document: object) -> None:
        found.add(accepted_by_form(document))

    note()
    assert found == {True, False}
