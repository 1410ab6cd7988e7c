"""The limits that a decoding child puts on itself before it opens anything."""

import os
import signal
import sys
from contextlib import suppress

if sys.platform != "win32":
    import fcntl
    import resource

__all__ = ["confine", "end_with_parent", "limit_memory"]

_OPEN_FILES = 32


def confine(memory_bytes: int) -> None:
    """Bounds memory and files, forbids writing files and core dumps, ignores Ctrl+C.

    The parent decides what a signal from the terminal means; the child ends with it.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if sys.platform != "win32":
        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_FSIZE, 0)
        _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    limit_memory(memory_bytes)


def limit_memory(memory_bytes: int) -> None:
    """Sets how much address space the process may take, where the system knows that."""
    if sys.platform != "win32":
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = memory_bytes if hard < 0 else min(memory_bytes, hard)
        with suppress(ValueError, OSError):  # macOS refuses what is in use already
            resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    least = value if hard < 0 else min(value, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(which, (least, least))


def end_with_parent(lifeline: int) -> None:
    """Ends this process as soon as the other end of the pipe `lifeline` is closed.

    It works in a decoder that never returns too, and, unlike PR_SET_PDEATHSIG, does not
    depend on the thread that started the child.
    """
    if sys.platform != "win32" and hasattr(os, "O_ASYNC"):
        signal.signal(signal.SIGIO, signal.SIG_DFL)  # whose default is to end
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)
