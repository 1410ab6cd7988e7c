"""Parts of frames, and frames on black bars, in all planes alike."""

import numpy as np

from videnhance.frame import Family, Frame, Layout, Plane
from videnhance.geometry import Region, Size

__all__ = ["cut", "on_black", "with_last_twice"]

_MATRIX_OF_RGB = 0
"""A "YUV" frame with this matrix holds green, blue and red."""


def cut(frame: Frame, region: Region) -> Frame:
    """The part of a frame; its first pixel must stand on a whole chroma sample."""
    if region == Region.of(frame.size):
        return frame
    offsets = _offsets(frame.layout, region, len(frame.planes))
    sizes = frame.layout.plane_sizes(region.size)
    return frame.with_planes(
        tuple(
            plane[y : y + size.height, x : x + size.width]
            for plane, (x, y), size in zip(frame.planes, offsets, sizes, strict=True)
        )
    )


def on_black(frame: Frame, place: Region, size: Size) -> Frame:
    """The frame at its place in a black one; bars of transparent video are hidden."""
    offsets = _offsets(frame.layout, place, len(frame.planes))
    sizes = frame.layout.plane_sizes(size)
    levels = _black(frame)
    planes = []
    for plane, (x, y), whole, level in zip(
        frame.planes, offsets, sizes, levels, strict=True
    ):
        around = np.full((whole.height, whole.width), level, plane.dtype)
        around[y : y + plane.shape[0], x : x + plane.shape[1]] = plane
        planes.append(around)
    return frame.with_planes(tuple(planes))


def with_last_twice(frame: Frame, size: Size) -> Frame:
    """The frame in a size that is larger by a pixel at most: its last ones again."""
    sizes = frame.layout.plane_sizes(size)
    planes: list[Plane] = []
    for plane, whole in zip(frame.planes, sizes, strict=True):
        rows = np.minimum(np.arange(whole.height), plane.shape[0] - 1)
        columns = np.minimum(np.arange(whole.width), plane.shape[1] - 1)
        planes.append(plane[np.ix_(rows, columns)])
    return frame.with_planes(tuple(planes))


def _offsets(layout: Layout, region: Region, planes: int) -> list[tuple[int, int]]:
    """Where a region begins in each plane."""
    across, down = layout.chroma_shift
    whole, chroma = (region.x, region.y), (region.x >> across, region.y >> down)
    return [chroma if number in (1, 2) else whole for number in range(planes)]


def _black(frame: Frame) -> tuple[int, ...]:
    """Black in each plane of the frame, after its range; opacity is none at all."""
    layout, tags = frame.layout, frame.tags
    foot = 16 << (layout.depth - 8)
    # Without a tag YUV means limited range, and gray and RGB mean full.
    limited = tags.range == 1 or (layout.family is Family.YUV and not tags.full)
    black = foot if limited else 0
    opacity = (0,) * layout.alpha
    if layout.family is Family.GRAY:
        return (black, *opacity)
    if layout.family is Family.RGB or tags.matrix == _MATRIX_OF_RGB:
        return (black, black, black, *opacity)
    middle = 1 << (layout.depth - 1)
    return (black, middle, middle, *opacity)
