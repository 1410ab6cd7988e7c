"""A video file as a live source: at its own rate, with pause, jumps and repetition."""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf
from pathlib import Path

from videnhance.errors import UsageError
from videnhance.frame import Frame, VideoInfo
from videnhance.live.captured import CapturedFrame, Trouble
from videnhance.media.open_any import is_video_file, opened
from videnhance.media.protocols import FrameSource
from videnhance.media.sandbox.isolated import probed_safely
from videnhance.media.source import Reading, Source, Span
from videnhance.media.times.timeline import timeline_of
from videnhance.system.latest import Wait

__all__ = ["Player", "WhenLate"]

_STEP_SECONDS = 0.02
"""How often a player that waits looks whether it was told something."""
_LATEST_SECONDS = 0.1
"""By how much a picture may be late before the file plays slower instead."""
_LEAD_SECONDS = 0.12
"""What is decoded before the place of a jump, so that motion is known there."""


class WhenLate(Enum):
    """What a player does when nobody takes its pictures in time."""

    GO_ON = "go on"
    """As a camera does: pictures are left out later on."""
    WAIT = "wait"
    """Every picture counts: the file plays slower."""


class _Turn(Enum):
    """Why the reading stops."""

    CLOSED = "closed"
    MOVED = "moved"
    ENDED = "ended"


@dataclass(slots=True)
class Player:
    """A LiveSource of a file, also of a picture. Another thread tells it what to do.

    The file is first opened in a child process, as for a conversion. Raises InputError.
    """

    path: Path
    reading: Reading = field(default_factory=Reading)
    start_seconds: float = 0.0
    loop: bool = False
    when_late: WhenLate = WhenLate.GO_ON
    stays: bool = False
    """Whether it waits at the end of the file to be told where to go."""
    paused: bool = False
    at_end: bool = field(default=False, init=False)
    """Whether it has come to the end of the file, and waits."""
    info: VideoInfo = field(init=False)
    _goal: float | None = field(default=None, init=False)
    """Where to go on, in seconds; None where it is."""
    _steps: int = field(default=0, init=False)
    """Pictures that are wanted in spite of the pause."""
    _again: bool = field(default=False, init=False)
    _number: int = field(default=0, init=False)
    _run: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if is_video_file(self.path):
            self.info = probed_safely(
                self.path, self.reading, timeline=timeline_of(self.path)
            )
        else:
            with opened(self.path, None, self.reading) as pictures:
                self.info = pictures.info

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def source(self) -> Source:
        """The file, and the track of it that is played."""
        return Source(self.path, video_track=self.reading.video_track)

    def go_to(self, seconds: float) -> None:
        """Goes on there."""
        last = (self.info.duration_seconds or inf) - 2 * _LEAD_SECONDS
        self._goal = max(min(seconds, last), 0.0)

    def step(self) -> None:
        """Gives one more picture while it is paused."""
        self._steps += 1

    def repeat(self) -> None:
        """Gives the present picture once more, if it is paused or at the end."""
        self._again = True

    def captures(self, wait: Wait) -> Iterator[CapturedFrame | Trouble]:
        """The pictures when they are due, or soon after."""
        place, clock = self.start_seconds, _Clock()
        while True:
            with self._opened(place) as reader:
                turn = yield from self._played(reader, place, clock=clock, wait=wait)
            if turn is _Turn.CLOSED:
                return
            if turn is _Turn.ENDED:
                if not self.loop:
                    return
            else:
                clock.stop()
            place, self._goal = self._goal or 0.0, None

    def _opened(self, place: float) -> FrameSource:
        """The file from shortly before a place, or from its front if it is shorter."""
        try:
            lead = max(place - _LEAD_SECONDS, 0.0)
            return opened(self.path, Span(lead), self.reading)
        except UsageError:  # sound can go on when the pictures have ended
            return opened(self.path, None, self.reading)

    def _played(
        self, reader: FrameSource, place: float, *, clock: "_Clock", wait: Wait
    ) -> Generator[CapturedFrame, None, _Turn]:
        capture, arrived = None, clock.zero is not None
        self._run += 1
        zero = self.info.start_seconds
        for frame in reader:
            seconds = float(frame.pts * frame.time_base - zero)
            if seconds < place - _LEAD_SECONDS:
                continue
            # What leads there, and the picture of the place itself, is due at once.
            if arrived:
                turn = yield from self._until(clock, seconds, last=capture, wait=wait)
                if turn is not None:
                    return turn
            elif wait(0):
                return _Turn.CLOSED
            elif seconds >= place:
                clock.set(seconds)
                arrived = True
            capture = self._capture(frame, clock.captured(seconds), seconds=seconds)
            yield capture
        if capture is not None:
            end = capture.seconds + self._duration(capture.frame)
            turn = yield from self._until(clock, end, last=capture, wait=wait)
            if turn is not None:
                return turn
            if self.loop:
                # To open it again takes longer than there is between two pictures.
                clock.go_back(end)
        while self.stays and not self.loop:
            self.at_end = True
            if wait(_STEP_SECONDS):
                return _Turn.CLOSED
            yield from self._repeated(capture)
            if self._goal is not None:
                self.at_end = False
                return _Turn.MOVED
        return _Turn.ENDED

    def _until(
        self, clock: "_Clock", seconds: float, *, last: CapturedFrame | None, wait: Wait
    ) -> Generator[CapturedFrame, None, _Turn | None]:
        """Waits until it is time for the picture there; gives why it may not come."""
        while True:
            if self._goal is not None:
                return _Turn.MOVED
            yield from self._repeated(last)
            if self.paused and last is not None:
                if self._steps:
                    self._steps -= 1
                    clock.set(seconds)
                    return None
                clock.stop()
                left = _STEP_SECONDS
            else:
                self._steps = 0
                left = clock.left(seconds, self.when_late)
            if left <= 0:
                return _Turn.CLOSED if wait(0) else None
            if wait(min(left, _STEP_SECONDS)):
                return _Turn.CLOSED

    def _repeated(self, capture: CapturedFrame | None) -> Iterator[CapturedFrame]:
        if self._again and capture is not None:
            self._again = False
            yield replace(capture, captured=time.monotonic(), again=True)

    def _duration(self, frame: Frame) -> float:
        if frame.duration:
            return float(frame.duration * frame.time_base)
        return float(1 / self.info.rate) if self.info.rate else 0.0

    def _capture(
        self, frame: Frame, captured: float, *, seconds: float
    ) -> CapturedFrame:
        number, self._number = self._number, self._number + 1
        return CapturedFrame(frame, captured, number, seconds, run=self._run)


@dataclass(slots=True)
class _Clock:
    """When a place of the file is due."""

    zero: float | None = None
    """When the file's place 0 was, or would have been; None: the clock stands."""

    def stop(self) -> None:
        self.zero = None

    def set(self, seconds: float) -> None:
        self.zero = time.monotonic() - seconds

    def go_back(self, seconds: float) -> None:
        """Its place `seconds` is where the file begins anew."""
        if self.zero is not None:
            self.zero += seconds

    def left(self, seconds: float, when_late: WhenLate) -> float:
        """Seconds until the place is due; starts a clock that stands."""
        now = time.monotonic()
        if self.zero is None:
            self.set(seconds)
            return 0.0
        left = self.zero + seconds - now
        most = 0.0 if when_late is WhenLate.WAIT else _LATEST_SECONDS
        if left < -most:
            self.zero -= left  # or the delay would grow
            return 0.0
        return left

    def captured(self, seconds: float) -> float:
        """When the place was due."""
        now = time.monotonic()
        return now if self.zero is None else min(self.zero + seconds, now)
