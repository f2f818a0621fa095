"""Selection variables: the fewest, simplest variables that tell selected models apart."""

from cc_core.selection.explain import Explanation, explain
from cc_core.selection.forest import Forest, Model, Operation

__all__ = ["Explanation", "Forest", "Model", "Operation", "explain"]
