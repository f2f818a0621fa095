"""Why a tensor has no partner: folded, fused, ambiguous, or really on one side only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from cc_export.align.pairs import Match, Sides, pair_by_name, pair_by_place
from cc_export.align.tensor import Tensor, family, form, signature

Side = Literal["base", "model"]
Kind = Literal["absent", "added", "ambiguous", "folded", "fused"]
SIDES: tuple[Side, Side] = ("base", "model")
_ONE_SIDED: tuple[tuple[Kind, str], ...] = (
    ("absent", "not in this model"),
    ("added", "not in the model it was made from"),
)
# Query, key and value; the three gates of a GRU; the four of an LSTM.
_MOST_FUSED = 4


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A tensor without a partner: its place on its side, and the reason in words."""

    side: Side
    place: int
    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Matching:
    """What became of every tensor of two models."""

    matches: tuple[Match, ...]
    unmatched: tuple[Unmatched, ...]
    # Layers of the base whose weights took in a norm in the model, and that norm.
    folded: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Fold:
    """A batch normalization whose numbers went into the weight before it."""

    layer: str
    places: tuple[int, ...]
    weight: int


@dataclass
class _Known:
    """Reasons found so far, by side and place; the first one counts."""

    sides: Sides
    reasons: dict[tuple[int, int], tuple[Kind, str]] = field(default_factory=dict)

    def say(self, side: int, place: int, kind: Kind, reason: str) -> None:
        self.reasons.setdefault((side, place), (kind, reason))

    def open(self, side: int) -> list[int]:
        return [place for place in self.sides.left[side] if (side, place) not in self.reasons]


def match(base: Sequence[Tensor], model: Sequence[Tensor]) -> Matching:
    """Pair the tensors of a model with those of the model it was made from.

    Both in graph order. Names come first: equal ones, then equal but for a prefix. What an exporter
    renamed is aligned by its place in the graph, between the tensors known by name, and only
    where that has one best answer. Paired tensors have the same shape but for transposition and
    sides of one, unless ``how`` says otherwise. The result depends on the arguments alone.
    """
    sides = pair_by_name(base, model)
    folds = (tuple(_folds(sides, 0)), tuple(_folds(sides, 1)))
    aside = tuple({place for fold in own for place in fold.places} for own in folds)
    sides = pair_by_place(sides, (aside[0], aside[1]))
    known = _Known(sides)
    matches = sides.matches
    for side in (0, 1):
        matches = _folded(known, matches, folds[side], side)
    for side in (0, 1):
        _fused(known, side)
    for side in (0, 1):
        _others(known, side)
    return Matching(
        tuple(sorted(matches, key=lambda pair: pair.first)),
        tuple(
            Unmatched(SIDES[side], place, kind, reason)
            for (side, place), (kind, reason) in sorted(known.reasons.items())
        ),
        tuple((base[fold.weight].layer, fold.layer) for fold in folds[0]),
    )


def _folds(sides: Sides, side: int) -> Iterator[_Fold]:
    """Batch normalizations without a partner, on the other side of which there are none left."""
    own, other = sides.tensors[side], sides.tensors[1 - side]
    theirs = {form(other[p]) for p in sides.left[1 - side] if other[p].role == "statistic"}
    layers: dict[str, list[int]] = {}
    for place in sides.left[side]:
        layers.setdefault(own[place].layer, []).append(place)
    for layer, places in layers.items():
        measured = [place for place in places if own[place].role == "statistic"]
        if not measured or form(own[measured[0]]) in theirs:
            continue
        weight = _weight_before(own, measured[0])
        if weight is not None:
            yield _Fold(layer, tuple(places), weight)


def _weight_before(tensors: Sequence[Tensor], norm: int) -> int | None:
    """The nearest kernel or matrix before a norm with as many outputs as it has channels."""
    channels = tensors[norm].shape
    for place in range(norm - 1, -1, -1):
        tensor = tensors[place]
        if tensor.role == "weight" and family(tensor) in ("Conv", "ConvTranspose", "MatMul"):
            axis = tensor.output_axis
            fits = axis is not None and tensor.shape[axis : axis + 1] == channels
            return place if fits else None
    return None


