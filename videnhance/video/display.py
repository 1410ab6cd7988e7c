"""Frames as a screen shows them, and pictures of a screen as frames."""

from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from videnhance.frame import ColourTags, Frame, Layout, Pixels
from videnhance.video.planes import copied_planes, picture_of, set_tags

__all__ = ["SCREEN_TAGS", "Displayer", "planes_of_screen"]

SCREEN_TAGS = ColourTags(range=1, matrix=1, primaries=1, transfer=1)
"""What pictures of a screen become: limited range, BT.709."""


class Displayer:
    """Makes frames into B G R pixels, upright; for one thread."""

    def __init__(self, rotation_degrees: int = 0, mirrored: bool = False) -> None:
        """`rotation_degrees`, clockwise, is rounded to quarter turns."""
        self._converter = VideoReformatter()
        self._quarters = round(rotation_degrees / 90) % 4
        self._mirrored = mirrored

    def __call__(self, frame: Frame) -> Pixels:
        """H x W x 3 uint8, B G R, in the stored pixels, whatever their shape."""
        picture = picture_of(frame)
        set_tags(picture, frame.tags)
        plain = self._converter.reformat(picture, format="bgr24")
        pixels: Pixels = plain.to_ndarray().astype(np.uint8, copy=False)
        if self._quarters:
            pixels = np.rot90(pixels, -self._quarters)
        return pixels[:, ::-1] if self._mirrored else pixels


def planes_of_screen(
    pixels: Pixels, layout: Layout, converter: VideoReformatter
) -> Frame:
    """B G R pixels as a frame of `layout` (YUV), with `SCREEN_TAGS` and no time."""
    picture = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "bgr24")
    made = converter.reformat(
        picture,
        format=layout.name,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )
    planes = copied_planes(made, layout)
    return Frame(0, 0, Fraction(1, 90_000), layout, SCREEN_TAGS, planes)
