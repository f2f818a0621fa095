"""The text of a first study file: what is certain, what is guessed, and what is left to write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from cc_export.draft.evaluation_set import EvaluationSet
from cc_export.draft.family import Guess
from cc_export.draft.models import Port, Seen

# Texts that mean themselves in YAML, wherever they stand.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./ -]*(?<! )")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
# Models whose files together are no more may travel with the site without much thought.
_LIGHT = 64 << 20
_HEAD = """\
# Written by `cc-export init`. What a line marks as a guess was judged from the files alone: read
# it, and put right what you know better. docs/study.md explains every key.
"""


def study_text(
    title: str,
    models: Sequence[Seen],
    guesses: Mapping[str, Guess],
    data: EvaluationSet | None,
    unread: Mapping[str, str],
) -> str:
    """The file, in YAML."""
    parts = [_HEAD, f"title: {spell(title)}\n", *_data(models, data), *_embed(models), "models:\n"]
    parts += [line for model in models for line in _model(model, guesses[model.id])]
    parts += [f"  # {file} is left out: {_line(why)}\n" for file, why in unread.items()]
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


def _data(models: Sequence[Seen], data: EvaluationSet | None) -> Iterator[str]:
    if data is None:
        yield from _without_data(models[0].inputs, models[0].outputs)
        return
    yield f"dataset:\n  path: {spell(data.file)}\n  inputs:  # a guess: names and shapes fit\n"
    for name, source in data.inputs.items():
        scaled = "  # 0 to 255; `scale: 0.00392156862745098` makes it 0 to 1"
        yield f"    {spell(name)}: {spell(source)}{scaled if name in data.bytes_in else ''}\n"
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
        if guess.operation is not None:
            operation = {"name": guess.operation, "parameters": guess.parameters}
            yield f"    operation: {spell(operation)}  # a guess: {guess.why}\n"
        else:
            yield f"    # operation: {{name: finetune, parameters: {{epochs: 1}}}}  # {guess.why}\n"
    yield f"    onnx: {spell(model.file)}\n"


def _line(text: str) -> str:
    return " ".join(text.split())
