"""What a capturing child and its parent say to each other."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from videnhance.frame import ColourTags

__all__ = ["ENDED", "CaptureKind", "CaptureOrder", "Picture"]


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
