"""The text of a first study file: what is certain, what is guessed, and what is left to write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cc_export.draft.evaluation_set import EvaluationSet
from cc_export.draft.family import Guess
from cc_export.draft.models import Port, Seen
from cc_export.draft.scaling import FRACTION, is_clear

# Texts that mean themselves in YAML, wherever they stand.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./ -]*(?<! )")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
# Models whose files together are no more may travel with the site without much thought.
_LIGHT = 64 << 20
_HEAD = """\
# Written by `cc-export init`. What a line marks as a guess was judged from the files alone: read
# it, and put right what you know better. docs/study.md explains every key.
"""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that is known of a folder; ``shares`` are what ``scaling.accuracies`` gives."""

    title: str
    models: Sequence[Seen]
    guesses: Mapping[str, Guess]
    data: EvaluationSet | None
    shares: tuple[float, float] | None
    unread: Mapping[str, str]


def study_text(found: Findings) -> str:
    """The file, in YAML."""
    parts = [_HEAD, f"title: {spell(found.title)}\n"]
    if found.data is None:
        parts += _without_data(found.models[0].inputs, found.models[0].outputs)
    else:
        parts += _with_data(found.data, found.shares)
    parts += [*_embed(found.models), "models:\n"]
    parts += [line for model in found.models for line in _model(model, found.guesses[model.id])]
    parts += [f"  # {file} is left out: {_line(why)}\n" for file, why in found.unread.items()]
    return "".join(parts)


def spell(value: object) -> str:
    """A value as it stands in a line of YAML."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain else '"' + "".join(map(_escaped, value)) + '"'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{spell(k)}: {spell(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(spell, value)) + "]"
    return json.dumps(value)


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"


def _with_data(data: EvaluationSet, shares: tuple[float, float] | None) -> Iterator[str]:
    yield f"dataset:\n  path: {spell(data.file)}\n  inputs:  # a guess: names and shapes fit\n"
    for name, source in data.inputs.items():
        yield f"    {spell(name)}: {_input(source, name in data.bytes_in, shares)}\n"
    yield f"  label: {spell(data.label)}  # a guess\n" if data.label else "  # label: labels\n"
    if data.ids:
        yield f"  ids: {spell(data.ids)}\n"
    yield "  # classes: [cat, dog]  # names, in the order of the model's outputs\n"
    if data.preview:
        yield f"  preview: {spell(data.preview)}\n"
    if data.evaluation:
        yield f"evaluation: {spell(data.evaluation)}  # a guess\n"
    else:
        yield "# evaluation: {task: classification}  # models are run once this says what they do\n"


def _input(
    source: Mapping[str, object], gets_bytes: bool, shares: tuple[float, float] | None
) -> str:
    if not gets_bytes:
        return spell(source)
    if shares is None or not is_clear(*shares):
        return f"{spell(source)}  # 0 to 255; `scale: {FRACTION}` makes it 0 to 1"
    plain, scaled = shares
    tried = f"  # a guess: {max(shares):.0%} right so, {min(shares):.0%} "
    if scaled > plain:
        return f"{spell({**source, 'scale': FRACTION})}{tried}as 0 to 255"
    return f"{spell(source)}{tried}as 0 to 1"


def _without_data(inputs: Sequence[Port], outputs: Sequence[Port]) -> Iterator[str]:
    """What an evaluation set would look like, in the names of a model."""
    yield "# Without an evaluation set, models are compared by provenance, size and weights.\n"
    yield "# dataset:\n#   path: evaluation.npz\n#   inputs:\n"
    for port in inputs:
        sides = ", ".join(["n", *("?" if side is None else str(side) for side in port.shape or ())])
        yield f"#     {spell(port.name)}: {{array: {spell(port.name)}}}  # {port.kind} [{sides}]\n"
    yield "#   label: labels\n"
    output = outputs[0].name if outputs else "logits"
    yield f"# evaluation: {{task: classification, output: {spell(output)}}}\n"


def _embed(models: Sequence[Seen]) -> Iterator[str]:
    light = sum(model.bytes for model in models) <= _LIGHT
    comment = "the models travel with the site, and run in the page"
    yield f"{'' if light else '# '}embed: true  # {comment}\n"


def _model(model: Seen, guess: Guess) -> Iterator[str]:
    yield f"  - id: {spell(model.id)}\n"
    if guess.base is not None:
        yield f"    base: {spell(guess.base)}  # a guess\n"
        operation = {"name": guess.operation, "parameters": guess.parameters}
        if not guess.parameters:
            del operation["parameters"]
        yield f"    operation: {spell(operation)}  # a guess: {guess.why}\n"
    yield f"    onnx: {spell(model.file)}\n"


def _line(text: str) -> str:
    return " ".join(text.split())
