"""Draws a picture before and after: split, side by side, difference, loupe."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import gcd

import cv2
import numpy as np

from videnhance.frame import Pixels
from videnhance.frame.geometry import Region, Size

__all__ = [
    "Pair",
    "Placed",
    "View",
    "ViewState",
    "blank",
    "difference_gain",
    "draw_loupe",
    "drawn",
    "fitted",
    "natural",
]


@dataclass(frozen=True, slots=True)
class Placed:
    """A part of a picture (`source`, in its pixels) that fills a part of the window."""

    source: Region
    place: Region

    def pixel_at(self, x: float, y: float) -> tuple[float, float]:
        """The picture's pixel at a place of the window; may lie outside of it."""
        across = (x - self.place.x) / self.place.width
        down = (y - self.place.y) / self.place.height
        return (
            self.source.x + across * self.source.width,
            self.source.y + down * self.source.height,
        )


def fitted(picture: Size, shape: Fraction, *, room: Region) -> Placed:
    """The whole picture, as large as the room allows, in its middle.

    `shape` is width to height of a pixel.
    """
    width, height = float(picture.width * shape), float(picture.height)
    factor = min(room.width / width, room.height / height)
    shown = Size(
        min(max(round(width * factor), 1), room.width),
        min(max(round(height * factor), 1), room.height),
    )
    return Placed(Region.of(picture), _central(shown, room))


def natural(picture: Size, at: tuple[float, float], room: Region) -> Placed:
    """A pixel of the picture for a pixel of the window, as much as the room holds.

    `at` is the place in the room, each 0 to 1, that the same place of the picture has.
    """
    shown = Size(min(picture.width, room.width), min(picture.height, room.height))
    x = round(min(max(at[0], 0.0), 1.0) * (picture.width - shown.width))
    y = round(min(max(at[1], 0.0), 1.0) * (picture.height - shown.height))
    return Placed(Region(x, y, shown.width, shown.height), _central(shown, room))


def _central(size: Size, room: Region) -> Region:
    left = room.x + (room.width - size.width) // 2
    top = room.y + (room.height - size.height) // 2
    return Region(left, top, size.width, size.height)


_GROUND = 22
"""Grey level around the picture."""
_MOST_GAIN = 64
"""Of the difference: beyond it, a single level is a quarter of the range."""
_FAR = 0.999
"""Share of the samples whose difference fits into the range."""
_LOOKED_AT = 4
"""Every so many rows and columns are looked at for it."""
_AREA_FROM = 2.5
"""Times that a picture is shrunk."""
_BEYOND = 2
"""Steps of columns to each side of those that are seen: more than resizing looks at."""
_LINE, _OUTLINE = (255, 255, 255), (0, 0, 0)
_GAP = 2
"""Pixels between two pictures side by side."""
_LOUPE_ZOOM = 4
_LOUPE_SHARE = 0.3
"""Of the window's height."""


class View(Enum):
    """How before and after are shown."""

    SPLIT = "split"
    """Before to the left of the mouse, after to the right."""
    BESIDE = "side by side"
    AFTER = "enhanced"
    BEFORE = "before"
    DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class Pair:
    """One picture, before and after: H x W x 3 uint8, B G R, of one size."""

    before: Pixels
    after: Pixels
    shape: Fraction = Fraction(1)
    """Width to height of a pixel."""

    @property
    def size(self) -> Size:
        """Of both."""
        height, width = self.after.shape[:2]
        return Size(width, height)


@dataclass(frozen=True, slots=True)
class ViewState:
    """What the user has chosen of the view."""

    view: View = View.SPLIT
    swapped: bool = False
    """Before and after change places."""
    loupe: bool = False
    natural: bool = False
    """A pixel for a pixel, instead of the whole picture."""
    mouse: tuple[float, float] = (0.5, 0.5)
    """Its place in the window, each 0 to 1."""
    pan: tuple[float, float] = (0.5, 0.5)
    """The part that is seen pixel for pixel: each 0 (left, top) to 1."""


def drawn(pair: Pair, state: ViewState, window: Size) -> Pixels:
    """The window's pixels, H x W x 3 uint8, B G R."""
    canvas = blank(window)
    _VIEWS[state.view](canvas, _arranged(pair, state), state)
    return canvas


def _arranged(pair: Pair, state: ViewState) -> Pair:
    if not state.swapped:
        return pair
    return Pair(pair.after, pair.before, pair.shape)


def blank(window: Size) -> Pixels:
    """A window without a picture."""
    return np.full((window.height, window.width, 3), _GROUND, np.uint8)


def placed(pair: Pair, state: ViewState, room: Region) -> Placed:
    """Where the picture stands in a part of the window."""
    if state.natural:
        return natural(pair.size, state.pan, room)
    return fitted(pair.size, pair.shape, room=room)


def _draw_split(canvas: Pixels, pair: Pair, state: ViewState) -> None:
    where = placed(pair, state, _room(canvas))
    at = round(state.mouse[0] * canvas.shape[1])
    left = min(max(at - where.place.x, 0), where.place.width)
    _put(canvas, pair.before, where=where, columns=slice(0, left))
    _put(canvas, pair.after, where=where, columns=slice(left, where.place.width))
    rows = slice(where.place.y, where.place.bottom)
    if 0 < left < where.place.width:
        x = where.place.x + left
        # On white, too, it can be seen.
        canvas[rows, max(x - 2, 0) : x + 2] = _OUTLINE
        canvas[rows, max(x - 1, 0) : x + 1] = _LINE


