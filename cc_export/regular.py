"""Files whose bytes are there to be read: for those of a named pipe one would wait for ever."""

from __future__ import annotations

import errno
import stat
from pathlib import Path


def check_regular(path: Path) -> None:
    """Make sure, before it is opened, that a path is no pipe, socket or device.

    Raises:
        OSError: it is one, or there is nothing.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "no regular file, but a pipe or a device", str(path))
