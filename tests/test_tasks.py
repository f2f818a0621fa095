"""What each task measures, from handed-over answers to the site, against formulas written out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from cc_core.outcomes import four_way, paired_test
from cc_export import export, read_site
from cc_export.viewer import Viewer

N = 40
RNG = np.random.default_rng(11)


def built(
    folder: Path, viewer: Viewer, evaluation: str, answers: dict[str, Any], data: dict[str, Any],
    *, dataset: str = "label: y", metrics: str = "",
) -> tuple[dict[str, dict[str, float]], dict[str, Any], Any]:  # fmt: skip
    """The metrics and predictions of ``base`` and of ``other``, which was made from it."""
    folder.mkdir(exist_ok=True)
    np.savez(folder / "data.npz", **data)
    for model, arrays in answers.items():
        np.savez(folder / f"{model}.npz", **arrays)
    (folder / "study.yaml").write_text(
        f"dataset: {{path: data.npz, {dataset}}}\nevaluation: {evaluation}\n{metrics}\nmodels:\n"
        "  - {id: base, outputs: base.npz}\n"
        "  - {id: other, base: base, operation: {name: prune}, outputs: other.npz}\n",
        "utf-8",
    )
    report = export(folder, folder / "site", viewer=viewer, cache="off")
    assert report.failures == {}
    site = read_site(folder / "site")
    models = {model["id"]: model for model in site.models}
    assert list(models) == ["base", "other"]
    predictions = {name: site.json(model["predictions"]) for name, model in models.items()}
    return {name: model["metrics"] for name, model in models.items()}, predictions, report


def softmax(scores: np.ndarray) -> np.ndarray:
    shifted = np.exp(scores - scores.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def test_classification(tmp_path: Path, viewer: Viewer) -> None:
    """Accuracy, top-5, macro F1, log loss, divergence in nats, and the four-way split."""
    labels, sex = RNG.integers(0, 7, N), RNG.integers(0, 2, N)
    scores = {m: RNG.normal(size=(N, 7)) + 2 * np.eye(7)[labels] for m in ("base", "other")}
    metrics, predictions, _ = built(
        tmp_path / "study", viewer, "{task: classification}",
        {model: {"scores": values} for model, values in scores.items()},
        {"y": labels, "sex": sex},
        dataset="label: y, classes: [a, b, c, d, e, f, g], groups: {sex: sex}",
    )  # fmt: skip
    probability = {model: softmax(values) for model, values in scores.items()}
    right = {model: values.argmax(1) == labels for model, values in scores.items()}
    for model, found in metrics.items():
        truth = probability[model][np.arange(N), labels]
        ranks = (probability[model] > truth[:, None]).sum(1)
        assert found["Accuracy"] == right[model].mean()
        assert found["Top-5 accuracy"] == (ranks < 5).mean()
        assert math.isclose(found["Log loss"], -np.log(truth).mean(), rel_tol=1e-9)
        predicted = scores[model].argmax(1)
        f1 = [
            2 * ((predicted == c) & (labels == c)).sum()
            / ((predicted == c).sum() + (labels == c).sum())
            for c in range(7) if (predicted == c).any() or (labels == c).any()
        ]  # fmt: skip
        assert math.isclose(found["Macro F1"], np.mean(f1), rel_tol=1e-12)
        groups = predictions[model]["per_group"]["sex"]
        assert groups["Accuracy"] == [right[model][sex == level].mean() for level in (0, 1)]
    p, q = probability["base"], probability["other"]
    divergence = (p * np.log(p / q)).sum(1).mean()
    assert math.isclose(metrics["other"]["KL divergence from root"], divergence, rel_tol=1e-6)
    agreement = (p.argmax(1) == q.argmax(1)).mean()
    assert metrics["other"]["Agreement with root"] == agreement
    (base,) = predictions["other"]["bases"]
    assert (base["base"], sorted(base["roles"])) == ("base", ["parent", "root"])
    assert base["outcomes"] == {
        "both_right": (right["base"] & right["other"]).sum(),
        "both_wrong": (~right["base"] & ~right["other"]).sum(),
        "lost": (right["base"] & ~right["other"]).sum(),
        "gained": (~right["base"] & right["other"]).sum(),
    }
    assert predictions["base"]["bases"] == []


def test_multilabel(tmp_path: Path, viewer: Viewer) -> None:
    """F1, average precision and subset accuracy at the threshold; divergence from the root."""
    truth = RNG.integers(0, 2, (N, 10))
    scores = {m: RNG.normal(size=(N, 10)) + 3 * truth - 1.5 for m in ("base", "other")}
    metrics, predictions, _ = built(
        tmp_path / "study", viewer, "{task: multilabel, threshold: 0.6}",
        {model: {"scores": values} for model, values in scores.items()}, {"y": truth},
        dataset="label: y, classes: [a, b, c, d, e, f, g, h, i, j]",
    )  # fmt: skip
    right = {}
    for model, found in metrics.items():
        chosen = 1 / (1 + np.exp(-scores[model])) >= 0.6
        hits, both = (chosen & (truth == 1)).sum(0), chosen.sum(0) + truth.sum(0)
        assert math.isclose(found["Macro F1"], np.mean(2 * hits / both), rel_tol=1e-12)
        assert math.isclose(found["Micro F1"], 2 * hits.sum() / both.sum(), rel_tol=1e-12)
        right[model] = (chosen == truth).all(1)
        assert found["Subset accuracy"] == right[model].mean()
        # Of each true instance the share of true ones among those that score as much.
        precision = [
            np.mean([truth[s[:, j] >= score, j].mean() for score in s[truth[:, j] == 1, j]])
            for s in (scores[model],) for j in range(10)
        ]  # fmt: skip
        assert math.isclose(found["mAP"], np.mean(precision), rel_tol=1e-9)
    p, q = (1 / (1 + np.exp(-scores[model])) for model in ("base", "other"))
    divergence = (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).sum(1).mean()
    assert math.isclose(metrics["other"]["KL divergence from root"], divergence, rel_tol=1e-9)
    assert predictions["other"]["bases"][0]["outcomes"] == {
        "both_right": (right["base"] & right["other"]).sum(),
        "both_wrong": (~right["base"] & ~right["other"]).sum(),
        "lost": (right["base"] & ~right["other"]).sum(),
        "gained": (~right["base"] & right["other"]).sum(),
    }


def test_regression(tmp_path: Path, viewer: Viewer) -> None:
    """Mean absolute and root mean square error and R², and how far answers moved."""
    truth = RNG.normal(size=N)
    values = {m: truth + RNG.normal(size=N) / 4 for m in ("base", "other")}
    metrics, _, _ = built(
        tmp_path / "study", viewer, "{task: regression}",
        {model: {"values": answer} for model, answer in values.items()}, {"y": truth},
    )  # fmt: skip
    for model, found in metrics.items():
        error = values[model] - truth
        assert math.isclose(found["MAE"], np.abs(error).mean(), rel_tol=1e-6)
        assert math.isclose(found["RMSE"], math.sqrt((error**2).mean()), rel_tol=1e-6)
        r2 = 1 - (error**2).sum() / ((truth - truth.mean()) ** 2).sum()
        assert math.isclose(found["R²"], r2, rel_tol=1e-6)
    moved = np.abs(values["base"] - values["other"]).mean()
    assert math.isclose(metrics["other"]["Mean difference from root"], moved, rel_tol=1e-6)
    a, b = (values[model] - values[model].mean() for model in ("base", "other"))
    pearson = (a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum())
    assert math.isclose(metrics["other"]["Correlation with root"], pearson, rel_tol=1e-9)


def test_regression_of_large_numbers(tmp_path: Path, viewer: Viewer) -> None:
    """Answers are measured with all their digits: exact ones near 1.7e9 have no error."""
    truth = 1.7e9 + np.arange(N) % 7 + 0.5
    level = np.arange(N) % 2
    answers = {"base": truth, "other": truth + np.arange(N) / 100}
    metrics, predictions, _ = built(
        tmp_path / "study", viewer, "{task: regression}",
        {model: {"values": answer} for model, answer in answers.items()},
        {"y": truth, "level": level}, dataset="label: y, groups: {level: level}",
    )  # fmt: skip
    assert [metrics["base"][name] for name in ("MAE", "RMSE", "R²")] == [0.0, 0.0, 1.0]
    error = answers["other"] - truth
    squares = (error**2).sum()
    assert math.isclose(metrics["other"]["MAE"], error.mean(), rel_tol=1e-12)
    assert math.isclose(
        metrics["other"]["R²"], 1 - squares / ((truth - truth.mean()) ** 2).sum(), rel_tol=1e-12
    )
    assert math.isclose(metrics["other"]["Mean difference from root"], error.mean(), rel_tol=1e-12)
    groups = predictions["other"]["per_group"]["level"]
    for name, formula in {
        "MAE": lambda e, _: e.mean(),
        "RMSE": lambda e, _: math.sqrt((e**2).mean()),
        "R²": lambda e, t: 1 - (e**2).sum() / ((t - t.mean()) ** 2).sum(),
    }.items():
        expected = [formula(error[level == which], truth[level == which]) for which in (0, 1)]
        assert groups[name] == pytest.approx(expected, rel=1e-9)


def test_a_constant_target_has_no_r2(tmp_path: Path, viewer: Viewer) -> None:
    """R² divides by how far true values lie apart: targets that do not are left out."""
    changing = RNG.normal(size=N)
    truth = np.stack([np.full(N, 0.1), changing], axis=1)
    error = np.stack([np.full(N, 0.01), RNG.normal(size=N)], axis=1)
    metrics, predictions, _ = built(
        tmp_path / "study", viewer, "{task: regression}",
        {"base": {"values": truth + error}, "other": {"values": truth}}, {"y": truth},
    )  # fmt: skip
    r2 = 1 - (error[:, 1] ** 2).sum() / ((changing - changing.mean()) ** 2).sum()
    assert math.isclose(metrics["base"]["R²"], r2, rel_tol=1e-9)
    assert predictions["base"]["per_class"]["r2"] == [None, pytest.approx(r2)]


def test_embedding(tmp_path: Path, viewer: Viewer) -> None:
    """The cosine of each embedding with the root's, and the nearest neighbours' labels."""
    labels = RNG.integers(0, 3, N)
    values = {m: RNG.normal(size=(N, 8)) + 2 * np.eye(8)[labels] for m in ("base", "other")}
    metrics, _, _ = built(
        tmp_path / "study", viewer, "{task: embedding}",
        {model: {"values": answer} for model, answer in values.items()}, {"y": labels},
        dataset="label: y, classes: [a, b, c]",
    )  # fmt: skip
    unit = {m: v / np.linalg.norm(v, axis=1, keepdims=True) for m, v in values.items()}
    cosine = (unit["base"] * unit["other"]).sum(1).mean()
    assert math.isclose(metrics["other"]["Cosine to root"], cosine, rel_tol=1e-5)
    ten = {}
    for model, found in metrics.items():
        near = unit[model] @ unit[model].T
        np.fill_diagonal(near, -2)
        assert found["1-NN accuracy"] == (labels[near.argmax(1)] == labels).mean()
        ten[model] = [set(row) for row in np.argsort(-near, axis=1)[:, :10].tolist()]
    shared = [len(a & b) / 10 for a, b in zip(ten["base"], ten["other"], strict=True)]
    assert math.isclose(
        metrics["other"]["Neighbour overlap@10 with root"], np.mean(shared), rel_tol=1e-12
    )
    assert 0.3 < np.mean(shared) < 0.9


NAN = np.full((N, 3), np.nan, np.float32)
HALF = np.where(np.arange(N)[:, None] < N // 2, NAN, RNG.normal(size=(N, 3)).astype(np.float32))


@pytest.mark.parametrize(
    ("task", "truth", "named"),
    [
        ("classification", np.zeros(N, int), ("Accuracy", "Agreement with root")),
        ("multilabel", np.zeros((N, 3), int), ("Subset accuracy", "Agreement with root")),
        ("embedding", np.zeros(N, int), ("1-NN accuracy", "Neighbour overlap@10 with root")),
    ],
)
def test_no_answer_is_not_right(
    task: str, truth: np.ndarray, named: tuple[str, str], tmp_path: Path, viewer: Viewer
) -> None:
    """NaN are no answer: they are wrong, agree with nothing, and stand beside nobody."""
    right, agreement = named
    classes = "a" if task == "embedding" else "a, b, c"
    metrics, predictions, _ = built(
        tmp_path / "study", viewer, f"{{task: {task}}}",
        {model: {"scores": NAN} for model in ("base", "other")}, {"y": truth},
        dataset=f"label: y, classes: [{classes}]",
    )  # fmt: skip
    assert metrics["base"][right] == 0.0
    assert agreement not in metrics["other"]
    outcomes = predictions["other"]["bases"][0]["outcomes"]
    assert (outcomes["both_wrong"], outcomes["both_right"]) == (N, 0)
    assert predictions["other"]["invalid"] == N
    metrics, predictions, _ = built(
        tmp_path / "half", viewer, f"{{task: {task}}}",
        {"base": {"scores": np.nan_to_num(HALF)}, "other": {"scores": HALF}}, {"y": truth},
        dataset=f"label: y, classes: [{classes}]",
    )  # fmt: skip
    usable = HALF[N // 2 :]
    expected = {
        "classification": (usable.argmax(1) == 0).sum() / N,
        "multilabel": (usable < 0).all(1).sum() / N,
        "embedding": 0.5,
    }
    assert metrics["other"][right] == pytest.approx(expected[task])
    assert predictions["other"]["invalid"] == N // 2
    # Where both answer, the answers are the same.
    assert metrics["other"][agreement] == 1.0


@pytest.mark.parametrize(
    ("task", "truth", "missing"),
    [
        ("classification", np.arange(N) % 3, ("Log loss", "Expected calibration error")),
        ("regression", np.zeros((N, 3)), ("MAE", "RMSE", "R²")),
    ],
)
def test_no_answer_makes_no_metric_better(
    task: str, truth: np.ndarray, missing: tuple[str, ...], tmp_path: Path, viewer: Viewer
) -> None:
    """What is only defined of answers is missing where one lacks, there and in its group alone."""
    label = "label: y, classes: [a, b, c]" if task == "classification" else "label: y"
    truth = truth + RNG.normal(size=truth.shape) if task == "regression" else truth
    metrics, predictions, report = built(
        tmp_path / "study", viewer, f"{{task: {task}}}",
        {"base": {"scores": np.nan_to_num(HALF)}, "other": {"scores": HALF}},
        {"y": truth, "half": np.where(np.arange(N) < N // 2, "first", "second")},
        dataset=f"{label}, groups: {{half: half}}",
    )  # fmt: skip
    assert metrics["base"].keys() >= set(missing)
    assert not metrics["other"].keys() & set(missing)
    for name in missing:
        without, with_answers = predictions["other"]["per_group"]["half"][name]
        assert without is None
        assert with_answers == predictions["base"]["per_group"]["half"][name][1]
    if task == "regression":
        assert predictions["other"]["per_class"]["mae"] == [None] * 3
    (told,) = (text for text in report.warnings if "no finite numbers" in text)
    assert f"20 of its answers are no finite numbers, so it has no {missing[0]} and no " in told


def test_saturated_scores_keep_their_order(tmp_path: Path, viewer: Viewer) -> None:
    """mAP ranks by scores: probabilities of logits above 17 are 1 in float32, above 37 always."""
    truth = (np.arange(N) % 5 == 0).astype(int)[:, None]
    logits = 20 + np.arange(N)[::-1, None] * 1.0
    metrics, _, _ = built(
        tmp_path / "study", viewer, "{task: multilabel}",
        {"base": {"scores": logits.astype(np.float32)}, "other": {"scores": logits}}, {"y": truth},
        dataset="label: y, classes: [a]",
    )  # fmt: skip
    # From the greatest score down the order is that of instances: of the first 5k + 1, k + 1 hit.
    precision = [(k + 1) / (5 * k + 1) for k in range(N // 5)]
    assert metrics["base"]["mAP"] == pytest.approx(np.mean(precision), rel=1e-12)
    assert metrics["other"]["mAP"] == pytest.approx(np.mean(precision), rel=1e-12)


def slow_edits(a: str, b: str) -> int:
    """Levenshtein's distance by its definition."""
    if not a or not b:
        return len(a) + len(b)
    if a[0] == b[0]:
        return slow_edits(a[1:], b[1:])
    return 1 + min(slow_edits(a[1:], b[1:]), slow_edits(a[1:], b), slow_edits(a, b[1:]))


