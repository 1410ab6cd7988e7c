"""The processes that convert, one file after the other each, and tell of it.

Loading what it needs takes seconds, so a process stays. One that dies takes its file
with it and nothing else; another takes its place.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

from videnhance.cluster.executor import executor_for
from videnhance.conversion.executor import Executor, Watcher
from videnhance.conversion.job import Job
from videnhance.conversion.run import convert
from videnhance.conversion.workdir import kept_words
from videnhance.errors import BusyError, OtherWorkError, VidenhanceError
from videnhance.frame import VideoInfo
from videnhance.pipeline.report import Report
from videnhance.system.processes import (
    Stopped,
    WorkerProcess,
    obeys_its_parent,
    readable,
)
from videnhance.system.startup import begin

__all__ = [
    "Advanced",
    "Began",
    "Ended",
    "Failed",
    "Pause",
    "Said",
    "Task",
    "Teller",
    "WorkerPool",
    "answer",
    "work",
]

_END_SECONDS = 20.0
"""How long all processes may take to end in order: they close an encoder."""
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
    """The work stands still, or goes on; said back as soon as it does."""

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

ExecutorFor = Callable[[Job], AbstractContextManager[Executor]]
"""Who makes the frames of a job."""


def work(connection: Connection) -> None:
    """Converts what comes through the connection until it is closed.

    SIGTERM ends the work in order: segments that are closed are kept.
    """
    obeys_its_parent()
    begin()
    teller = Teller(connection)
    while True:
        try:
            words: Task | Pause = connection.recv()
        except (EOFError, OSError):  # the parent is done, or was killed
            return
        if isinstance(words, Task):
            teller.say(answer(words.job, teller.watcher))


def answer(
    job: Job, watcher: Watcher, by: ExecutorFor = executor_for
) -> Ended | Failed:
    """What became of a job; unfinished work of other options is dropped."""
    try:
        return Ended(_made(job, watcher, by))
    except VidenhanceError as error:
        kept = kept_words(job.target, error)
        return Failed(f"{error}; {kept}" if kept else str(error))


def _made(job: Job, watcher: Watcher, by: ExecutorFor) -> Report:
    try:
        return _when_free(job, watcher, by)
    except OtherWorkError:
        words = (
            "unfinished work of other options, another model, input or processor is "
            "dropped"
        )
        options = replace(job.options, discard=True)
        job = replace(job, options=options, notices=(*job.notices, words))
        return _when_free(job, watcher, by)


def _when_free(job: Job, watcher: Watcher, by: ExecutorFor) -> Report:
    """Waits for what another process, about to end, still holds."""
    last = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            return convert(job, watcher, by)
        except BusyError:
            if time.monotonic() > last:
                raise
            time.sleep(_LOOK_SECONDS)


class Teller:
    """Tells the parent how far a conversion is, and stops when it does."""

    def __init__(self, connection: Connection) -> None:
        self.watcher = Watcher(self._started, self._advanced)
        self._connection, self._told = connection, 0.0

    def say(self, words: object) -> None:
        """Tells the parent; ends this process if it is gone."""
        try:
            self._connection.send(words)
        except OSError as error:
            raise Stopped(1) from error

    def _started(self, info: VideoInfo, report: Report) -> None:
        self.say(Began(info.frames, report.frames_kept))

    def _advanced(self, report: Report) -> None:
        now = time.monotonic()
        if now - self._told >= _TELL_SECONDS:
            self._told = now
            self.say(Advanced(report.frames_written))
        self.obey()

    def obey(self, hold: Callable[[bool], None] = lambda _: None) -> None:
        """Stands still as long as the parent wants it; `hold` is told of both turns.

        Ends this process if the parent is gone.
        """
        try:
            paused = False
            while paused or self._connection.poll():
                words: Pause = self._connection.recv()
                paused = words.paused
                hold(paused)
                self.say(words)
        except (EOFError, OSError) as error:
            raise Stopped(1) from error


@dataclass(frozen=True, slots=True)
class Said:
    """What is told of the task with this number."""

    number: int
    words: Words


@dataclass(slots=True)
class _Member:
    process: WorkerProcess
    task: int | None = None


class WorkerPool:
    """At most `jobs` processes, started when they are needed; `with` ends them."""

    def __init__(self, jobs: int, target: Callable[[Connection], None] = work) -> None:
        """`target` is what a process runs with its end of the connection."""
        self.jobs = jobs
        self._target = target
        self._members: list[_Member] = []

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *error: object) -> None:
        """Ends every process in order; what is closed of their work is kept."""
        for member in self._members:
            if member.task is not None:
                member.process.stop()
            member.process.connection.close()
        last = time.monotonic() + _END_SECONDS
        for member in self._members:
            member.process.end(last)
        self._members.clear()

    @property
    def free(self) -> int:
        """How many more tasks can be started."""
        return self.jobs - sum(m.task is not None for m in self._members)

    def start(self, number: int, job: Job) -> None:
        """Gives a free process a task, the number of which comes back with the words
        that are told of it."""
        free = [m for m in self._members if m.task is None]
        for dead in [m for m in free if not m.process.is_alive]:
            self._buried(dead)
            free.remove(dead)
        member = free[0] if free else self._hired()
        member.task = number
        member.process.tell(Task(number, job))

    def pause(self, paused: bool) -> None:
        """Lets all work stand still after the frame that it is at, or go on."""
        for member in self._members:
            member.process.tell(Pause(paused))

    def hear(self, seconds: float) -> list[Said]:
        """What is told, waited for at most so long."""
        by_process = {m.process: m for m in self._members}
        told = readable(list(by_process), seconds)
        said = [self._heard(by_process[process]) for process in told]
        return [words for words in said if words is not None]

    def _hired(self) -> _Member:
        member = _Member(WorkerProcess(self._target))
        self._members.append(member)
        return member

    def _heard(self, member: _Member) -> Said | None:
        number = member.task
        try:
            words: Words | Pause = member.process.connection.recv()
        except (EOFError, OSError):
            return self._buried(member)
        if isinstance(words, Ended | Failed):
            member.task = None
        if number is None or isinstance(words, Pause):
            return None
        return Said(number, words)

    def _buried(self, member: _Member) -> Said | None:
        """Takes a process that has died off the list."""
        words = member.process.end(time.monotonic() + _END_SECONDS)
        self._members.remove(member)
        failed = Failed(f"the process that converted it {words}")
        return None if member.task is None else Said(member.task, failed)
