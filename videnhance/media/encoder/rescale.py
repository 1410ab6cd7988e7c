"""Brings frames to their stored size: cut, resized by swscale, laid on black bars.

Nothing else changes: no colour is converted and no range. Subsampled chroma is resized
as MPEG-2 and its followers place it, level with the left luma sample; all other planes
are resized one by one, as gray, because swscale would take RGB through YUV.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from av.filter import Graph

from videnhance.frame import Frame, Layout, Plane
from videnhance.geometry import Size
from videnhance.media.layout import native_layout
from videnhance.media.planes import copied_planes, picture_of
from videnhance.pipeline.alpha import revealed_planes
from videnhance.pipeline.framing import cut, on_black, with_last_twice
from videnhance.pipeline.output_size import Target

__all__ = ["Rescaler"]

_FLAGS = "lanczos+accurate_rnd+bitexact"
"""Without `bitexact` the result depends on what the processor can do."""


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
            used = on_black(used, target.place, target.size)
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
    graph = Graph()
    graph.threads = 1  # frames run beside each other already
    place = "left" if any(layout.sited_left) else "center"
    sited = f":in_chroma_loc={place}:out_chroma_loc={place}"
    nodes = (
        graph.add("buffer", f"video_size={size}:pix_fmt={layout.name}:time_base=1/1"),
        graph.add("scale", f"w={wanted.width}:h={wanted.height}:flags={_FLAGS}{sited}"),
        graph.add("buffersink"),
    )
    graph.link_nodes(*nodes).configure()
    return graph


def _parts(frame: Frame) -> Iterator[Frame]:
    """The frame as pictures that swscale resizes without mixing their planes."""
    layout, planes = frame.layout, frame.planes
    if any(layout.chroma_shift):
        yield _part(frame, layout.name.replace("yuva", "yuv"), planes[:3])
        planes = planes[3:]
    name = "gray" if layout.depth == 8 else f"gray{layout.depth}le"
    for plane in planes:
        yield _part(frame, name, (plane,))


def _revealed(frame: Frame) -> Frame:
    """Resizing mixes neighbours: hidden colours must not come into visible ones."""
    if not frame.layout.alpha:
        return frame
    *colours, opacity = frame.planes
    return frame.with_planes((*revealed_planes(frame, len(colours)), opacity))


def _part(frame: Frame, name: str, planes: tuple[Plane, ...]) -> Frame:
    layout = native_layout(name)
    if layout is None:
        raise ValueError(f"{name} is not a format of whole planes")
    layout = replace(layout, centred=frame.layout.centred)
    return replace(frame, layout=layout, planes=planes)