def test_generation(tmp_path: Path, viewer: Viewer) -> None:
    """Exact matches but for case, articles and spaces; edits; and the texts in the site."""
    truth = ["paris", "the red fox", "", "a b c"]
    texts = {"base": truth, "other": ["pariz", "A  blue fox", "", "the a b c"]}
    metrics, predictions, _ = built(
        tmp_path / "study", viewer, "{task: generation}",
        {model: {"texts": np.array(answer)} for model, answer in texts.items()},
        {"y": np.array(truth)},
    )  # fmt: skip
    assert (metrics["base"]["Exact match"], metrics["other"]["Exact match"]) == (1.0, 0.5)
    edits = [slow_edits(a, b) for a, b in zip(truth, texts["other"], strict=True)]
    assert metrics["other"]["Edit distance"] == sum(edits) / 4
    assert metrics["base"]["Edit distance"] == 0
    rate = sum(edits) / sum(map(len, truth))
    assert metrics["other"]["Character error rate"] == pytest.approx(rate, rel=1e-12)
    site = read_site(tmp_path / "study" / "site")
    (chunk,) = predictions["other"]["texts"]
    assert site.json(chunk)["texts"] == texts["other"]


MODULE = """
import numpy as np

def off_by_one(answers, labels):
    return float((np.abs(answers.argmax(1) - labels) == 1).mean())

def broken(answers, labels):
    raise ZeroDivisionError("by design")

def nonsense(answers, labels):
    return "seven"

def shares(answers, dataset):
    right = answers[:, 0] > 0
    return {"correct": right, "metrics": {"Share": float(right.mean())}}
"""


