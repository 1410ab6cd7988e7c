"""Pictures in 256 colours for GIF: one palette for a few frames at a time.

FFmpeg's palettegen (median cut, after Heckbert 1982) and paletteuse (error diffusion).
A palette for each frame would make still parts flicker, one for the whole video needs
all of it in memory.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame

from videnhance.frame import Plane
from videnhance.frame.geometry import Size

__all__ = ["Palettes"]

_MOST_FRAMES = 24
_MOST_BYTES = 64 << 20
_TICK = Fraction(1, 100)
# The hidden colour is kept free always: the encoder skips with it what stays the same.
_MAKE = "stats_mode=full:reserve_transparent=1"
_USE = "dither=sierra2_4a:diff_mode=rectangle:alpha_threshold=128"


class Palettes:
    """Holds frames until there are enough for a palette, then gives them with it."""

    def __init__(self, size: Size, alpha: bool) -> None:
        self._size = size
        self._form = "rgba" if alpha else "rgb24"
        self._held: list[VideoFrame] = []
        held_bytes = size.width * size.height * (4 if alpha else 3)
        self._most = max(min(_MOST_FRAMES, _MOST_BYTES // held_bytes), 1)

    def pictures(self, samples: Plane, pts: int, duration: int) -> list[VideoFrame]:
        """Takes packed samples; gives the frames that are done, in order, as `pal8`."""
        pixels: npt.NDArray[Any] = samples
        if samples.ndim == 2:  # of a grey frame
            pixels = np.stack([samples] * 3, axis=-1)
        picture = VideoFrame.from_ndarray(pixels, format=self._form)
        picture.time_base, picture.pts, picture.duration = _TICK, pts, duration
        self._held.append(picture)
        return self.flush() if len(self._held) >= self._most else []

    def flush(self) -> list[VideoFrame]:
        """The frames that are still held."""
        held, self._held = self._held, []
        return list(self._painted(held, self._palette(held))) if held else []

    def _source(self, graph: Graph) -> FilterContext:
        return graph.add(
            "buffer", f"video_size={self._size}:pix_fmt={self._form}:time_base={_TICK}"
        )

    def _palette(self, held: list[VideoFrame]) -> VideoFrame:
        graph = Graph()
        source, sink = self._source(graph), graph.add("buffersink")
        graph.link_nodes(source, graph.add("palettegen", _MAKE), sink).configure()
        for picture in held:
            source.push(picture)
        source.push(None)
        palette = sink.pull()
        assert isinstance(palette, VideoFrame)
        return palette

    def _painted(
        self, held: list[VideoFrame], palette: VideoFrame
    ) -> Iterator[VideoFrame]:
        graph = Graph()
        source, sink = self._source(graph), graph.add("buffersink")
        colours = graph.add(
            "buffer",
            f"video_size=16x16:pix_fmt={palette.format.name}:time_base={_TICK}",
        )
        use = graph.add("paletteuse", _USE)
        source.link_to(use)
        colours.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()
        palette.time_base, palette.pts = _TICK, 0
        colours.push(palette)
        colours.push(None)
        for picture in held:
            source.push(picture)
        source.push(None)
        for picture in held:
            painted = sink.pull()
            assert isinstance(painted, VideoFrame)
            painted.time_base, painted.pts = _TICK, picture.pts
            painted.duration = picture.duration
            yield painted
