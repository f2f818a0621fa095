"""Between the worker's messages and cc_core: runs once, leaves ``call``."""

import traceback

from cc_core import api


def call(name, request, buffers):
    """Answer a request: (JSON text, list of bytes, None).

    One that fails gives (None, None, (class, message, traceback)).
    """
    try:
        text, out = api.dispatch(name, request, list(buffers))
        # tobytes() also takes what is not contiguous, such as a transposed array.
        return text, [memoryview(buffer).tobytes() for buffer in out], None
    except BaseException as error:
        return None, None, (type(error).__name__, str(error), traceback.format_exc())
