"""Which tensors of a study's models are the same one: by name where it was kept, else by place."""

from cc_export.align.activations import PlacedActivation, align_activations, layer_keys
from cc_export.align.reasons import Matching, Unmatched, match
from cc_export.align.study import ModelAlignment, OneSided, Placed, align_study
from cc_export.align.tensor import Tensor, TensorKey

__all__ = [
    "Matching",
    "ModelAlignment",
    "OneSided",
    "Placed",
    "PlacedActivation",
    "Tensor",
    "TensorKey",
    "Unmatched",
    "align_activations",
    "align_study",
    "layer_keys",
    "match",
]
