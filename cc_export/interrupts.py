"""Ctrl-C and SIGTERM: told once, by the main process, never in the midst of what would hang."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# As shells have it: 128 and the number of the signal.
INTERRUPTED, TERMINATED = 130, 143
TOLD = "interrupted; an older site is left as it was"
# Who presses Ctrl-C twice means it once: in this time what was begun is cleared up.
_SECONDS = 2.0
# Seconds until it is looked again whether modules are loaded.
_MOMENT = 0.02
_ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def told_once() -> Iterator[None]:
    """A command in the block may be interrupted at any moment, and says so in one line.

    Ctrl-C that comes within two seconds of another is passed over, so that temporary folders are
    removed in peace. SIGTERM ends the command in the same way, and in silence. What is raised where
    nobody can pass it on, as while an object is deleted, comes again.
    """
    last = -_SECONDS
    told = sys.unraisablehook

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal last
        if _postponed(number, frame):
            return
        before, last = last, time.monotonic()
        if last - before >= _SECONDS:
            raise KeyboardInterrupt

    def terminate(number: int, frame: FrameType | None) -> None:
        if not _postponed(number, frame):
            sys.exit(TERMINATED)

    def lost(unraisable: sys.UnraisableHookArgs) -> None:
        nonlocal last
        if issubclass(unraisable.exc_type, KeyboardInterrupt) and _comes_again(signal.SIGINT):
            last = -_SECONDS
        elif not (issubclass(unraisable.exc_type, SystemExit) and _comes_again(signal.SIGTERM)):
            told(unraisable)

    sys.unraisablehook = lost
    signal.signal(signal.SIGTERM, terminate)
    # A command in the background of a shell ignores it, and is left to.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        # A library that is interrupted while it is loaded may make an error of its own of it.
        if last < 0 and not isinstance(error, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stderr.write(f"{TOLD}\n")
        sys.exit(INTERRUPTED)
    finally:
        sys.unraisablehook = told
        # Python would take its own handlers away before it ends, and be killed.
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _postponed(number: int, frame: FrameType | None) -> bool:
    """Whether a module is being loaded: then the signal comes again in a moment.

    What is raised in the midst of that, some libraries take for a feature that is not there, and
    native ones abort the process.
    """
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None and _comes_again(number)


def _comes_again(number: int) -> bool:
    """Send a signal once more in a moment, if that can be done."""
    if not hasattr(signal, "setitimer"):  # which Windows has not
        return False
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
    signal.setitimer(signal.ITIMER_REAL, _MOMENT)
    return True


@contextmanager
def held() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the block is over, and then do what they do."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are handled in the main thread, and end none of this
        return
    came: list[int] = []
    replaced = {}
    for number in _ENDING:
        handler = signal.getsignal(number)
        if handler is not None and handler != signal.SIG_IGN:
            replaced[number] = handler
            signal.signal(number, lambda sent, _: came.append(sent))
    try:
        yield
    finally:
        for number, handler in reversed(replaced.items()):
            signal.signal(number, handler)
        for sent in came[:1]:
            signal.raise_signal(sent)


@contextmanager
def starting_workers() -> Iterator[None]:
    """Processes that are started in the block have SIGINT blocked until ``ignore`` is called there.

    Ctrl-C reaches them too, and while they import it would print a traceback; and half a start
    would leave them one, too, so it waits here until they were told what to do.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker  # noqa: PLC0415 (the command starts without)

    with held():
        # Starting it unblocks SIGINT; one that runs already does not.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore() -> None:
    """In a worker: Ctrl-C, also one that came while it was blocked, is the main process's alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
