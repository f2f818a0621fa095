"""Tensors and activations of one network as exporters, optimizers and quantizers write it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx
import pytest
from onnx import ModelProto
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    quantize_dynamic,
    quantize_static,
)
from tiny_models import Array, Parts, float32, weights

from cc_export.align import Placed, PlacedActivation, align_activations, align_study
from cc_export.align.activations import FOLDED, RECTIFIED
from cc_export.onnx_models import weights as reading
from cc_export.onnx_models.activations import Activation, activations

FIXTURES = Path(__file__).parent / "fixtures" / "torch-exports"
FORMS = ("script-folded", "dynamo", "dynamo-folded", "optimized")
NORMS = ("stages.0.bn", "stages.1.bn")


class Study:
    """Models by name, all but the first made from it, with what alignment says of them."""

    def __init__(self, models: Mapping[str, ModelProto]) -> None:
        base = next(iter(models))
        parents = {model: (base,) for model in models if model != base}
        self.weights = {m: tuple(reading.weights(proto)) for m, proto in models.items()}
        self.activations = {m: activations(proto) for m, proto in models.items()}
        self.tensors = align_study(self.weights, parents)
        layers = {
            m: {
                w.layer: placed.key[0]
                for w, placed in zip(own, self.tensors[m].placed, strict=True)
            }
            for m, own in self.weights.items()
        }
        self.keys = align_activations(self.activations, self.tensors, layers)

    def placed(self, model: str) -> dict[str, Placed]:
        return {".".join(one.key): one for one in self.tensors[model].placed}

    def shown(self, model: str) -> dict[str, PlacedActivation]:
        known: tuple[Activation, ...] = self.activations[model]
        return {a.tensor: one for a, one in zip(known, self.keys[model], strict=True)}


def exported(*names: str) -> Study:
    return Study({name: onnx.load(FIXTURES / f"{name}.onnx") for name in ("script", *names)})


def keys(study: Study, model: str) -> list[str]:
    return [" ".join(one.key) for one in study.keys[model]]


@pytest.mark.parametrize("form", FORMS)
def test_every_exporter_keeps_the_rows(form: str) -> None:
    """Whatever writes the model, each tensor has its old row, or is said to be folded."""
    study = exported(form)
    base, model = study.placed("script"), study.placed(form)
    assert all(one.shape == base[key].shape for key, one in model.items() if key in base)
    added = set(model) - set(base)
    missing = set(base) - set(model)
    if form == "dynamo":
        assert (added, missing) == (set(), set())
        assert study.tensors[form].one_sided == ()
        return
    assert added == {f"stages.{n}.conv.bias" for n in (0, 1)}
    assert {key.rpartition(".")[0] for key in missing} == set(NORMS)
    assert {one.kind for one in study.tensors[form].one_sided} == {"folded"}
    notes = {one.note for key, one in model.items() if key.endswith("conv.weight")}
    assert notes == {f"batch normalization {norm} is folded into it" for norm in NORMS}


def test_transposed_by_the_exporter() -> None:
    """A matrix that an exporter transposed for a MatMul is compared with its transpose."""
    study = exported("script-folded", "dynamo")
    assert study.placed("script-folded")["proj.weight"].transposed
    assert not study.placed("dynamo")["proj.weight"].transposed
    [stored] = [w for w in study.weights["script-folded"] if w.layer == "proj"]
    [plain] = [w for w in study.weights["script"] if w.layer == "proj"]
    assert (plain.read() == stored.read().T).all()


def test_a_module_called_twice_is_one_row_with_two_activations() -> None:
    """Both calls stand in the row of the module's weights, in every form."""
    study = exported(*FORMS)
    for model in ("script", "script-folded", "dynamo", "dynamo-folded"):
        rows = [key for key in keys(study, model) if key.startswith("shared")]
        assert rows == ["shared MatMul", "shared MatMul (2)"]


@pytest.mark.parametrize("form", FORMS)
def test_activations_keep_their_rows(form: str) -> None:
    """Blocks and norms compare across exporters; a folded convolution gives the norm's values."""
    study = exported(form)
    for key in ("stem Conv", "stages.0 Add", "stages.0 Relu", "stages.1.bn BatchNormalization"):
        assert key in keys(study, "script")
        assert key in keys(study, form)
    assert ("stages.0.conv Conv" in keys(study, form)) == (form == "dynamo")
    folded = [one for one in study.keys[form] if one.note == FOLDED]
    assert [one.key[0] for one in folded] == (list(NORMS) if form.endswith("folded") else [])


