"""How far some work is, how long it will take, and when to say so in a log."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from videnhance.errors import counted
from videnhance.report import Progress

__all__ = ["Course", "clock_words"]

_LINE_SECONDS = 10.0
_STEP = 0.05
"""Of the work, or of the time so far: a day's log has fewer than 150 lines."""


@dataclass(slots=True)
class Course:
    """The course of work from its first frame on; takes its time from `clock`."""

    total: int | None
    """Frames in all; None if nobody knows."""
    kept: int = 0
    """Of these, what earlier runs had made."""
    clock: Callable[[], float] = time.monotonic
    frames: int = 0
    """Made by now, `kept` among them."""
    _began: float = field(init=False)
    _line: tuple[float, float] = (0.0, 0.0)
    """Seconds and share at the last line of the log."""

    def __post_init__(self) -> None:
        self._began, self.frames = self.clock(), self.kept
        self._line = 0.0, self.share or 0.0

    def stood(self, seconds: float) -> None:
        """The work stood still for so long."""
        self._began += seconds

    @property
    def seconds(self) -> float:
        """Worked so far."""
        return self.clock() - self._began

    @property
    def progress(self) -> Progress:
        """Where it is now."""
        return Progress(self.frames, self.kept, self.total, self.seconds)

    @property
    def share(self) -> float | None:
        """What is made, 0 to 1; None if nobody knows how much there is."""
        return self.progress.share

    @property
    def frames_per_second(self) -> float:
        """The pace so far."""
        return self.progress.frames_per_second

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None if nothing tells yet."""
        return self.progress.seconds_left

    @property
    def words(self) -> str:
        """Where it is, for a log."""
        done = counted(self.frames, "frame")
        if self.total:
            done = f"{self.share:.0%}, {self.frames} of {counted(self.total, 'frame')}"
        left = self.seconds_left
        rest = "" if left is None else f", {clock_words(left)} left"
        return f"{done}, {self.frames_per_second:.3g} a second{rest}"

    def wants_line(self) -> bool:
        """Whether a log is to have a line now; then it counts as written.

        Every 10 s at first, and later as soon as a twentieth more is done or passed.
        """
        seconds, share = self.seconds, self.share or 0.0
        passed = seconds - self._line[0]
        grown = share - self._line[1] >= _STEP or passed >= _STEP * seconds
        if passed < _LINE_SECONDS or not grown:
            return False
        self._line = seconds, share
        return True


def clock_words(seconds: float) -> str:
    """A time as a clock shows it: 2:05, or 1:00:00."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
