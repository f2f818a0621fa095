"""``cc-export inspect``: one model file, tensor by tensor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cc_export.commands.common import JsonOption, fails_with_text


@fails_with_text
def inspect(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An ONNX file.")],
    *,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", metavar="OTHER", help="An ONNX file to compare every tensor with."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print a model's tensors with shape, stored type, parameters and sparsity, and its totals.

    With `--against`, also how far each tensor is from the same one of another file: SQNR in
    decibels, relative change, the worst output channel. Tensors are compared dequantized, and are
    found again under other names, transposed and quantized.

    Example: `cc-export inspect examples/digits/models/resnet8.onnx`

    Example: `cc-export inspect int8.onnx --against float.onnx --json`
    """
    from cc_export import report as printed  # noqa: PLC0415 (help stays quick)
    from cc_export.layer_table import layer_table  # noqa: PLC0415
    from cc_export.print_layers import print_layers  # noqa: PLC0415

    found = layer_table(model, against)
    if as_json:
        typer.echo(printed.json_text(found))
    else:
        print_layers(found, printed.new_console())
