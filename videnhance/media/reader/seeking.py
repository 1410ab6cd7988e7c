"""Finding one's place again: do the frames come that came before?"""

import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path

from av.video.frame import VideoFrame

from videnhance.errors import InputError, printable
from videnhance.frame import Frame
from videnhance.media.source import ResumePoint

__all__ = [
    "LEAD_FRAMES",
    "LONGEST_TAIL",
    "Match",
    "check_tail",
    "frame_checksum",
    "from_shortly_before",
    "recognized",
]

LEAD_FRAMES = 2
"""Frames before the place that are needed to make the same ones: deinterlacing looks at
the frame before, and the first frame of all has none."""
LONGEST_TAIL = 16
"""Frames by which a place is known: more than a decoder holds references."""


class Match(Enum):
    """How much the frames that come are like the ones that are remembered."""

    SAME = "the same times and samples"
    TIMES = "the same times, other samples"
    OTHER = "another place or video"


def frame_checksum(frame: Frame) -> int:
    """CRC-32 of the samples of the frame's first plane."""
    return zlib.crc32(frame.planes[0].tobytes())


def recognized(frames: Iterator[Frame], mark: ResumePoint) -> Match:
    """Whether the frames lead past the mark; if so, the next one is the first after it.

    The tail must come whole, in order.
    """
    first_pts, samples = mark.tail[0][0], Match.SAME
    known = iter(mark.tail)
    for frame in frames:
        if frame.pts < first_pts:
            continue
        pts, checksum = next(known)
        if frame.pts != pts:
            return Match.OTHER
        if frame_checksum(frame) != checksum:
            samples = Match.TIMES
        if pts == mark.tail[-1][0]:
            return samples
    return Match.OTHER


def check_tail(frames: Iterable[Frame], mark: ResumePoint, *, path: Path) -> None:
    """Raises InputError unless these are the frames that the mark remembers."""
    if tuple((frame.pts, frame_checksum(frame)) for frame in frames) != mark.tail:
        raise InputError(
            f"{printable(path)} is not what the unfinished work was made from: start "
            "over with --discard",
            cause_stays=True,
        )


def from_shortly_before(
    pictures: Iterable[VideoFrame], pts: int
) -> Iterator[VideoFrame]:
    """The pictures from `LEAD_FRAMES` before the time `pts`, in ticks."""
    rest = iter(pictures)
    held: deque[VideoFrame] = deque(maxlen=LEAD_FRAMES)
    for picture in rest:
        if picture.pts is not None and picture.pts >= pts:
            yield from held
            yield picture
            break
        held.append(picture)
    yield from rest
