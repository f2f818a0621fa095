"""Models on the evaluation set: predictions, and models that give none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import tiny_models
import tiny_study
from onnx import ModelProto, TensorProto, helper
from onnxruntime.quantization import quantize_dynamic

from cc_core.classification import NO_CLASS
from cc_export.dataset import Dataset, open_dataset
from cc_export.errors import ModelError
from cc_export.evaluate import BATCH, Subject, batch_size
from cc_export.evaluate import evaluate as evaluate_subject
from cc_export.inspect import inspect_model
from cc_export.predictions import Predictions
from cc_export.study import load_study, names
from cc_export.study.records import Evaluation

BASE = tiny_models.weights()
CLASSIFY = Evaluation("classification")


def evaluate(
    path: Path, dataset: Dataset, evaluation: Evaluation, batch: int = BATCH
) -> Predictions:
    return evaluate_subject(Subject("model", path, None, batch), dataset, evaluation)


def top1(found: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """The most probable class of each instance, and its probability in steps."""
    first = np.cumsum(found.values["places"].astype(int)) - found.values["places"]
    return found.values["labels"][first], found.values["probabilities"][first]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    source = load_study(tiny_study.TINY).dataset
    assert source is not None
    return open_dataset(source)


def saved(folder: Path, model: ModelProto) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def slow_logits(dataset: Dataset) -> np.ndarray:
    """The tiny network, written out."""
    images = dataset.inputs(slice(0, None))["image"]
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    conv = np.zeros((len(images), 2, 4, 4), np.float32)
    for row in range(4):
        for column in range(4):
            patch = padded[:, :, row : row + 3, column : column + 3]
            conv[:, :, row, column] = np.einsum("ncij,ocij->no", patch, BASE["conv1.weight"])
    conv += BASE["conv1.bias"].reshape(1, 2, 1, 1)
    flat = np.maximum(conv, 0).reshape(len(images), -1)
    return flat @ BASE["fc.weight"].T + BASE["fc.bias"]


def error_of(path: Path, dataset: Dataset, evaluation: Evaluation = CLASSIFY) -> str:
    with pytest.raises(ModelError) as caught:
        evaluate(path, dataset, evaluation)
    return str(caught.value)


def test_predictions_are_the_models(tmp_path: Path, dataset: Dataset) -> None:
    """Labels, probabilities and accuracy are those of the network written out in numpy."""
    found = evaluate(saved(tmp_path, tiny_models.float32(BASE)), dataset, CLASSIFY)
    logits = slow_logits(dataset).astype(np.float64)
    predicted = logits.argmax(axis=1)
    labels, probabilities = top1(found)
    assert labels.tolist() == predicted.tolist()
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert probabilities / 65_535 == pytest.approx(shares.max(axis=1), abs=1e-4)
    assert found.metrics["Accuracy"] == (predicted == dataset.labels).mean()
    assert found.invalid == 0


def test_answers_that_are_no_numbers_are_told(tmp_path: Path, dataset: Dataset) -> None:
    """A warning says how many; they are likelier a gap in the data than what a model has to say."""
    bias = np.full_like(BASE["fc.bias"], np.nan)
    path = saved(tmp_path, tiny_models.float32({**BASE, "fc.bias": bias}))
    found = evaluate(path, dataset, CLASSIFY)
    [warning] = found.warnings
    assert warning.startswith(f"{len(dataset)} of its answers are no finite numbers")
    assert evaluate(saved(tmp_path, tiny_models.float32(BASE)), dataset, CLASSIFY).warnings == ()


@pytest.mark.parametrize("batch", [1, 5, 12, 64])
def test_the_batch_does_not_matter(tmp_path: Path, dataset: Dataset, batch: int) -> None:
    """Instances get the same answers however many are run together."""
    path = saved(tmp_path, tiny_models.float32(BASE))
    one, other = evaluate(path, dataset, CLASSIFY), evaluate(path, dataset, CLASSIFY, batch)
    assert one.values.keys() == other.values.keys() >= {"places", "labels", "probabilities"}
    for name, array in one.values.items():
        np.testing.assert_array_equal(array, other.values[name])


@pytest.mark.parametrize("fixed", [1, 5])
def test_models_that_insist_on_a_batch(tmp_path: Path, dataset: Dataset, fixed: int) -> None:
    """A model exported for one batch size is run in it; the last batch is filled up."""
    free = evaluate(saved(tmp_path, tiny_models.float32(BASE)), dataset, CLASSIFY)
    parts = replace(tiny_models.network(BASE), batch=fixed)
    path = saved(tmp_path, parts.model())
    found = evaluate(path, dataset, CLASSIFY)
    assert free.values.keys() == found.values.keys() >= {"places", "labels", "probabilities"}
    for name, array in free.values.items():
        np.testing.assert_array_equal(array, found.values[name])


def test_other_input_types(tmp_path: Path, dataset: Dataset) -> None:
    """A float16 model gets float16 inputs and gives predictions of the same form."""
    found = evaluate(saved(tmp_path, tiny_models.float16(BASE)), dataset, CLASSIFY)
    assert len(found.values["places"]) == 12


def test_dynamic_quantization_is_run_one_by_one(tmp_path: Path) -> None:
    """Where scales come from the whole batch, an answer must not depend on its neighbours."""
    source = saved(tmp_path, tiny_models.float32(BASE))
    quantize_dynamic(source, tmp_path / "int8.onnx")
    sizes = [
        batch_size(name for name, _ in inspect_model(path).operators)
        for path in (source, tmp_path / "int8.onnx")
    ]
    assert sizes == [BATCH, 1]


@pytest.mark.parametrize("operator", ["MatMul", "LSTM"])
def test_fused_dynamic_quantization_is_run_one_by_one(tmp_path: Path, operator: str) -> None:
    """Operators that quantize inside answer for an instance alone as they do in the study."""
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(5, 64)).astype(np.float32)
    scale = np.array([0.01], np.float32)
    if operator == "MatMul":
        arrays = {"w": rng.integers(-127, 128, (5, 3)).astype(np.int8), "s": scale}
        inputs = ["image", "w", "s"]
        attributes = {}
    else:
        matrices = {"w": (1, 5, 8), "r": (1, 2, 8)}
        arrays = {n: rng.integers(-127, 128, s).astype(np.int8) for n, s in matrices.items()}
        arrays |= {"ws": scale, "wz": np.zeros(1, np.int8)}
        inputs = ["image", "w", "r", *[""] * 5, "ws", "wz", "ws", "wz"]
        attributes = {"hidden_size": 2}
    node = onnx.helper.make_node(
        f"DynamicQuantize{operator}", inputs, ["logits"], domain="com.microsoft", **attributes
    )
    image = wide.T if operator == "MatMul" else wide.T[None]
    shape = ["n", 5] if operator == "MatMul" else [1, "n", 5]
    graph = onnx.helper.make_graph(
        [node],
        "g",
        [tiny_models.value("image", shape, onnx.TensorProto.FLOAT)],
        [tiny_models.value("logits", None, onnx.TensorProto.FLOAT)],
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = tiny_models.finished(graph)
    model.opset_import.add(domain="com.microsoft", version=1)
    session = ort.InferenceSession(model.SerializeToString())
    together = session.run(None, {"image": image})[0]
    alone = session.run(None, {"image": image[..., :1, :]})[0]
    assert np.abs(together[..., :1, :] - alone).max() > 0
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    assert batch_size(name for name, _ in inspect_model(path).operators) == 1


def test_models_that_answer_nan(tmp_path: Path, dataset: Dataset) -> None:
    """Instances without usable scores are counted, and are no class."""
    broken = {**BASE, "fc.bias": np.array([np.nan, 0, 0], np.float32)}
    found = evaluate(saved(tmp_path, tiny_models.float32(broken)), dataset, CLASSIFY)
    assert (found.invalid, found.metrics["Accuracy"]) == (12, 0.0)
    assert (found.values["labels"] == NO_CLASS).all()


def with_nodes(*nodes: onnx.NodeProto, outputs: tuple[str, ...]) -> ModelProto:
    parts = tiny_models.network(BASE)
    parts.nodes += nodes
    return parts.model(outputs)


def test_outputs_that_are_no_scores(tmp_path: Path, dataset: Dataset) -> None:
    """Wrong shapes, types and names of outputs are said with what is needed."""
    hint = "\n    Check `evaluation.output` and `dataset.classes`."
    needed = "but 12 instances of 3 classes need numbers of shape [12, 3]"
    path = saved(tmp_path, with_nodes(outputs=("logits", "/relu/Relu_output_0")))
    assert error_of(path, dataset, Evaluation("classification", "/relu/Relu_output_0")) == (
        "model.onnx: output '/relu/Relu_output_0' is float32 of shape [12, 2, 4, 4], "
        f"{needed}{hint}"
    )
    assert error_of(path, dataset, Evaluation("classification", "scores")) == (
        "model.onnx: there is no output 'scores'\n    It has logits, /relu/Relu_output_0."
    )
    few = replace(dataset, classes=("left",))
    assert error_of(path, few) == (
        "model.onnx: output 'logits' is float32 of shape [12, 3], "
        f"but 12 instances of 1 class need numbers of shape [12, 1]{hint}"
    )
    largest = helper.make_node("ReduceMax", ["logits"], ["largest"], axes=[0])
    path = saved(tmp_path, with_nodes(largest, outputs=("largest",)))
    assert error_of(path, dataset) == (
        f"model.onnx: output 'largest' is float32 of shape [1, 3], {needed}{hint}"
    )


def test_outputs_that_are_no_tensor(tmp_path: Path, dataset: Dataset) -> None:
    """A sequence, as converted scikit-learn models give, is named as what it is."""
    node = helper.make_node("SequenceConstruct", ["logits"], ["many"])
    model = with_nodes(node, outputs=("logits",))
    many = helper.make_tensor_sequence_value_info("many", TensorProto.FLOAT, None)
    model.graph.output.append(many)
    error = error_of(saved(tmp_path, model), dataset, Evaluation("classification", "many"))
    assert error == (
        "model.onnx: output 'many' is no tensor but a list\n"
        "    Converters of scikit-learn give probabilities as a list of maps: convert with "
        "zipmap=False, or name a tensor in `evaluation.output`."
    )


def scored(folder: Path, axes: str, probable: bool) -> Path:
    """The tiny network with one score, of right against left: (n, 1), or (n,)."""
    one, two = (helper.make_tensor(n, TensorProto.INT64, [1], [i]) for n, i in (("a", 0), ("b", 1)))
    side = helper.make_tensor("side", TensorProto.INT64, [1], [1])
    keep = [helper.make_node("Squeeze", ["gap", "side"], ["flat"])] if axes == "n" else []
    last = "flat" if keep else "gap"
    nodes = [
        helper.make_node("Gather", ["logits", "a"], ["left"], axis=1),
        helper.make_node("Gather", ["logits", "b"], ["right"], axis=1),
        helper.make_node("Sub", ["right", "left"], ["gap"]),
        *keep,
        helper.make_node("Sigmoid" if probable else "Identity", [last], ["score"]),
    ]
    model = with_nodes(*nodes, outputs=("score",))
    model.graph.initializer.extend([one, two, side])
    return saved(folder, model)


@pytest.mark.parametrize("axes", ["n", "n 1"])
@pytest.mark.parametrize("kind", ["logits", "probabilities"])
def test_one_score_of_two_classes(axes: str, kind: str, tmp_path: Path, dataset: Dataset) -> None:
    """A binary classifier's one score is that of the second class; all numbers follow from it."""
    logits = slow_logits(dataset)
    right = 1 / (1 + np.exp(logits[:, 0].astype(float) - logits[:, 1]))
    labels = np.arange(len(right)) % 2
    two = replace(dataset, classes=("left", "right"), labels=labels)
    found = evaluate(
        scored(tmp_path, axes, kind == "probabilities"),
        two,
        Evaluation("classification", output="score", scores=kind),
    )
    predicted, probability = top1(found)
    np.testing.assert_array_equal(predicted, right > 0.5)
    np.testing.assert_allclose(probability / 65535, np.maximum(right, 1 - right), atol=2e-5)
    assert found.metrics[names.ACCURACY] == ((right > 0.5) == labels).mean()
    if kind == "logits":  # as probabilities some are 1 in float32, and their loss is infinite
        loss = -np.log(np.where(labels == 1, right, 1 - right)).mean()
        assert found.metrics[names.LOG_LOSS] == pytest.approx(loss, rel=1e-4)


