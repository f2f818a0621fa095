"""Which tensors of two models are the same one, and why the others have no partner."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc_export.align import ModelAlignment, align_study, match
from cc_export.align.sequence import certain_pairs, in_order
from cc_export.align.tensor import form, is_named


@dataclass(frozen=True)
class T:
    """A tensor as far as alignment asks."""

    layer: str
    name: str
    shape: tuple[int, ...]
    role: str = "weight"
    operators: tuple[str, ...] = ("Gemm",)
    output_axis: int | None = 0
    given: str = ""

    @property
    def initializer(self) -> str:
        return self.given or f"{self.layer}.{self.name}"


def conv(layer: str, outputs: int, inputs: int) -> T:
    return T(layer, "weight", (outputs, inputs, 3, 3), operators=("Conv",))


def norm(layer: str, channels: int) -> list[T]:
    operators = ("BatchNormalization",)
    roles = (("weight", "scale"), ("bias", "bias"), ("mean", "statistic"), ("var", "statistic"))
    return [T(layer, name, (channels,), role, operators) for name, role in roles]


def bias(layer: str, outputs: int) -> T:
    return T(layer, "bias", (outputs,), "bias")


def matrix(layer: str, outputs: int, inputs: int) -> T:
    return T(layer, "weight", (outputs, inputs))


def turned(tensor: T) -> T:
    """The same matrix as a MatMul takes it."""
    return replace(tensor, shape=tensor.shape[::-1], output_axis=1, operators=("MatMul",))


def counted(tensors: Sequence[T], start: int = 40) -> list[T]:
    """As an exporter names them that lost the network's names."""
    return [
        replace(t, layer=f"node_{t.operators[0]}_{n}", name=t.role, given=f"val_{n}")
        for n, t in enumerate(tensors, start)
    ]


def network() -> list[T]:
    return [
        conv("stem.conv", 8, 3),
        *norm("stem.bn", 8),
        matrix("blocks.0.up", 16, 8),
        bias("blocks.0.up", 16),
        matrix("blocks.0.down", 8, 16),
        matrix("blocks.1.up", 16, 8),
        bias("blocks.1.up", 16),
        matrix("blocks.1.down", 8, 16),
        matrix("head", 5, 8),
        bias("head", 5),
    ]


def pairs(base: Sequence[T], model: Sequence[T]) -> dict[str, str]:
    """Initializers that are paired, by that of the base."""
    return {
        base[m.first].initializer: model[m.second].initializer for m in match(base, model).matches
    }


def reasons(base: Sequence[T], model: Sequence[T]) -> dict[tuple[str, str], tuple[str, str]]:
    sides = {"base": base, "model": model}
    return {
        (u.side, sides[u.side][u.place].initializer): (u.kind, u.reason)
        for u in match(base, model).unmatched
    }


def placed(alignment: ModelAlignment) -> list[tuple[str, str]]:
    return [one.key for one in alignment.placed]


@given(st.permutations(network()))
def test_names_hold_in_any_order(order: list[T]) -> None:
    """Tensors named alike are paired wherever they stand."""
    assert pairs(network(), order) == {t.initializer: t.initializer for t in order}


@given(st.permutations(network()), st.sampled_from(["module", "model.encoder", "_orig_mod"]))
def test_a_prefix_is_seen_through(order: list[T], prefix: str) -> None:
    """A wrapper's name before every path, on either side, changes nothing."""
    wrapped = [replace(t, layer=f"{prefix}.{t.layer}") for t in order]
    expected = {t.initializer: f"{prefix}.{t.initializer}" for t in order}
    assert pairs(network(), wrapped) == expected
    assert pairs(wrapped, network()) == {new: old for old, new in expected.items()}


def test_one_prefix_for_another() -> None:
    """A part of the network that was renamed as a whole is recognized by what is in it."""
    renamed = [replace(t, layer=t.layer.replace("blocks", "body")) for t in network()]
    assert pairs(network(), renamed[::-1]) == {
        t.initializer: t.initializer.replace("blocks", "body") for t in network()
    }


