"""Questions to cc_core with the answers of this machine's Python, one JSON object a line.

``parity.test.mjs`` puts the same questions to the shipped runtime. Everything is seeded, so a
failing case can be asked again by its number: ``python parity_cases.py explain 17``.
"""

from __future__ import annotations

import base64
import json
import math
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

import numpy as np
from numpy.typing import NDArray

from cc_core import api, classification
from cc_core.dyadic import Grid
from cc_core.histogram import pack_counts
from cc_core.jsonable import jsonable
from cc_core.listed import listed
from cc_core.sketch import sketch
from cc_core.statistics import SLICE, summarize

SEED = 20_240_607
SHAPES = ((), (1,), (2,), (7,), (64,), (257,), (3, 5), (0,), (4, 0, 2), (1, 1), (2, 3, 4), (1000,))
LARGE = ((SLICE,), (SLICE + 1,), (3, SLICE - 1))
WORDS = (
    "prune", "quantize", "finetune", "Prune", "prune 10", "prune 9", "naïve", "日本語", "😀", "ß",
    "SS", "ﬁ", "İ", "a\u0301", "\u00e1", "٣", "²", "x\u2028y", "<b>", '"quoted"', "__proto__",
    "", " ", "merge", "base model", "1", "1.0", "true", "null",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2, 10, 0.5, 1.0, -0.0, 1e-300, 1e300, 0.1, 2**53, 2**53 + 1, -(2**63), 10**400)


@dataclass(frozen=True, slots=True)
class Case:
    """One question as the page puts it: a JSON text, and numbers as bytes."""

    question: str
    request: str
    buffers: tuple[bytes, ...] = field(default=())


def statistics_cases(random: Random) -> Iterator[Case]:
    """Every dtype with every shape, then numbers that sums and extremes stumble over."""
    for dtype in api.DTYPES:
        for shape in SHAPES * 3:
            yield _tensors("statistics", {}, [_array(random, dtype, shape)])
    for shape in LARGE:
        yield _tensors("statistics", {}, [_array(random, "float32", shape)])
    for values in _awkward():
        yield _tensors("statistics", {}, [values, values[::-1].copy()])


def distributions_cases(random: Random) -> Iterator[Case]:
    """Groups of tensors on one range, with and without equal shapes, and awkward ranges."""
    for _ in range(500):
        shape = random.choice(SHAPES)
        shapes = [shape if random.random() < 0.8 else random.choice(SHAPES) for _ in range(3)]
        arrays = [_array(random, random.choice(api.DTYPES), s) for s in shapes]
        bins = {} if random.random() < 0.3 else {"bins": random.choice((1, 2, 7, 48, 64, 1000))}
        yield _tensors("distributions", bins, arrays[: random.randint(0, 3)])
    for shape in LARGE:
        pair = [_array(random, "float32", shape), _array(random, "float16", shape)]
        yield _tensors("distributions", {"bins": 48}, pair)
    for values in _awkward():
        yield _tensors("distributions", {"bins": 16}, [values, values[::-1].copy()])
        yield _tensors("distributions", {"bins": 16}, [values, np.ones_like(values)])


def classify_cases(random: Random) -> Iterator[Case]:
    """Logits of every dtype and shares of 1, with ties, NaN and infinities."""
    for _ in range(300):
        shape = (random.choice((0, 1, 2, 17)), random.choice((1, 2, 3, 10, 1000)))
        scores = _array(random, random.choice(api.DTYPES), shape)
        if random.random() < 0.3:
            scores = np.round(scores.astype(np.float64)).astype(np.float32)  # many ties
        k = random.choice((1, 5, 99))
        yield _tensors("classify", {"scores": "logits", "k": k}, [scores])
        shares = np.abs(np.nan_to_num(scores.astype(np.float32), nan=0, posinf=1, neginf=1))
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-6)
        shares[np.random.default_rng(k).random(shape) < 0.01] = np.nan
        yield _tensors("classify", {"scores": "probabilities", "k": k}, [shares])
    for row in ([0.0, -0.0, 0.0], [math.inf, 0, 1], [-math.inf] * 3, [math.nan, 1, 2], [1e308] * 3):
        for kind in ("logits", "probabilities"):
            yield _tensors("classify", {"scores": kind, "k": 3}, [np.array([row], np.float64)])