def test_metrics_of_the_study(tmp_path: Path, viewer: Viewer) -> None:
    """A metric that raises or gives no number is named with its reason, the rest is kept."""
    labels, scores = RNG.integers(0, 3, N), RNG.normal(size=(N, 3))
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "my_metrics.py").write_text(MODULE, "utf-8")
    metrics, _, report = built(
        tmp_path / "study", viewer, "{task: classification}",
        {"base": {"scores": scores}, "other": {"scores": -scores}}, {"y": labels},
        dataset="label: y, classes: [a, b, c]",
        metrics="metrics:\n  - {name: Near, compute: my_metrics:off_by_one}\n"
        "  - {name: Broken, compute: my_metrics:broken}\n"
        "  - {name: Nonsense, compute: my_metrics:nonsense}\n",
    )  # fmt: skip
    assert metrics["base"]["Near"] == (np.abs(scores.argmax(1) - labels) == 1).mean()
    assert metrics["base"].keys() >= {"Accuracy", "Near"}
    assert not metrics["base"].keys() & {"Broken", "Nonsense"}
    assert report.missing.keys() == {"base", "other"}
    broken, nonsense = report.missing["base"]
    assert broken.startswith("metric 'Broken': my_metrics:broken failed: ")
    assert "by design" in broken
    assert nonsense.startswith("metric 'Nonsense': my_metrics:nonsense gave ")


