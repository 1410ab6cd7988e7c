"""A moving test pattern: works everywhere, and has detail for the network."""

import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from videnhance.frame import ColourTags, Frame, VideoInfo
from videnhance.geometry import Size
from videnhance.live.captured import (
    TICKS,
    YUV420,
    CapturedFrame,
    Trouble,
    live_info,
    ticks,
)
from videnhance.system.latest import Wait

__all__ = ["TestPattern"]

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


class TestPattern:
    """A LiveSource: rings, lettering and colour bars that drift, and a running ball."""

    __test__ = False  # its name looks like a test's

    def __init__(self, size: Size, rate: Fraction) -> None:
        self.name = "test pattern"
        self.size = Size(size.width // 2 * 2, size.height // 2 * 2)
        self.rate = rate
        self.info: VideoInfo | None = live_info(self.size, rate, _TAGS)
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
