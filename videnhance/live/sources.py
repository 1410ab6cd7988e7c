"""Which live source a word on the command line means."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from videnhance.errors import InputError, UsageError, printable
from videnhance.geometry import Size
from videnhance.live.cameras import Camera, camera_for, cameras
from videnhance.live.capture_client import Feed
from videnhance.live.captured import LiveSource
from videnhance.live.messages import CaptureKind, CaptureOrder
from videnhance.live.pattern import TestPattern
from videnhance.live.player import Player
from videnhance.media.addresses import is_address
from videnhance.media.source import Reading

__all__ = ["Wish", "source_for"]

_SIZE, _RATE = Size(640, 360), 30.0
"""What a camera is asked for, and the test pattern has, unless the user says."""
_DEVICES = Path("/dev")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for of a source."""

    size: Size | None = None
    rate: float | None = None
    loop: bool = False
    video_track: int | None = None
    """Of a file, as in Reading."""

    def __post_init__(self) -> None:
        if self.rate is not None and not 0 < self.rate <= 1000:
            raise UsageError(f"--fps {self.rate:g} is not possible; use 1 to 1000")


def source_for(word: str | None, wish: Wish, pattern: bool = False) -> LiveSource:
    """The source: the test pattern, an address, a file, or a camera (by default 0).

    A file is opened, in a process of its own, the others when they are first asked for
    a picture. Raises InputError or UsageError.
    """
    if pattern:
        if word is not None:
            raise UsageError(
                f"--test-pattern and {printable(word)} are two sources; give one"
            )
        if wish.video_track is not None:
            raise UsageError("--video-track is for files: leave it out")
        rate = Fraction(wish.rate or _RATE).limit_denominator(1001)
        return TestPattern(wish.size or _SIZE, rate)
    word = "0" if word is None else word
    is_file = not is_address(word) and _is_file(word)
    if wish.video_track is not None and not is_file:
        raise UsageError("--video-track is for files: leave it out")
    if is_address(word):
        order = CaptureOrder(CaptureKind.STREAM, word)
        return Feed(order, word, loop=wish.loop)
    if is_file:
        if wish.rate is not None:
            raise UsageError("--fps is for cameras: a file plays at its own rate")
        reading = Reading(video_track=wish.video_track)
        return Player(Path(word), reading, loop=wish.loop)
    return _camera(camera_for(word, cameras()), wish)


def _is_file(word: str) -> bool:
    path = Path(word)
    if path.is_absolute() and path.is_relative_to(_DEVICES):
        return False
    return path.exists() or any(mark in word for mark in (".", "/", "\\"))


def _camera(camera: Camera, wish: Wish) -> Feed:
    size = wish.size or _SIZE
    order = CaptureOrder(
        CaptureKind.CAMERA,
        camera.place,
        size.width,
        size.height,
        wish.rate or _RATE,
    )
    if camera.place.startswith("/") and not Path(camera.place).exists():
        raise InputError(
            f"there is no device {printable(camera.place)}: check the name"
        )
    name = printable(camera.name)
    place = "" if name.endswith(camera.place) else f" ({camera.place})"
    return Feed(order, f"{name}{place}")