class Images(CalibrationDataReader):
    def __init__(self) -> None:
        self._images = iter([{"image": (weights()["fc.weight"][:1, :16]).reshape(1, 1, 4, 4)}])

    def get_next(self) -> dict[str, Array] | None:
        return next(self._images, None)


def quantized(folder: Path, kind: str) -> ModelProto:
    source, target = folder / "float.onnx", folder / "int8.onnx"
    source.write_bytes(float32(weights()).SerializeToString())
    if kind == "dynamic":
        quantize_dynamic(source, target)
    else:
        quantize_static(source, target, Images(), quant_format=QuantFormat[kind])
    return onnx.load(target)


def test_what_quantizers_make_of_activations(tmp_path: Path) -> None:
    """A dynamic model has both; the static ones give what the ReLU made, and are read as that."""
    models = {kind: quantized(tmp_path, kind) for kind in ("dynamic", "QDQ", "QOperator")}
    study = Study({"float": float32(weights()), **models})
    assert keys(study, "dynamic") == keys(study, "float") == ["conv1 Conv", "relu Relu"]
    assert study.shown("QDQ") == {"/relu/Relu_output_0": PlacedActivation(("relu", "Relu"))}
    assert study.shown("QOperator") == {
        "/conv1/Conv_output_0_quantized": PlacedActivation(("relu", "Relu"), RECTIFIED)
    }
    [dequantized] = study.activations["QDQ"]
    assert dequantized.exposed == "/relu/Relu_output_0_DequantizeLinear_Output"
    [stored] = study.activations["QOperator"]
    assert stored.scale is not None and stored.scale > 0
    assert (stored.zero_point, stored.clipped) == (-128, True)


def chain(*names: str, operator: str = "Relu") -> list[Activation]:
    return [Activation(name, layer, operator, name) for name, layer in map(_parted, names)]


def _parted(name: str) -> tuple[str, str]:
    tensor, _, layer = name.partition("@")
    return tensor, layer


def aligned(base: list[Activation], model: list[Activation]) -> list[str]:
    tensors = align_study({"base": (), "model": ()}, {"model": ("base",)})
    found = align_activations({"base": base, "model": model}, tensors, {})
    assert len({one.key for one in found["model"]}) == len(model)
    return [" ".join(one.key) for one in found["model"]]


def test_counted_names_need_their_layer() -> None:
    """After a block was taken out, relu_1 is that of the next block, and its layer says so."""
    base = chain("relu@a", "relu_1@b", "relu_2@c")
    assert aligned(base, chain("relu@a", "relu_1@c")) == ["a Relu", "c Relu"]


def test_a_gemm_is_the_product_with_its_bias() -> None:
    """Of a MatMul and an Add in one layer, the Add is what a Gemm gives."""
    base = [*chain("m@fc", operator="MatMul"), *chain("a@fc", operator="Add")]
    assert aligned(base, chain("g@fc", operator="Gemm")) == ["fc Add"]
    assert aligned(chain("g@fc", operator="Gemm"), base) == ["fc MatMul (2)", "fc MatMul"]


def test_unequal_calls_are_not_guessed() -> None:
    """A module called three times and another one called twice pair nothing by number."""
    base = chain("x@m", "y@m", "z@m")
    assert aligned(base, chain("u@m", "v@m")) == ["m Relu (4)", "m Relu (5)"]


def test_constants_are_no_activations() -> None:
    """What is computed from stored tensors alone is the same for every instance."""
    parts = Parts(initializers=weights())
    plain = float32(weights())
    nodes = [
        onnx.helper.make_node("Neg", ["conv1.bias"], ["negative"]),
        onnx.helper.make_node("Sub", ["conv1.bias", "negative"], ["twice"]),
    ]
    parts.nodes = [*nodes, *plain.graph.node]
    assert [a.tensor for a in activations(parts.model())] == [
        "/conv1/Conv_output_0", "/relu/Relu_output_0",
    ]  # fmt: skip
