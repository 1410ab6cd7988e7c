"""FFmpeg's pictures and this project's planes, one made from the other."""

import numpy as np
import numpy.typing as npt
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import VideoReformatter

from videnhance.frame import ColourTags, Family, Frame, Layout
from videnhance.resize import Plane
from videnhance.video.layout import is_full_range_name

__all__ = [
    "SCALING_THREADS",
    "copied_planes",
    "native_picture",
    "picture_of",
    "set_tags",
    "tags_of",
]

SCALING_THREADS = 1
"""Of swscale. Several write beyond the last row of their part, and now and then over
what is done of the next one."""


def native_picture(
    picture: VideoFrame, layout: Layout, converter: VideoReformatter
) -> VideoFrame:
    """The picture in `layout`; a palette goes by way of packed RGB, exactly."""
    name = picture.format.name
    plain = name.replace("yuvj", "yuv") if is_full_range_name(name) else name
    if layout.name == plain:
        return picture
    if picture.format.has_palette:
        picture = converter.reformat(picture, format="bgra", threads=SCALING_THREADS)
    return converter.reformat(picture, format=layout.name, threads=SCALING_THREADS)


def copied_planes(picture: VideoFrame, layout: Layout) -> tuple[Plane, ...]:
    """Copies of the planes of a picture in `layout`; RGB in this order."""
    planes = [_copied(plane, layout.depth) for plane in picture.planes]
    if layout.family is Family.RGB:
        green, blue, red, *opacity = planes
        planes = [red, green, blue, *opacity]
    return tuple(planes)


def _copied(plane: VideoPlane, depth: int) -> Plane:
    width = plane.width * (1 if depth == 8 else 2)
    rows = _rows(plane)[:, :width]
    # A picture stored bottom up: its memory begins with the last row.
    samples = np.array(rows[::-1] if plane.line_size < 0 else rows, order="C")
    return samples if depth == 8 else samples.view(np.dtype("<u2"))


def picture_of(frame: Frame) -> VideoFrame:
    """The frame as a picture in its own format, without tags and times."""
    picture = VideoFrame(frame.size.width, frame.size.height, frame.layout.name)
    planes = frame.planes
    if frame.layout.family is Family.RGB:
        red, green, blue, *opacity = planes
        planes = (green, blue, red, *opacity)
    for plane, samples in zip(picture.planes, planes, strict=True):
        width = samples.shape[1] * samples.itemsize
        _rows(plane)[:, :width] = np.ascontiguousarray(samples).view(np.uint8)
    return picture


def _rows(plane: VideoPlane) -> npt.NDArray[np.uint8]:
    """The plane's memory, with the padding of its rows."""
    rows = np.frombuffer(memoryview(plane), np.uint8)
    return rows.reshape(plane.height, abs(plane.line_size))


def tags_of(picture: VideoFrame) -> ColourTags:
    """The colour tags of a picture; a full-range format counts as a tag."""
    full = is_full_range_name(picture.format.name)
    return ColourTags(
        range=2 if full else int(picture.color_range),
        matrix=int(picture.colorspace),
        primaries=int(picture.color_primaries),
        transfer=int(picture.color_trc),
    )


def set_tags(target: VideoFrame | VideoCodecContext, tags: ColourTags) -> None:
    """Tags a picture, or an encoder before it opens."""
    target.color_range = tags.range
    target.colorspace = tags.matrix
    target.color_primaries = tags.primaries
    target.color_trc = tags.transfer
