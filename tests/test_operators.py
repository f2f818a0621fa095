"""What is known of operators stands in several tables, which agree with each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import onnx
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state

from cc_export.align.tensor import FAMILIES
from cc_export.onnx_models import macs, outputs, roles, scales
from cc_export.onnx_models.shapes import STAND_INS

STANDARD = {schema.name for schema in onnx.defs.get_all_schemas()}
WITH_ROLES = {operator for operator, _ in roles.ROLES} | set(roles._ARRAYS)
UNREAD = {operator for operator, _ in roles._UNREAD}
# They look rows up, or add and scale: nothing is multiplied by their weights.
TABLES = {
    "Gather", "GatherBlockQuantized", "TorchEmbedding", "EmbedLayerNormalization",
    "QEmbedLayerNormalization", "RelativePositionBias",
}  # fmt: skip
# What a schema calls the input of each role.
NAMES = {
    "weight": r"^[aAbBwWRPC]$|weight|data|embed|table",
    "bias": r"^[bBC]$|bias|beta",
    "scale": r"^[sS]cale$|gamma|slope|norm_weight",
    "statistic": r"mean|var",
}


def counted() -> set[str]:
    return set(macs._COSTS) | set(macs._UNCOUNTED)


def inputs() -> Mapping[str, list[str]]:
    """Names of every operator's inputs, as onnx and this onnxruntime have them."""
    found = {
        name: [one.name for one in onnx.defs.get_schema(name).inputs]
        for name in STANDARD & WITH_ROLES
    }
    return found | {schema.name: [one.name for one in schema.inputs] for schema in known()}


def known() -> Iterator[onnxruntime_pybind11_state.schema]:
    yield from (
        schema
        for schema in onnxruntime_pybind11_state.get_all_operator_schema()
        if schema.domain not in ("", "ai.onnx")
    )


def test_places_are_those_of_the_schemas() -> None:
    """The place of each role is the input of that name, in onnx or in onnxruntime."""
    names, checked = inputs(), 0
    for (operator, place), role in roles.ROLES.items():
        if operator in names:
            checked += 1
            assert re.search(NAMES[role], names[operator][place]), (operator, place, role)
    assert checked > 90


def test_scales_are_those_of_the_schemas() -> None:
    """Scale and zero point are the inputs of these names."""
    names, checked = inputs(), 0
    for (operator, place), (scale, zero) in scales.PLACES.items():
        if operator in names:
            checked += 1
            assert re.search(r"scale|absmax", names[operator][scale]), (operator, place)
            if zero < len(names[operator]):
                assert re.search(r"zero_point", names[operator][zero]), (operator, place)
    assert checked > 15


def test_what_is_scaled_has_a_role() -> None:
    """Where a scale is known, the tensor is one that is listed."""
    places = (*scales.PLACES, *scales._BIAS_SCALES, *scales._INTEGER_PRODUCTS)
    without = {
        place for place in places if place not in roles.ROLES and place[0] not in roles._ARRAYS
    }
    assert without == {("DequantizeLinear", 0)}


def test_what_multiplies_is_counted_or_said_not_to_be() -> None:
    """Every operator that takes a matrix or kernel has a cost, or leaves the sum unknown."""
    taking = {operator for (operator, _), role in roles.ROLES.items() if role == "weight"} | UNREAD
    assert taking - TABLES <= counted()
    assert not set(macs._COSTS) & macs._UNCOUNTED
    assert not (set(macs._COSTS) | macs._UNCOUNTED) & macs._ELEMENTWISE
    assert set(macs._COSTS) <= WITH_ROLES


def test_what_has_no_cost_is_known() -> None:
    """An operator of onnxruntime whose tensors are listed does not make the sum unknown by being
    unknown itself."""
    foreign = WITH_ROLES - STANDARD
    assert {name for name in foreign if name not in counted() and not macs._is_known(name)} == set()


def test_families_take_matrices_along_a_known_side() -> None:
    """Operators that are the same one for a layer's name have roles, and their outputs a side."""
    assert set(FAMILIES) <= WITH_ROLES
    assert set(FAMILIES.values()) <= WITH_ROLES
    sided = outputs._KERNELS | outputs._TRANSPOSED | outputs._RECURRENT | set(outputs._PRODUCTS)
    rest = {"MatMulNBits", "MatMulBnb4"} | TABLES
    assert {name for name in FAMILIES if name not in sided | rest} == set()
    assert sided - WITH_ROLES == set()


@pytest.mark.parametrize("operator", sorted(STAND_INS))
def test_stand_ins_are_of_operators_that_exist(operator: str) -> None:
    """What is replaced to infer shapes is an operator of onnxruntime, and not a counted mystery."""
    names = {schema.name for schema in known()}
    assert operator in names
    assert operator not in macs._UNCOUNTED