def estimate_cases(random: Random) -> Iterator[Case]:
    """Sketches of equal and unequal length, with NaN, infinities and extreme exponents."""
    for _ in range(200):
        size = random.choice((0, 1, 7, 2048))
        pair = [_array(random, "float16", (size,)) for _ in range(2)]
        exponents = [random.choice((-1074, -30, 0, 3, 1024)) for _ in pair]
        count = random.choice((size, size, 10 * size, 0))
        asked = {"pairs": [{"exponents": exponents, "count": count}]}
        yield _tensors("estimate", asked, pair)


def behavior_cases(random: Random) -> Iterator[Case]:
    """Answers of several models to few instances, of every task, with and without labels."""
    for number in range(120):
        classes, count = random.choice((1, 2, 7, 300)), random.choice((0, 1, 9, 33))
        rng = np.random.default_rng(random.getrandbits(64))
        truth = rng.integers(0, classes, count).astype(np.uint16)
        models = [_listed(rng, truth, classes) for _ in range(random.randint(1, 3))]
        yield _behavior("pair", "classification", models, count, classes=classes, labels=truth)
        yield _behavior("confusions", "classification", models, count, labels=truth,
                        of=random.choice((None, 0)), most=random.choice((1, 1000)))  # fmt: skip
        yield _behavior("disagreement", "classification", models, count)
        task, name, kind = random.choice(
            (("multilabel", "sets", "uint8"), ("regression", "values", "float32"),
             ("embedding", "neighbours", "uint32"))
        )  # fmt: skip
        others = [{name: _array(random, kind, (count, 2))} for _ in range(2)]
        yield _behavior("pair", task, others, count)
        yield _behavior("disagreement", task, others, count)
        texts = ["".join(random.choice(WORDS) for _ in range(number % 9)) for _ in range(4)]
        pair = [{"texts": texts[:2]}, {"texts": texts[2:]}]
        yield Case("pair", _json({"task": "generation", "instances": 2, "models": pair}))
        yield Case("disagreement", _json({"task": "generation", "models": pair}))
        yield Case("words", _json({"bases": texts[:2], "texts": texts[2:]}))
    yield Case("words", _json({"bases": ["a"], "texts": []}))
    yield Case("pair", _json({"task": "guess", "instances": 1, "models": [{}, {"texts": ["a"]}]}))


def layer_cases(random: Random) -> Iterator[Case]:
    """Layers and activations of several models, some with and some without sketches."""
    for _ in range(110):
        names = [f"m{number}" for number in range(random.randint(1, 3))]
        models = [_layers(random, name, names) for name in names]
        chunks, sketches, activations = zip(*models, strict=True)
        given = [one if random.random() < 0.8 else None for one in sketches]
        yield Case("layers", _json({"models": chunks, "sketches": given}))
        yield Case("activations", _json({"models": activations}))
        size = random.choice((0, 1, 12, 2048))
        pair = [_array(random, "float16", (size,)) for _ in range(2)]
        asked = {"exponents": [random.choice((-30, 0, 3)) for _ in pair], "shares": [0, 0.1, 1]}
        yield _tensors("sketched", {**asked, "parts": random.choice((0, 1, size or 1))}, pair)


def explain_cases(random: Random) -> Iterator[Case]:
    """Random forests and selections; parameters of every JSON type under awkward names."""
    for _ in range(600):
        models = _forest(random)
        ids = [model["id"] for model in models]
        selected = random.sample(ids, random.randint(1, len(ids)))
        yield Case("explain", _json({"models": models, "selected": selected}))


def selection_cases(random: Random) -> Iterator[Case]:
    """Charts, choices and differences of the same kind of selections."""
    for _ in range(300):
        models = _forest(random)
        ids = [model["id"] for model in models]
        asked = {"models": models, "selected": random.sample(ids, random.randint(1, len(ids)))}
        yield Case("chart", _json(asked))
        yield Case("refine", _json(asked))
        ends = {"first": random.choice(ids), "second": random.choice(ids)}
        yield Case("difference", _json({"models": models, **ends}))
    root = {"models": [{"id": "a"}, {"id": "b"}], "selected": ["a", "b"]}
    for chosen in ({"base model": [1]}, {"base model": [2]}, {"gone": [0]}, {"base model": []}):
        yield Case("refine", _json({**root, "chosen": chosen}))


