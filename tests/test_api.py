"""The page's one entry into Python."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cc_core.api import HANDLERS, dispatch
from cc_core.errors import CoreError


def ask(name: str, request: object, *arrays: np.ndarray) -> object:
    described = [{"dtype": a.dtype.name, "shape": list(a.shape)} for a in arrays]
    question = {**request, "tensors": described} if isinstance(request, dict) else request
    text, back = dispatch(name, json.dumps(question), [memoryview(a.tobytes()) for a in arrays])
    assert back == []
    return json.loads(text)


def test_explain() -> None:
    """Records as they stand in data/models are explained; unknown fields do not matter."""
    models = [
        {"id": "a", "parents": [], "operation": None, "metrics": {"m": 1}},
        {"id": "b", "parents": ["a"], "operation": {"name": "prune", "parameters": {"p": 0.5}}},
    ]
    answer = ask("explain", {"models": models, "selected": ["b", "a"]})
    assert isinstance(answer, dict)
    assert answer["models"] == ["a", "b"]
    assert answer["sentence"] == "2 models differ in whether prune was applied."
    [variable] = answer["variables"]
    assert (variable["label"], variable["kind"], variable["cost"]) == ("prune", "presence", 2)
    assert (variable["values"], variable["model_values"]) == ([False, True], [0, 1])


def test_statistics() -> None:
    """Numbers that JSON cannot spell are texts."""
    [answer] = ask("statistics", {}, np.array([1e308, 1e308, np.nan]))
    assert answer == {
        "count": 3, "zeros": 0, "nan": 1, "infinite": 0, "minimum": 1e308, "maximum": 1e308,
        "total": "Infinity", "squares": "Infinity",
    }  # fmt: skip


def test_distributions() -> None:
    """Tensors share one range, and each is compared with the first where shapes agree."""
    first, second = np.array([0, 1, 2, 3], np.float32), np.array([0, 1, 2, 4], np.int8)
    answer = ask("distributions", {"bins": 4}, first, second, np.zeros((2, 2), np.float16))
    assert (answer["low"], answer["high"]) == (0, 4)
    assert answer["counts"] == [[1, 1, 1, 1], [1, 1, 1, 1], [4, 0, 0, 0]]
    assert [s["maximum"] for s in answer["statistics"]] == [3, 4, 0]
    assert answer["comparisons"][0]["sqnr_db"] is None
    assert answer["comparisons"][1]["largest"] == 1
    assert answer["comparisons"][2] is None
    assert ask("distributions", {}) == {
        "low": 0, "high": 1, "statistics": [], "counts": [], "comparisons": [],
    }  # fmt: skip


def test_classify() -> None:
    """Each tensor of scores gets its top-k."""
    [answer] = ask("classify", {"scores": "logits", "k": 2}, np.array([[0.0, 100.0, -5.0]]))
    assert answer == {"labels": [[1, 0]], "probabilities": [[1, 0]], "rest": [0]}
    for one in (np.array([[0.75], [0.25]]), np.array([0.75, 0.25])):
        [answer] = ask("classify", {"scores": "probabilities", "k": 2}, one)
        assert answer["labels"] == [[1, 0], [0, 1]]
        np.testing.assert_allclose(answer["probabilities"], [[0.75, 0.25]] * 2, atol=1e-5)
    for kind in ("logits", "probabilities"):
        [answer] = ask("classify", {"scores": kind, "k": 2}, np.zeros((0, 3), np.float32))
        assert answer == {"labels": [], "probabilities": [], "rest": []}


@pytest.mark.parametrize(
    ("name", "request_text", "buffers", "text"),
    [
        ("guess", "{}", [], f"unknown question 'guess'; allowed: {', '.join(HANDLERS)}"),
        ("explain", "[]", [], "the request of 'explain' must be a JSON object"),
        ("explain", "{", [], "the request of 'explain' is not JSON"),
        ("explain", "{}", [], "the request of 'explain' lacks 'models'"),
        ("explain", '{"models": 3, "selected": []}', [],
         "the request of 'explain' has the wrong form: 'int' object is not iterable"),
        ("classify", '{"k": 1, "tensors": [{"dtype": "int8", "shape": [1, 1]}]}', [b"x"],
         "the request of 'classify' lacks 'scores'"),
        ("statistics", '{"tensors": []}', [b""], "the request describes 0 tensors, got 1"),
        ("statistics", '{"tensors": [{"dtype": "object", "shape": [1]}]}', [b"12345678"],
         "tensor 0 has dtype 'object'; allowed: float16, float32, float64, int8, uint8, int16, "
         "uint16, int32, uint32, int64, uint64, bool"),
        ("statistics", '{"tensors": [{"dtype": "float32", "shape": [2]}]}', [b"1234"],
         "tensor 0 of float32 [2] needs 8 bytes, got 4"),
        ("statistics", '{"tensors": [{"dtype": "int8", "shape": [-1, -4]}]}', [b"1234"],
         "tensor 0 of int8 [-1, -4] needs 4 bytes, got 4"),
        ("statistics", '{"tensors": [{"dtype": "int8", "shape": ["a"]}]}', [b"1"],
         "the request of 'statistics' has the wrong form: invalid literal for int() with base 10: "
         "'a'"),
        ("distributions", '{"bins": Infinity}', [],
         "the request of 'distributions' has the wrong form: cannot convert float infinity to "
         "integer"),
        ("estimate", '{"pairs": [{"exponents": [0], "count": 1}]}', [],
         "the request of 'estimate' has the wrong form: zip() argument 2 is shorter than argument "
         "1"),
    ],
)  # fmt: skip
def test_requests_of_the_wrong_form(
    name: str, request_text: str, buffers: list[bytes], text: str
) -> None:
    """Every wrong request is a CoreError whose text the page can show."""
    with pytest.raises(CoreError) as caught:
        dispatch(name, request_text, buffers)
    assert str(caught.value) == text


def behavior(
    question: str, request: dict[str, object], *arrays: np.ndarray
) -> tuple[object, list[np.ndarray]]:
    """An answer, and its arrays as it describes them."""
    described = [{"dtype": a.dtype.name, "shape": list(a.shape)} for a in arrays]
    asked = json.dumps({**request, "tensors": described})
    text, back = dispatch(question, asked, [memoryview(a.tobytes()) for a in arrays])
    return json.loads(text), back


LABELS = np.array([0, 0, 1], np.uint8)
PLACES = np.ones(3, np.uint8)
BASE, OTHER = np.array([0, 0, 1], np.uint16), np.array([0, 1, 1], np.uint16)
SURE = np.full(3, 65535, np.uint16)
RIGHT, LESS = np.array([0b11100000], np.uint8), np.array([0b10100000], np.uint8)
CLASSIFIERS = {
    "task": "classification", "instances": 3, "classes": 2, "labels": 0,
    "models": [
        {"arrays": {"places": 1, "labels": 2, "probabilities": 4, "truth": 7}, "correct": 5},
        {"arrays": {"places": 1, "labels": 3, "probabilities": 4, "truth": 8}, "correct": 6},
    ],
    "rows": [{"codes": 0, "levels": 2}],
}  # fmt: skip
TENSORS = (
    LABELS, PLACES, BASE, OTHER, SURE, RIGHT, LESS, np.zeros(0, np.uint16), np.zeros(1, np.uint16),
)  # fmt: skip


def test_pair() -> None:
    """Outcomes, McNemar's test and values of each instance, over all and over each class."""
    [answer], back = behavior("pair", CLASSIFIERS, *TENSORS)
    whole, [rows] = answer["whole"], answer["rows"]
    assert whole["outcomes"] == {"both_right": 2, "both_wrong": 0, "lost": 1, "gained": 0}
    assert (whole["test"]["p"], whole["test"]["difference"]) == (1, -1 / 3)
    assert whole["means"]["agreement"] == pytest.approx(2 / 3)
    assert [row["outcomes"]["lost"] for row in rows] == [1, 0]
    assert [row["means"]["truth"] for row in rows] == [-0.5, 0]
    assert [place["name"] for place in answer["arrays"]] == ["agreement", "divergence", "truth"]
    assert answer["first"] == 0 and [place["shape"] for place in answer["arrays"]] == [[3]] * 3
    assert back[0].tolist() == [1, 0, 1] and back[2].tolist() == [0, -1, 0]
    # What the bundle knows exactly is taken as it is, and outcomes need no answers.
    known = [{"correct": 1}, {"correct": 2, "values": {"divergence": 3}}]
    request = {"task": "classification", "instances": 3, "models": known, "rows": []}
    exact = np.array([0, 4, 2], np.float16)
    [answer], [divergence] = behavior("pair", request, LABELS, RIGHT, LESS, exact)
    assert answer["whole"]["means"] == {"divergence": 2}
    assert answer["whole"]["outcomes"]["lost"] == 1
    assert divergence.tolist() == [0, 4, 2]


