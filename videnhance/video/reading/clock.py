"""The rule that gives every picture a time, where the file leaves room.

A picture without a time takes the decoder's, or else the one before plus a frame's
duration; so does one whose time is further away than any video is long. A time that
does not grow becomes one tick more than the one before.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from enum import Enum

from av.video.frame import VideoFrame

from videnhance.frame import Frame

__all__ = ["FAULTS_SAID", "LONGEST_SECONDS", "TimeFault", "timed", "until_next"]

LONGEST_SECONDS = 95443
"""From one frame to the next: what a transport stream's 33 bits count, in 26 hours.
Only a damaged time is further away, and most containers could not hold it."""


class TimeFault(Enum):
    """Why a time is not the file's own."""

    MISSING = "no time"
    BACKWARDS = "not after the one before"
    FAR = "too long after the one before"


FAULTS_SAID = {
    TimeFault.BACKWARDS: (
        "some frames do not follow in time; each is set after the other"
    ),
    TimeFault.FAR: (
        "some frames are set more than a day after the one before; each is set a frame "
        "after it"
    ),
}
"""A file without any times, as raw streams are, is nothing to speak of."""


def timed(
    pictures: Iterable[VideoFrame],
    step: int,
    longest: int,
    made_up: Callable[[TimeFault], None],
) -> Iterator[VideoFrame]:
    """Every picture with a time; times grow strictly.

    `step` is a frame's duration in ticks, for files that do not say, and `longest` the
    ticks that a next frame may be away; `made_up` hears of each time that is not the
    file's.
    """
    last: int | None = None
    for picture in pictures:
        pts, dts = picture.pts, picture.dts
        if pts is None and dts is not None and (last is None or dts > last):
            pts = dts
        elif pts is None:
            pts = 0 if last is None else last + (picture.duration or step)
            made_up(TimeFault.MISSING)
        elif last is not None and pts <= last:
            pts = last + 1
            made_up(TimeFault.BACKWARDS)
        elif last is not None and pts - last > max(longest, step):
            pts = last + step
            made_up(TimeFault.FAR)
        picture.pts = last = pts
        yield picture


def until_next(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames, each shown until the next one; the last as long as its file says.

    Where frames are reordered, an mp4 gives a frame the duration of another.
    """
    held: Frame | None = None
    for frame in frames:
        if held is not None:
            yield replace(held, duration=frame.pts - held.pts)
        held = frame
    if held is not None:
        yield held
