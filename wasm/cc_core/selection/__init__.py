"""Selection variables: the fewest, simplest variables that tell selected models apart."""

from cc_core.selection.chart import Chart, encode, spell_value
from cc_core.selection.difference import Edit, compare_two
from cc_core.selection.explain import Explanation, explain
from cc_core.selection.forest import Forest, Model, Operation
from cc_core.selection.refine import Refinement, refine

__all__ = [
    "Chart",
    "Edit",
    "Explanation",
    "Forest",
    "Model",
    "Operation",
    "Refinement",
    "compare_two",
    "encode",
    "explain",
    "refine",
    "spell_value",
]
