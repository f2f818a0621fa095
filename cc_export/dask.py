"""The same tasks on a Dask cluster, for those who outgrow one machine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from cc_export.errors import ExportError

# How long a scheduler may take to answer, in seconds.
_PATIENCE = 10


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The workers of the scheduler at ``address``, as an executor.

    A task whose worker is lost is run by another. Workers need the same cc-export, and the study's
    files under the same paths.

    Raises:
        ExportError: Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client  # noqa: PLC0415 (an extra, and slow to import)
        from distributed.comm import resolve_address  # noqa: PLC0415
    except ImportError:
        raise ExportError(
            "--dask needs the package distributed, which is not installed",
            "Install it with: pip install 'cc-export[dask]'",
        ) from None
    try:
        # A client with an address that is none would print a traceback 20 seconds later.
        resolve_address(address)
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ExportError(
            f"{address}: no Dask scheduler answers there: {error}",
            "Start one with `dask scheduler`, and give the address that it prints.",
        ) from None
    with client:
        # pure=False: our own cache knows which tasks are equal.
        executor: Executor = client.get_executor(pure=False)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)
