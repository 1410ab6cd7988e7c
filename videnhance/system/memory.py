"""Memory of the process: what the allocator keeps, the peak, and what is available."""

import ctypes
import platform
import sys
from pathlib import Path

if sys.platform != "win32":
    import resource

__all__ = [
    "available_memory_mb",
    "give_back_freed_memory",
    "keep_freed_memory",
    "peak_memory_mb",
    "peak_memory_of",
]

# Parameters of glibc's mallopt (malloc.h).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST_MMAP_THRESHOLD = 32 << 20
_USUAL_MMAP_THRESHOLD = 128 << 10
_KEPT = 256 << 20
_ARENAS = 1
"""One: what is freed in further arenas goes back to the system all the same."""


def keep_freed_memory() -> bool:
    """Asks glibc to keep what is freed for the next frame; False if there is no glibc.

    Each frame takes and frees the same few large blocks. By default they go back to the
    system every time, and thousands of page faults a frame cost a tenth of all work.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    wanted = (
        (_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD),
        (_TRIM_THRESHOLD, _KEPT),
        (_ARENA_MAX, _ARENAS),
    )
    answers = [libc.mallopt(name, value) for name, value in wanted]
    return all(answers)


def give_back_freed_memory() -> None:
    """Returns to the system what glibc keeps; does nothing where there is no glibc.

    For a change of work: what comes then needs blocks of other sizes.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        # Tables that grow can then move without a copy, and leave no holes.
        libc.mallopt(_MMAP_THRESHOLD, _USUAL_MMAP_THRESHOLD)
        libc.malloc_trim(0)


def peak_memory_of(process: int | str) -> float | None:
    """The largest resident size of a process, in MB; None where nothing tells."""
    return _told_mb(f"/proc/{process}/status", "VmHWM:")


def peak_memory_mb() -> float:
    """The largest resident size of this process so far; 0 where nothing tells."""
    # The system call below also counts the parent before the program was started.
    told = peak_memory_of("self")
    if told is not None:
        return told
    if sys.platform == "win32":
        return 0.0
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def available_memory_mb() -> float | None:
    """What programs may still take without swapping; None where nothing tells."""
    return _told_mb("/proc/meminfo", "MemAvail")


def _told_mb(file: str, name: str) -> float | None:
    """What Linux tells under a name; None where it does not."""
    try:
        lines = Path(file).read_text(encoding="ascii").splitlines()
        return int(next(n for n in lines if n.startswith(name)).split()[1]) / (1 << 10)
    except (OSError, LookupError, StopIteration, ValueError):
        return None
