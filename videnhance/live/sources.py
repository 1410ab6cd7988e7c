"""Live sources by their name on the command line, and a moving test pattern."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from videnhance.errors import InputError, UsageError, printable
from videnhance.frame import ColourTags, Frame, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.live.capture_client import CaptureClient
from videnhance.live.captured import (
    TICKS,
    YUV420,
    CapturedFrame,
    CaptureKind,
    CaptureOrder,
    LiveSource,
    Trouble,
    live_info,
    ticks,
)
from videnhance.live.player import Player
from videnhance.media.addresses import is_address
from videnhance.media.source import Reading
from videnhance.system.latest import Wait

__all__ = ["Camera", "TestPattern", "camera_for", "cameras", "listed", "source_for"]

Bytes = npt.NDArray[np.uint8]
"""A plane, H x W."""

_TAGS = ColourTags(range=1, matrix=6)
_DRIFT = 2
"""Pixels a picture."""
_BARS = (
    (180, 128, 128),
    (162, 44, 142),
    (131, 156, 44),
    (112, 72, 58),
    (84, 184, 198),
    (65, 100, 212),
    (35, 212, 114),
)
"""Y, Cb and Cr of the usual colour bars at 75 percent."""
_KNOWN = Path("/sys/class/video4linux")
"""Where Linux tells of them; other systems give numbers only."""
_DEVICES = Path("/dev")
_SIZE, _RATE = Size(640, 360), 30.0
"""What a camera is asked for, and the test pattern has, unless the user says."""


class TestPattern:
    """A LiveSource: rings, lettering and colour bars that drift, and a running ball."""

    __test__ = False  # its name looks like a test's

    def __init__(self, size: Size, rate: Fraction) -> None:
        self.name = "test pattern"
        self.size = Size(size.width // 2 * 2, size.height // 2 * 2)
        self.rate = rate
        self.info: VideoInfo | None = live_info(self.size, rate, tags=_TAGS)
        self._field = _field(self.size)

    def captures(self, wait: Wait) -> Iterator[CapturedFrame | Trouble]:
        """The pictures at their rate; without an end."""
        began, number = time.monotonic(), 0
        while True:
            due = began + float(number / self.rate)
            if wait(max(due - time.monotonic(), 0.0)):
                return
            frame = self.frame(number)
            yield CapturedFrame(frame, due, number, float(number / self.rate))
            # A pattern that was held up leaves out what nobody can see any more.
            behind = int((time.monotonic() - due) * self.rate)
            number += max(behind, 1)

    def frame(self, number: int) -> Frame:
        """The picture of a number."""
        width = self.size.width
        shift = number * _DRIFT % width
        luma: Bytes = np.array(self._field[0][:, shift : shift + width])
        half = shift // 2
        chroma = [np.array(p[:, half : half + width // 2]) for p in self._field[1:]]
        _draw_ball(luma, number)
        return Frame(
            index=number,
            pts=ticks(float(number / self.rate)),
            time_base=TICKS,
            layout=YUV420,
            tags=_TAGS,
            planes=(luma, *chroma),
            duration=ticks(float(1 / self.rate)),
        )


def _field(size: Size) -> list[Bytes]:
    """Twice the picture's width: what drifts by, the same at both ends."""
    luma = _rings(size)
    height, width = luma.shape
    chroma = [np.full((height // 2, width // 2), 128, np.uint8) for _ in range(2)]
    top = height * 3 // 4 // 2 * 2
    edges = [n * width // len(_BARS) // 2 * 2 for n in range(len(_BARS) + 1)]
    for (y, blue, red), left, right in zip(_BARS, edges, edges[1:], strict=False):
        luma[top:, left:right] = y
        chroma[0][top // 2 :, left // 2 : right // 2] = blue
        chroma[1][top // 2 :, left // 2 : right // 2] = red
    _letter(luma, top)
    return [np.concatenate([plane, plane], axis=1) for plane in (luma, *chroma)]


def _rings(size: Size) -> Bytes:
    """Rings that get finer outwards: every direction and every fineness."""
    y, x = np.mgrid[: size.height, : size.width].astype(np.float32)
    squared = (x - size.width / 2) ** 2 + (y - size.height * 0.375) ** 2
    wave = np.cos(squared * np.float32(1.2 / size.height))
    rings: Bytes = (126 + 70 * wave).astype(np.uint8)
    return rings


def _letter(luma: Bytes, top: int) -> None:
    image = Image.fromarray(luma)
    draw = ImageDraw.Draw(image)
    for row, share in enumerate((16, 24, 36)):
        font = ImageFont.load_default(max(luma.shape[0] // share, 6))
        place = luma.shape[1] // 20, top // 8 + row * top // 6
        draw.text(place, "videnhance  0123456789", 235, font, stroke_width=0)
    luma[:] = np.asarray(image)


def _draw_ball(luma: Bytes, number: int) -> None:
    height, width = luma.shape
    radius = max(height // 14, 2)
    x = radius + int((width - 2 * radius) * abs((number * 0.006) % 2 - 1))
    y = radius + int((height - 2 * radius) * abs((number * 0.011) % 2 - 1))
    rows, columns = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    disc = rows**2 + columns**2 <= radius**2
    top, left = max(y - radius, 0), max(x - radius, 0)
    part = luma[top : y + radius + 1, left : x + radius + 1]
    part[disc[: part.shape[0], : part.shape[1]]] = 235


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
    return _camera(camera_for(word, cameras()), size or _SIZE, rate=rate or _RATE)


def _is_file(word: str) -> bool:
    path = Path(word)
    if path.is_absolute() and path.is_relative_to(_DEVICES):
        return False
    return path.exists() or any(mark in word for mark in (".", "/", "\\"))


def _camera(camera: Camera, size: Size, *, rate: float) -> CaptureClient:
    place = camera.place
    if place.startswith("/") and not Path(place).exists():
        raise InputError(f"there is no device {printable(place)}: check the name")
    order = CaptureOrder(CaptureKind.CAMERA, place, size.width, size.height, rate)
    name = printable(camera.name)
    return CaptureClient(order, name if name.endswith(place) else f"{name} ({place})")
