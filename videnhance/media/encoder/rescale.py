"""Brings frames to their stored size: cut, resized by swscale, laid on black bars.

Nothing else changes: no colour is converted and no range. Subsampled chroma is resized
as MPEG-2 and its followers place it, level with the left luma sample; all other planes
are resized one by one, as gray, because swscale would take RGB through YUV.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from av.filter import Graph

from videnhance.frame import Family, Frame, Layout, Plane
from videnhance.frame.geometry import Region, Size
from videnhance.media.layout import native_layout
from videnhance.media.planes import chained, copied_planes, picture_of
from videnhance.pipeline.alpha import revealed_planes
from videnhance.pipeline.output_size import Target

__all__ = ["Rescaler", "cut", "on_black", "with_last_twice"]

_MATRIX_OF_RGB = 0
"""A "YUV" frame with this matrix holds green, blue and red."""
_FLAGS = "lanczos+accurate_rnd+bitexact"
"""Without `bitexact` the result depends on what the processor can do."""


def cut(frame: Frame, region: Region) -> Frame:
    """The part of a frame; its first pixel must stand on a whole chroma sample."""
    if region == Region.of(frame.size):
        return frame
    offsets = _offsets(frame.layout, region, planes=len(frame.planes))
    sizes = frame.layout.plane_sizes(region.size)
    return frame.with_planes(
        tuple(
            plane[y : y + size.height, x : x + size.width]
            for plane, (x, y), size in zip(frame.planes, offsets, sizes, strict=True)
        )
    )


def on_black(frame: Frame, place: Region, *, size: Size) -> Frame:
    """The frame at its place in a black one; bars of transparent video are hidden."""
    offsets = _offsets(frame.layout, place, planes=len(frame.planes))
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


def _offsets(layout: Layout, region: Region, *, planes: int) -> list[tuple[int, int]]:
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


@dataclass(frozen=True, slots=True)
class Rescaler:
    """Brings enlarged frames to their target; may be called from several threads."""

    target: Target
    _idle: dict[tuple[Layout, Size, Size], list[Graph]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """Scalers that no thread uses. Lists, for their pop and append are atomic."""

    def __reduce__(self) -> tuple[type["Rescaler"], tuple[Target]]:
        return Rescaler, (self.target,)  # graphs stay in their process

    def __call__(self, frame: Frame) -> Frame:
        """The frame in its stored size. Raises ValueError for another enlarged size."""
        target = self.target
        if frame.size != target.source.scaled(target.scale):
            raise ValueError(f"a frame of {frame.size} does not fit {target}")
        used = cut(frame, target.crop)
        if used.size != target.place.size:
            used = self._resized(used)
        if target.is_rounded:
            used = with_last_twice(used, target.size)
        elif target.place.size != target.size:
            used = on_black(used, target.place, size=target.size)
        return used

    def _resized(self, frame: Frame) -> Frame:
        parts = [self._scaled(part) for part in _parts(_revealed(frame))]
        return frame.with_planes(tuple(plane for part in parts for plane in part))

    def _scaled(self, part: Frame) -> tuple[Plane, ...]:
        layout = part.layout
        sizes = part.size, self.target.place.size
        idle = self._idle.setdefault((layout, *sizes), [])
        try:
            # One graph is not for two threads at a time: who finds none makes one.
            graph = idle.pop()
        except IndexError:
            graph = _scaler(layout, *sizes)
        graph.vpush(picture_of(part))
        planes = copied_planes(graph.vpull(), layout)
        idle.append(graph)
        return planes


def _scaler(layout: Layout, size: Size, wanted: Size) -> Graph:
    place = "left" if any(layout.sited_left) else "center"
    sited = f":in_chroma_loc={place}:out_chroma_loc={place}"
    return chained(
        ("buffer", f"video_size={size}:pix_fmt={layout.name}:time_base=1/1"),
        ("scale", f"w={wanted.width}:h={wanted.height}:flags={_FLAGS}{sited}"),
    )


def _parts(frame: Frame) -> Iterator[Frame]:
    """The frame as pictures that swscale resizes without mixing their planes."""
    layout, planes = frame.layout, frame.planes
    if any(layout.chroma_shift):
        yield _part(frame, layout.name.replace("yuva", "yuv"), planes=planes[:3])
        planes = planes[3:]
    name = "gray" if layout.depth == 8 else f"gray{layout.depth}le"
    for plane in planes:
        yield _part(frame, name, planes=(plane,))


def _revealed(frame: Frame) -> Frame:
    """Resizing mixes neighbours: hidden colours must not come into visible ones."""
    if not frame.layout.alpha:
        return frame
    *colours, opacity = frame.planes
    return frame.with_planes((*revealed_planes(frame, len(colours)), opacity))


def _part(frame: Frame, name: str, *, planes: tuple[Plane, ...]) -> Frame:
    layout = native_layout(name)
    if layout is None:
        raise ValueError(f"{name} is not a format of whole planes")
    layout = replace(layout, centred=frame.layout.centred)
    return replace(frame, layout=layout, planes=planes)
