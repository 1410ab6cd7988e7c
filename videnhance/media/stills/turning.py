"""A frame turned and mirrored as its EXIF orientation says."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from videnhance.frame import Frame, Layout, Plane
from videnhance.media.layout import delivered_layout

__all__ = ["orientation_for", "turned", "turned_layout"]

_QUARTERS = {1: 0, 2: 0, 3: 2, 4: 2, 5: 3, 6: 3, 7: 1, 8: 1}
"""Quarter turns counter-clockwise, as numpy counts, before the mirror."""
_MIRRORED = (2, 4, 5, 7)
_FOR_TURNS = {0: (1, 2), 90: (6, 5), 180: (3, 4), 270: (8, 7)}


def orientation_for(rotation_degrees: int, mirrored: bool = False) -> int:
    """The orientation that turns clockwise and then mirrors; 1 if none does."""
    return _FOR_TURNS.get(rotation_degrees % 360, (1, 2))[mirrored]


def turned_layout(layout: Layout, orientation: int) -> Layout:
    """The layout of such frames after they are turned.

    4:2:2 becomes 4:4:4 by a quarter turn: few formats have chroma that is halved only
    downwards.
    """
    across, down = layout.chroma_shift
    if not _QUARTERS[orientation] % 2 or across == down:
        return layout
    opacity = "a" if layout.alpha else ""
    deep = "" if layout.depth == 8 else f"{layout.depth}le"
    return delivered_layout(f"yuv{opacity}444p{deep}")


def turned(frame: Frame, orientation: int) -> Frame:
    """The frame as a viewer shows one of this orientation, 1 to 8."""
    if orientation == 1:
        return frame
    quarters = _QUARTERS[orientation]
    layout, planes = turned_layout(frame.layout, orientation), frame.planes
    if layout != frame.layout:
        planes = _without_shift(frame.layout, planes)
    mirrored = orientation in _MIRRORED
    return replace(
        frame,
        layout=layout,
        planes=tuple(_turned(plane, quarters, mirrored=mirrored) for plane in planes),
    )


def _turned(plane: Plane, quarters: int, *, mirrored: bool) -> Plane:
    made: npt.NDArray[Any] = np.rot90(plane, quarters)
    flat: Plane = np.ascontiguousarray(made[:, ::-1] if mirrored else made)
    return flat


def _without_shift(layout: Layout, planes: tuple[Plane, ...]) -> tuple[Plane, ...]:
    """The planes with chroma of full size, each sample repeated."""
    across, down = layout.chroma_shift
    height, width = planes[0].shape
    chroma = [
        p.repeat(1 << down, 0).repeat(1 << across, 1)[:height, :width]
        for p in planes[1:3]
    ]
    return (planes[0], *chroma, *planes[3:])
