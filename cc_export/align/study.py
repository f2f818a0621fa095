"""One key for each tensor of a study, the same in every model that has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cc_export.align.keys import Keys
from cc_export.align.pairs import How
from cc_export.align.reasons import SIDES, Kind, Matching, Side, match
from cc_export.align.tensor import (
    Shape,
    Signature,
    Tensor,
    TensorKey,
    is_named,
    is_turned,
    key_of,
    signature,
)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a tensor of a model stands in the study.

    ``key`` (layer and name) and ``shape`` are the same in every model that has the tensor and can
    be compared on it: the model's values, transposed where ``transposed`` says so, then reshaped to
    ``shape``. Two models with one key and two shapes share a row and cannot be compared on it.
    ``how`` the tensor was recognized: None for one that is first met in this model.
    """

    key: TensorKey
    shape: Shape
    transposed: bool = False
    how: How | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class OneSided:
    """A tensor (by its key in the study) that only the model has, or only its ``base``."""

    key: TensorKey
    side: Side
    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class ModelAlignment:
    """A model's tensors in the study: ``placed`` has one for each, in the order they were given.

    ``base`` is the model they were compared with: the nearest ancestor that has tensors; None for
    a model without one.
    """

    base: str | None
    placed: tuple[Placed, ...]
    one_sided: tuple[OneSided, ...] = ()
    # Layers (by their keys) whose weights took in a batch normalization of the base: that one's.
    folded: Mapping[str, str] = field(default_factory=dict)


def align_study(
    models: Mapping[str, Sequence[Tensor]], parents: Mapping[str, Sequence[str]]
) -> dict[str, ModelAlignment]:
    """Recognize the tensors of every model of a study.

    Args:
        models: the tensors of each model that could be read, in graph order, by model id.
        parents: ids of the models that each was made from; a model without an entry has none.
            Parents without tensors are looked through to their own.

    Returns:
        For each model of ``models``, the keys and canonical shapes of its tensors, and what only it
        or only its base has. Keys are those of the first model (in order of descent, then of
        ``models``) that has the tensor. A key occurs at most once in a model. The result depends
        on the arguments alone, their order included.

    A model is matched (see ``reasons.match``) with its first parent, and what is left with its
    other ancestors. Models of no common descent share the keys of equal names that a person gave;
    names that an exporter counted are shared only by models equal in structure.
    """
    study = _Study(models, parents)
    for model in models:
        for ancestor in study.ancestors(model)[::-1]:
            study.place(ancestor)
        study.place(model)
    return {model: study.placed[model] for model in models}


@dataclass
class _Study:
    models: Mapping[str, Sequence[Tensor]]
    parents: Mapping[str, Sequence[str]]
    placed: dict[str, ModelAlignment] = field(default_factory=dict)
    # Every key that some model has.
    taken: set[TensorKey] = field(default_factory=set)
    # The first model of no descent with such tensors, in such an order.
    structures: dict[tuple[Signature, ...], str] = field(default_factory=dict)

    def ancestors(self, model: str) -> list[str]:
        """Models with tensors that a model descends from, nearest first."""
        found: dict[str, None] = {}
        level, seen = list(self.parents.get(model, ())), {model}
        while level:
            upper: list[str] = []
            for parent in level:
                if parent not in seen:
                    seen.add(parent)
                    upper += self.parents.get(parent, ())
                    if parent in self.models:
                        found[parent] = None
            level = upper
        return list(found)

    def place(self, model: str) -> None:
        """Give the tensors of a model their keys; those of its ancestors have theirs."""
        if model in self.placed:
            return
        tensors = self.models[model]
        ancestors = [a for a in self.ancestors(model) if a in self.placed]
        matchings = {a: match(self.models[a], tensors) for a in ancestors[:1]}
        known: dict[int, Placed] = {}
        for ancestor in ancestors or self._twins(model):
            if len(known) == len(tensors):
                break
            matching = matchings.get(ancestor) or match(self.models[ancestor], tensors)
            if not ancestors and not _is_complete(matching):
                continue
            used = {placed.key for placed in known.values()}
            for place, one in self._recognized(ancestor, model, matching):
                if place not in known and one.key not in used:
                    known[place] = one
        placed = self._with_own_keys(tensors, known)
        base = ancestors[0] if ancestors else None
        self.placed[model] = ModelAlignment(base, placed)
        if base:
            one_sided = tuple(self._one_sided(base, placed, matchings[base]))
            folded = self._folded(base, matchings[base])
            self.placed[model] = ModelAlignment(base, placed, one_sided, folded)
        self.taken |= {one.key for one in placed}

    def _twins(self, model: str) -> list[str]:
        """The model of no descent whose structure this one repeats, if any."""
        structure = tuple(signature(tensor) for tensor in self.models[model])
        first = self.structures.setdefault(structure, model)
        return [first] if first != model else []

    def _recognized(
        self, ancestor: str, model: str, matching: Matching
    ) -> Iterator[tuple[int, Placed]]:
        for pair in matching.matches:
            there = self.placed[ancestor].placed[pair.first]
            tensor = self.models[model][pair.second]
            if pair.how == "shape":
                yield pair.second, Placed(there.key, tensor.shape, False, "shape", pair.note)
                continue
            turned = is_turned(self.models[ancestor][pair.first]) != there.transposed
            transposed = is_turned(tensor) != turned and len(tensor.shape) == 2
            yield pair.second, Placed(there.key, there.shape, transposed, pair.how, pair.note)

    def _with_own_keys(
        self, tensors: Sequence[Tensor], known: Mapping[int, Placed]
    ) -> tuple[Placed, ...]:
        used = {placed.key for placed in known.values()}
        # A counted name says nothing: MatMul_3 is another one in another model.
        named, counted = Keys((used,)), Keys((used, self.taken))
        found = []
        for place, tensor in enumerate(tensors):
            placed = known.get(place)
            if placed is None:
                keys = named if is_named(tensor) else counted
                placed = Placed(keys.free(key_of(tensor)), tuple(tensor.shape))
                used.add(placed.key)
            found.append(placed)
        return tuple(found)

    def _one_sided(
        self, base: str, placed: Sequence[Placed], matching: Matching
    ) -> Iterator[OneSided]:
        sides = dict(zip(SIDES, (self.placed[base].placed, placed), strict=True))
        for one in matching.unmatched:
            yield OneSided(sides[one.side][one.place].key, one.side, one.kind, one.reason)

    def _folded(self, base: str, matching: Matching) -> dict[str, str]:
        keys = {t.layer: one.key[0] for t, one in self._both(base)}
        return {keys[weight]: keys[norm] for weight, norm in matching.folded}

    def _both(self, model: str) -> Iterator[tuple[Tensor, Placed]]:
        return zip(self.models[model], self.placed[model].placed, strict=True)


def _is_complete(matching: Matching) -> bool:
    return not matching.unmatched and all(pair.how != "shape" for pair in matching.matches)