def refused_cases(_: Random) -> Iterator[Case]:
    """Questions that have no answer: the page shows the error's text."""
    ones = np.ones((2, 2), np.float32)
    root = {"id": "root"}
    yield Case("no such question", "{}")
    for question in api.HANDLERS:
        yield Case(question, "{")
        yield Case(question, '{"a": 1,}')
        yield Case(question, "[]")
        yield Case(question, "{}")
        yield Case(question, _json({"tensors": [{"dtype": "float32", "shape": [2]}]}))
        yield _described(question, {"dtype": "complex64", "shape": [2, 2]}, ones)
        yield _described(question, {"dtype": "float32", "shape": [2, 3]}, ones)
        yield _described(question, {"dtype": "float32", "shape": [-2, -2]}, ones)
        yield _described(question, {"dtype": "float32"}, ones)
    yield _tensors("distributions", {"bins": 0}, [ones])
    yield _tensors("classify", {"scores": "votes", "k": 1}, [ones])
    yield _tensors("classify", {"scores": "logits", "k": 0}, [ones])
    yield _tensors("classify", {"scores": "logits", "k": 1}, [np.ones((2, 2, 2), np.float32)])
    yield _tensors("classify", {"scores": "logits", "k": 1}, [np.ones((2, 0), np.float32)])
    yield _tensors("classify", {"scores": "logits", "k": 1}, [np.ones((1, 65_535), np.uint8)])
    for models, selected in (
        ([root], []),
        ([root], ["ro\u00f6t"]),
        ([root, root], ["root"]),
        ([{"id": "a", "parents": ["b"]}, {"id": "b", "parents": ["a"]}], ["a"]),
        ([{"id": "a", "parents": ["'"]}], ["a"]),
        ([{"parents": []}], ["a"]),
        ([{"id": "a", "operation": {"parameters": {"amount": 1}}}], ["a"]),
        (5, ["a"]),
        (["a"], ["a"]),
        ([root], 5),
    ):
        yield Case("explain", _json({"models": models, "selected": selected}))


GROUPS: dict[str, Callable[[Random], Iterator[Case]]] = {
    "statistics": statistics_cases,
    "distributions": distributions_cases,
    "classify": classify_cases,
    "estimate": estimate_cases,
    "behavior": behavior_cases,
    "layers": layer_cases,
    "explain": explain_cases,
    "selection": selection_cases,
    "refused": refused_cases,
}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _tensors(question: str, request: dict[str, object], arrays: list[NDArray[np.generic]]) -> Case:
    described = [{"dtype": array.dtype.name, "shape": list(array.shape)} for array in arrays]
    request = {**request, "tensors": described}
    return Case(question, _json(request), tuple(array.tobytes() for array in arrays))


