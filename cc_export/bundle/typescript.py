"""The viewer's TypeScript types, from the Python records.

``python -m cc_export.bundle.typescript`` writes them; a test says when they are stale.

The records' source is read, not their run-time form, so that aliases keep their names and
docstrings become comments. What has no TypeScript form here is an error, never a guess.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
_NAMES = {
    "str": "string",
    "int": "number",
    "float": "number",
    "bool": "boolean",
    "object": "unknown",
}
_WIDTH = 100


class NoTypeScriptError(TypeError):
    """A Python construct that this module does not translate."""


@dataclass(frozen=True, slots=True)
class Generated:
    """One generated file: where it goes, and the modules whose types it declares.

    ``names`` replaces the TypeScript names of some Python types; ``only`` leaves out others.
    """

    path: str
    about: str
    modules: tuple[str, ...]
    names: Mapping[str, str]
    imports: str = ""
    only: frozenset[str] = frozenset()


_RECORDS = (
    "values",
    "manifest",
    "models",
    "tensors",
    "layers",
    "channels",
    "activations",
    "predictions",
    "instances",
    "timing",
)
FILES = (
    Generated(
        path="viewer/src/bundle/types.gen.ts",
        about="What the chunks of a site hold. From cc_export/bundle/records.",
        modules=tuple(f"cc_export.bundle.records.{name}" for name in _RECORDS),
        names=_NAMES,
    ),
    Generated(
        path="viewer/src/engine/answers.gen.ts",
        about="What cc_core answers to the page's questions. From wasm/cc_core.",
        modules=(
            "cc_core.statistics",
            "cc_core.comparison",
            "cc_core.change",
            "cc_core.request",
            "cc_core.outcomes",
            "cc_core.paired",
            "cc_core.confusions",
            "cc_core.rewording",
            "cc_core.behavior_questions",
            "cc_core.layer_columns",
            "cc_core.layer_questions",
            "cc_core.selection.explain",
            "cc_core.selection.chart",
            "cc_core.selection.refine",
            "cc_core.selection.difference",
            "cc_core.api",
        ),
        # An answer may hold any float, and JSON cannot spell some of them.
        names={**_NAMES, "float": "JsonNumber"},
        imports='import type { JsonNumber } from "../bundle/types.gen.ts";',
        only=frozenset(
            {
                "Statistics",
                "Comparison",
                "Change",
                "Estimated",
                "Kind",
                "Variable",
                "Explanation",
                "EncodingKind",
                "Encoding",
                "Mark",
                "Chart",
                "Charted",
                "Option",
                "Choice",
                "Refinement",
                "EditKind",
                "Edit",
                "Distributions",
                "Classification",
                "ArrayPlace",
                "FourWay",
                "PairedTest",
                "PairRow",
                "Paired",
                "Confusion",
                "Move",
                "Confused",
                "Disagreeing",
                "Piece",
                "Compared",
                "Cell",
                "TableRow",
                "Layered",
                "Sketched",
            }
        ),
    ),
)


def render(file: Generated) -> str:
    """The text of one generated file."""
    head = [
        f"// {file.about}",
        "// Written by `python -m cc_export.bundle.typescript`; change the Python records instead.",
    ]
    parts = ["\n".join(head)] + ([file.imports] if file.imports else [])
    for module in file.modules:
        parts += _declarations(ast.parse(_source(module)), file)
    return "\n\n".join(parts) + "\n"


def _source(module: str) -> str:
    found = find_spec(module)
    assert found is not None and found.origin is not None, module
    return Path(found.origin).read_text("utf-8")


def _declarations(tree: ast.Module, file: Generated) -> Iterator[str]:
    for statement in tree.body:
        match statement:
            case ast.ClassDef(name=name) if _wanted(name, file) and _is_record(statement):
                yield _interface(statement, file.names)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _wanted(name, file):
                yield from _constant_or_alias(name, value, file.names)


def _wanted(name: str, file: Generated) -> bool:
    return name in file.only if file.only else not name.startswith("_")


def _is_record(statement: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(decorator) for decorator in statement.decorator_list)


def _interface(statement: ast.ClassDef, names: Mapping[str, str]) -> str:
    fields = [
        f"  readonly {field.target.id}: {_type(field.annotation, names)};"
        for field in statement.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    ]
    doc = _comment(ast.get_docstring(statement) or "")
    return "\n".join([*doc, f"export interface {statement.name} {{", *fields, "}"])


def _constant_or_alias(name: str, value: ast.expr, names: Mapping[str, str]) -> Iterator[str]:
    match value:
        case ast.Constant(value=int() as number):
            yield f"export const {name} = {number};"
        case ast.Call(func=ast.Name(id="NewType"), args=[_, of]):
            yield f"export type {name} = {_type(of, names)};"
        case ast.BinOp() | ast.Subscript():
            yield f"export type {name} = {_type(value, names)};"
        case _:
            raise NoTypeScriptError(f"{name} = {ast.unparse(value)}")


def _type(annotation: ast.expr, names: Mapping[str, str]) -> str:
    match annotation:
        case ast.Constant(value=None):
            spelled = "null"
        case ast.Constant(value=str() as text):
            spelled = f'"{text}"'
        case ast.Name(id=name):
            spelled = names.get(name, name)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            spelled = f"{_type(left, names)} | {_type(right, names)}"
        case ast.Subscript(value=ast.Name(id="Literal"), slice=options):
            several = options.elts if isinstance(options, ast.Tuple) else [options]
            spelled = " | ".join(_type(option, names) for option in several)
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[of, ast.Constant()])):
            inner = _type(of, names)
            spelled = f"readonly ({inner})[]" if " " in inner else f"readonly {inner}[]"
        case ast.Subscript(value=ast.Name(id="Mapping"), slice=ast.Tuple(elts=[_, of])):
            spelled = f"Readonly<Record<string, {_type(of, names)}>>"
        case _:
            raise NoTypeScriptError(ast.unparse(annotation))
    return spelled


def _comment(docstring: str) -> list[str]:
    # ``code`` in reStructuredText is `code` in a JSDoc comment; None is null once it is JSON.
    text = re.sub(r"\bNone\b", "null", docstring.replace("``", "`"))
    lines = text.replace("*/", "*\\/").splitlines()
    if len(lines) == 1 and len(lines[0]) <= _WIDTH - 7:
        return [f"/** {lines[0]} */"]
    return ["/**", *(f" * {line}".rstrip() for line in lines), " */"]


def main() -> None:
    """Write every generated file and say which."""
    for file in FILES:
        target = CHECKOUT / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render(file), "utf-8")
        sys.stdout.write(f"{file.path}\n")


if __name__ == "__main__":
    main()
