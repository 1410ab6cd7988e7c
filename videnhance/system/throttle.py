"""Limits CPU use: a bound on the share of all cores, and a low priority."""

import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from videnhance.options.bounds import check

__all__ = ["Throttle", "be_nice", "without_realtime"]

_CREDIT_SECONDS = 0.5
"""How much of a time without work may be made up for: more would be a burst."""
_NICE = 10

# Windows' priority classes (processthreadsapi.h), those that are low enough already.
_BELOW_NORMAL, _IDLE = 0x4000, 0x40

# linux/capability.h.
_CAPABILITY_VERSION_3, _CAP_SYS_NICE = 0x20080522, 1 << 23


@dataclass(slots=True)
class Throttle:
    """Keeps the processor time of this process at or below a share of all cores.

    Called once for each frame written, it sleeps for as long as the work so far was too
    fast; full queues then stop the threads before it. Over any time it allows the share
    and at most half a second more. Processes that this one started do not count.
    """

    percent: float | None
    """Of all cores; None allows everything."""
    cores: int
    clock: Callable[[], float] = time.monotonic
    cpu_clock: Callable[[], float] = time.process_time
    sleep: Callable[[float], None] = time.sleep
    _seen: tuple[float, float] | None = field(default=None, init=False)
    """Both clocks at the last call."""
    _ahead: float = field(default=0.0, init=False)
    """Seconds by which the work is too fast; below 0 it may catch up."""

    def __post_init__(self) -> None:
        check(max_cpu=self.percent)

    def __call__(self) -> float:
        """Sleeps for as long as it takes; gives the seconds."""
        if self.percent is None:
            return 0.0
        self._count(self.percent * self.cores / 100)
        wait = self._ahead
        if wait <= 0:
            return 0.0
        # What runs meanwhile in other threads counts at the next call.
        self.sleep(wait)
        return wait

    def _count(self, allowed: float) -> None:
        """Adds what was used since the last call and takes off what was allowed."""
        now = self.clock(), self.cpu_clock()
        if self._seen is not None:
            passed, used = (new - old for new, old in zip(now, self._seen, strict=True))
            ahead = self._ahead + used / allowed - passed
            self._ahead = max(ahead, -_CREDIT_SECONDS)
        self._seen = now


def be_nice() -> bool:
    """Lowers this thread's priority, and so that of those it starts; never raises it.

    Linux takes the priority of input and output from it. Gives False where the system
    does not let it.
    """
    try:
        return _lowered()
    except (OSError, AttributeError):
        return False


@contextmanager
def without_realtime() -> Iterator[None]:
    """Keeps real-time priority from the threads that start within.

    Where the user is root, as in most containers, SVT-AV1 gives it to its threads and
    to the one that opens it: they would starve all other programs, whatever `be_nice`
    and `Throttle` say. What the user gave to the program stays. Linux alone has it.
    """
    if sys.platform != "linux":
        yield
        return
    realtime = os.SCHED_FIFO, os.SCHED_RR
    is_given = os.sched_getscheduler(0) in realtime
    with _without_privilege():
        yield
    # Who is not root may have a limit (RLIMIT_RTPRIO) that allows it all the same.
    for thread in () if is_given else map(int, os.listdir("/proc/self/task")):
        # A thread may end meanwhile.
        with suppress(OSError):
            if os.sched_getscheduler(thread) in realtime:
                os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


@contextmanager
def _without_privilege() -> Iterator[None]:
    """Takes CAP_SYS_NICE from this thread, and those that it starts, within.

    Taking the priority back afterwards is not enough: a thread on its way between two
    states is missed, and so is one that another of them starts later.
    """
    libc = ctypes.CDLL(None)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # Effective, permitted, inheritable: for capabilities 0 to 31, then for the rest.
    sets = (ctypes.c_uint32 * 6)()
    known = libc.capget(header, sets) == 0
    effective = sets[0]
    if not known or not effective & _CAP_SYS_NICE:
        yield
        return
    sets[0] = effective & ~_CAP_SYS_NICE
    libc.capset(header, sets)
    try:
        yield
    finally:
        sets[0] = effective
        libc.capset(header, sets)


if sys.platform == "win32":

    def _lowered() -> bool:
        """Windows knows classes, not levels."""
        kernel = ctypes.windll.kernel32
        # The handle is a pointer, which a plain int would cut to 32 bits.
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        process = ctypes.c_void_p(kernel.GetCurrentProcess())
        if kernel.GetPriorityClass(process) in (_BELOW_NORMAL, _IDLE):
            return True
        return bool(kernel.SetPriorityClass(process, _BELOW_NORMAL))

else:

    def _lowered() -> bool:
        # On Linux niceness belongs to a thread: those that run already keep theirs.
        now = os.nice(0)
        if now < _NICE:
            os.nice(_NICE - now)
        return True
