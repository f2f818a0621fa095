"""The tensors of two models in pairs, and of every other one why it has no partner."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cc_export.align.sequence import certain_pairs, in_order
from cc_export.align.tensor import Tensor, form, is_named, key_of, original, signature

How = Literal["name", "place", "shape"]
PLACED = "renamed: matched by its place in the graph"
RESHAPED = "its shape is another one"


@dataclass(frozen=True, slots=True)
class Match:
    """Tensor ``first`` of the base is tensor ``second`` of the model (places in their sequences).

    ``how`` is "shape" where the name is the same and the shape is another: one row, but no
    comparison. ``note`` says what a reader should know, in words.
    """

    first: int
    second: int
    how: How
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sides:
    """A base and a model: all their tensors, the places that are left, the pairs so far."""

    tensors: tuple[Sequence[Tensor], Sequence[Tensor]]
    left: tuple[tuple[int, ...], tuple[int, ...]]
    matches: tuple[Match, ...] = ()

    def with_matches(self, found: Iterable[Match]) -> Sides:
        """The same with some more pairs; a tensor is in one pair at most."""
        kept: list[Match] = []
        first, second = set(self.left[0]), set(self.left[1])
        for pair in found:
            if pair.first in first and pair.second in second:
                kept.append(pair)
                first.remove(pair.first)
                second.remove(pair.second)
        left = (
            tuple(place for place in self.left[0] if place in first),
            tuple(place for place in self.left[1] if place in second),
        )
        return replace(self, left=left, matches=(*self.matches, *kept))


def pair_by_name(base: Sequence[Tensor], model: Sequence[Tensor]) -> Sides:
    """Pairs of equal names; of names equal but for their first modules, such as ``module.``."""
    sides = Sides((base, model), (tuple(range(len(base))), tuple(range(len(model)))))
    for rule in _BY_NAME:
        sides = sides.with_matches(rule(sides))
    return sides


def pair_by_place(sides: Sides, aside: tuple[set[int], set[int]]) -> Sides:
    """What is left, in graph order between the pairs that are known, as far as it is certain.

    Tensors agree in role, operator and shape; those set aside take no part.
    """
    return sides.with_matches(_by_place(sides, aside))


def _by_key(sides: Sides) -> Iterator[Match]:
    """Named by the network's author, and named the same."""
    known = {key_of(sides.tensors[1][place]): place for place in _named(sides, 1)}
    for place in _named(sides, 0):
        other = known.get(key_of(sides.tensors[0][place]))
        if other is not None:
            yield _of_one_name(sides, place, other)


def _by_role(sides: Sides) -> Iterator[Match]:
    """In a layer of the same name, the only tensor of its role and shape."""

    def role(tensor: Tensor) -> Hashable | None:
        return (tensor.layer, tensor.role, form(tensor)) if is_named(tensor) else None

    return _only_ones(_groups(sides, 0, role), _groups(sides, 1, role))


def _by_initializer(sides: Sides) -> Iterator[Match]:
    """Counted names, all of the smaller side kept: the file was edited, not exported again."""

    def name(tensor: Tensor) -> Hashable:
        return original(tensor), signature(tensor)

    first, second = _groups(sides, 0, name), _groups(sides, 1, name)
    small, large = sorted((first, second), key=len)
    return _only_ones(first, second) if set(small) <= set(large) else iter(())


def _by_prefix(sides: Sides) -> Iterator[Match]:
    """Named the same but for the first modules of the path."""
    base = {_parts(sides.tensors[0][place]): place for place in _named(sides, 0)}
    model = {_parts(sides.tensors[1][place]): place for place in _named(sides, 1)}
    votes: Counter[tuple[tuple[str, ...], tuple[str, ...]]] = Counter()
    endings = defaultdict(list)
    for path in model:
        for start in range(len(path) - 1):
            endings[path[start:]].append(path)
    for path, place in base.items():
        start = next((at for at in range(len(path) - 1) if path[at:] in endings), len(path))
        for other in endings.get(path[start:], ()):
            if form(sides.tensors[0][place]) == form(sides.tensors[1][model[other]]):
                votes[path[:start], other[: len(other) - len(path[start:])]] += 1
    for (old, new), count in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
        under = [path for path in base if path[: len(old)] == old]
        # One path exchanged for another is believed when it explains all that is left there.
        if old and new and (count == 1 or count < len(under)):
            continue
        for path in under:
            renamed = model.get((*new, *path[len(old) :]))
            if renamed is not None:
                yield _of_one_name(sides, base[path], renamed)


# Each sees what those before it left.
_BY_NAME: tuple[Callable[[Sides], Iterator[Match]], ...] = (
    _by_key, _by_role, _by_initializer, _by_prefix,
)  # fmt: skip


def _by_place(sides: Sides, aside: tuple[set[int], set[int]]) -> Iterator[Match]:
    known = in_order([(m.first, m.second) for m in sides.matches])
    ends = (len(sides.tensors[0]), len(sides.tensors[1]))
    start = (-1, -1)
    for fence in [*known, ends]:
        first, second = (
            [
                place
                for place in sides.left[side]
                if start[side] < place < fence[side] and place not in aside[side]
            ]
            for side in (0, 1)
        )
        for one, two in certain_pairs(
            [signature(sides.tensors[0][place]) for place in first],
            [signature(sides.tensors[1][place]) for place in second],
        ):
            yield Match(first[one], second[two], "place", PLACED)
        start = fence


def _named(sides: Sides, side: int) -> list[int]:
    return [place for place in sides.left[side] if is_named(sides.tensors[side][place])]


def _groups(
    sides: Sides, side: int, key: Callable[[Tensor], Hashable | None]
) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for place in sides.left[side]:
        group = key(sides.tensors[side][place])
        if group is not None:
            groups[group].append(place)
    return groups


def _only_ones(
    first: dict[Hashable, list[int]], second: dict[Hashable, list[int]]
) -> Iterator[Match]:
    for key, own in first.items():
        other = second.get(key, [])
        if len(own) == len(other) == 1:
            yield Match(own[0], other[0], "name")


def _of_one_name(sides: Sides, first: int, second: int) -> Match:
    same = form(sides.tensors[0][first]) == form(sides.tensors[1][second])
    return Match(first, second, "name") if same else Match(first, second, "shape", RESHAPED)


def _parts(tensor: Tensor) -> tuple[str, ...]:
    return (*tensor.layer.split("."), tensor.name) if tensor.layer else (tensor.name,)
