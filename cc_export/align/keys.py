"""Free keys: a tensor that nobody else has gets a key that nobody else has."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from cc_export.align.tensor import TensorKey

_NUMBER = re.compile(r" \(\d+\)$")


@dataclass
class Keys:
    """Keys that are in use, in any of the sets, which may grow and never shrink.

    The last number of each name is remembered, so that thousands of one name take as many steps.
    """

    used: tuple[AbstractSet[TensorKey], ...]
    _numbers: dict[TensorKey, int] = field(default_factory=dict)

    def free(self, key: TensorKey) -> TensorKey:
        """The key, or the first of ``name (2)``, ``name (3)`` that is not in use."""
        if not self._is_used(key):
            return key
        stem = (key[0], _NUMBER.sub("", key[1]))
        number = self._numbers.get(stem, 2)
        while self._is_used(found := (stem[0], f"{stem[1]} ({number})")):
            number += 1
        self._numbers[stem] = number
        return found

    def _is_used(self, key: TensorKey) -> bool:
        return any(key in used for used in self.used)