def test_models_that_take_texts(tmp_path: Path, viewer: Viewer) -> None:
    """A model whose input is text is run on the column of texts."""
    known = ["ann", "bob", "cleo"]
    node = helper.make_node(
        "LabelEncoder", ["name"], ["age"], domain="ai.onnx.ml", keys_strings=known,
        values_floats=[31.0, 25.0, 64.0], default_float=-1.0,
    )  # fmt: skip
    graph = helper.make_graph(
        [node], "ages",
        [helper.make_tensor_value_info("name", TensorProto.STRING, ["n"])],
        [helper.make_tensor_value_info("age", TensorProto.FLOAT, ["n"])],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 2)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    (tmp_path / "ages.onnx").write_bytes(model.SerializeToString())
    (tmp_path / "people.csv").write_text("name,age\nbob,26\ncleo,64\nann,30\n", "utf-8")
    (tmp_path / "study.yaml").write_text(
        "dataset: {path: people.csv, inputs: {name: {array: name}}, label: age}\n"
        "evaluation: {task: regression}\nmodels: [{id: ages, onnx: ages.onnx}]\n",
        "utf-8",
    )
    report = export(tmp_path, tmp_path / "site", viewer=viewer, cache="off")
    assert report.failures == {}
    (found,) = read_site(tmp_path / "site").models
    assert math.isclose(found["metrics"]["MAE"], 2 / 3, rel_tol=1e-6)


