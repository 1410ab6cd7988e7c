"""Converts pictures to another pixel format, and writes their opacity exactly.

FFmpeg's converter turns the full opacity of 8 bits into 1020 of 1023, and of 4:2:2 into
254: what was solid would let a little of its background through.
"""

from dataclasses import dataclass, field

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from videnhance.frame import Plane
from videnhance.media.layout import chroma_shift
from videnhance.media.planes import SCALING_THREADS, chained

__all__ = ["Converter", "Way", "set_opacity"]

_FLAGS = "bicubic+accurate_rnd+bitexact+full_chroma_inp"
"""Without `full_chroma_inp` every second pixel of RGB has no part in its chroma."""
_ALPHA_FIRST = ("abgr", "argb", "ayuv64be", "ayuv64le")
_RANGES = {1: "limited", 2: "full"}


@dataclass(frozen=True, slots=True)
class Way:
    """From which samples to which: FFmpeg's numbers, before and after."""

    ranges: tuple[int, int]
    """1 limited, 2 full."""
    matrices: tuple[int, int]
    """0 for RGB; the same one twice if it plays no part."""
    centred: bool
    """Whether chroma lies between luma samples before."""


@dataclass(frozen=True, slots=True)
class Converter:
    """Makes pictures of other formats, ranges and matrices. For one thread."""

    _plain: VideoReformatter = field(default_factory=VideoReformatter)
    _graphs: dict[tuple[object, ...], Graph] = field(default_factory=dict)

    def __call__(self, picture: VideoFrame, name: str, way: Way) -> VideoFrame:
        """The picture in the format `name`.

        Where chroma is newly sampled, it is placed level with the left luma samples,
        which is what H.264 means.
        """
        picture.color_range, picture.colorspace = way.ranges[0], way.matrices[0]
        shift = chroma_shift(av.VideoFormat(name))
        if shift != chroma_shift(picture.format) and any(shift):
            return self._sampled(picture, name, way)
        before, after = way.matrices
        return self._plain.reformat(
            picture,
            format=name,
            dst_colorspace=None if before == after else after,
            src_color_range=way.ranges[0],
            dst_color_range=way.ranges[1],
            threads=SCALING_THREADS,
        )

    def _sampled(self, picture: VideoFrame, name: str, way: Way) -> VideoFrame:
        """The converter of the other way puts all chroma between luma samples."""
        size, own = f"{picture.width}x{picture.height}", picture.format.name
        key = (size, own, name, way)
        # Frames whose tags are others than the graph was told stop it.
        if key not in self._graphs:
            self._graphs[key] = _graph(size, own, name=name, way=way)
        graph = self._graphs[key]
        graph.vpush(picture)
        return graph.vpull()


def _graph(size: str, own: str, *, name: str, way: Way) -> Graph:
    before, after = way.matrices
    options = [
        f"flags={_FLAGS}",
        f"in_range={_RANGES[way.ranges[0]]}:out_range={_RANGES[way.ranges[1]]}",
        f"in_chroma_loc={'center' if way.centred else 'left'}:out_chroma_loc=left",
    ]
    options += [] if before == after else [f"out_color_matrix={after}"]
    source = f"video_size={size}:pix_fmt={own}:time_base=1/1:colorspace={before}"
    return chained(
        ("buffer", f"{source}:range={way.ranges[0]}"),
        ("scale", ":".join(options)),
        ("format", name),
    )


def set_opacity(picture: VideoFrame, opacity: Plane, *, depth: int) -> None:
    """Overwrites a picture's opacity with samples of `depth` bits, or ValueError."""
    form = picture.format
    part = next((c for c in form.components if c.is_alpha), None)
    if part is None:
        raise ValueError(f"{form.name} has no opacity")
    kind = np.dtype(np.uint8 if part.bits == 8 else np.uint16)
    kind = kind.newbyteorder(">" if form.is_big_endian else "<")
    plane = picture.planes[part.plane]
    rows = np.frombuffer(memoryview(plane), np.uint8)
    samples = rows.reshape(plane.height, abs(plane.line_size)).view(kind)
    shared = [c for c in form.components if c.plane == part.plane]
    first = 0 if len(shared) == 1 or form.name in _ALPHA_FIRST else len(shared) - 1
    width = picture.width * len(shared)
    samples[:, first : width : len(shared)] = _of_depth(
        opacity, depth, wanted=part.bits
    )


def _of_depth(
    opacity: Plane, depth: int, *, wanted: int
) -> npt.NDArray[np.unsignedinteger]:
    """The same shares of the whole in another number of bits."""
    if depth == wanted:
        return opacity
    top, whole = (1 << wanted) - 1, (1 << depth) - 1
    return (opacity.astype(np.uint32) * top + whole // 2) // whole
