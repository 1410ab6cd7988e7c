"""Frames as a screen shows them, and pictures of a screen as frames."""

from dataclasses import replace

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from videnhance.frame import ColourTags, Frame, Pixels
from videnhance.media.layout import delivered_layout
from videnhance.media.planes import copied_planes, picture_of, set_tags

__all__ = ["SCREEN_TAGS", "Displayer", "frame_of_screen"]

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


def frame_of_screen(pixels: Pixels, moment: Frame) -> Frame:
    """B G R pixels as a frame of 4:2:0 at the moment of another; sides become even."""
    height, width = (side // 2 * 2 for side in pixels.shape[:2])
    even = np.ascontiguousarray(pixels[:height, :width])
    picture = VideoReformatter().reformat(
        VideoFrame.from_ndarray(even, "bgr24"),
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )
    layout = delivered_layout("yuv420p")
    planes = copied_planes(picture, layout)
    return replace(moment, layout=layout, tags=SCREEN_TAGS, planes=planes)