def _draw_beside(canvas: Pixels, pair: Pair, state: ViewState) -> None:
    height, width = canvas.shape[:2]
    half = max((width - _GAP) // 2, 1)
    for picture, x in ((pair.before, 0), (pair.after, width - half)):
        _put(canvas, picture, where=placed(pair, state, Region(x, 0, half, height)))


def _draw_one(name: str) -> Callable[[Pixels, Pair, ViewState], None]:
    def draw(canvas: Pixels, pair: Pair, state: ViewState) -> None:
        picture: Pixels = getattr(pair, name)
        _put(canvas, picture, where=placed(pair, state, _room(canvas)))

    return draw


def difference_gain(pair: Pair) -> int:
    """How often the difference is shown: a power of 2 that nearly fills the range."""
    some = slice(None, None, _LOOKED_AT), slice(None, None, _LOOKED_AT)
    far = np.quantile(cv2.absdiff(pair.before[some], pair.after[some]), _FAR)
    gain = _MOST_GAIN
    while gain > 1 and gain * far > 255:
        gain //= 2
    return gain


def _draw_difference(canvas: Pixels, pair: Pair, state: ViewState) -> None:
    difference = cv2.absdiff(pair.before, pair.after)
    difference = cv2.convertScaleAbs(difference, alpha=difference_gain(pair))
    _put(canvas, np.asarray(difference), where=placed(pair, state, _room(canvas)))


_VIEWS: dict[View, Callable[[Pixels, Pair, ViewState], None]] = {
    View.SPLIT: _draw_split,
    View.BESIDE: _draw_beside,
    View.AFTER: _draw_one("after"),
    View.BEFORE: _draw_one("before"),
    View.DIFFERENCE: _draw_difference,
}


def _room(canvas: Pixels) -> Region:
    height, width = canvas.shape[:2]
    return Region(0, 0, width, height)


def _put(
    canvas: Pixels, picture: Pixels, *, where: Placed, columns: slice = slice(None)
) -> None:
    """Draws these columns of the placed picture."""
    source, place = where.source, where.place
    start, stop, _ = columns.indices(place.width)
    if start >= stop:
        return
    rows = slice(place.y, place.bottom)
    target = canvas[rows, place.x + start : place.x + stop]
    part = picture[source.slices]
    if source.size == place.size:
        target[:] = part[:, start:stop]
        return
    # Only columns that are seen, from one to another that lies on whole pixels.
    shared = gcd(source.width, place.width)
    across, step = source.width // shared, place.width // shared
    first = max(start // step - _BEYOND, 0)
    last = min(-(-stop // step) + _BEYOND, shared)
    seen = part[:, first * across : last * across]
    made = _resized(seen, Size((last - first) * step, place.height))
    target[:] = made[:, start - first * step : stop - first * step]


def _resized(picture: Pixels, size: Size) -> Pixels:
    shrink = picture.shape[1] / size.width
    how = cv2.INTER_CUBIC
    if shrink > 1:
        # Up to there pixels count nearly alike, and areas take five times as long.
        how = cv2.INTER_AREA if shrink >= _AREA_FROM else cv2.INTER_LINEAR
    made = cv2.resize(picture, (size.width, size.height), interpolation=how)
    return np.asarray(made)


def draw_loupe(canvas: Pixels, pair: Pair, *, state: ViewState) -> None:
    """Two magnified views of the place under the mouse, side by side."""
    pair = _arranged(pair, state)
    height, width = canvas.shape[:2]
    side = int(height * _LOUPE_SHARE) // _LOUPE_ZOOM * _LOUPE_ZOOM
    if side < _LOUPE_ZOOM or 2 * side + _GAP > width:
        return
    count = side // _LOUPE_ZOOM
    x, y = _under_mouse(canvas, pair, state=state)
    wide = 2 * side + _GAP
    mouse_x, mouse_y = state.mouse[0] * width, state.mouse[1] * height
    left = round(min(max(mouse_x - wide / 2, 0), width - wide))
    # Beside the mouse, or it would cover what it shows.
    above = mouse_y - side - height // 20
    top = round(above if above >= 0 else min(mouse_y + height // 20, height - side))
    for picture, start in ((pair.before, left), (pair.after, left + side + _GAP)):
        part = _around(picture, x, y=y, count=count)
        large = part.repeat(_LOUPE_ZOOM, axis=0).repeat(_LOUPE_ZOOM, axis=1)
        canvas[top : top + side, start : start + side] = large
    cv2.rectangle(canvas, (left - 1, top - 1), (left + wide, top + side), _LINE, 1)
    canvas[top : top + side, left + side : left + side + _GAP] = _LINE


def _under_mouse(canvas: Pixels, pair: Pair, *, state: ViewState) -> tuple[int, int]:
    height, width = canvas.shape[:2]
    x, y = state.mouse[0] * width, state.mouse[1] * height
    room = _room(canvas)
    if state.view is View.BESIDE:
        half = max((width - _GAP) // 2, 1)
        room = Region(0 if x < width / 2 else width - half, 0, half, height)
    column, row = placed(pair, state, room).pixel_at(x, y)
    return int(column), int(row)


def _around(picture: Pixels, x: int, *, y: int, count: int) -> Pixels:
    """`count` x `count` pixels around a place; beyond the edge it repeats."""
    height, width = picture.shape[:2]
    rows = np.clip(np.arange(y - count // 2, y - count // 2 + count), 0, height - 1)
    columns = np.clip(np.arange(x - count // 2, x - count // 2 + count), 0, width - 1)
    return picture[rows[:, None], columns]
