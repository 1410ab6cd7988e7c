"""A picture brought to another pixel format, chroma where players look for it."""

from dataclasses import dataclass, field

import av
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from videnhance.video.layout import chroma_shift
from videnhance.video.planes import SCALING_THREADS

__all__ = ["Converter", "Ranges"]

_FLAGS = "bicubic+accurate_rnd+bitexact+full_chroma_inp"
"""Without `full_chroma_inp` every second pixel of RGB has no part in its chroma."""
_BT709 = 1
_WORDS = {1: "limited", 2: "full"}

Ranges = tuple[int, int]
"""FFmpeg's numbers of the range before and after: 1 limited, 2 full."""


@dataclass(frozen=True, slots=True)
class Converter:
    """Makes pictures of other formats; RGB becomes YUV of BT.709. For one thread."""

    _plain: VideoReformatter = field(default_factory=VideoReformatter)
    _graphs: dict[tuple[object, ...], Graph] = field(default_factory=dict)

    def __call__(
        self, picture: VideoFrame, name: str, ranges: Ranges, *, centred: bool
    ) -> VideoFrame:
        """The picture in the format `name`.

        `centred` says that its chroma lies between luma samples; where chroma is newly
        sampled, it is placed level with the left ones, which is what H.264 means.
        """
        shift = chroma_shift(av.VideoFormat(name))
        if shift != chroma_shift(picture.format) and any(shift):
            return self._sampled(picture, name, ranges, centred)
        return self._plain.reformat(
            picture,
            format=name,
            dst_colorspace=_BT709 if picture.format.is_rgb else None,
            src_color_range=ranges[0],
            dst_color_range=ranges[1],
            threads=SCALING_THREADS,
        )

    def _sampled(
        self, picture: VideoFrame, name: str, ranges: Ranges, centred: bool
    ) -> VideoFrame:
        """The converter of the other way puts all chroma between luma samples."""
        size, own = f"{picture.width}x{picture.height}", picture.format.name
        key = (size, own, name, ranges, centred)
        if key not in self._graphs:
            self._graphs[key] = _graph(size, own, name, ranges, centred)
        # Frames whose tags are others than the graph was told stop it.
        picture.color_range, picture.colorspace = ranges[0], _matrix(own)
        graph = self._graphs[key]
        graph.vpush(picture)
        return graph.vpull()


def _matrix(name: str) -> int:
    """Of the untagged format: no matrix has a part in YUV to YUV."""
    return 0 if av.VideoFormat(name).is_rgb else 2


def _graph(size: str, own: str, name: str, ranges: Ranges, centred: bool) -> Graph:
    graph = Graph()
    graph.threads = 1
    matrix = _matrix(own)
    options = [
        f"flags={_FLAGS}",
        f"in_range={_WORDS[ranges[0]]}:out_range={_WORDS[ranges[1]]}",
        f"in_chroma_loc={'center' if centred else 'left'}:out_chroma_loc=left",
    ]
    options += [] if matrix else ["out_color_matrix=bt709"]
    nodes = (
        graph.add(
            "buffer",
            f"video_size={size}:pix_fmt={own}:time_base=1/1:colorspace={matrix}:"
            f"range={ranges[0]}",
        ),
        graph.add("scale", ":".join(options)),
        graph.add("format", name),
        graph.add("buffersink"),
    )
    graph.link_nodes(*nodes).configure()
    return graph
