"""The stage ``Export to ONNX``: modules of a study become files, which later exports find again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cc_export.cache.store import Cache, Work
from cc_export.callables import CallableName
from cc_export.dataset import Dataset
from cc_export.errors import ModelError
from cc_export.pytorch.agreement import Arrays
from cc_export.pytorch.convert import Conversion, convert, example_inputs
from cc_export.pytorch.module import build_module
from cc_export.pytorch.need import versions
from cc_export.study.record_files import new_file
from cc_export.study.records import LoadedStudy, ToOnnx, TorchModule

# Instances of the dataset on which a module is exported, and compared with its file.
INSTANCES = 8


def conversion_work(module: TorchModule, how: ToOnnx, inputs: Arrays) -> Work[Conversion]:
    """The export of one module; what its result is kept under names all it depends on."""
    call = module.call
    depends = (call.name, call.stamp(), dict(module.arguments), module.weights, how, inputs)
    files = (module.weights,) if module.weights else ()
    return Work(to_onnx, (*depends, versions()), files)


def placed(work: Work[Conversion], folder: Path, key: str | None, cache: Cache) -> Work[Conversion]:
    """The same work, with the place of its file: beside its result, and gone only with it.

    Without a key, because its weights cannot be read, it is work that will say so.
    """
    place = cache.beside(key or "unread", ".onnx")
    if key and place.is_file():
        os.utime(place)
    elif key:
        cache.forget(key)
    return replace(work, scratch=(folder, place))


def inputs_of(study: LoadedStudy, dataset: Dataset | None) -> Arrays:
    """Example inputs of a study's modules: as the study says, else its first instances."""
    if study.to_onnx.inputs:
        return example_inputs(study.to_onnx.inputs)
    return dataset.inputs(slice(0, INSTANCES)) if dataset else {}


def to_onnx(  # noqa: PLR0913, PLR0917 (what a file depends on, in a key)
    name: str,
    stamp: str,
    arguments: Mapping[str, object],
    weights: Path | None,
    how: ToOnnx,
    inputs: Arrays,
    installed: tuple[str, ...],
    folder: Path,
    place: Path,
) -> Conversion:
    """Export a module to ``place``; ``stamp`` and ``installed`` are what its code is.

    Raises:
        ExportError: torch is not installed.
        ModelError: the module cannot be made or exported, or its file gives other answers.
    """
    module = build_module(CallableName(name, folder), arguments, weights)
    try:
        with new_file(place, replacing=True) as temporary:
            return convert(module, inputs, temporary, how)
    except OSError as error:
        what = f"the ONNX file cannot be written to the cache: {error.strerror or error}"
        raise ModelError(what, "Is the disk full? Another folder is given with --cache.") from None
