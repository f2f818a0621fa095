"""Which places are URLs, as opposed to paths of this machine."""

from __future__ import annotations

import re
from pathlib import Path

# A path drops one of two slashes; one letter is a drive of Windows.
_URL = re.compile(r"([a-z][a-z0-9+.-]+):/(.*)", re.I | re.S)


def url_of(place: Path | str) -> str | None:
    """The URL that is meant, also by a path that was made of one; None for a path.

    >>> url_of(Path("s3://bucket/study"))
    's3://bucket/study'
    """
    found = _URL.fullmatch(place.as_posix() if isinstance(place, Path) else place)
    if not found:
        return None
    scheme, rest = found.groups()
    # file:///a has an empty host; elsewhere what follows is the host or the bucket.
    local = scheme.lower() in ("file", "local")
    return f"{scheme}://{'/' * local}{rest.lstrip('/')}"
