"""Generated scenes of the kinds that videos are of, to measure with: still camera, pan,
handheld, drawn.

Discs of all sizes that hide each other ("dead leaves") have edges and sizes as
photographs do: Lee, Mumford and Huang, 2001.
"""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from videnhance.frame import ColourTags, Family, Frame, Layout, VideoInfo
from videnhance.frame.geometry import Size

__all__ = ["SCENES", "moving_scene", "scene_info"]

Picture = npt.NDArray[np.float32]
Scene = Callable[[Size, int], Iterator[Frame]]

_LAYOUT = Layout("yuv420p", Family.YUV, 8, (1, 1))
_RATE = 25
_GRAIN = 1.5
"""Grey levels of a camera's noise."""
_PAN = 3, 1
"""Pixels a frame, across and down."""
_SHAKE, _MARGIN = 0.7, 16
"""Pixels: how far a hand moves from frame to frame, and at most."""
_HELD = 2
"""Frames that a drawing stands."""


def moving_scene(size: Size, frames: int) -> Iterator[Frame]:
    """A camera that pans, something that goes its own way, and some noise."""
    across, down = _PAN
    wide = Size(size.width + across * frames, size.height + down * frames)
    canvas, draw = _leaves(wide, seed=1), np.random.default_rng(2)
    figure = _figure(size)
    for n in range(frames):
        top, left = down * n, across * n
        view = canvas[top : top + size.height, left : left + size.width].copy()
        _place(figure, view, step=n)
        yield _frame(n, _grainy(view, draw))


def _still(size: Size, frames: int) -> Iterator[Frame]:
    """A camera that stands, with something that moves before it."""
    canvas, figure = _leaves(size, seed=3), _figure(size)
    draw = np.random.default_rng(4)
    for n in range(frames):
        view = canvas.copy()
        _place(figure, view, step=2 * n)
        yield _frame(n, _grainy(view, draw))


def _handheld(size: Size, frames: int) -> Iterator[Frame]:
    """A camera that is held by a hand: it moves by parts of pixels, to and fro."""
    wide = Size(size.width + 2 * _MARGIN + 1, size.height + 2 * _MARGIN + 1)
    canvas, draw = _leaves(wide, seed=5), np.random.default_rng(6)
    place = np.full(2, float(_MARGIN))
    for n in range(frames):
        whole = place.astype(int)
        top, left = (int(v) for v in whole)
        y, x = (np.float32(v) for v in place - whole)
        near = canvas[top : top + size.height + 1, left : left + size.width + 1]
        rows = near[:-1] * (1 - y) + near[1:] * y
        view = rows[:, :-1] * (1 - x) + rows[:, 1:] * x
        yield _frame(n, _grainy(view.astype(np.float32), draw))
        place = np.clip(place + draw.normal(0, _SHAKE, 2), 0, 2 * _MARGIN)


def _drawn(size: Size, frames: int) -> Iterator[Frame]:
    """A drawing: few flat colours, dark outlines, every second frame the same."""
    canvas = _leaves(size, seed=7, least=20.0, outline=3.0)
    figure = _figure(size, outline=2.0)
    for n in range(frames):
        view = canvas.copy()
        _place(figure, view, step=4 * (n // _HELD))
        yield _frame(n, view)


SCENES: Mapping[str, Scene] = {
    "still camera": _still,
    "pan": moving_scene,
    "handheld": _handheld,
    "drawn": _drawn,
}
"""By name: frames of a size, so many, the same every time."""


def _leaves(
    size: Size, seed: int, *, least: float = 4.0, outline: float = 0.0
) -> Picture:
    """Discs of random grey, the smaller the more: radii fall by their third power."""
    draw = np.random.default_rng(seed)
    canvas = np.full((size.height, size.width), 128, np.float32)
    largest = size.height / 4
    count = round(6 * size.area / (largest * least * np.pi))
    share = draw.random(count)
    radii = (largest**-2 + share * (least**-2 - largest**-2)) ** -0.5
    places = draw.random((count, 2)) * (size.height, size.width)
    greys = draw.uniform(25, 230, count)
    for radius, (y, x), grey in zip(radii, places, greys, strict=True):
        _disc(canvas, (y, x, radius), grey, outline)
    return canvas


def _disc(
    canvas: Picture, place: tuple[float, float, float], grey: float, outline: float
) -> None:
    """Draws a disc at a row, a column and of a radius, its edge a pixel wide."""
    y, x, radius = place
    top, left = max(int(y - radius) - 1, 0), max(int(x - radius) - 1, 0)
    part = canvas[top : int(y + radius) + 2, left : int(x + radius) + 2]
    rows, columns = np.ogrid[: part.shape[0], : part.shape[1]]
    far = np.hypot(rows + top - y, columns + left - x).astype(np.float32)
    inside = np.clip(radius + 0.5 - far, 0, 1)
    ink = np.clip(radius - outline + 0.5 - far, 0, 1) * np.float32(grey)
    part += inside * (ink - part)


def _figure(size: Size, outline: float = 0.0) -> Picture:
    """What moves by itself: a third as high as the picture."""
    side = size.height // 3
    return _leaves(Size(side, side), seed=8, least=6.0, outline=outline)


def _place(figure: Picture, view: Picture, *, step: int) -> None:
    side = figure.shape[0]
    left = step % max(view.shape[1] - side, 1)
    top = (view.shape[0] - side) // 2
    view[top : top + side, left : left + side] = figure


def _grainy(view: Picture, draw: np.random.Generator) -> Picture:
    return (view + draw.normal(0, _GRAIN, view.shape)).astype(np.float32)


def _frame(n: int, view: Picture) -> Frame:
    luma = np.clip(np.rint(view), 0, 255).astype(np.uint8)
    chroma = np.full((luma.shape[0] // 2, luma.shape[1] // 2), 128, np.uint8)
    planes = luma, chroma, chroma
    return Frame(n, n, Fraction(1, _RATE), _LAYOUT, ColourTags(), planes)


def scene_info(frames: list[Frame]) -> VideoInfo:
    """What the headers of a file of these frames would say."""
    first = frames[0]
    return VideoInfo(
        size=first.size,
        layout=first.layout,
        source_format=first.layout.name,
        codec="none",
        rate=1 / first.time_base,
        time_base=first.time_base,
        frames=len(frames),
        duration_seconds=None,
        tags=first.tags,
        sample_aspect_ratio=None,
        rotation_degrees=0,
    )
