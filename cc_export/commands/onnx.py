"""``cc-export onnx``: a PyTorch module as an ONNX file."""

from __future__ import annotations

import dataclasses
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cc_export.commands.common import (
    JsonOption,
    QuietOption,
    fails_with_text,
    printing_aside,
    whole,
)
from cc_export.errors import ExportError

_TYPES = ("float32", "float16", "float64", "int64", "int32", "int8", "uint8", "bool")
_INPUT = re.compile(r"(?P<name>[^:]+):(?P<type>[a-z0-9]+):(?P<shape>\d+(x\d+)*)")
_DYNAMIC = re.compile(r"(?P<name>[^:]+):(?P<axes>\d+(,\d+)*)")


class ExporterChoice(StrEnum):
    """Which of torch's exporters."""

    AUTO = "auto"
    DYNAMO = "dynamo"
    LEGACY = "legacy"


@fails_with_text
def onnx(  # noqa: PLR0913, PLR0917 (options of the command line, given by name)
    module: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:CALLABLE",
            help="Function or class that makes the module: of a file here, or installed.",
        ),
    ],
    inputs: Annotated[
        list[str],
        typer.Option(
            "--input",
            "-i",
            metavar="NAME:TYPE:SHAPE",
            help="An example input such as `image:float32:1x3x32x32`; repeat it for several.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The ONNX file to write.")
    ] = Path("model.onnx"),
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights",
            "-w",
            metavar="FILE",
            help="A `.safetensors` file, or a state dict written by `torch.save`.",
        ),
    ] = None,
    opset: Annotated[
        int | None,
        typer.Option(
            "--opset",
            metavar="NUMBER",
            parser=whole("--opset", 9),
            help="Left out: the exporter's own.",
        ),
    ] = None,
    dynamic: Annotated[
        list[str] | None,
        typer.Option(
            "--dynamic",
            metavar="NAME:AXES",
            help="Axes that vary, such as `tokens:0,1`. Left out: the first axis of every input.",
        ),
    ] = None,
    fixed: Annotated[bool, typer.Option("--fixed", help="No axis varies.")] = False,
    exporter: Annotated[
        ExporterChoice,
        typer.Option(
            "--exporter",
            help="`auto` takes torch's newer one, and where that fails the older.",
        ),
    ] = ExporterChoice.AUTO,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Export a PyTorch module to ONNX, and check the file against the module.

    BatchNorm and other modules stay nodes of their own, weights keep their names in the state
    dict. Needs the extra `torch`.

    Example: `cc-export onnx net:resnet --weights FILE -i image:float32:1x3x32x32 -o resnet.onnx`
    """
    from cc_export import report  # noqa: PLC0415 (help stays quick)
    from cc_export.callables import CallableName  # noqa: PLC0415
    from cc_export.pytorch.convert import convert, example_inputs  # noqa: PLC0415
    from cc_export.pytorch.module import build_module  # noqa: PLC0415
    from cc_export.study.record_files import new_file  # noqa: PLC0415
    from cc_export.study.records import Example, ToOnnx  # noqa: PLC0415

    named = [_input(text) for text in inputs]
    twice = next((n for n, *_ in named if [m for m, *_ in named].count(n) > 1), None)
    if twice is not None:
        raise ExportError(f"--input {twice}: is given twice", "Each input has a name of its own.")
    how = ToOnnx(
        inputs=tuple((n, Example(shape, kind)) for n, kind, shape in named),
        dynamic=() if fixed else _axes(dynamic),
        opset=opset,
        exporter=exporter.value,
    )
    try:
        with printing_aside(), new_file(output.absolute(), replacing=True) as temporary:
            made = build_module(CallableName(module, Path.cwd()), {}, weights)
            found = convert(made, example_inputs(how.inputs), temporary, how)
            beside = temporary.with_name(f"{temporary.name}.data")
            if beside.exists():
                beside.unlink()
                raise ExportError(
                    f"{output}: the weights are more than 2 GB, which one ONNX file cannot hold",
                    "Add the module to a study, whose models may have weights beside them.",
                )
    except OSError as error:
        raise ExportError(f"{output}: cannot be written: {error.strerror or error}") from None
    if as_json:
        typer.echo(report.json_text({"file": str(output), **dataclasses.asdict(found)}))
    elif not quiet:
        report.print_conversion(output, found, report.new_console())


def _input(text: str) -> tuple[str, str, tuple[int, ...]]:
    found = _INPUT.fullmatch(text)
    if found is None or found["type"] not in _TYPES:
        raise ExportError(
            f"--input {text}: is not of the form NAME:TYPE:SHAPE",
            f"Such as image:float32:1x3x32x32; types are {', '.join(_TYPES)}.",
        )
    return found["name"], found["type"], tuple(map(int, found["shape"].split("x")))


def _axes(listed: list[str] | None) -> tuple[tuple[str, tuple[int, ...]], ...] | None:
    if not listed:
        return None
    axes = []
    for text in listed:
        found = _DYNAMIC.fullmatch(text)
        if found is None:
            raise ExportError(
                f"--dynamic {text}: is not of the form NAME:AXES", "Such as tokens:0,1."
            )
        axes.append((found["name"], tuple(map(int, found["axes"].split(",")))))
    return tuple(axes)