@given(st.lists(st.booleans(), min_size=13, max_size=13))
def test_lost_names_are_found_by_place(flips: list[bool]) -> None:
    """Without names, order, operator and shape say which tensor is which, transposed or not."""
    base = network()
    changed = zip(base, flips, strict=True)
    model = counted([turned(t) if len(t.shape) == 2 and flip else t for t, flip in changed])
    assert pairs(base, model) == {
        one.initializer: two.initializer for one, two in zip(base, model, strict=True)
    }
    assert {m.note for m in match(base, model).matches} == {
        "renamed: matched by its place in the graph"
    }


def test_names_fence_what_has_none() -> None:
    """Nameless tensors stay between the named ones that they stand between."""
    base = network()
    model = [t if t.role == "bias" else new for t, new in zip(base, counted(base), strict=True)]
    del model[8]  # blocks.1.up.weight, of the shape of blocks.0.up.weight
    found = pairs(base, model)
    assert found["blocks.0.up.weight"] == "val_45"
    assert "blocks.1.up.weight" not in found
    assert found["blocks.1.down.weight"] == "val_50"


def test_no_guesses() -> None:
    """Where one of several equal layers is gone, none is paired, and each side says why."""
    base = [matrix(f"h.{n}", 4, 4) for n in range(3)]
    model = counted(base[:2])
    assert pairs(base, model) == {}
    assert reasons(base, model) == {
        ("base", "h.0.weight"): ("ambiguous", "2 tensors of this shape there could be it"),
        ("base", "h.1.weight"): ("ambiguous", "2 tensors of this shape there could be it"),
        ("base", "h.2.weight"): ("ambiguous", "2 tensors of this shape there could be it"),
        ("model", "val_40"): ("ambiguous", "3 tensors of this shape there could be it"),
        ("model", "val_41"): ("ambiguous", "3 tensors of this shape there could be it"),
    }


def test_an_edited_file_keeps_its_counted_names() -> None:
    """A tool that leaves all other names as they are says by them what it took out."""
    base = counted([matrix(f"h.{n}", 4, 4) for n in range(3)])
    model = [base[0], base[2]]
    assert pairs(base, model) == {"val_40": "val_40", "val_42": "val_42"}
    assert reasons(base, model) == {("base", "val_41"): ("absent", "not in this model")}


def test_counted_names_are_no_names() -> None:
    """Equal names that were counted, of models that differ otherwise, pair nothing."""
    base = counted([matrix("a", 4, 4), matrix("b", 4, 8)])
    model = counted([matrix("c", 4, 8), matrix("a", 4, 4)])
    assert [t.initializer for t in model] == [t.initializer for t in base]
    assert all(base[m.first].shape == model[m.second].shape for m in match(base, model).matches)


def test_a_changed_shape_keeps_its_row() -> None:
    """A layer that lost channels is the same layer, and is compared with nothing."""
    base = [matrix("fc1", 8, 4), matrix("fc2", 4, 8)]
    model = [matrix("fc1", 6, 4), matrix("fc2", 4, 6)]
    found = match(base, model)
    assert [(m.how, m.note) for m in found.matches] == [("shape", "its shape is another one")] * 2
    aligned = align_study({"base": base, "model": model}, {"model": ["base"]})
    assert placed(aligned["model"]) == placed(aligned["base"])
    assert [one.shape for one in aligned["model"].placed] == [(6, 4), (4, 6)]


def folded() -> list[T]:
    base = network()
    return [base[0], bias("stem.conv", 8), *base[5:]]


@pytest.mark.parametrize("lost", [False, True], ids=["names kept", "names lost"])
def test_folded_batch_normalization(lost: bool) -> None:
    """Weights that took in a norm say so; the norm and the bias it became say where they went."""
    base, model = network(), folded()
    model = counted(model) if lost else model
    weight = match(base, model).matches[0]
    assert (weight.first, weight.second) == (0, 0)
    assert weight.note.endswith("batch normalization stem.bn is folded into it")
    found = reasons(base, model)
    made = "val_41" if lost else "stem.conv.bias"
    reason = "made by folding batch normalization stem.bn"
    assert found.pop(("model", made)) == ("folded", reason)
    assert set(found.values()) == {("folded", "folded into stem.conv")}
    assert {name for _, name in found} == {t.initializer for t in norm("stem.bn", 8)}


