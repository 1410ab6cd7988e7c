"""FFmpeg's pictures and this project's planes, one made from the other."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import VideoReformatter

from videnhance.frame import ColourTags, Family, Frame, Layout, Plane
from videnhance.frame.geometry import Size
from videnhance.media.layout import delivered_layout, is_full_range_name, native_layout

__all__ = [
    "BT601_MATRICES",
    "SCALED_MATRICES",
    "SCALING_THREADS",
    "chained",
    "copied_planes",
    "first_plane",
    "native_picture",
    "picture_of",
    "reformatted",
    "reserved_notice",
    "set_tags",
    "tags_of",
    "with_opacity",
]

SCALING_THREADS = 1
"""Of swscale. Several write beyond the last row of their part, and now and then over
what is done of the next one."""

BT601_MATRICES = frozenset((5, 6))
SCALED_MATRICES = BT601_MATRICES | {1, 4, 7, 9}
"""FFmpeg's numbers of the matrices that swscale computes with; it refuses others."""
_UNTOLD, _RGB = 2, 0
_MATRICES = frozenset(range(18)) - {3}
_PRIMARIES = frozenset((1, 2, *range(4, 13), 22))
_TRANSFERS = frozenset((1, 2, *range(4, 19)))
"""The numbers that mean something (ITU-T H.273, tables 2 to 4); others are reserved."""


def native_picture(
    picture: VideoFrame, layout: Layout, *, converter: VideoReformatter
) -> VideoFrame:
    """The picture in `layout`; a palette goes by way of packed RGB, exactly."""
    name = picture.format.name
    plain = name.replace("yuvj", "yuv") if is_full_range_name(name) else name
    if layout.name == plain:
        return picture
    if picture.format.has_palette:
        picture = converter.reformat(picture, format="bgra", threads=SCALING_THREADS)
    return reformatted(picture, converter, name=layout.name)


def reformatted(
    picture: VideoFrame,
    converter: VideoReformatter,
    *,
    name: str,
    size: Size | None = None,
) -> VideoFrame:
    """The picture in another pixel format of its own family, and in another size."""
    size = size or Size(picture.width, picture.height)
    matrix = int(picture.colorspace)
    if matrix not in SCALED_MATRICES:  # swscale refuses it where it needs none, too
        picture.colorspace = _UNTOLD
    try:
        return converter.reformat(
            picture, size.width, size.height, name, threads=SCALING_THREADS
        )
    finally:
        picture.colorspace = matrix


def chained(*steps: tuple[str, str]) -> Graph:
    """A chain of filters by name and options, for one thread; its end is added."""
    graph = Graph()
    graph.threads = 1  # frames run beside each other already
    nodes = [graph.add(*step) for step in (*steps, ("buffersink", ""))]
    graph.link_nodes(*nodes).configure()
    return graph


def copied_planes(picture: VideoFrame, layout: Layout) -> tuple[Plane, ...]:
    """Copies of the planes of a picture in `layout`; RGB in this order."""
    planes = [_copied(plane, layout.depth) for plane in picture.planes]
    if layout.family is Family.RGB:
        green, blue, red, *opacity = planes
        planes = [red, green, blue, *opacity]
    return tuple(planes)


def first_plane(picture: VideoFrame, layout: Layout) -> Plane:
    """A copy of the first plane of a picture in `layout`: luma, grey or green."""
    return _copied(picture.planes[0], layout.depth)


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
    """The colour tags of a picture; a full-range format counts as a tag.

    Numbers that mean nothing are none, and so is RGB for a picture that is not RGB.
    """
    full = is_full_range_name(picture.format.name)
    matrix, primaries, transfer = _tag_numbers(picture)
    coloured = len(picture.format.components) > 2
    if matrix not in _MATRICES or (
        matrix == _RGB and coloured and not picture.format.is_rgb
    ):
        matrix = _UNTOLD
    return ColourTags(
        range=2 if full else int(picture.color_range),
        matrix=matrix,
        primaries=primaries if primaries in _PRIMARIES else _UNTOLD,
        transfer=transfer if transfer in _TRANSFERS else _UNTOLD,
    )


def reserved_notice(picture: VideoFrame) -> str | None:
    """The colour tags of a picture that mean nothing, in words; None if there are
    none.
    """
    known = tags_of(picture)
    names = ("matrix", "primaries", "transfer")
    taken = (known.matrix, known.primaries, known.transfer)
    odd = [
        f"{name} {number}"
        for name, number, kept in zip(names, _tag_numbers(picture), taken, strict=True)
        if number not in (0, kept)
    ]
    if not odd:
        return None
    return f"colour tags that mean nothing are left out: {', '.join(odd)}"


def _tag_numbers(picture: VideoFrame) -> tuple[int, int, int]:
    """Matrix, primaries and transfer by their numbers."""
    numbers = picture.colorspace, picture.color_primaries, picture.color_trc
    matrix, primaries, transfer = map(int, numbers)
    return matrix, primaries, transfer


def set_tags(target: VideoFrame | VideoCodecContext, tags: ColourTags) -> None:
    """Tags a picture, or an encoder before it opens."""
    target.color_range = tags.range
    target.colorspace = tags.matrix
    target.color_primaries = tags.primaries
    target.color_trc = tags.transfer


def with_opacity(picture: VideoFrame, opacity: VideoFrame) -> VideoFrame | None:
    """Both as one picture; None if they do not fit together."""
    layout = native_layout(picture.format.name)
    gray = delivered_layout(opacity.format.name)
    both = native_layout(picture.format.name.replace("yuv", "yuva"))
    if layout is None or both is None or gray.depth != layout.depth:
        return None
    if (picture.width, picture.height) != (opacity.width, opacity.height):
        return None
    tags = tags_of(picture)
    planes = (*copied_planes(picture, layout), first_plane(opacity, gray))
    made = picture_of(Frame(0, 0, Fraction(1), both, tags, planes))
    set_tags(made, tags)
    return made