def _layers(random: Random, model: str, models: list[str]) -> tuple[object, object, object]:
    """A model's chunks of layers, sketches and activations, of some tensors that others have."""
    rng = np.random.default_rng(random.getrandbits(64))
    references = [other for other in models if other != model and random.random() < 0.5]
    layers, sketches, activations = [], [], []
    for path in ("stem", "stage1.conv", "stage1.norm", "head"):
        if random.random() < 0.2:
            continue
        shape = (3, random.choice((4, 4, 4, 5)))
        values = np.round(rng.normal(0, 1, shape) * 8).astype(np.float32) / 8
        values.reshape(-1)[rng.integers(12)] = random.choice((0, 1, np.nan, np.inf))
        known, made = summarize(values), sketch(values.reshape(-1))
        grid = Grid(-2, -40, 80)
        kept = values[np.isfinite(values)]
        places = np.floor(np.ldexp(kept, 2)).astype(int) + 40
        counts = np.bincount(places, minlength=grid.bins)
        by_change = np.zeros((grid.bins, 8), np.int64)
        by_change[:, random.randint(0, 7)] = counts
        sums = {name: rng.random() for name in ("signal", "power", "noise", "product", "largest")}
        change = {"count": values.size, "skipped": 1, "same": 2, **sums, "unit": 0,
                  "by_change": _packed(pack_counts(by_change))}  # fmt: skip
        record = {
            "layer": path, "name": "weight", "note": "", "shape": shape, "channels": 3,
            "empty_channels": 1, "bits": 32 * values.size, "patterns": {"2:4": 4},
            "statistics": jsonable(known), "histogram": {
                "exponent": grid.exponent, "first": grid.first, "bins": grid.bins,
                "total": len(kept), "counts": _packed(pack_counts(counts)),
            },
            "changes": [random.choice((None, change)) for _ in references],
        }  # fmt: skip
        own = {"exponent": made.exponent, "count": values.size}
        layers.append({"path": path, "operators": ["Conv"], "tensors": [record]})
        sketches.append({**record, **own, "values": _packed(made.values)})
        activations.append({**record, **own, "instances": 3, "size": values.size,
                            "sketch": _packed(made.values)})  # fmt: skip
    head = {"model": model, "references": references, "base": (references or [None])[0]}
    lone = {"layer": "head", "name": "weight", "side": "base", "reason": "gone"}
    return (
        {**head, "layers": layers, "one_sided": [lone]},
        {"model": model, "tensors": sketches},
        {**head, "activations": activations},
    )


def _packed(values: NDArray[np.generic]) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _listed(
    rng: np.random.Generator, truth: NDArray[np.uint16], classes: int
) -> dict[str, NDArray[np.generic]]:
    """Answers of a classifier, some of them none, as a bundle keeps them."""
    scores = rng.normal(0, rng.choice((0.1, 5)), (len(truth), classes))
    scores[rng.random(len(truth)) < 0.05] = np.nan
    found = classification.distribution(scores, "logits")
    top = classification.top_k_of(found, 5)
    kept = listed(top, truth, classification.true_probability(found, truth))
    right = np.packbits(classification.correct(top.labels[:, 0], truth))
    names = ("places", "labels", "probabilities", "rest", "truth")
    arrays = {name: array for name in names if (array := getattr(kept, name)) is not None}
    return {**arrays, "correct": right}


def _behavior(
    question: str,
    task: str,
    models: list[dict[str, NDArray[np.generic]]],
    count: int,
    labels: NDArray[np.generic] | None = None,
    **more: object,
) -> Case:
    """Arrays of several models, each by its number; classes are the rows."""
    tensors: list[NDArray[np.generic]] = [] if labels is None else [labels]
    given = []
    for arrays in models:
        places = {name: len(tensors) + at for at, name in enumerate(arrays)}
        tensors += arrays.values()
        given.append({"correct": places.pop("correct", None), "arrays": places})
    asked: dict[str, object] = {"task": task, "instances": count, "models": given, **more}
    if labels is not None:
        asked |= {"labels": 0, "rows": [{"codes": 0, "levels": more.get("classes", 1)}]}
    return _tensors(question, asked, tensors)


def _described(question: str, tensor: dict[str, object], array: NDArray[np.generic]) -> Case:
    request = {"models": [], "selected": [], "scores": "logits", "k": 1, "tensors": [tensor]}
    return Case(question, _json(request), (array.tobytes(),))


def _array(random: Random, dtype: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """Numbers of a dtype: constant, any bit pattern at all, or such as weights have."""
    rng = np.random.default_rng(random.getrandbits(64))
    kind = random.choice(("weights", "weights", "bits", "constant"))
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(np.bool_)
    if kind == "bits":
        size = math.prod(shape) * np.dtype(dtype).itemsize
        return np.frombuffer(rng.bytes(size), dtype).reshape(shape).copy()
    if kind == "constant":
        return np.full(shape, random.choice((0, 1, 3)), dtype)
    values = np.asarray(rng.normal(0, random.choice((1e-3, 1, 100)), shape))
    values[rng.random(shape) < 0.3] = 0
    if np.dtype(dtype).kind == "f":
        values[rng.random(shape) < 0.02] = random.choice((np.nan, np.inf, -np.inf, -0.0))
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values), max(limits.min, -(2**31)), min(limits.max, 2**31)).astype(dtype)


