"""A frame as packed samples of the full range: what picture files store.

Computed here, in floating point: swscale does not expand the range of gray, and white
of more than 8 bits falls short of the brightest code.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from videnhance.frame import Family, Frame, Plane
from videnhance.media.layout import delivered_layout
from videnhance.media.planes import chained, copied_planes, picture_of

__all__ = ["packed"]

_WEIGHTS = {1: (0.2126, 0.0722), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
_WEIGHTS[10] = _WEIGHTS[9]
_BT601 = (0.299, 0.114)
"""Of red and blue in luma, by FFmpeg's number of the matrix (ITU-T H.273 table 4)."""
_ROWS = 128
"""At a time: the temporaries are several times as large as the picture."""
_COUNTS = {Family.GRAY: 1, Family.RGB: 3}
_FLAGS = "bicubic+accurate_rnd+bitexact"
_LIMITED = 1


def packed(frame: Frame, depth: int, alpha: bool) -> Plane:
    """H x W of a gray frame, else H x W x 3, or x 4 with opacity; of 8 or 16 bits.

    With `alpha`, the frame must have a plane of it.
    """
    layout, family = frame.layout, frame.layout.family
    channels: list[Plane]
    if family is Family.YUV:
        channels = _from_yuv(_without_subsampling(frame), depth)
    else:
        colours = frame.planes[: _COUNTS[family]]
        channels = [_stretched(plane, frame, depth=depth) for plane in colours]
    if alpha:
        opacity = _rounded(frame.planes[-1], (1 << layout.depth) - 1, depth=depth)
        # Gray with opacity is written as RGB: one kind of file less to get wrong.
        channels = [*(channels * 3)[:3], opacity]
    if len(channels) == 1:
        return channels[0]
    stacked: npt.NDArray[Any] = np.stack(channels, axis=-1)
    made: Plane = stacked
    return made


def _stretched(plane: Plane, frame: Frame, *, depth: int) -> Plane:
    """A plane that is no chroma in `depth` bits of the full range."""
    unit, top = 1 << (frame.layout.depth - 8), (1 << frame.layout.depth) - 1
    # Gray without a tag is a picture's; a gray video says that it is limited.
    if frame.tags.range == _LIMITED:
        return _rounded(plane.astype(np.float64) - 16 * unit, 219 * unit, depth=depth)
    return _rounded(plane, top, depth=depth)


def _rounded(values: npt.NDArray[Any], full: float, *, depth: int) -> Plane:
    """Values of which `full` is white, as samples of `depth` bits."""
    kind = np.uint8 if depth == 8 else np.uint16
    top = (1 << depth) - 1
    if values.dtype == kind and full == top:
        same: Plane = values
        return same
    codes = np.clip(np.rint(values * (top / full)), 0, top)
    return codes.astype(np.uint8) if depth == 8 else codes.astype(np.uint16)


def _without_subsampling(frame: Frame) -> Frame:
    """The frame's colour in 4:4:4, chroma where it belongs."""
    if not any(frame.layout.chroma_shift):
        return frame
    bare = frame.layout.opaque
    deep = "" if bare.depth == 8 else f"{bare.depth}le"
    layout = delivered_layout(f"yuv444p{deep}")
    # JPEG has its chroma in the middle of the luma samples it is for, video left.
    sited = "center" if frame.tags.full else "left"
    graph = chained(
        ("buffer", f"video_size={frame.size}:pix_fmt={bare.name}:time_base=1/1"),
        ("scale", f"flags={_FLAGS}:in_chroma_loc={sited}"),
        ("format", layout.name),
    )
    graph.vpush(picture_of(replace(frame, layout=bare, planes=frame.planes[:3])))
    planes = copied_planes(graph.vpull(), layout)
    return replace(frame, layout=layout, planes=planes)


def _from_yuv(frame: Frame, depth: int) -> list[Plane]:
    height, width = frame.planes[0].shape
    kind = np.uint8 if depth == 8 else np.uint16
    made: list[npt.NDArray[Any]] = [np.empty((height, width), kind) for _ in range(3)]
    for top in range(0, height, _ROWS):
        rows = slice(top, top + _ROWS)
        for plane, values in zip(made, _rgb_of(frame, rows), strict=True):
            plane[rows] = _rounded(values, 1.0, depth=depth)
    return [*made]


def _rgb_of(frame: Frame, rows: slice) -> tuple[npt.NDArray[Any], ...]:
    """Red, green and blue from 0 to 1."""
    red, blue = map(float, _WEIGHTS.get(frame.tags.matrix, _BT601))
    unit, top = 1 << (frame.layout.depth - 8), (1 << frame.layout.depth) - 1
    full = frame.tags.full
    black, white, reach = (0, top, top) if full else (16 * unit, 235 * unit, 224 * unit)
    y, u, v = (plane[rows].astype(np.float32) for plane in frame.planes[:3])
    y = (y - np.float32(black)) / np.float32(white - black)
    u, v = ((c - np.float32(128 * unit)) / np.float32(reach) for c in (u, v))
    r = y + 2 * (1 - red) * v
    b = y + 2 * (1 - blue) * u
    return r, (y - red * r - blue * b) / (1 - red - blue), b
