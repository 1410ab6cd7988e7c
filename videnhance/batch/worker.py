"""A process that converts one file after the other, and tells of each.

Loading what it needs takes seconds, so it stays; what a file does to it, it does to no
other process.
"""

import signal
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from types import FrameType

from videnhance.conversion.job import Job
from videnhance.conversion.run import Watcher, convert
from videnhance.conversion.workdir import kept_words
from videnhance.errors import BusyError, OtherWorkError, VidenhanceError, printable
from videnhance.frame import VideoInfo
from videnhance.report import Report

__all__ = [
    "Advanced",
    "Began",
    "Ended",
    "Failed",
    "Pause",
    "Task",
    "died_words",
    "work",
]

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
            return convert(job, watcher)
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

    def say(self, words: Began | Advanced | Ended | Failed) -> None:
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


def died_words(code: int | None) -> str:
    """What to say of a process that ended in the midst of a file."""
    if code is not None and code < 0:
        number = -code
        name = signal.Signals(number).name if number in set(signal.Signals) else number
        return printable(f"the process that converted it was ended by {name}")
    return f"the process that converted it ended with exit code {code}"
