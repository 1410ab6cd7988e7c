"""Panels of text, drawn once by Pillow with the type that it brings, then stamped."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from videnhance.frame import Pixels
from videnhance.frame.geometry import Size

__all__ = ["ACCENT", "DIM", "WARNING", "WHITE", "Cell", "Label", "label", "stamped"]

WHITE, DIM = (245, 245, 245), (172, 165, 160)
ACCENT, WARNING = (255, 200, 90), (90, 200, 255)
"""B G R."""
_GROUND = (24, 20, 18)
_OPACITY = 208
_FINE = 4
"""Times that a ground is drawn larger."""
_STEP = 16
"""Pixels that panels grow by: words that change seldom need another ground."""
_KEY_PAD = 5
_HALF = 127


@dataclass(frozen=True, slots=True)
class Cell:
    """A word, or a few, in one colour."""

    words: str
    colour: tuple[int, int, int] = WHITE
    key: bool = False
    """Shown as a key of the keyboard."""


Row = tuple[Cell, ...]
Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True)
class Label:
    """A drawn panel: its colours times its opacity, and what shines through it."""

    light: npt.NDArray[np.uint16] = field(repr=False)
    """H x W x 3, colours (0 to 255) times opacity (0 to 255), and a half of 255."""
    through: npt.NDArray[np.uint16] = field(repr=False)
    """H x W x 3, 255 minus opacity."""

    @property
    def size(self) -> Size:
        """In pixels."""
        height, width = self.light.shape[:2]
        return Size(width, height)


@lru_cache(maxsize=64)
def label(rows: tuple[Row, ...], points: int = 15) -> Label:
    """A panel: rows of cells in columns; `points` is the size of the type."""
    font = _font(points)
    pad, gap, line = int(points * 0.8), points, int(points * 1.6)
    widths = _widths(rows, points)
    width = 2 * pad + sum(widths) + gap * (len(widths) - 1)
    height = 2 * pad + line * len(rows)
    image = _ground(-(-width // _STEP) * _STEP, height, points // 2).copy()
    draw = ImageDraw.Draw(image)
    for number, row in enumerate(rows):
        x, middle = pad, pad + line * number + line // 2
        for cell, wide in zip(row, widths, strict=False):
            if cell.key:
                _draw_key(draw, cell.words, place=(x, middle), font=font)
            elif cell.words:
                mask = _mask(cell.words, points)
                place = x - _KEY_PAD, middle - line // 2
                image.paste((*cell.colour, 255), place, mask)
            x += wide + gap
    pixels = np.asarray(image)
    opacity = pixels[..., 3:].astype(np.uint16).repeat(3, axis=2)
    # What rounds when it is divided is added once, here.
    light = pixels[..., :3] * opacity + _HALF
    return Label(light, 255 - opacity)


@lru_cache(maxsize=16)
def _ground(width: int, height: int, radius: int) -> Image.Image:
    """A panel without words; drawn larger and brought down, for round corners."""
    large = Image.new("RGBA", (width * _FINE, height * _FINE), (*_GROUND, 0))
    box = 0, 0, large.width - 1, large.height - 1
    shape = ImageDraw.Draw(large)
    shape.rounded_rectangle(box, radius * _FINE, (*_GROUND, _OPACITY))
    return large.resize((width, height), Image.Resampling.BOX)


@lru_cache(maxsize=256)
def _mask(words: str, points: int) -> Image.Image:
    """The words in a line, a little from its left end; most panels have them again."""
    font = _font(points)
    size = _length(words, points) + 3 * _KEY_PAD, int(points * 1.6)
    mask = Image.new("L", size)
    place = _KEY_PAD, size[1] // 2
    ImageDraw.Draw(mask).text(place, words, 255, font, "lm")
    return mask


@lru_cache(maxsize=1024)
def _length(words: str, points: int) -> int:
    """Pixels of the words in a line."""
    return int(_font(points).getlength(words))


@cache
def _font(size: int) -> Font:
    return ImageFont.load_default(size)


def _widths(rows: Sequence[Row], points: int) -> list[int]:
    columns = max(map(len, rows))
    widths = [0] * columns
    for row in rows:
        # The last cell of a short row may run across.
        for number, cell in enumerate(row):
            if number == len(row) - 1 and number < columns - 1:
                continue
            wide = _length(cell.words, points) + 2 * _KEY_PAD * cell.key
            widths[number] = max(widths[number], wide)
    for row in rows:
        length = sum(widths[: len(row) - 1]) + _length(row[-1].words, points)
        widths[-1] += max(length - sum(widths), 0)
    return widths


def _draw_key(
    draw: ImageDraw.ImageDraw, words: str, *, place: tuple[int, int], font: Font
) -> None:
    x, middle = place
    wide, high = int(font.getlength(words)), int(font.getbbox("Hg")[3]) + 3
    box = x, middle - high // 2, x + wide + 2 * _KEY_PAD, middle + high // 2
    draw.rounded_rectangle(box, 4, (70, 62, 58, 255), (120, 112, 108, 255), 1)
    draw.text((x + _KEY_PAD, middle), words, (*WHITE, 255), font, "lm")


def stamped(canvas: Pixels, panel: Label, x: int, y: int) -> None:
    """Draws a panel onto the canvas, as much of it as there is room for."""
    rows = slice(max(y, 0), max(y, 0) + panel.size.height)
    columns = slice(max(x, 0), max(x, 0) + panel.size.width)
    under = canvas[rows, columns]
    height, width = under.shape[:2]
    mixed = under * panel.through[:height, :width]
    mixed += panel.light[:height, :width]
    # A 255th, whole: what it is for all sums that there are.
    mixed += (mixed >> 8) + np.uint16(1)
    mixed >>= 8
    under[:] = mixed
