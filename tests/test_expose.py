"""Activations over a sample of instances: which values are looked at, and what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import pytest
import tiny_models
import tiny_study
from onnx import ModelProto, helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    quantize_dynamic,
    quantize_static,
)
from tiny_models import Array

from cc_core.sketch import unsketch
from cc_core.statistics import summarize
from cc_export.dataset import Dataset, open_dataset
from cc_export.errors import ModelError
from cc_export.evaluate import activation
from cc_export.expose import Measured, Sample, Wanted, expose_activations, expose_model
from cc_export.onnx_models.activations import activations
from cc_export.study import load_study

CONV, RELU = "/conv1/Conv_output_0", "/relu/Relu_output_0"
BASE = tiny_models.weights()


@dataclass(frozen=True)
class Images:
    """An evaluation set of images whose values are all different."""

    count: int

    def __len__(self) -> int:
        return self.count

    def inputs(self, which: slice) -> dict[str, Array]:
        first = np.arange(self.count, dtype=np.float32)[which, None, None, None]
        return {"image": np.sin(100 * first + np.arange(16, dtype=np.float32).reshape(1, 4, 4))}


def images(count: int) -> Dataset:
    return cast(Dataset, Images(count))


def saved(folder: Path, model: ModelProto, name: str = "model.onnx") -> Path:
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def exposed(
    path: Path, dataset: Dataset, how: Sample | None = None, **wanted: Any
) -> list[Measured]:
    shown = [Wanted(a, (a.layer, a.operator), **wanted) for a in activations(onnx.load(path))]
    return list(expose_activations(path, shown, dataset, how or Sample()))


def test_small_activations_are_looked_at_as_a_whole() -> None:
    """Of few instances with few values, every value counts, as in the arrays themselves."""
    study = load_study(tiny_study.TINY)
    assert study.dataset is not None
    dataset = open_dataset(study.dataset)
    path = tiny_study.TINY / "models" / "base.onnx"
    found = exposed(path, dataset)
    plain = activation(path, dataset, (CONV, RELU), slice(0, len(dataset)))
    assert [(one.key, one.tensor) for one in found] == [
        (("conv1", "Conv"), CONV),
        (("relu", "Relu"), RELU),
    ]
    for one, values in zip(found, plain, strict=True):
        assert (one.shape, one.instances, one.size) == ((2, 4, 4), 12, values.size)
        assert one.weighed.statistics == summarize(values)
        assert one.weighed.histogram.counts.sum() == values.size
        np.testing.assert_allclose(unsketch(one.sketch), values.reshape(-1), rtol=1e-3, atol=1e-3)


def test_the_sample_is_spread_over_the_evaluation_set(tmp_path: Path) -> None:
    """Of many instances a fixed number is taken, and of those a few for what slows a model down."""
    path = saved(tmp_path, tiny_models.float32(BASE))
    how = Sample(instances=32, brief=4)
    assert {one.instances for one in exposed(path, images(500), how)} == {32}
    assert {one.instances for one in exposed(path, images(500), how, brief=True)} == {4}
    assert {one.instances for one in exposed(path, images(500), replace(how, large=31))} == {4}
    assert {one.instances for one in exposed(path, images(500), replace(how, large=32))} == {32}
    assert {one.instances for one in exposed(path, images(9), how, brief=True)} == {9}


def test_places_are_the_same_in_every_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only some values are looked at, two models are looked at in the same places."""
    monkeypatch.setattr("cc_export.expose.VALUES", 8 * 20)
    monkeypatch.setattr("cc_export.expose.SKETCHED", 5 * 20)
    one = exposed(saved(tmp_path, tiny_models.float32(BASE)), images(20))
    doubled = {name: array * 2 for name, array in BASE.items()}
    two = exposed(saved(tmp_path, tiny_models.float32(doubled), "two.onnx"), images(20))
    for a, b in zip(one, two, strict=True):
        assert (a.size, a.weighed.statistics.count, len(a.sketch.values)) == (20 * 32, 160, 100)
        np.testing.assert_array_equal(2 * unsketch(a.sketch), unsketch(b.sketch))
    plain = activation(tmp_path / "model.onnx", images(20), (CONV,), slice(0, 20))[0]
    looked = {round(float(value), 2) for value in unsketch(one[0].sketch)}
    assert len(looked & {round(float(value), 2) for value in plain.reshape(-1)}) > 50
    # Another place for each instance: nearly all of 32 places are seen by 20 · 8 looks.
    places = [np.flatnonzero(np.isclose(row, v, atol=1e-2)) for row, v in _looks(one[0], plain)]
    assert len({int(place[0]) for place in places if len(place)}) > 24


def _looks(found: Measured, plain: Array) -> list[tuple[Array, float]]:
    values = unsketch(found.sketch).reshape(20, 5)
    return [(row.reshape(-1), v) for row, vs in zip(plain, values, strict=True) for v in vs]


def test_little_memory_gives_the_same(tmp_path: Path) -> None:
    """Layers in turn and one instance at a time, where the budget asks for it."""
    path = saved(tmp_path, tiny_models.float32(BASE))
    plenty = exposed(path, images(40))
    for memory in (1, 200, 300):
        scarce = exposed(path, images(40), Sample(memory=memory))
        assert [one.weighed.statistics for one in scarce] == [
            one.weighed.statistics for one in plenty
        ]


