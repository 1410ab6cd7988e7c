"""The processes that convert, one file at a time each.

One that dies takes its file with it and nothing else; another takes its place.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import ModuleType

from videnhance.batch.worker import (
    Advanced,
    Began,
    Ended,
    Failed,
    Pause,
    Task,
    died_words,
    work,
)
from videnhance.conversion.job import Job
from videnhance.system.memory import available_memory_mb
from videnhance.system.threads import available_cores

__all__ = ["Said", "WorkerPool", "default_jobs"]

_END_SECONDS = 20.0
"""How long all processes may take to end in order: they close an encoder."""
_KILL_SECONDS = 2.0

_JOB_MB = 1500.0
"""What one conversion takes: 600 of 360p, 1,400 of 1080p."""

Words = Began | Advanced | Ended | Failed


@dataclass(frozen=True, slots=True)
class Said:
    """What is told of the task with this number."""

    number: int
    words: Words


@dataclass(slots=True)
class _Member:
    process: SpawnProcess
    connection: Connection
    task: int | None = None


class WorkerPool:
    """At most `jobs` processes, started when they are needed; `with` ends them."""

    def __init__(self, jobs: int, target: Callable[[Connection], None] = work) -> None:
        """`target` is what a process runs with its end of the connection."""
        self.jobs = jobs
        self._target = target
        self._context = get_context("spawn")
        self._members: list[_Member] = []

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *error: object) -> None:
        """Ends every process in order; what is closed of their work is kept."""
        for member in self._members:
            if member.task is not None:
                member.process.terminate()
            member.connection.close()
        last = time.monotonic() + _END_SECONDS
        for member in self._members:
            member.process.join(max(last - time.monotonic(), 0.0))
            if member.process.is_alive():  # a disk that hangs
                member.process.kill()
                member.process.join(_KILL_SECONDS)
        self._members.clear()

    @property
    def free(self) -> int:
        """How many more tasks can be started."""
        return self.jobs - sum(m.task is not None for m in self._members)

    def start(self, number: int, job: Job) -> None:
        """Gives a free process a task, the number of which comes back with the words
        that are told of it."""
        free = [m for m in self._members if m.task is None]
        for dead in [m for m in free if not m.process.is_alive()]:
            self._buried(dead)
            free.remove(dead)
        member = free[0] if free else self._hired()
        member.task = number
        with suppress(OSError):  # it has just died, which `hear` will tell
            member.connection.send(Task(number, job))

    def pause(self, paused: bool) -> None:
        """Lets all work stand still after the frame that it is at, or go on."""
        for member in self._members:
            with suppress(OSError):  # it has just died
                member.connection.send(Pause(paused))

    def hear(self, seconds: float) -> list[Said]:
        """What is told, waited for at most so long."""
        by_connection = {m.connection: m for m in self._members}
        said = []
        for connection in wait(list(by_connection), seconds):
            assert isinstance(connection, Connection)
            words = self._heard(by_connection[connection])
            if words is not None:
                said.append(words)
        return said

    def _hired(self) -> _Member:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=self._target, args=(theirs,), name="videnhance-job"
        )
        with _without_interrupt(), _without_program():
            process.start()
        theirs.close()
        member = _Member(process, ours)
        self._members.append(member)
        return member

    def _heard(self, member: _Member) -> Said | None:
        number = member.task
        try:
            words: Words = member.connection.recv()
        except (EOFError, OSError):
            return self._buried(member)
        if isinstance(words, Ended | Failed):
            member.task = None
        return None if number is None else Said(number, words)

    def _buried(self, member: _Member) -> Said | None:
        """Takes a process that has died off the list."""
        member.process.join(_END_SECONDS)
        words = died_words(member.process.exitcode)
        member.connection.close()
        self._members.remove(member)
        return None if member.task is None else Said(member.task, Failed(words))


@contextmanager
def _without_interrupt() -> Iterator[None]:
    """Ctrl+C waits: a process that just starts would answer it with a traceback.

    The process begins with it blocked; `work` says what it means there.
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
    """The new process does not read the program that starts it, which `work` needs not.

    One that lacks `if __name__ == "__main__":` would begin anew in each, and one that
    comes by standard input cannot be read again.
    """
    program = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program


def default_jobs(memory_mb: float | None = None) -> int:
    """How many files at a time: as the cores, and the memory that is free, allow."""
    memory = available_memory_mb() if memory_mb is None else memory_mb
    room = available_cores() if memory is None else int(memory / _JOB_MB)
    return max(min(available_cores(), room), 1)