def test_norms_that_only_the_model_has() -> None:
    """A model exported with its norms, of a base exported without, says the same the other way."""
    found = reasons(folded(), network())
    assert found["base", "stem.conv.bias"][0] == "folded"
    assert found["model", "stem.bn.var"] == ("folded", "folded into stem.conv")


def test_fused_query_key_and_value() -> None:
    """Matrices that an optimizer packed into one are named on both sides."""
    base = [matrix(f"attn.{part}", 8, 8) for part in ("q", "k", "v", "out")]
    packed = replace(turned(matrix("attn", 24, 8)), operators=("Attention",))
    model = [replace(packed, given="qkv"), base[3]]
    assert reasons(base, model) == {
        ("base", "attn.q.weight"): ("fused", "part of attn (Attention) there"),
        ("base", "attn.k.weight"): ("fused", "part of attn (Attention) there"),
        ("base", "attn.v.weight"): ("fused", "part of attn (Attention) there"),
        ("model", "qkv"): ("fused", "holds attn.q, attn.k, attn.v in one"),
    }


def test_one_key_through_the_whole_study() -> None:
    """Renamed, transposed, wrapped, through a parent without tensors: one key, one shape."""
    base = network()
    models = {
        "grandchild": counted([turned(t) if len(t.shape) == 2 else t for t in base], 7),
        "child": [replace(t, layer=f"module.{t.layer}") for t in base],
        "base": base,
    }
    parents = {"grandchild": ["lost"], "lost": ["child"], "child": ["base"]}
    aligned = align_study(models, parents)
    assert list(aligned) == list(models)
    assert aligned["grandchild"].base == "child"
    for model in models:
        assert placed(aligned[model]) == [(t.layer, t.name) for t in base]
        assert [one.shape for one in aligned[model].placed] == [t.shape for t in base]
        assert aligned[model].one_sided == ()
    assert [one.transposed for one in aligned["grandchild"].placed] == [
        len(t.shape) == 2 for t in base
    ]


def test_what_a_parent_lacks_is_found_at_its_own_parent() -> None:
    """A layer taken out and put back has its old key again, and is told from the parent."""
    base = counted(network())
    models = {"base": base, "cut": base[:-2], "whole": counted(network(), 90)}
    aligned = align_study(models, {"cut": ["base"], "whole": ["cut"]})
    assert placed(aligned["whole"]) == placed(aligned["base"])
    assert {(one.side, one.kind) for one in aligned["whole"].one_sided} == {("model", "added")}


def test_models_of_no_common_descent() -> None:
    """They share given names; counted ones only when all else is equal."""
    base = [*counted([matrix("a", 4, 4), matrix("b", 4, 4)]), matrix("head", 2, 4)]
    seed = [*counted([matrix("a", 4, 4), matrix("b", 4, 4)], 70), matrix("head", 2, 4)]
    other = [*counted([matrix("c", 4, 4)]), matrix("head", 2, 4)]
    aligned = align_study({"base": base, "seed": seed, "other": other}, {})
    assert placed(aligned["seed"]) == placed(aligned["base"])
    assert placed(aligned["other"]) == [("node_Gemm_40", "weight (2)"), ("head", "weight")]


def test_two_parents() -> None:
    """A merged model is compared with its first parent, and knows what comes from the second."""
    one, two = [matrix("a", 4, 4)], [matrix("b", 3, 4)]
    aligned = align_study(
        {"one": one, "two": two, "merged": counted([*one, *two])}, {"merged": ["one", "two"]}
    )
    assert aligned["merged"].base == "one"
    assert placed(aligned["merged"]) == [("a", "weight"), ("b", "weight")]


def test_circles_of_descent_end() -> None:
    """Parents that name each other are no endless loop."""
    models = {"a": [matrix("x", 2, 2)], "b": [matrix("x", 2, 2)]}
    aligned = align_study(models, {"a": ["b"], "b": ["a"]})
    assert placed(aligned["a"]) == placed(aligned["b"])


