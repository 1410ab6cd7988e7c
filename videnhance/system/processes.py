"""A process of this program's own, started afresh, with a connection to it."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from types import FrameType, ModuleType

from videnhance.errors import printable

__all__ = ["Stopped", "WorkerProcess", "obeys_its_parent", "readable"]

_KILL_SECONDS = 2.0


class Stopped(SystemExit):
    """The parent wants this process to end, or is gone."""


class WorkerProcess:
    """A running process and this end of a connection to it; `end` closes both.

    Loading what it needs may take seconds, so it is started once for much work.
    """

    def __init__(self, target: Callable[[Connection], None]) -> None:
        """`target` is what it runs with its end; it must be picklable."""
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(
            target=target, args=(theirs,), name="videnhance-job"
        )
        with _without_interrupt(), _without_program():
            self._process.start()
        theirs.close()

    @property
    def is_alive(self) -> bool:
        """Whether it runs still."""
        return self._process.is_alive()

    def tell(self, words: object) -> None:
        """Sends it words, unless it has just died."""
        with suppress(OSError):
            self.connection.send(words)

    def hold(self, still: bool) -> None:
        """Lets it stand still, or go on, at once; Windows knows no such thing."""
        if sys.platform != "win32" and self._process.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGSTOP if still else signal.SIGCONT)

    def stop(self) -> None:
        """Tells it to end in order, and does not wait."""
        self._process.terminate()

    def end(self, until: float) -> str:
        """Closes the connection and waits until `until`, by `time.monotonic`; then it
        is killed. Gives how it ended, in words.
        """
        self.connection.close()
        self._process.join(max(until - time.monotonic(), 0.0))
        if self._process.is_alive():  # a disk that hangs
            self._process.kill()
            self._process.join(_KILL_SECONDS)
        return _end_words(self._process.exitcode)


def readable(processes: list[WorkerProcess], seconds: float) -> list[WorkerProcess]:
    """Those that have said something or ended, waited for at most so long."""
    by_connection = {process.connection: process for process in processes}
    found = wait(list(by_connection), seconds)
    return [by_connection[one] for one in found if isinstance(one, Connection)]


def obeys_its_parent() -> None:
    """Has this process end in order by SIGTERM, as Stopped, and not by Ctrl+C: the
    parent says what that means.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        # Blocked while this process started; its own children must hear it.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    del frame
    # A second signal would end the clean-up.
    signal.signal(number, signal.SIG_IGN)
    raise Stopped(128 + number)


@contextmanager
def _without_interrupt() -> Iterator[None]:
    """Ctrl+C waits: a process that just starts would answer it with a traceback.

    The process begins with it blocked, until `obeys_its_parent`.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_program() -> Iterator[None]:
    """The new process does not read the program that starts it, which it needs not.

    One that lacks `if __name__ == "__main__":` would begin anew in each, and one that
    comes by standard input cannot be read again.
    """
    program = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program


def _end_words(code: int | None) -> str:
    if code is not None and code < 0:
        number = -code
        name = signal.Signals(number).name if number in set(signal.Signals) else number
        return printable(f"was ended by {name}")
    return f"ended with exit code {code}"
