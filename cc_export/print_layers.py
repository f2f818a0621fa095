"""A layer table in the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cc_export.layer_table import Difference, LayerTable, TensorRow
from cc_export.report import print_marked, spell_bytes

_NONE = "–"
# Operators are only named as far as a line holds them.
_MOST_OPERATORS = 8
_WIDEST = 1_000


def print_layers(found: LayerTable, console: Console) -> None:
    """Facts of the file, its tensors, and what the other file has no partner for."""
    facts = Table(show_header=False, box=None, pad_edge=False)
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in _facts(found):
        facts.add_row(name, Text(value))
    console.print(facts)
    console.print()
    # As wide as it is: cut numbers would say nothing, and a terminal or pager can scroll.
    console.width = max(console.width, _WIDEST)
    console.print(_table(found))
    for row in found.rows:
        if row.unmatched:
            print_marked("unmatched", "yellow", f"{_name(row)}: {row.unmatched}", console)
    for name, reason in found.only_other:
        print_marked("only there", "yellow", f"{name}: {reason}", console)


def _facts(found: LayerTable) -> Iterator[tuple[str, str]]:
    yield "file", found.file
    if found.other:
        yield "against", found.other
    yield "opset", str(found.opset)
    yield "size", f"{spell_bytes(found.bytes)}, {spell_bytes(found.gzip_bytes)} with gzip"
    yield "parameters", f"{found.parameters:,}"
    yield "sparsity", _share(found.sparsity)
    bits = _NONE if found.effective_bits is None else f"{found.effective_bits:.3g}"
    yield "bits per weight", f"{bits}, {_share(found.quantized_share)} in at most 8"
    yield "MACs", f"{found.macs:,}" if found.macs is not None else f"– ({found.macs_unknown})"
    operators = sorted(found.operators.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{count} {name}" for name, count in operators[:_MOST_OPERATORS])
    more = len(operators) - _MOST_OPERATORS
    yield "operators", f"{named}, … ({len(operators)} kinds)" if more > 0 else named


def _table(found: LayerTable) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("tensor", "operator", "shape", "type"):
        table.add_column(head, no_wrap=True)
    heads = ["parameters", "sparsity", "least", "greatest"]
    if found.other:
        heads += ["SQNR dB", "worst channel", "change"]
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    # Only where a name was found out: most are the names of the file.
    renamed = any(row.stored != _name(row) for row in found.rows)
    if renamed:
        table.add_column("stored as", no_wrap=True)
    for row in found.rows:
        stored = [row.stored if row.stored != _name(row) else ""] if renamed else []
        table.add_row(*map(Text, [*_cells(row, bool(found.other)), *stored]))
    total = ["all trained", "", "", "", f"{found.parameters:,}", _share(found.sparsity), "", ""]
    if found.other:
        total += _spelled(found.difference)
    table.add_row(*(Text(cell, "bold") for cell in total))
    return table


def _cells(row: TensorRow, compared: bool) -> list[str]:
    bad = row.nan + row.infinite
    cells = [
        _name(row),
        ", ".join(row.operators),
        "×".join(map(str, row.shape)) or "1",
        row.dtype,
        f"{row.count:,}",
        _share(row.sparsity),
        _number(row.minimum),
        _number(row.maximum) + (f" ({bad:,} not finite)" if bad else ""),
    ]
    return cells + _spelled(row.difference) if compared else cells


def _spelled(difference: Difference | None) -> list[str]:
    if difference is None:
        return [_NONE, _NONE, "no partner"]
    if difference.relative_l2 == 0:
        return ["∞", "∞", "equal"]
    worst, change = difference.worst_channel_db, difference.relative_l2
    return [
        _NONE if difference.sqnr_db is None else f"{difference.sqnr_db:.1f}",
        _NONE if worst is None else f"{worst:.1f}",
        _NONE if change is None else f"{change:.3%}",
    ]


def _name(row: TensorRow) -> str:
    return f"{row.layer}.{row.name}" if row.layer else row.name


def _share(value: float | None) -> str:
    return _NONE if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4g}"
