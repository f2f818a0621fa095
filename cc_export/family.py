"""Which models a model is compared with: its root and its first parent."""

from __future__ import annotations

from collections.abc import Sequence

from cc_export.predictions import Role
from cc_export.study.records import StudyModel


class Family:
    """The forest of a study's models, by each model's first parent; links form no circle."""

    def __init__(self, models: Sequence[StudyModel]) -> None:
        self._parent = {model.id: model.parents[0] for model in models if model.parents}
        self._bases = {base for model in models for base, _ in self.bases(model.id)}

    def bases(self, model: str) -> tuple[tuple[str, tuple[Role, ...]], ...]:
        """Root and parent of a model; one entry where they are the same, none for a root."""
        parent = self._parent.get(model)
        if parent is None:
            return ()
        root = parent
        while root in self._parent:
            root = self._parent[root]
        if root == parent:
            return ((parent, ("root", "parent")),)
        return ((root, ("root",)), (parent, ("parent",)))

    def is_base(self, model: str) -> bool:
        """Whether some model is compared with it."""
        return model in self._bases