def test_one_score_of_more_classes(tmp_path: Path, dataset: Dataset) -> None:
    """It says nothing of three."""
    three = replace(dataset, classes=("left", "right", "top"))
    assert "need numbers of shape [12, 3]" in error_of(scored(tmp_path, "n 1", False), three)


@pytest.mark.parametrize("path", ["softmax", "one"])
def test_probabilities_that_are_taken_for_logits(
    path: str, tmp_path: Path, dataset: Dataset
) -> None:
    """They are warned of, because everything but the order of classes would be wrong."""
    if path == "one":
        two = replace(dataset, classes=("left", "right"), labels=None)
        model, output = scored(tmp_path, "n 1", True), "score"
    else:
        node = helper.make_node("Softmax", ["logits"], ["shares"], axis=1)
        model, output, two = saved(tmp_path, with_nodes(node, outputs=("shares",))), None, dataset
    (warning,) = evaluate(model, two, Evaluation("classification", output=output)).warnings
    assert "say `evaluation.scores: probabilities`" in warning
    stated = Evaluation("classification", output=output, scores="probabilities")
    assert evaluate(model, two, stated).warnings == ()
    assert (
        evaluate(saved(tmp_path, with_nodes(outputs=("logits",))), dataset, CLASSIFY).warnings == ()
    )


