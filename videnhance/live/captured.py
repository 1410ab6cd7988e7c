"""What a live source gives, and what a capturing child and its parent exchange."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Protocol

from videnhance.frame import ColourTags, Family, Frame, Layout, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.system.latest import Wait

__all__ = [
    "ENDED",
    "TICKS",
    "YUV420",
    "CaptureKind",
    "CaptureOrder",
    "CapturedFrame",
    "LiveSource",
    "Picture",
    "Ticker",
    "Trouble",
    "live_info",
    "ticks",
]

YUV420 = Layout("yuv420p", Family.YUV, 8, (1, 1))
"""What cameras, streams and the test pattern deliver."""
TICKS = Fraction(1, 90_000)
"""Seconds of a tick of times that come from the clock."""


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """One picture of a live source."""

    frame: Frame
    captured: float
    """When it was taken, or due, in seconds of `time.monotonic`."""
    number: int
    """Counted by the source from 0; what is dropped on the way leaves gaps."""
    seconds: float = 0.0
    """Its place in a file."""
    again: bool = False
    """The same moment as the capture before it, asked for once more."""
    run: int = 0
    """Captures of a run follow each other in time; a jump or a loss begins another."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no picture, in words for the window; the source tries again."""

    words: str


class LiveSource(Protocol):
    """A camera, a stream, a file or a pattern, as pictures at their own rate."""

    @property
    def name(self) -> str:
        """What the user knows it by."""
        ...

    @property
    def info(self) -> VideoInfo | None:
        """What is known of the pictures; None before the first one of a camera."""
        ...

    def captures(self, wait: Wait) -> Iterator[CapturedFrame | Trouble]:
        """The pictures, each when it is due; ends when `wait` tells of closing.

        Raises a VidenhanceError if there never was a picture.
        """
        ...


def live_info(
    size: Size,
    rate: Fraction,
    *,
    tags: ColourTags | None = None,
    aspect: Fraction | None = None,
) -> VideoInfo:
    """What is known of pictures without a file; a rate of 0 is unknown."""
    return VideoInfo(
        size=size,
        layout=YUV420,
        source_format=YUV420.name,
        codec="rawvideo",
        rate=rate,
        time_base=TICKS,
        frames=None,
        duration_seconds=None,
        tags=tags or ColourTags(),
        sample_aspect_ratio=aspect,
        rotation_degrees=0,
    )


@dataclass(slots=True)
class Ticker:
    """Times in ticks from the clock, from 0 and always growing."""

    began: float | None = None
    last: int = field(default=-1)

    def __call__(self, captured: float) -> int:
        """The time of a picture that was taken then."""
        if self.began is None:
            self.began = captured
        self.last = max(ticks(captured - self.began), self.last + 1)
        return self.last


def ticks(seconds: float) -> int:
    """Whole ticks in so many seconds."""
    return round(seconds / TICKS)


ENDED = "End"
"""The kind of failure that is none: a stream has come to its end."""


class CaptureKind(Enum):
    """What is captured."""

    CAMERA = "camera"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class CaptureOrder:
    """Parent: capture this."""

    kind: CaptureKind
    place: str
    """A camera's number or device path; a stream's address."""
    width: int | None = None
    """Of a camera's pictures, as asked for; None leaves it to the camera."""
    height: int | None = None
    rate: float | None = None
    """Pictures a second, as asked for."""
    lifeline: int = -1
    """Descriptor of a pipe that closes when the parent ends; -1 if there is none."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Child: a picture, whose planes (Y, U, V of 4:2:0, 8 bits) follow as bytes."""

    captured: float
    """Seconds of `time.monotonic`, which is one clock for all processes."""
    width: int
    height: int
    tags: ColourTags
    aspect: Fraction | None = None
    rate: Fraction = Fraction(0)
    """As the source says; 0 if it does not."""
