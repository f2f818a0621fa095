"""Files that are not the UTF-8 text they should be: what to tell whoever wrote them."""

from __future__ import annotations

import codecs

_OTHERS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


def save_as_utf8(content: bytes) -> str:
    """A hint about the first bytes of a file that cannot be decoded.

    >>> save_as_utf8("a".encode("utf-16"))
    'It seems to be UTF-16; save it as UTF-8.'
    """
    other = _OTHERS.get(content[:2])
    if other:
        return f"It seems to be {other}; save it as UTF-8."
    return "Is it a text file?" if b"\0" in content[:1000] else "Save it as UTF-8."
