"""How a player turns and mirrors a picture, from FFmpeg's display matrix.

The matrix holds 16.16 numbers; a mirrored one is a turn, then
left and right swapped.
"""

import math
import struct
from dataclasses import dataclass
from typing import Any

from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from videnhance.media.reader.headers import Declared

__all__ = ["Turn", "turn_of"]

_MATRIX = struct.Struct("=9i")
_NEARLY = 1
"""Degrees from a right angle that are PyAV's rounding, where nothing else is known."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a player does to the picture: it turns it, then mirrors left and right."""

    degrees: int = 0
    """Clockwise, 0 to 359."""
    mirrored: bool = False
    exact: bool = True
    """Whether the file's turn is a whole number of degrees."""


def turn_of(picture: VideoFrame, told: Declared) -> Turn:
    """The turn of a picture; mirroring only where the container has the matrix."""
    if told.turn is None:
        # A photo's EXIF, most likely: its side data must not be touched (PyAV may
        # crash on the EXIF block itself).
        right = round(-picture.rotation / 90) * 90
        near = abs(-picture.rotation - right) <= _NEARLY
        return Turn((right if near else -picture.rotation) % 360)
    try:
        side_data: Any = picture.side_data
        matrix = _MATRIX.unpack_from(bytes(side_data[Type.DISPLAYMATRIX]))
    except (KeyError, ValueError, struct.error):
        return _whole(-told.turn)
    across, down, right_across, right_down = (matrix[i] for i in (0, 1, 3, 4))
    if across * right_down - down * right_across < 0:
        return _whole(math.degrees(math.atan2(down, -across)), mirrored=True)
    return _whole(math.degrees(math.atan2(down, across)))


def _whole(clockwise: float, mirrored: bool = False) -> Turn:
    degrees = round(clockwise)
    return Turn(degrees % 360, mirrored, abs(clockwise - degrees) < 0.01)
