"""``weighing.c`` as a ``cc_core.loop.Loop``."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import CDLL, POINTER, c_double, c_float, c_int32, c_int64, c_void_p
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cc_core.change import least_bits
from cc_core.dyadic import Grid
from cc_core.layout import Layout
from cc_core.loop import Compared, ComparedSums, Sums

LIBRARY = Path(__file__).with_name("weighing.bin")
# Of one form of ``_Tally`` and of the file's: a library built of an older source is left alone.
VERSION = 1


class _Reference(ctypes.Structure):
    _fields_ = (
        ("values", c_void_p),
        ("signal", c_void_p),
        ("noise", c_void_p),
        ("product", c_double),
        ("largest", c_double),
        ("same", c_int64),
        ("lowest", c_int32),
    )


class _Tally(ctypes.Structure):
    _fields_ = (
        ("values", c_void_p),
        ("size", c_int64),
        ("start", c_int64),
        ("channels", c_int64),
        ("inner", c_int64),
        ("references", POINTER(_Reference)),
        ("compared", c_int32),
        ("first", c_int32),
        ("scale", c_float),
        ("low", c_float),
        ("high", c_float),
        ("joint", c_void_p),
        ("power", c_void_p),
        ("squares", c_double),
        ("total", c_double),
        ("zeros", c_int64),
    )


class CompiledLoop:
    """The loop in C; safe in several threads."""

    def __init__(self, library: CDLL) -> None:
        self._library = library

    def tally(
        self, layout: Layout, power: NDArray[np.float64], compared: Sequence[Compared]
    ) -> CompiledTally:
        """Sums of one tensor, all zero yet; see ``Loop.tally``."""
        return CompiledTally(self._library, layout, power, compared)


class CompiledTally:
    """The running sums of one tensor, where C finds them."""

    def __init__(
        self,
        library: CDLL,
        layout: Layout,
        power: NDArray[np.float64],
        compared: Sequence[Compared],
    ) -> None:
        self._bounds, self._add = library.cc_bounds, library.cc_add
        self._references = (_Reference * len(compared))()
        for reference, one in zip(self._references, compared, strict=True):
            reference.signal, reference.noise = one.signal.ctypes.data, one.noise.ctypes.data
            reference.lowest = least_bits(one.unit)
        self._tally = _Tally(
            channels=layout.channels,
            inner=layout.inner,
            references=self._references,
            compared=len(compared),
            power=power.ctypes.data,
        )
        # C has addresses, which keep nothing alive.
        self._kept = (power, compared)
        self._at = ctypes.byref(self._tally)
        self._grid: Grid | None = None

    def take(
        self, values: NDArray[np.floating], references: Sequence[NDArray[np.floating]]
    ) -> tuple[float, float] | None:
        """Least and greatest value of the next block; see ``Tally.take``."""
        tally = self._tally
        if not (_plain(values) and all(map(_plain, references))):
            return None
        tally.values, tally.size = values.ctypes.data, values.size
        for reference, block in zip(self._references, references, strict=True):
            reference.values = block.ctypes.data
        return (tally.low, tally.high) if self._bounds(self._at) else None

    def add(self, start: int, grid: Grid, joint: NDArray[np.int64]) -> None:
        """Add the block that was taken; see ``Tally.add``."""
        tally = self._tally
        tally.start = start
        if grid is not self._grid:
            self._grid = grid
            tally.scale, tally.first = 2.0**-grid.exponent, grid.first
            tally.joint = joint.ctypes.data
        self._add(self._at)

    def sums(self) -> Sums:
        """What the blocks that were added come to."""
        tally = self._tally
        return Sums(
            tally.zeros,
            tally.total,
            tally.squares,
            tuple(ComparedSums(r.same, r.product, r.largest) for r in self._references),
        )


def load(path: Path = LIBRARY) -> CompiledLoop | None:
    """The loop of a library; None where there is none that this machine and version can use."""
    try:
        library = CDLL(str(path))
        version, bounds, add = library.cc_version, library.cc_bounds, library.cc_add
    except (OSError, AttributeError):
        return None
    version.restype, version.argtypes = c_int32, ()
    bounds.restype, bounds.argtypes = c_int32, (POINTER(_Tally),)
    add.restype, add.argtypes = None, (POINTER(_Tally),)
    return CompiledLoop(library) if version() == VERSION else None


def _plain(block: NDArray[np.floating]) -> bool:
    """Whether C can read a block as it is."""
    flags = block.flags
    return bool(block.dtype == np.float32 and flags.c_contiguous and flags.aligned)
