"""AVIF by its tracks: exact times, all bits, and opacity, a picture of its own.

Pillow gives 8 bits, and times in whole milliseconds that add up their rounding.
"""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videnhance.frame import Frame
from videnhance.media.layout import delivered_layout, native_layout
from videnhance.media.planes import (
    copied_planes,
    picture_of,
    set_tags,
    tags_of,
)
from videnhance.media.source import DECODE_ERRORS

__all__ = ["AvifTracks", "tracks_of", "with_opacity"]


@dataclass(frozen=True, slots=True)
class AvifTracks:
    """Where an animated AVIF has its pictures."""

    path: Path
    colours: int
    """Index of the stream."""
    opacity: int | None
    time_base: Fraction
    rate: Fraction
    """Frames a second on average."""

    def pictures(self) -> Iterator[tuple[VideoFrame, int, int]]:
        """Each picture with its time and duration in ticks from the first one.

        Raises what FFmpeg raises for damage.
        """
        start = None
        for colours, opacity in self._decoded():
            made = colours if opacity is None else with_opacity(colours, opacity)
            if made is None:
                raise ValueError("its opacity is not of the picture's size or depth")
            pts = colours.pts or 0
            start = pts if start is None else start
            yield made, pts - start, colours.duration or 0

    def _decoded(self) -> Iterator[tuple[VideoFrame, VideoFrame | None]]:
        with ExitStack() as stack:
            opened = [
                stack.enter_context(av.open(f"file:{self.path}", "r", format="mov"))
                for _ in range(2)
            ]
            colours = opened[0].decode(opened[0].streams[self.colours])
            if self.opacity is None:
                for picture in colours:
                    assert isinstance(picture, VideoFrame)
                    yield picture, None
                return
            shades = opened[1].decode(opened[1].streams[self.opacity])
            for picture, shade in zip(colours, shades, strict=True):
                assert isinstance(picture, VideoFrame)
                assert isinstance(shade, VideoFrame)
                yield picture, shade


def tracks_of(path: Path, *, alpha: bool, count: int) -> AvifTracks | None:
    """The tracks of an AVIF of `count` pictures; None if it has none of that kind."""
    with suppress(*DECODE_ERRORS), av.open(f"file:{path}", "r", format="mov") as file:
        moving = [s for s in file.streams.video if s.frames == count > 1]
        if len(moving) == 1 + alpha and all(map(_is_native, moving)):
            colours, *opacity = moving
            return AvifTracks(
                path=path.absolute(),
                colours=colours.index,
                opacity=opacity[0].index if opacity else None,
                time_base=colours.time_base or Fraction(1, 1000),
                rate=colours.average_rate or Fraction(0),
            )
    return None


def _is_native(stream: VideoStream) -> bool:
    name = stream.codec_context.pix_fmt
    return name is not None and native_layout(name) is not None


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
    planes = (*copied_planes(picture, layout), copied_planes(opacity, gray)[0])
    made = picture_of(Frame(0, 0, Fraction(1), both, tags, planes))
    set_tags(made, tags)
    return made
