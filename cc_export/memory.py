"""How much memory a run of a model takes: the peak of a process that does nothing else."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from cc_export.dataset import Dataset
from cc_export.errors import ModelError

# A run that was timed takes seconds at most; what takes longer than this is given up.
_MOST_SECONDS = 120.0
_SERVER = "cc_export.memory_server"
# One thread, as everywhere where models are measured; a process with threads is no good to copy.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

Measure = Callable[[Path], int | None]


@contextmanager
def peak_memory(
    dataset: Callable[[], Dataset], most_seconds: float = _MOST_SECONDS
) -> Iterator[Measure]:
    """Gives what measures a model file, while the block lasts; its process starts when needed.

    The answer is the bytes by which loading the model and running one instance (or the batch it
    insists on) raise the resident memory of a process that has onnxruntime loaded. None where
    the system does not tell (it must be Linux), or where the model cannot be run within
    ``most_seconds``.
    """
    server: list[subprocess.Popen[bytes]] = []

    def measure(path: Path) -> int | None:
        if sys.platform != "linux":
            return None
        if not server:
            server.append(_started())
        late = threading.Timer(most_seconds, os.killpg, (server[0].pid, signal.SIGKILL))
        late.daemon = True
        late.start()
        try:
            return _ask(server[0], path, dataset())
        except ModelError:
            return None
        except (OSError, ValueError):  # it was ended, by lack of memory or time say
            late.cancel()
            _end(server.pop())
            return None
        finally:
            late.cancel()

    try:
        yield measure
    finally:
        for process in server:
            _end(process)


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 (this Python, a module of ours)
        [sys.executable, "-W", "ignore", "-m", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ONE_THREAD},
        # A group of its own, which is ended with the child that runs a model.
        start_new_session=True,
    )


def _end(server: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.communicate()


def _ask(server: subprocess.Popen[bytes], path: Path, dataset: Dataset) -> int | None:
    assert server.stdin is not None and server.stdout is not None
    packed = io.BytesIO()
    # Where a model insists on a batch, the process that runs it repeats the instance.
    np.savez(packed, allow_pickle=False, **dataset.inputs(slice(0, 1)))
    content = packed.getvalue()
    request = json.dumps({"model": str(path.resolve()), "bytes": len(content)})
    server.stdin.write(request.encode() + b"\n" + content)
    server.stdin.flush()
    line = server.stdout.readline()
    if not line:
        raise OSError("the process has ended")
    answer = json.loads(line)
    return answer if isinstance(answer, int) else None
