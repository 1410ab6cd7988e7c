"""How a picture is shown: its clean aperture, pixel shape, rotation and mirroring."""

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videnhance.frame import Family, Layout, Plane
from videnhance.frame.geometry import Size

__all__ = [
    "Crop",
    "Rotation",
    "aspect_notice",
    "cropped",
    "rotation_of",
    "usable_aspect",
    "usable_crop",
]

_MOST_ASPECT = 32
"""Widths of a pixel in its heights, or the other way round. Real ones are below 4, and
encoders store terms of 16 bits, which leaves little of a shape far beyond this."""
_MATRIX = struct.Struct("=9i")
"""FFmpeg's display matrix, in 16.16 numbers."""
_NEARLY = 1
"""Degrees from a right angle that are PyAV's rounding, where nothing else is known."""


@dataclass(frozen=True, slots=True)
class Crop:
    """Pixels that are not shown, at each edge of a picture."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    def size_within(self, size: Size) -> Size:
        """What is left of a picture of this size."""
        across, down = self.left + self.right, self.top + self.bottom
        return Size(size.width - across, size.height - down)


def usable_crop(crop: Crop, size: Size, *, layout: Layout) -> Crop | None:
    """The crop that begins at whole chroma samples; None if it leaves no picture.

    Its size stays: it moves to the left and up, by less than a chroma sample.
    """
    across, down = layout.chroma_shift
    if crop.left + crop.right >= size.width or crop.top + crop.bottom >= size.height:
        return None
    left, top = crop.left >> across << across, crop.top >> down << down
    right, bottom = crop.right + crop.left - left, crop.bottom + crop.top - top
    return Crop(left, right, top, bottom)


def cropped(
    planes: tuple[Plane, ...], layout: Layout, *, crop: Crop
) -> tuple[Plane, ...]:
    """Copies of the shown parts of the planes of a picture."""
    height, width = planes[0].shape
    shown = crop.size_within(Size(width, height))
    parts: list[Plane] = []
    for number, plane in enumerate(planes):
        coarse = layout.family is Family.YUV and number in (1, 2)
        across, down = layout.chroma_shift if coarse else (0, 0)
        top, left = crop.top >> down, crop.left >> across
        rows = plane[top : top - (-shown.height >> down)]
        parts.append(rows[:, left : left - (-shown.width >> across)].copy())
    return tuple(parts)


def usable_aspect(stream: VideoStream) -> Fraction | None:
    """Width of a pixel by its height; None if nothing is said, or nothing usable."""
    return None if aspect_notice(stream) else _declared_aspect(stream)


def aspect_notice(stream: VideoStream) -> str | None:
    """What to say of a shape that is left out; None if none is."""
    aspect = _declared_aspect(stream)
    if aspect is None or Fraction(1, _MOST_ASPECT) <= aspect <= _MOST_ASPECT:
        return None
    return f"the file says that pixels are shaped {aspect}: they are taken for square"


def _declared_aspect(stream: VideoStream) -> Fraction | None:
    context = stream.codec_context
    return stream.sample_aspect_ratio or context.sample_aspect_ratio or None


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a player does to a picture: it rotates it, then mirrors left and right."""

    degrees: int = 0
    """Clockwise, 0 to 359."""
    mirrored: bool = False
    exact: bool = True
    """Whether the file's rotation is a whole number of degrees."""


def rotation_of(picture: VideoFrame, declared: float | None) -> Rotation:
    """The rotation of a picture; mirroring only where the container has the matrix.

    `declared` is the container's, in degrees counter-clockwise; None without a matrix.
    """
    if declared is None:
        # A photo's EXIF, most likely, on which PyAV may crash: it is not touched.
        right = round(-picture.rotation / 90) * 90
        near = abs(-picture.rotation - right) <= _NEARLY
        return Rotation((right if near else -picture.rotation) % 360)
    try:
        side_data: Any = picture.side_data
        matrix = _MATRIX.unpack_from(bytes(side_data[Type.DISPLAYMATRIX]))
    except (KeyError, ValueError, struct.error):
        return _whole(-declared)
    across, down, right_across, right_down = (matrix[i] for i in (0, 1, 3, 4))
    if across * right_down - down * right_across < 0:
        return _whole(math.degrees(math.atan2(down, -across)), mirrored=True)
    return _whole(math.degrees(math.atan2(down, across)))


def _whole(clockwise: float, mirrored: bool = False) -> Rotation:
    degrees = round(clockwise)
    return Rotation(degrees % 360, mirrored, abs(clockwise - degrees) < 0.01)