def test_mcnemar_is_the_binomial_test() -> None:
    """The exact two-sided p is that of counting outcomes, and none where nothing differs."""
    for lost, gained in [(0, 0), (1, 0), (5, 5), (9, 2), (0, 12), (30, 14)]:
        before = np.array([True] * lost + [False] * gained, bool)
        found = paired_test(four_way(before, ~before)).p
        n = lost + gained
        few = min(lost, gained)
        tail = sum(math.comb(n, k) for k in range(few + 1)) / 2**n
        assert math.isclose(found, min(1.0, 2 * tail), rel_tol=1e-12)


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"scores": np.zeros((N - 1, 3))}, f"{N}"),
        ({"scores": np.zeros((N, 4))}, "[40, 3]"),
        ({"values": np.zeros(N)}, "[40, 3]"),
        ({"scores": np.zeros((N, 3)), "ids": np.arange(N) + 1}, "id"),
    ],
)
def test_answers_that_do_not_fit(
    arrays: dict[str, Any], text: str, tmp_path: Path, viewer: Viewer
) -> None:
    """Handed-over answers of another form fail that model with a reason, and no other."""
    study = tmp_path / "study"
    good = {"scores": RNG.normal(size=(N, 3))}
    built(
        study, viewer, "{task: classification}", {"base": good, "other": good},
        {"y": RNG.integers(0, 3, N)}, dataset="label: y, classes: [a, b, c]",
    )  # fmt: skip
    np.savez(study / "other.npz", **arrays)
    report = export(study, study / "site", viewer=viewer, cache="off")
    assert list(report.failures) == ["other"]
    assert "other.npz" in report.failures["other"] and text in report.failures["other"]