class Calibration(CalibrationDataReader):
    def __init__(self) -> None:
        self._images = iter([Images(30).inputs(slice(n, n + 1)) for n in range(30)])

    def get_next(self) -> dict[str, Array] | None:
        return next(self._images, None)


@pytest.mark.parametrize("kind", ["QDQ", "QOperator"])
def test_quantized_activations_are_what_they_stand_for(tmp_path: Path, kind: str) -> None:
    """Stored integers are scaled, and a ReLU that a quantizer left out has been at work."""
    source = saved(tmp_path, tiny_models.float32(BASE))
    target = tmp_path / "int8.onnx"
    quantize_static(source, target, Calibration(), quant_format=QuantFormat[kind])
    relu = next(one for one in exposed(source, images(30)) if one.tensor == RELU)
    [stored] = exposed(target, images(30))
    values, expected = unsketch(stored.sketch), unsketch(relu.sketch)
    assert np.abs(values - expected).max() < 0.1 < expected.max()
    assert values.min() == 0


def test_dynamic_models_are_run_one_instance_at_a_time(tmp_path: Path) -> None:
    """The answer for an instance does not depend on its neighbours in the batch."""
    source = saved(tmp_path, tiny_models.float32(BASE))
    target = tmp_path / "int8.onnx"
    quantize_dynamic(source, target)
    one = exposed(target, images(12), Sample(batch=1))
    plain = [
        np.concatenate(parts)
        for parts in zip(
            *(activation(target, images(12), (CONV, RELU), slice(n, n + 1)) for n in range(12)),
            strict=True,
        )
    ]
    for found, values in zip(one, plain, strict=True):
        known, expected = found.weighed.statistics, summarize(values)
        np.testing.assert_allclose(known.squares, expected.squares, rtol=1e-12)
        np.testing.assert_allclose(known.total, expected.total, rtol=1e-12)
        assert replace(known, squares=0, total=0) == replace(expected, squares=0, total=0)


def test_external_data(tmp_path: Path) -> None:
    """A model whose weights lie in a file beside it is exposed as it is."""
    path = tmp_path / "model.onnx"
    onnx.save_model(
        tiny_models.float32(BASE), path, save_as_external_data=True, location="weights",
        size_threshold=0,
    )  # fmt: skip
    whole = exposed(saved(tmp_path, tiny_models.float32(BASE), "whole.onnx"), images(5))
    [wanted] = [a for a in activations(onnx.load(path)) if a.tensor == RELU]
    [found] = expose_activations(path, [Wanted(wanted, ("relu", "Relu"))], images(5), Sample())
    assert found.weighed.statistics == whole[1].weighed.statistics


def test_what_is_none_of_an_instance_is_left_out(tmp_path: Path) -> None:
    """Flags, whole numbers, and tensors without an axis of instances are no activations."""
    parts = tiny_models.network(BASE)
    parts.nodes += [
        helper.make_node("ArgMax", [RELU], ["most"], axis=1),
        helper.make_node("ReduceMax", [RELU], ["largest"], keepdims=0),
        helper.make_node("Neg", ["largest"], ["least"]),
    ]
    path = saved(tmp_path, parts.model())
    shown = {a.tensor for a in activations(parts.model())}
    assert {"most", "largest", "least"} <= shown
    assert [one.tensor for one in exposed(path, images(3))] == [CONV, RELU]


def test_sides_that_differ(tmp_path: Path) -> None:
    """Where instances differ in size, the side is open and all values count."""

    class Texts(Images):
        def inputs(self, which: slice) -> dict[str, Array]:
            return {"x": np.ones((1, 2 + which.start % 3), np.float32)}

    node = helper.make_node("Neg", ["x"], ["minus"])
    out = helper.make_node("Abs", ["minus"], ["y"])
    graph = helper.make_graph(
        [node, out],
        "texts",
        [tiny_models.value("x", ["n", "length"], 1)],
        [tiny_models.value("y", None, 1)],
    )
    path = saved(tmp_path, tiny_models.finished(graph))
    [found] = exposed(path, cast(Dataset, Texts(6)), Sample(batch=1))
    assert (found.shape, found.instances, found.size) == ((None,), 6, 2 * (2 + 3 + 4))
    assert found.weighed.statistics.total == -18


def test_files_that_are_gone(tmp_path: Path) -> None:
    """A model that vanished is named."""
    path = saved(tmp_path, tiny_models.float32(BASE))
    shown: Sequence[Wanted] = [Wanted(a, ("a", "b")) for a in activations(onnx.load(path))]
    path.unlink()
    with pytest.raises(ModelError) as caught:
        expose_activations(path, shown, images(2), Sample())
    assert str(caught.value) == "model.onnx: cannot be read: No such file or directory"


def test_a_model_that_cannot_be_asked(tmp_path: Path) -> None:
    """One that does not give its activations away may still answer: it is told why, and kept."""
    path = saved(tmp_path, tiny_models.float32(BASE))
    [conv, _] = activations(onnx.load(path))
    found = expose_model(
        path, [Wanted(replace(conv, exposed="nothing"), ("a", "b"))], images(2), Sample()
    )
    assert found.measured == ()
    assert found.problem.startswith("model.onnx: onnxruntime cannot load it: ")