def test_outputs_in_bfloat16(tmp_path: Path, dataset: Dataset) -> None:
    """What onnxruntime computes and cannot hand out is told as that."""
    node = helper.make_node("Cast", ["logits"], ["short"], to=TensorProto.BFLOAT16)
    model = with_nodes(node, outputs=("logits",))
    model.graph.output[0].CopyFrom(tiny_models.value("short", ["batch", 3], TensorProto.BFLOAT16))
    assert error_of(saved(tmp_path, model), dataset) == (
        "model.onnx: output 'short' is bfloat16, which onnxruntime gives to no Python\n"
        "    Export the model with a Cast to float32 at its end."
    )


def test_logits_called_probabilities(tmp_path: Path, dataset: Dataset) -> None:
    """Scores outside of 0 to 1 are not passed on as probabilities."""
    path = saved(tmp_path, tiny_models.float32(BASE))
    error = error_of(path, dataset, Evaluation("classification", None, "probabilities"))
    assert error.startswith("model.onnx: ")
    assert error.endswith(" is no probability; are these scores logits?")


def test_inputs_that_do_not_match(tmp_path: Path, dataset: Dataset) -> None:
    """A model of two inputs, and images of another shape, are told."""
    parts = tiny_models.network(BASE)
    parts.nodes.append(helper.make_node("Add", ["logits", "bonus"], ["sum"]))
    model = parts.model(("sum",))
    model.graph.input.append(tiny_models.value("bonus", ["batch", 3], TensorProto.FLOAT))
    assert error_of(saved(tmp_path, model), dataset) == (
        "model.onnx: the model takes bonus, image, the dataset gives image\n"
        "    Name the model's inputs under `dataset.inputs`."
    )
    arrays = {**tiny_study.evaluation_arrays(), "images": np.zeros((12, 1, 4, 5), np.uint8)}
    np.savez(tmp_path / "wide.npz", **arrays)
    wide = open_dataset(replace(dataset.source, path=tmp_path / "wide.npz"))
    error = error_of(saved(tmp_path, tiny_models.float32(BASE)), wide)
    assert error.startswith("model.onnx: onnxruntime cannot run it: ")
    assert "invalid dimensions for input: image" in error
    assert "Got: 5 Expected: 4" in error


def test_models_that_onnxruntime_refuses(tmp_path: Path, dataset: Dataset) -> None:
    """An unknown operator is named, and the path of the model is not."""
    parts = tiny_models.network(BASE)
    parts.nodes[1].op_type = "Reluu"
    error = error_of(saved(tmp_path, parts.model()), dataset)
    assert error.startswith("model.onnx: onnxruntime cannot load it: ")
    assert "Reluu" in error
    assert str(tmp_path) not in error
