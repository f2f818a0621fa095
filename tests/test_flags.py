"""Warnings about models: only where numbers say so, and with the numbers."""

from __future__ import annotations

import sys

import pytest

from cc_export.file_facts import FileFacts
from cc_export.flags import claim, size_flags, speed_flags
from cc_export.latency import Latency
from cc_export.onnx_models.macs import Macs
from cc_export.onnx_models.storage import StoredWeights
from cc_export.results import ModelResult
from cc_export.study.records import Operation, StudyModel


def result(
    name: str,
    size: int,
    bits: float,
    quantized: float = 0.0,
    base: str | None = None,
    **parameters: object,
) -> ModelResult:
    """A model of ``WEIGHTS`` weights, made by ``quantize`` where it has a base."""
    operation = Operation("quantize", parameters) if base else None
    model = StudyModel(name, (base,) if base else (), operation)
    stored = StoredWeights(WEIGHTS, int(bits * WEIGHTS), int(quantized * WEIGHTS))
    return ModelResult(model, facts=FileFacts(size, size, stored, Macs(1)))


WEIGHTS = 10_000
BASE = result("base", 42_000, 32)


def test_what_keeps_its_word() -> None:
    """Weights in 8 bits in a file of a third of the size are as they claim."""
    kept = result("int8", 13_000, 8.6, 0.98, "base", format="int8")
    assert size_flags((BASE, kept)) == {}


def test_a_claim_that_the_file_does_not_keep() -> None:
    """An operation that speaks of int8 in a file of floats is flagged with both numbers."""
    fake = result("fake", 42_000, 32, 0.0, "base", format="int8")
    [flag] = size_flags((BASE, fake))["fake"]
    assert (flag.kind, flag.text) == (
        "bigger than it claims",
        "quantize · format = int8 claims 8 bits for each weight, but the file takes 32; "
        "100% of its weights are stored in more than 8 bits.",
    )


def test_a_file_that_holds_more_than_its_weights() -> None:
    """Weights that shrink in a file that does not are flagged, whatever the operation is called."""
    full = result("full", 40_000, 8.6, 0.98, "base")
    [flag] = size_flags((BASE, full))["full"]
    assert flag.text == (
        "Its weights take 8.6 bits each instead of the 32 of 'base', but its file has 95% of that "
        "file's bytes: it holds more than weights, or weights that are not used."
    )


@pytest.mark.parametrize(
    ("weights", "flagged"), [(100, []), (1_000, []), (1_250, ["full"]), (1_500, ["fake", "full"])]
)
def test_files_of_little_more_than_a_graph(
    weights: int, flagged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """4 kB beyond the claim, or beyond the weights, are what every file may have."""
    monkeypatch.setattr(sys.modules[__name__], "WEIGHTS", weights)
    size = 4 * weights + 500
    base = result("base", size, 32)
    fake = result("fake", size, 32, 0.0, "base", format="int8")
    full = result("full", size, 8.0, 1.0, "base")
    assert sorted(size_flags((base, fake, full))) == flagged


def test_models_without_facts() -> None:
    """Nothing is said about a model without a file, or without a parent that has one."""
    bare = ModelResult(StudyModel("bare", ("base",), Operation("int4")))
    child = result("child", 40_000, 8.6, 1.0, "bare")
    assert size_flags((bare, child)) == {}
    assert speed_flags((bare, child)) == {}


@pytest.mark.parametrize(
    ("name", "parameters", "bits"),
    [
        ("quantize", {"format": "int8"}, 8), ("quantize", {"dtype": "UINT4"}, 4),
        ("quantize", {"format": "float16"}, 16), ("quantize", {"to": "bfloat16"}, 16),
        ("quantize", {"scheme": "w8a8"}, 8), ("quantize", {"type": "q4_0"}, 4),
        ("quantize", {"type": "nf4"}, 4), ("int8", {}, 8), ("quantize to fp16", {}, 16),
        ("quantize", {"bits": 4}, 4), ("quantize", {"weight_bits": 3}, 3),
        ("q", {"bits": 32}, None),
        ("quantize", {"weights": "int4", "activations": "int2"}, 4),
        ("prune", {"amount": 0.5, "epochs": 8}, None), ("quantize", {"bits": True}, None),
        ("finetune", {"dataset": "point8 print16"}, None), ("train", {"bits": "many"}, None),
    ],
)  # fmt: skip
def test_what_an_operation_claims(
    name: str, parameters: dict[str, object], bits: int | None
) -> None:
    """Types and widths are claims as people write them; other words and numbers are none."""
    found = claim(Operation(name, parameters))
    assert (found.bits if found else None) == bits


def timed(
    name: str, times: tuple[float, ...], base: str | None = None, batch: int = 1
) -> ModelResult:
    return ModelResult(StudyModel(name, (base,) if base else ()), latency=Latency(batch, times))


def test_slower_than_its_parent() -> None:
    """Slower: three quarters of its runs take longer than three quarters of the parent's."""
    fast = timed("fast", (1.0, 1.1, 1.2, 1.3))
    slow = timed("slow", (2.0, 2.1, 2.2, 2.3), "fast")
    close = timed("close", (1.1, 1.2, 1.3, 1.9), "fast")
    quick = timed("quick", (0.1, 0.1, 0.1, 0.1), "slow")
    other = timed("other", (9.0, 9.0, 9.0, 9.0), "fast", batch=2)
    flags = speed_flags((fast, slow, close, quick, other))
    assert list(flags) == ["slow"]
    assert flags["slow"][0].text == (
        "One instance takes 2.15 ms instead of the 1.15 ms of 'fast', and the middle halves of "
        "their runs do not overlap."
    )
