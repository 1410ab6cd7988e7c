"""The limits that a decoding child puts on itself before it opens anything.

Linux's Landlock lets a process give up all files but a few, and TCP; its numbers are
the kernel's (Documentation/userspace-api/landlock.rst): no library that every system
has knows them.
"""

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl
    import resource

__all__ = ["confine", "end_with_parent", "limit_memory", "only_reading"]

_OPEN_FILES = 32
_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH = 1, 1
_NO_NEW_PRIVILEGES = 38
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many of the rights to files a version knows."""
_TCP = 0b11
_SCOPES = 0b11
"""No signals to, and no abstract sockets of, processes outside."""
_NET_SINCE, _SCOPES_SINCE = 4, 6


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


def only_reading(file: Path, folders: Iterable[Path]) -> bool:
    """Leaves this process one file and what is in some folders, to read; and no TCP.

    False if the system cannot. What is open already stays usable; there is no way back.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION)
    if version < 1:
        return False
    fields = [(1 << max(n for v, n in _FILE_RIGHTS.items() if v <= version)) - 1]
    if version >= _NET_SINCE:
        fields.append(_TCP)
    if version >= _SCOPES_SINCE:
        fields.append(_SCOPES)
    rules = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = libc.syscall(_CREATE, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset < 0:
        return False
    try:
        _allow(libc, ruleset, path=file, rights=_READ_FILE)
        for folder in folders:
            _allow(libc, ruleset, path=folder, rights=_READ_FILE | _READ_FOLDER)
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, *, path: Path, rights: int) -> None:
    """Adds a place; one that is not there stays forbidden, and the reader says so."""
    with suppress(OSError):
        place = os.open(path, getattr(os, "O_PATH", os.O_RDONLY))
        try:
            rule = struct.pack("=Qi", rights, place)
            libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        finally:
            os.close(place)
