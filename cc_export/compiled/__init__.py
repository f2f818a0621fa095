"""The loop over a tensor's values in C, for installations that had a compiler."""

from __future__ import annotations

from cc_export.compiled.weighing import load

# None where no library was built, or none for this machine: then numpy does all, at half the speed.
LOOP = load()
