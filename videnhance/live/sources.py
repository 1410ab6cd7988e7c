"""Live sources by their name on the command line."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from videnhance.errors import InputError, UsageError, printable
from videnhance.geometry import Size
from videnhance.live.capture_client import CaptureClient
from videnhance.live.captured import (
    CaptureKind,
    CaptureOrder,
    LiveSource,
)
from videnhance.live.pattern import TestPattern
from videnhance.live.player import Player
from videnhance.media.addresses import is_address
from videnhance.media.source import Reading

__all__ = [
    "Camera",
    "camera_for",
    "cameras",
    "listed",
    "source_for",
]

_KNOWN = Path("/sys/class/video4linux")
"""Where Linux tells of them; other systems give numbers only."""
_DEVICES = Path("/dev")


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera."""

    place: str
    """Its number, or the path of its device."""
    name: str

    def __str__(self) -> str:
        return f"{self.place}  {printable(self.name)}"


def cameras(known: Path = _KNOWN) -> list[Camera]:
    """The cameras that the system names, by number."""
    found = []
    for folder in known.glob("video*"):
        number = folder.name.removeprefix("video")
        # A camera's further devices deliver facts about pictures, not pictures.
        if number.isdecimal() and _text(folder / "index") in ("0", ""):
            found.append(Camera(number, _text(folder / "name") or folder.name))
    return sorted(found, key=lambda camera: int(camera.place))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def camera_for(word: str, found: list[Camera]) -> Camera:
    """The camera that a number, a device path or (a part of) a name means.

    Raises InputError for a name that none, or more than one, has. Whether a number or
    a path is there, opening it tells.
    """
    if word.isdecimal():
        named = {camera.place: camera.name for camera in found}
        return Camera(word, named.get(word, f"camera {word}"))
    if Path(word).is_relative_to(_DEVICES):
        return Camera(word, word)
    fitting = [camera for camera in found if word.lower() in camera.name.lower()]
    if len(fitting) == 1:
        return fitting[0]
    many = "more than one camera is" if fitting else "there is no file or camera"
    raise InputError(f"{many} called {printable(word)}; {listed(fitting or found)}")


def listed(found: list[Camera]) -> str:
    """The cameras in words, for a message."""
    if not found:
        return (
            "no camera is named by the system: plug one in, or name a file, an address "
            "(rtsp://, http://), or --test-pattern"
        )
    return "cameras: " + ", ".join(map(str, found))


_SIZE, _RATE = Size(640, 360), 30.0
"""What a camera is asked for, and the test pattern has, unless the user says."""
_DEVICES = Path("/dev")


def source_for(
    word: str | None,
    *,
    pattern: bool = False,
    size: Size | None = None,
    rate: float | None = None,
    loop: bool = False,
    video_track: int | None = None,
) -> LiveSource:
    """The source: the test pattern, an address, a file, or a camera (by default 0).

    `size` and `rate` are asked of a camera; `video_track` is of a file, as in Reading.
    A file is opened, in a child process, the others when they are first asked for a
    picture. Raises InputError or UsageError.
    """
    if rate is not None and not 0 < rate <= 1000:
        raise UsageError(f"--fps {rate:g} is not possible; use 1 to 1000")
    if pattern and word is not None:
        raise UsageError(
            f"--test-pattern and {printable(word)} are two sources; give one"
        )
    word = "0" if word is None else word
    streams = not pattern and is_address(word)
    is_file = not pattern and not streams and _is_file(word)
    if video_track is not None and not is_file:
        raise UsageError("--video-track is for files: leave it out")
    if pattern:
        exact = Fraction(rate or _RATE).limit_denominator(1001)
        return TestPattern(size or _SIZE, exact)
    if streams:
        return CaptureClient(CaptureOrder(CaptureKind.STREAM, word), word, loop=loop)
    if is_file:
        if rate is not None:
            raise UsageError("--fps is for cameras: a file plays at its own rate")
        return Player(Path(word), Reading(video_track=video_track), loop=loop)
    return _camera(camera_for(word, cameras()), size or _SIZE, rate or _RATE)


def _is_file(word: str) -> bool:
    path = Path(word)
    if path.is_absolute() and path.is_relative_to(_DEVICES):
        return False
    return path.exists() or any(mark in word for mark in (".", "/", "\\"))


def _camera(camera: Camera, size: Size, rate: float) -> CaptureClient:
    place = camera.place
    if place.startswith("/") and not Path(place).exists():
        raise InputError(f"there is no device {printable(place)}: check the name")
    order = CaptureOrder(CaptureKind.CAMERA, place, size.width, size.height, rate)
    name = printable(camera.name)
    return CaptureClient(order, name if name.endswith(place) else f"{name} ({place})")
