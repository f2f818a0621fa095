"""Bytecode of Python sources, made by the interpreter that will load it: Pyodide, under Node."""

import importlib.util
import marshal

UNCHECKED_HASH = 0b01  # "this file stands alone": no source to compare with, no date to go stale


def compile_sources(sources: dict[str, memoryview], optimize: int) -> dict[str, bytes]:
    """Compile each ``name.py`` to the contents of ``name.pyc``.

    ``optimize`` is that of ``compile()``: 2 leaves out docstrings and assertions, 0 keeps both.
    """
    return {
        name.removesuffix(".py") + ".pyc": pyc(name, bytes(source), optimize)
        for name, source in sources.items()
    }


def pyc(name: str, source: bytes, optimize: int) -> bytes:
    """The contents of one ``.pyc`` file."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=optimize)
    head = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little")
    return head + importlib.util.source_hash(source) + marshal.dumps(code)
