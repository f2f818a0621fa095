"""The tree of a model's layers: every group is the exact sum of what is in it.

A tensor belongs to the module of its path, and a module to the modules whose paths it begins with:
``stage1.conv`` is in ``stage1``, which is in the model. Counts and sums add up; histograms nest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cc_core.change import Change, together
from cc_core.dyadic import SHOWN_BINS, Dyadic, Grid, coarsen
from cc_core.statistics import Statistics, merge

# Modules within modules; what lies deeper keeps the rest of its path as one name.
MOST_DEEP = 64
# Beyond this many halvings any bin number is 0, or -1 below zero.
_MOST_STEPS = 62


@dataclass(frozen=True, slots=True)
class Leaf:
    """A tensor of the module ``path``. ``changes`` has an entry for each reference, None where the
    reference has no such tensor."""

    path: str
    name: str
    statistics: Statistics
    histogram: Dyadic | None = None
    changes: tuple[Change | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A tensor, or a module with its rows below it: own tensors and modules in graph order.

    ``path`` of a tensor is that of its module; ``name`` is the last part of a module's path, the
    tensor's own name, and empty for the model as a whole. A group's change is over those of its
    tensors that could be compared (its count says how many values that are); None where none could.
    Its histogram is on the finest grid that holds those of its tensors.
    """

    path: str
    name: str
    is_tensor: bool
    tensors: int
    statistics: Statistics
    histogram: Dyadic | None
    changes: tuple[Change | None, ...]
    children: tuple[Row, ...] = ()


def layer_tree(leaves: Iterable[Leaf], bins: int = SHOWN_BINS) -> Row:
    """The tree of all tensors given, in their order; its root is the model as a whole.

    Histograms of groups have at most ``bins`` bins. Leaves must have equally many ``changes``.

    Raises:
        CoreError: a histogram's counts do not fit its grid.
    """
    below: dict[tuple[str, ...], list[Row | tuple[str, ...]]] = {(): []}
    for leaf in leaves:
        parts = tuple(leaf.path.split(".", MOST_DEEP - 1)) if leaf.path else ()
        for depth in range(1, len(parts) + 1):
            module = parts[:depth]
            if module not in below:
                below[module] = []
                below[module[:-1]].append(module)
        below[parts].append(_tensor(leaf))
    made: dict[tuple[str, ...], Row] = {}
    # Deepest first, so that what a module holds is made before it.
    for module in sorted(below, key=len, reverse=True):
        children = [made[c] if isinstance(c, tuple) else c for c in below[module]]
        made[module] = _group(module, children, bins)
    return made[()]


def joined_grid(grids: Sequence[Grid], bins: int = SHOWN_BINS) -> Grid:
    """The finest grid of at most ``bins`` bins in which the bins of all these grids nest."""
    exponent = max(grid.exponent for grid in grids)
    while True:
        steps = [min(exponent - grid.exponent, _MOST_STEPS) for grid in grids]
        first = min(grid.first >> step for grid, step in zip(grids, steps, strict=True))
        last = max(
            (grid.first + grid.bins - 1) >> step for grid, step in zip(grids, steps, strict=True)
        )
        if last - first < max(bins, 2):
            return Grid(exponent, first, last - first + 1)
        exponent += 1


def joined(histograms: Iterable[Dyadic | None], bins: int = SHOWN_BINS) -> Dyadic | None:
    """The histogram of all values together; None where there is none of any."""
    known = [found for found in histograms if found is not None]
    if not known:
        return None
    grid = joined_grid([found.grid for found in known], bins)
    return Dyadic(grid, np.sum([coarsen(found, grid) for found in known], axis=0))


def _tensor(leaf: Leaf) -> Row:
    return Row(
        leaf.path, leaf.name, True, 1, leaf.statistics, leaf.histogram, leaf.changes
    )  # fmt: skip


def _group(module: tuple[str, ...], children: Sequence[Row], bins: int) -> Row:
    references = max((len(child.changes) for child in children), default=0)
    return Row(
        path=".".join(module),
        name=module[-1] if module else "",
        is_tensor=False,
        tensors=sum(child.tensors for child in children),
        statistics=merge(child.statistics for child in children),
        histogram=joined((child.histogram for child in children), bins),
        changes=tuple(_change(children, place) for place in range(references)),
        children=tuple(children),
    )


def _change(children: Sequence[Row], place: int) -> Change | None:
    known = [change for child in children if (change := child.changes[place]) is not None]
    return together(known) if known else None