random_tensors = st.lists(
    st.builds(
        lambda number, shape, role, named, axis: T(
            f"l{number}" if named else f"node_Gemm_{number}",
            "weight",
            shape,
            role,
            ("Gemm",),
            axis,
            "" if named else f"val_{number}",
        ),
        st.integers(0, 6),
        st.sampled_from([(2, 3), (3, 2), (2, 2), (1, 3), (3,), (2, 2, 3)]),
        st.sampled_from(["weight", "bias"]),
        st.booleans(),
        st.sampled_from([0, 1]),
    ),
    max_size=10,
    unique_by=lambda t: (t.layer, t.name),
)


@given(random_tensors, random_tensors)
def test_whatever_the_models(base: list[T], model: list[T]) -> None:
    """Every tensor is paired once or has one reason; what can be compared has one form."""
    found = match(base, model)
    for side, tensors in (("base", base), ("model", model)):
        places = [m.first if side == "base" else m.second for m in found.matches]
        places += [u.place for u in found.unmatched if u.side == side]
        assert sorted(places) == list(range(len(tensors)))
    for m in found.matches:
        assert (form(base[m.first]) == form(model[m.second])) == (m.how != "shape")
    assert match(base, model) == found


@given(st.lists(random_tensors, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_whatever_the_study(models: list[list[T]], rng: random.Random) -> None:
    """Keys are distinct within a model, and one key and shape mean the same numbers of values."""
    named = {str(n): tensors for n, tensors in enumerate(models)}
    parents: Mapping[str, list[str]] = {
        str(n): [str(rng.randrange(n))] for n in range(1, len(models)) if rng.random() < 0.8
    }
    aligned = align_study(named, parents)
    for model, tensors in named.items():
        keys = placed(aligned[model])
        assert len(set(keys)) == len(keys) == len(tensors)
        for tensor, one in zip(tensors, aligned[model].placed, strict=True):
            sides = tensor.shape[::-1] if one.transposed else tensor.shape
            assert [s for s in sides if s != 1] == [s for s in one.shape if s != 1]


def every_longest(first: str, second: str) -> list[set[tuple[int, int]]]:
    """All longest common subsequences as sets of pairs: slow, but plainly right."""
    for size in range(min(len(first), len(second)), 0, -1):
        found = [
            set(zip(one, two, strict=True))
            for one in itertools.combinations(range(len(first)), size)
            for two in itertools.combinations(range(len(second)), size)
            if all(first[a] == second[b] for a, b in zip(one, two, strict=True))
        ]
        if found:
            return found
    return [set()]


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_certain_is_what_every_best_alignment_holds(first: str, second: str) -> None:
    """The pairs are those that all longest common subsequences have in common."""
    expected = set.intersection(*every_longest(first, second))
    assert certain_pairs(first, second) == sorted(expected)


@given(st.permutations(range(7)))
def test_fences_rise_and_are_as_many_as_can_be(order: list[int]) -> None:
    """Of pairs that cross each other, a longest rising part is kept."""
    found = in_order(list(enumerate(order)))
    assert all(a < c and b < d for (a, b), (c, d) in itertools.pairwise(found))
    rising = (
        size
        for size in range(7, 0, -1)
        for part in itertools.combinations(order, size)
        if all(a < b for a, b in itertools.pairwise(part))
    )
    assert len(found) == next(rising)


@pytest.mark.parametrize(
    ("layer", "initializer", "expected"),
    [
        ("stage1.conv", "stage1.conv.weight_quantized", True),
        ("stage1.conv", "onnx::Conv_193", True),
        ("fc", "onnx::MatMul_12", True),
        ("MatMul", "onnx::MatMul_12", False),
        ("node_linear_3", "val_7", False),
        ("onnx::Add_5", "onnx::Add_5", False),
        ("MatMul_4", "W", False),
    ],
)
def test_names_that_mean_something(layer: str, initializer: str, expected: bool) -> None:
    """A name that a person gave is told from one that an exporter counted."""
    assert is_named(T(layer, "weight", (2,), given=initializer)) is expected


def test_many_nameless_tensors_take_little_time() -> None:
    """Two nameless networks of a thousand tensors are aligned in well under a second of CPU."""
    base = counted([matrix(f"h.{n}", n % 7 + 1, n % 5 + 2) for n in range(1_000)])
    model = counted([matrix(f"h.{n}", n % 7 + 1, n % 5 + 2) for n in range(1_000) if n != 500], 9)
    found = match(base, model)
    assert len(found.matches) > 900