def _folded(
    known: _Known, matches: tuple[Match, ...], folds: Sequence[_Fold], side: int
) -> tuple[Match, ...]:
    """Say so on the norm, on the bias that folding made, and on the weights that it changed."""
    own, other = known.sides.tensors[side], known.sides.tensors[1 - side]
    partners = {_place(pair, side): _place(pair, 1 - side) for pair in matches}
    changed: dict[str, str] = {}
    for fold in folds:
        for place in fold.places:
            known.say(side, place, "folded", f"folded into {own[fold.weight].layer}")
        changed[own[fold.weight].layer] = fold.layer
        if fold.weight in partners:
            weight = partners[fold.weight]
            for place in known.open(1 - side):
                near = place == weight + 1 or other[place].layer == other[weight].layer
                if near and other[place].role == "bias":
                    reason = f"made by folding batch normalization {fold.layer}"
                    known.say(1 - side, place, "folded", reason)
    return tuple(_noted(pair, changed.get(own[_place(pair, side)].layer)) for pair in matches)


def _noted(pair: Match, norm: str | None) -> Match:
    if norm is None:
        return pair
    said = f"batch normalization {norm} is folded into it"
    return replace(pair, note=f"{pair.note}; {said}" if pair.note else said)


def _fused(known: _Known, side: int) -> None:
    """Neighbours on this side that are one tensor on the other, such as query, key and value."""
    own, other = known.sides.tensors[side], known.sides.tensors[1 - side]
    for place in known.open(1 - side):
        whole = other[place]
        left = [p for p in known.open(side) if own[p].role == whole.role]
        run = _run(own, left, form(whole))
        if run:
            parts = ", ".join(own[p].layer for p in run)
            operator = whole.operators[0] if whole.operators else whole.layer
            known.say(1 - side, place, "fused", f"holds {parts} in one")
            for p in run:
                known.say(side, p, "fused", f"part of {whole.layer} ({operator}) there")


def _run(tensors: Sequence[Tensor], left: Sequence[int], whole: tuple[int, ...]) -> Sequence[int]:
    """The first neighbours of one shape that make up the whole along one side of it."""
    for part in dict.fromkeys(form(tensors[place]) for place in left):
        count = _makes(part, whole)
        for start in range(len(left) - count + 1) if count else ():
            run = left[start : start + count]
            if all(form(tensors[place]) == part for place in run):
                return run
    return ()


def _makes(part: tuple[int, ...], whole: tuple[int, ...]) -> int:
    """How many parts side by side have the shape of the whole; 0 when none do."""
    if len(part) != len(whole):
        return 0
    longer = [axis for axis in range(len(part)) if part[axis] != whole[axis]]
    if len(longer) != 1 or not part[longer[0]]:
        return 0
    count, rest = divmod(whole[longer[0]], part[longer[0]])
    return count if rest == 0 and 2 <= count <= _MOST_FUSED else 0


def _others(known: _Known, side: int) -> None:
    """Renamed beyond recognition, or not there at all."""
    tensors = known.sides.tensors
    there: Mapping[object, int] = Counter(
        signature(tensors[1 - side][place])
        for place in known.sides.left[1 - side]
        if known.reasons.get((1 - side, place), ("ambiguous",))[0] in ("ambiguous", "absent")
    )
    for place in known.open(side):
        tensor = tensors[side][place]
        count = there[signature(tensor)]
        kind, reason = _ONE_SIDED[side]
        if count:
            kind = "ambiguous"
            what = "tensor" if count == 1 else f"{count} tensors"
            reason = f"{what} of this shape there could be it"
        known.say(side, place, kind, reason)


def _place(pair: Match, side: int) -> int:
    return pair.first if side == 0 else pair.second
