"""One key for each activation of a study, the same in every model that has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cc_export.align.keys import Keys
from cc_export.align.study import ModelAlignment
from cc_export.align.tensor import FAMILIES, Tensor, TensorKey
from cc_export.onnx_models.graph import without_quantization


class Activation(Protocol):
    """What alignment asks of one, as ``onnx_models.activations.Activation`` has it."""

    @property
    def tensor(self) -> str:
        """Name in the file."""

    @property
    def layer(self) -> str:
        """Module path in its own model."""

    @property
    def operator(self) -> str:
        """Operator that makes it."""

    @property
    def rectified(self) -> str:
        """The tensor that a ReLU alone makes of it, empty where there is none."""

    @property
    def clipped(self) -> bool:
        """Whether its stored integers stand for no negative number."""


@dataclass(frozen=True, slots=True)
class PlacedActivation:
    """Where an activation stands: its key (layer, and operator with the number of the call).

    ``note`` says in words where it is no tensor of that name in the model itself.
    """

    key: TensorKey
    note: str = ""


RECTIFIED = "the quantizer left the ReLU out: integers from zero up are what it makes"


def align_activations(
    models: Mapping[str, Sequence[Activation]],
    tensors: Mapping[str, ModelAlignment],
    layers: Mapping[str, Mapping[str, str]],
) -> dict[str, tuple[PlacedActivation, ...]]:
    """Recognize the activations of every model of a study, after its tensors.

    Args:
        models: activations by model id, in graph order; the same ids as ``tensors``.
        tensors: what ``align_study`` found.
        layers: by model id, the layer of the study (of a key) for a layer of the model.

    Returns:
        For each model a key for each activation, in the order given. A key occurs at most once in a
        model. Two models compare what has one key; whether the shapes agree shows when they run.

    A quantizer keeps the names of tensors, so those come first; then layer and operator, call by
    call, where base and model have equally many.
    """
    placed: dict[str, tuple[PlacedActivation, ...]] = {}
    for model in _bases_first(tensors):
        base = tensors[model].base
        own = _Model(models[model], layers.get(model, {}), tensors[model].folded)
        if base is None:
            placed[model] = tuple(map(PlacedActivation, own.keys()))
        else:
            there = dict(zip(models[base], placed[base], strict=True))
            placed[model] = own.beside(there)
    return {model: placed[model] for model in models}


def layer_keys(tensors: Sequence[Tensor], alignment: ModelAlignment) -> dict[str, str]:
    """The layer of the study for each layer of a model: that of its first tensor's key."""
    found: dict[str, str] = {}
    for tensor, placed in zip(tensors, alignment.placed, strict=True):
        found.setdefault(tensor.layer, placed.key[0])
    return found


def _bases_first(tensors: Mapping[str, ModelAlignment]) -> list[str]:
    found: dict[str, None] = {}
    for model in tensors:
        chain = [model]
        while (base := tensors[chain[-1]].base) is not None and base not in chain:
            chain.append(base)
        found.update(dict.fromkeys(reversed(chain)))
    return list(found)


@dataclass
class _Model:
    activations: Sequence[Activation]
    layers: Mapping[str, str]
    folded: Mapping[str, str]
    known: dict[int, PlacedActivation] = field(default_factory=dict)
    taken: set[TensorKey] = field(default_factory=set)

    def keys(self) -> list[TensorKey]:
        """Own keys: the layer as the study calls it, the operator, the number of the call."""
        count: dict[TensorKey, int] = defaultdict(int)
        found = []
        for one in self.activations:
            layer = self._layer(one)
            operator = _family(one.operator)
            count[layer, operator] += 1
            number = count[layer, operator]
            found.append((layer, operator if number == 1 else f"{operator} ({number})"))
        return found

    def _layer(self, one: Activation) -> str:
        return self.layers.get(one.layer, one.layer)

    def beside(self, base: Mapping[Activation, PlacedActivation]) -> tuple[PlacedActivation, ...]:
        """Keys of the base where it has the activation, own ones that it does not use elsewhere."""
        by_name = {_name(one.tensor): (one, placed) for one, placed in base.items()}
        names = {_name(one.tensor) for one in self.activations}
        for place, one in enumerate(self.activations):
            found = by_name.get(_name(one.tensor))
            # Behind folded weights a tensor of the old name holds what the norm made of it.
            folded = _family(one.operator) in _PRODUCTS and self._layer(one) in self.folded
            if found is None or folded or not self._is_same(one, found[0], found[1]):
                continue
            rectified = by_name.get(_name(found[0].rectified))
            if one.clipped and rectified and _name(found[0].rectified) not in names:
                self._take(place, rectified[1].key, RECTIFIED)
            else:
                self._take(place, found[1].key)
        self._by_layer(base)
        used = self.taken | {placed.key for placed in base.values()}
        keys = Keys((used,))
        for place, key in enumerate(self.keys()):
            if place not in self.known:
                free = keys.free(key)
                used.add(free)
                self.known[place] = PlacedActivation(free)
        return tuple(self.known[place] for place in range(len(self.activations)))

    def _is_same(self, one: Activation, other: Activation, placed: PlacedActivation) -> bool:
        """Of one name. A counted one (relu_2) needs the same layer, or operators that say that one
        node took in another."""
        if one.tensor.startswith("/") or _family(one.operator) != _family(other.operator):
            return True
        return self._layer(one) == placed.key[0]

    def _by_layer(self, base: Mapping[Activation, PlacedActivation]) -> None:
        theirs: dict[TensorKey, list[PlacedActivation]] = defaultdict(list)
        for kind, placed in zip(_kinds(tuple(base)), base.values(), strict=True):
            if placed.key not in self.taken:
                theirs[placed.key[0], kind].append(placed)
        own: dict[TensorKey, list[int]] = defaultdict(list)
        for place, kind in enumerate(_kinds(self.activations)):
            if place not in self.known:
                one = self.activations[place]
                layer = self._layer(one)
                norm = self.folded.get(layer) if kind in _PRODUCTS else None
                own[(layer, kind) if norm is None else (norm, _NORM)].append(place)
        for where, places in own.items():
            if len(places) == len(theirs[where]):
                for place, placed in zip(places, theirs[where], strict=True):
                    folded = where[1] == _NORM and self.activations[place].operator != _NORM
                    self._take(place, placed.key, FOLDED if folded else "")

    def _take(self, place: int, key: TensorKey, note: str = "") -> None:
        if key not in self.taken:
            self.taken.add(key)
            self.known[place] = PlacedActivation(key, note)


_NORM = "BatchNormalization"
_PRODUCTS = ("Conv", "MatMul")
FOLDED = "made by the layer that the batch normalization is folded into"


def _name(tensor: str) -> str:
    return without_quantization(tensor)


def _family(operator: str) -> str:
    return FAMILIES.get(operator, operator)


def _kinds(activations: Sequence[Activation]) -> list[str]:
    """Operators as they compare: an Add behind the product of its layer is the product with bias,
    as a Gemm has it, and the product alone is another thing."""
    found: list[str] = []
    for place, one in enumerate(activations):
        kind, before = _family(one.operator), activations[place - 1] if place else None
        if kind == "Add" and before and before.layer == one.layer and found[-1] in _PRODUCTS:
            kind, found[-1] = found[-1], f"{found[-1]} without bias"
        found.append(kind)
    return found
