"""A key that nobody else has is found in as many steps as there are keys."""

from __future__ import annotations

import random

from cc_export.align.keys import Keys
from cc_export.align.tensor import TensorKey


class Counted(set[TensorKey]):
    """A set that counts how often it is asked."""

    asked = 0

    def __contains__(self, key: object) -> bool:
        self.asked += 1
        return super().__contains__(key)


def slow(key: TensorKey, used: set[TensorKey]) -> TensorKey:
    """The obvious twin: counting from the first each time."""
    layer, name = key
    stem, number = name.removesuffix(" (2)"), 2
    while key in used:
        key, number = (layer, f"{stem} ({number})"), number + 1
    return key


def test_free_keys_are_the_first_that_are_free() -> None:
    """Whatever is in use, and whatever is taken in between, the first free number is given."""
    rng = random.Random(1)
    names = ["weight", "weight (2)", "bias"]
    for _ in range(50):
        own: set[TensorKey] = {
            ("fc", f"weight ({rng.randrange(2, 9)})") for _ in range(rng.randrange(5))
        }
        others: set[TensorKey] = {("fc", "bias"), ("fc", "bias (3)")}
        keys = Keys((own, others))
        for _ in range(20):
            key = ("fc", rng.choice(names))
            expected = slow(key, own | others)
            assert keys.free(key) == expected
            if rng.random() < 0.9:
                own.add(expected)


def test_thousands_of_one_key_take_as_many_steps() -> None:
    """Each of 5,000 tensors of one key asks about twice whether a key is used, not 5,000 times."""
    used, count = Counted(), 5_000
    keys = Keys((used,))
    for _ in range(count):
        used.add(keys.free(("rnn", "weight")))
    assert len(used) == count
    assert used.asked < 3 * count
