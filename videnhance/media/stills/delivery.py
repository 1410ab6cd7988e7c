"""One decoded picture as a frame in a given layout and size."""

from collections.abc import Callable
from fractions import Fraction

from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter

from videnhance.frame import Frame, Layout
from videnhance.frame.geometry import Size
from videnhance.media.layout import is_full_range_name
from videnhance.media.planes import SCALING_THREADS, copied_planes, tags_of

__all__ = ["Delivery"]

_LIMITED, _FULL = 1, 2
_MATRICES = {1: Colorspace.ITU709, 5: Colorspace.ITU601, 6: Colorspace.ITU601}
"""For swscale, by FFmpeg's number of the matrix."""


class Delivery:
    """Makes frames of pictures: each like the first, in its layout and of its size.

    `told` hears in words what had to be changed.
    """

    def __init__(
        self,
        first: VideoFrame,
        layout: Layout,
        time_base: Fraction,
        told: Callable[[str], None],
    ) -> None:
        self.layout = layout
        self.size = Size(first.width, first.height)
        self._form = first.format.name
        self._tags = tags_of(first)
        self._time_base = time_base
        self._told = told
        self._converter = VideoReformatter()

    def frame(self, picture: VideoFrame, index: int, pts: int, duration: int) -> Frame:
        """The picture as a frame; its planes are copies."""
        tags = tags_of(picture)
        if picture.format.name != self._form:
            tags = self._tags
        return Frame(
            index=index,
            pts=pts,
            time_base=self._time_base,
            layout=self.layout,
            tags=tags,
            planes=copied_planes(self._fitting(picture), self.layout),
            duration=duration,
        )

    def _fitting(self, picture: VideoFrame) -> VideoFrame:
        size = Size(picture.width, picture.height)
        if size != self.size:
            self._told(f"the size changes: frames are scaled to {self.size}")
        name = picture.format.name
        other = name != self._form
        if other:
            self._told(f"the kind of pixels changes: {name} becomes {self.layout.name}")
        plain = name.replace("yuvj", "yuv") if is_full_range_name(name) else name
        if size == self.size and plain == self.layout.name and not other:
            return picture
        if picture.format.has_palette:  # exactly, by way of packed RGB
            picture = self._converter.reformat(
                picture, format="bgra", threads=SCALING_THREADS
            )
        # Between RGB and YUV the frame takes over the first one's matrix and range.
        full = _FULL if self._tags.full else _LIMITED
        return self._converter.reformat(
            picture,
            self.size.width,
            self.size.height,
            self.layout.name,
            dst_colorspace=_MATRICES.get(self._tags.matrix) if other else None,
            dst_color_range=full if other else None,
            threads=SCALING_THREADS,
        )
