"""Types for annotations, which nothing checks in the page.

The original is eleven modules of aliases for type checkers.
"""


class NDArray:
    def __class_getitem__(cls, item):
        return cls


class ArrayLike:
    pass


class DTypeLike:
    pass


class NBitBase:
    pass


# what numpy.typing appends to its own documentation
_docstrings = ""