def test_confusions_disagreement_and_words() -> None:
    """What is taken for what, on what models disagree, and what texts have that others have not."""
    [answer], _ = behavior("confusions", {**CLASSIFIERS, "of": 1, "most": 1}, *TENSORS)
    assert answer == {
        "confusions": [{"true": 0, "predicted": 1, "base": 0, "model": 1}],
        "moves": [{"true": 0, "before": 0, "after": 1, "count": 1}],
    }
    answer, [apart, from_first] = behavior("disagreement", CLASSIFIERS, *TENSORS)
    assert [place["name"] for place in answer["arrays"]] == ["apart", "from_first"]
    assert (apart.tolist(), from_first.tolist()) == ([0, 1, 0], [0, 1, 0])
    request = {"task": "generation", "models": [{"texts": ["a", "b"]}, {"texts": ["b", "b"]}]}
    _, [apart, _] = behavior("disagreement", request)
    assert apart.tolist() == [1, 0]
    [pieces] = ask("words", {"bases": ["a b"], "texts": ["a c"]})
    assert pieces[1] == {"kind": "changed", "base": "b", "text": "c"}


@pytest.mark.parametrize(
    ("name", "changed", "text"),
    [
        ("pair", {"labels": 9}, "there is no tensor 9; the request has 9"),
        ("pair", {"instances": 9}, "9 instances do not have values of shape [3]"),
        ("pair", {"rows": [], "models": [{"correct": 2}, {"correct": 5}]},
         "3 bits need 1 bytes of uint8, got 3"),
        ("pair", {"models": 3}, "the request of 'pair' has the wrong form: 'int' object is not "
         "subscriptable"),
        ("confusions", {"labels": None}, "confusions need the true labels"),
        ("disagreement", {"task": "regression"},
         "answers of the task 'regression' are not the same or different"),
        ("words", {"bases": ["a"], "texts": []}, "0 texts cannot be compared with 1"),
    ],
)  # fmt: skip
def test_behavior_requests_of_the_wrong_form(
    name: str, changed: dict[str, object], text: str
) -> None:
    """Every wrong request is a CoreError whose text the page can show."""
    with pytest.raises(CoreError) as caught:
        behavior(name, {**CLASSIFIERS, **changed}, *TENSORS)
    assert str(caught.value) == text
