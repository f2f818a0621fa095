"""Facts of a model file that need no values of its weights: sizes, bits, multiply-accumulates."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from isal import isal_zlib

from cc_export.onnx_models.macs import Macs, count_macs
from cc_export.onnx_models.read import read_file
from cc_export.onnx_models.shapes import infer_shapes, widest
from cc_export.onnx_models.storage import StoredWeights, stored_weights
from cc_export.onnx_models.weights import weights

_READ = 1 << 20
# ISA-L's level 2 takes a twentieth of the time of `gzip -6`, for a size within a few percent.
_LEVEL, _WITH_GZIP_HEADER = 2, 31


@dataclass(frozen=True, slots=True)
class FileFacts:
    """``bytes`` on disk with external data, ``gzip_bytes`` compressed, what weights take, MACs.

    ``widest`` is the most values of one instance that a node takes in and gives out.
    """

    bytes: int
    gzip_bytes: int
    stored: StoredWeights
    macs: Macs
    widest: int = 0


def file_facts(path: Path) -> FileFacts:
    """Measure one ONNX file.

    Raises:
        ModelError: it cannot be read, or its quantization is not understood.
    """
    file = read_file(path)
    trained = (weight for weight in weights(file.model, path) if weight.role != "statistic")
    shapes = infer_shapes(file.model)
    counts = [(weight.initializer, math.prod(weight.shape)) for weight in trained]
    return FileFacts(
        bytes=file.size,
        gzip_bytes=gzip_size(file.files),
        stored=stored_weights(file.model, counts, path),
        macs=count_macs(file.model, shapes),
        widest=widest(file.model, shapes),
    )


def gzip_size(files: Iterable[Path]) -> int:
    """Bytes of the files together once compressed as by gzip, read part by part."""
    packer = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _WITH_GZIP_HEADER)
    size = 0
    for file in files:
        with file.open("rb") as stream:
            while part := stream.read(_READ):
                size += len(packer.compress(part))
    return size + len(packer.flush())
