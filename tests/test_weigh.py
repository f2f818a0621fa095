"""Models weighed against a reference."""

from __future__ import annotations

import os
from pathlib import Path

import onnx
import tiny_models

from cc_export import stages
from cc_export.inspect import inspect_model
from cc_export.results import ModelResult
from cc_export.study.records import StudyModel
from cc_export.weigh import Aligned, weigh_model


def test_a_reference_whose_external_data_changed(tmp_path: Path) -> None:
    """It is read again in the same process, although its model file is the same as before."""
    base = tiny_models.weights()
    reference, model = tmp_path / "reference.onnx", tmp_path / "model.onnx"
    onnx.save_model(
        tiny_models.float32(base), reference, save_as_external_data=True, location="data",
        size_threshold=0,
    )  # fmt: skip
    onnx.save_model(tiny_models.float32(tiny_models.pruned(base)), model)
    results = stages.align(
        tuple(
            ModelResult(StudyModel(path.stem, onnx=path), inspection=inspect_model(path))
            for path in (reference, model)
        )
    )
    first, second = (
        Aligned(path, result.alignment.placed)
        for path, result in zip((reference, model), results, strict=True)
        if result.alignment
    )

    def noise() -> float:
        found = [one.weighed.against[0] for one in weigh_model(second, (first,))]
        return sum(against.change.noise for against in found if against)

    before = noise()
    data = (tmp_path / "data").read_bytes()
    (tmp_path / "new").write_bytes(bytes(len(data)))
    os.replace(tmp_path / "new", tmp_path / "data")  # noqa: PTH105 (as tools replace files)
    power = sum(float((values**2).sum()) for values in tiny_models.pruned(base).values())
    assert before > 0
    assert noise() == power != before