def _awkward() -> Iterator[NDArray[np.generic]]:
    """Zeros of both signs, subnormal numbers, numbers whose squares and sums overflow."""
    tiny, huge = 5e-324, 1.7e308
    for values in (
        [0.0, -0.0], [-0.0, 0.0], [-0.0] * 9, [0.0, -0.0] * 40, [-0.0, 0.0] * 40,
        [tiny], [0.0, tiny], [-tiny, tiny], [tiny, 3 * tiny, 8 * tiny], [0.0, 2.2e-308, -tiny],
        [huge], [huge, -huge], [huge, huge, -huge, -huge], [huge, 1.0, -huge], [1e200, 1e-200],
        [math.nan], [math.inf], [-math.inf, math.inf, math.nan], [math.nan, 1.0, -0.0],
        [1.0, 1.0 + 2**-52], [1e16, 1.0, -1e16], [0.1] * 1000,
    ):  # fmt: skip
        yield np.array(values, np.float64)
    yield np.array([6e-8, 65504, -65504, 6.1e-5], np.float16)
    yield np.array([1e-45, 3.4e38, -3.4e38], np.float32)
    yield np.array([2**63 - 1, -(2**63), 0], np.int64)
    yield np.array([2**64 - 1, 0, 2**53 + 1], np.uint64)


def _forest(random: Random) -> list[dict[str, object]]:
    operations = [(_word(random), _parameters(random)) for _ in range(random.randint(1, 4))]
    models: list[dict[str, object]] = []
    for number in range(random.randint(1, 12)):
        known = [str(model["id"]) for model in models]
        parents = random.sample(known, min(len(known), random.choice((0, 1, 1, 1, 1, 2, 3))))
        model: dict[str, object] = {"id": f"{_word(random)} {number}", "parents": parents}
        if random.random() < 0.9:
            name, parameters = random.choice(operations)
            changed = {key: _value(random) for key in parameters if random.random() < 0.5}
            model["operation"] = {"name": name, "parameters": {**parameters, **changed}}
        models.append(model)
    random.shuffle(models)
    return models


def _parameters(random: Random) -> dict[str, object]:
    return {_word(random): _value(random) for _ in range(random.randint(0, 4))}


def _value(random: Random, depth: int = 0) -> object:
    match random.randint(0, 9 if depth < 2 else 7):
        case 0 | 1 | 2:
            return random.choice(NUMBERS)
        case 3:
            return random.uniform(-1, 1)
        case 4:
            return random.choice((None, True, False))
        case 5 | 6 | 7:
            return _word(random)
        case 8:
            return [_value(random, depth + 1) for _ in range(random.randint(0, 3))]
        case _:
            return {_word(random): _value(random, depth + 1) for _ in range(random.randint(0, 3))}


def _word(random: Random) -> str:
    return "".join(random.choice(WORDS) for _ in range(random.choice((1, 1, 1, 2))))


def _answered(case: Case) -> dict[str, object]:
    record: dict[str, object] = {
        "question": case.question,
        "request": case.request,
        "buffers": [base64.b64encode(buffer).decode() for buffer in case.buffers],
    }
    try:
        answer, arrays = api.dispatch(case.question, case.request, case.buffers)
    except Exception as error:
        return {**record, "error": [type(error).__name__, str(error)]}
    described = [(a.dtype.name, base64.b64encode(a.tobytes()).decode()) for a in arrays]
    return {**record, "answer": answer, "arrays": described}


def cases(group: str) -> list[Case]:
    """All cases of a group; each group has a seed of its own and keeps its cases."""
    return list(GROUPS[group](Random(f"{SEED} {group}")))


def main() -> None:
    """Print every group, or one case of one group."""
    # Overflowing sums are among the questions; what matters is the answer.
    warnings.simplefilter("ignore", RuntimeWarning)
    only = sys.argv[1:]
    for group in only[:1] or GROUPS:
        for number, case in enumerate(cases(group)):
            if len(only) < 2 or int(only[1]) == number:
                print(_json({"group": group, "number": number, **_answered(case)}))


if __name__ == "__main__":
    main()
