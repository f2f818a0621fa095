"""Which model was probably made from which, and how: judged by a sample of their weights."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cc_core.sketch import unsketch
from cc_export.align import ModelAlignment, TensorKey, align_study
from cc_export.draft.models import Seen, stored_as
from cc_export.progress import Progress, Silent, Stage
from cc_export.weigh import Aligned, weigh_model

# Models are of one family when they share this part of their matrices, by shape.
_FAMILY = 0.8
# A model has been pruned when this much more of its weights is zero.
_PRUNED = 0.02
# Sketches hold 11 binary digits.
_EQUAL = 2.0**-9
_FLOATS = ("float64", "float32", "bfloat16", "float16")

Sample = Mapping[TensorKey, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Guess:
    """What a model was made from and how, with the reason; a root has no base."""

    base: str | None = None
    operation: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A model with the share of its weights that is zero, and values at places all models share."""

    seen: Seen
    kind: str
    sparsity: float
    sample: Sample

    @property
    def coarseness(self) -> int:
        """How coarse its numbers are: integers are coarser than all floats."""
        return _FLOATS.index(self.kind) if self.kind in _FLOATS else len(_FLOATS)


def guess(models: Sequence[Seen], progress: Progress | None = None) -> dict[str, Guess]:
    """For each model the one it was probably made from, and what was probably done.

    Models are of one family when most of their matrices have equal shapes. A family's root is the
    model of the finest numbers with the fewest zeros; the others come after it in that order. Each
    was made from the one before it that its weights are nearest to, of those whose zeros it kept;
    from the root, where all that is not zero is as it is there.

    Raises:
        ModelError: a file cannot be read any more.
    """
    found: dict[str, Guess] = {}
    with (progress or Silent()).stage("Weigh", len(models)) as stage:
        weighed_families = [_weighed(family, stage) for family in _families(models)]
    for family in weighed_families:
        weighed = sorted(family, key=_rank)
        found[weighed[0].seen.id] = Guess()
        for place, model in enumerate(weighed[1:], 1):
            base = _base(model, weighed[:place])
            found[model.seen.id] = _made(model, base)
    return found


def _families(models: Sequence[Seen]) -> list[list[Seen]]:
    families: list[list[Seen]] = []
    for model in models:
        family = next((f for f in families if _alike(f[0], model)), None)
        if family is None:
            families.append([model])
        else:
            family.append(model)
    return families


def _alike(one: Seen, other: Seen) -> bool:
    most = max(sum(one.forms.values()), sum(other.forms.values()))
    shared = sum((Counter(one.forms) & Counter(other.forms)).values())
    return most > 0 and shared >= _FAMILY * most


def _weighed(family: Sequence[Seen], stage: Stage) -> list[_Weighed]:
    """Recognized as variants of the first, whatever their formats call and turn."""
    first = family[0].id
    parents = {model.id: (first,) if model.id != first else () for model in family}
    aligned = align_study({model.id: model.tensors for model in family}, parents)
    weighed = []
    for model in family:
        weighed.append(_weigh(model, aligned[model.id]))
        stage.advance(model.id)
    return weighed


def _weigh(model: Seen, alignment: ModelAlignment) -> _Weighed:
    count = zeros = 0
    sample = {}
    weighings = weigh_model(Aligned(model.path, alignment.placed), ())
    for facts, placed, weighing in zip(model.tensors, alignment.placed, weighings, strict=True):
        if facts.trained:
            count += weighing.weighed.statistics.count
            zeros += weighing.weighed.statistics.zeros
            sample[placed.key] = unsketch(weighing.sketch)
    return _Weighed(model, stored_as(model.tensors), zeros / count if count else 0.0, sample)


def _rank(model: _Weighed) -> tuple[object, ...]:
    return model.coarseness, round(model.sparsity, 2), len(model.seen.id), model.seen.id


def _base(model: _Weighed, before: Sequence[_Weighed]) -> _Weighed:
    root = before[0]
    finer = [one for one in before if one.coarseness < model.coarseness] or before
    # What is zero stays zero, whatever is done next.
    possible = [one for one in finer if _stays_zero(one, model)] or [root]
    distances = [_distance(one, model) for one in possible]
    nearest = min(distances)
    # Of those as near as rounding lets one tell, the first.
    as_near = (one for one, d in zip(possible, distances, strict=True) if d <= nearest + _EQUAL)
    base = next(as_near, root)
    changed, same_kind = nearest > _EQUAL, model.coarseness == root.coarseness
    return root if changed and same_kind and _kept(root, model) else base


def _pairs(one: _Weighed, other: _Weighed) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values of both at the same places, scaled so that tensors count alike."""
    keys = [key for key in one.sample if key in other.sample]
    pairs = [(one.sample[key], other.sample[key]) for key in keys]
    with np.errstate(all="ignore"):
        scaled = [
            np.stack([r, t]) / (np.sqrt(np.mean(r**2)) or 1)
            for r, t in pairs
            if r.shape == t.shape and r.size
        ]
    both = np.concatenate(scaled or [np.zeros((2, 0))], axis=1)
    return both[0], both[1]


def _distance(one: _Weighed, other: _Weighed) -> float:
    """Relative L2 of what both have; infinite where that is nothing."""
    r, t = _pairs(one, other)
    with np.errstate(all="ignore"):
        distance = float(np.linalg.norm(r - t) / np.linalg.norm(r))
    return distance if math.isfinite(distance) else math.inf


def _stays_zero(one: _Weighed, model: _Weighed) -> bool:
    r, t = _pairs(one, model)
    return not np.any(t[r == 0])


def _kept(root: _Weighed, model: _Weighed) -> bool:
    """Whether all that is not zero is as it is in the root."""
    r, t = _pairs(root, model)
    with np.errstate(invalid="ignore"):
        return bool(t.any()) and bool(np.all((t == 0) | (np.abs(r - t) <= _EQUAL * np.abs(r))))


def _made(model: _Weighed, base: _Weighed) -> Guess:
    narrowed = model.kind != base.kind
    # Rounding makes zeros, too.
    pruned = model.sparsity >= base.sparsity + _PRUNED and not narrowed
    if narrowed:
        why = f"most of its matrices are {model.kind}, {base.kind} there"
        return Guess(base.seen.id, "quantize", {"format": model.kind}, why)
    if pruned:
        why = f"{model.sparsity:.0%} of its weights are zero, {base.sparsity:.0%} there"
        return Guess(base.seen.id, "prune", {"sparsity": round(model.sparsity, 2)}, why)
    distance = _distance(base, model)
    if distance > _EQUAL:
        return Guess(base.seen.id, "finetune", {}, f"its weights differ by {distance:.0%}")
    # Of a normalization, say: they are measured, not trained.
    measured = any(not tensor.trained for tensor in model.seen.tensors)
    name = "recalibrate" if measured else "copy"
    return Guess(base.seen.id, name, {}, "its trained weights are the same")
