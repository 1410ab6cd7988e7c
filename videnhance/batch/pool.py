"""The processes that convert, one file after the other each, and tell of it.

Loading what it needs takes seconds, so a process stays. One that dies takes its file
with it and nothing else; another takes its place.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType, ModuleType

from videnhance.cluster.executor import executor_for
from videnhance.conversion.executor import Watcher
from videnhance.conversion.job import Job
from videnhance.conversion.run import convert
from videnhance.conversion.workdir import kept_words
from videnhance.errors import BusyError, OtherWorkError, VidenhanceError, printable
from videnhance.frame import VideoInfo
from videnhance.report import Report
from videnhance.system.memory import available_memory_mb
from videnhance.system.startup import begin
from videnhance.system.threads import available_cores

__all__ = [
    "Advanced",
    "Began",
    "Ended",
    "Failed",
    "Pause",
    "Said",
    "Task",
    "WorkerPool",
    "default_jobs",
    "work",
]

_END_SECONDS = 20.0
"""How long all processes may take to end in order: they close an encoder."""
_KILL_SECONDS = 2.0

_JOB_MB = 1500.0
"""What one conversion takes: 600 of 360p, 1,400 of 1080p."""
_TELL_SECONDS = 0.1
_BUSY_SECONDS = 20.0
"""How long what a killed run has left may take to notice that it is alone."""
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Task:
    """One file to convert."""

    number: int
    job: Job


@dataclass(frozen=True, slots=True)
class Pause:
    """The work stands still, or goes on."""

    paused: bool


@dataclass(frozen=True, slots=True)
class Began:
    """The first frame of a file is about to be made."""

    frames: int | None
    """In all; None if nobody knows."""
    kept: int
    """Made by earlier runs."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """Some frames of the file are written."""

    frames: int
    """In all, with those of earlier runs."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The file is converted."""

    report: Report


@dataclass(frozen=True, slots=True)
class Failed:
    """The file is not converted, and why."""

    reason: str


Words = Began | Advanced | Ended | Failed


class _Stopped(SystemExit):
    """The parent wants this process to end, or is gone."""


def work(connection: Connection) -> None:
    """Converts what comes through the connection until it is closed.

    SIGTERM ends the work in order: segments that are closed are kept.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says what it means
    if hasattr(signal, "pthread_sigmask"):
        # Blocked while this process started; its own children must hear it.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, _stop)
    begin()
    teller = _Teller(connection)
    while True:
        try:
            words: Task | Pause = connection.recv()
        except (EOFError, OSError):  # the parent is done, or was killed
            return
        if isinstance(words, Task):
            teller.say(_answer(words.job, teller.watcher))


def _answer(job: Job, watcher: Watcher) -> Ended | Failed:
    try:
        return Ended(_made(job, watcher))
    except VidenhanceError as error:
        kept = kept_words(job.target, error)
        return Failed(f"{error}; {kept}" if kept else str(error))


def _made(job: Job, watcher: Watcher) -> Report:
    try:
        return _when_free(job, watcher)
    except OtherWorkError:
        words = (
            "unfinished work of other options, another model, input or processor is "
            "dropped"
        )
        job = replace(job, discard=True, notices=(*job.notices, words))
        return _when_free(job, watcher)


def _when_free(job: Job, watcher: Watcher) -> Report:
    """Waits for what another process, about to end, still holds."""
    last = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            return convert(job, watcher, executor_for)
        except BusyError:
            if time.monotonic() > last:
                raise
            time.sleep(_LOOK_SECONDS)


def _stop(number: int, frame: FrameType | None) -> None:
    del frame
    # A second signal would end the clean-up.
    signal.signal(number, signal.SIG_IGN)
    raise _Stopped(128 + number)


class _Teller:
    """Tells the parent how far a conversion is, and stops when it does."""

    def __init__(self, connection: Connection) -> None:
        self.watcher = Watcher(self._started, self._advanced)
        self._connection, self._told = connection, 0.0

    def say(self, words: Words) -> None:
        try:
            self._connection.send(words)
        except OSError as error:
            raise _Stopped(1) from error

    def _started(self, info: VideoInfo, report: Report) -> None:
        self.say(Began(info.frames, report.frames_kept))

    def _advanced(self, report: Report) -> None:
        now = time.monotonic()
        if now - self._told >= _TELL_SECONDS:
            self._told = now
            self.say(Advanced(report.frames_written))
        try:
            paused = False
            while paused or self._connection.poll():
                paused = self._connection.recv().paused
        except (EOFError, OSError) as error:
            raise _Stopped(1) from error


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
        words = _died_words(member.process.exitcode)
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


def _died_words(code: int | None) -> str:
    """What to say of a process that ended in the midst of a file."""
    if code is not None and code < 0:
        number = -code
        name = signal.Signals(number).name if number in set(signal.Signals) else number
        return printable(f"the process that converted it was ended by {name}")
    return f"the process that converted it ended with exit code {code}"
