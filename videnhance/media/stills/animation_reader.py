"""Animated WebP, read by Pillow, and AVIF, by its tracks: FFmpeg does not know the one,
and takes the first picture of the other for the video. GIF and APNG are videos to it.

By its tracks, AVIF has exact times, all bits, and opacity, a picture of its own. Pillow
gives 8 bits, and times in whole milliseconds that add up their rounding.
"""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from videnhance.errors import InputError, UsageError, printable
from videnhance.frame import Frame, VideoInfo
from videnhance.media.layout import delivered_layout, native_layout
from videnhance.media.planes import tags_of, with_opacity
from videnhance.media.protocols import OpenReader
from videnhance.media.reader.seeking import check_tail
from videnhance.media.source import DECODE_ERRORS, ResumePoint, Span, check_readable
from videnhance.media.stills.delivery import Delivery
from videnhance.media.stills.picture_tags import (
    PICTURE_ERRORS,
    opened_picture,
    picture_tags,
)
from videnhance.system.limits import check_pixels

__all__ = ["AnimationReader"]

_MILLISECOND = Fraction(1, 1000)
_FULL = 2
_SHORTEST = 10
"""Milliseconds for a frame that is said to take none, as browsers do it."""
_INSTEAD = 100


class AnimationReader(OpenReader):
    """An open animation: a video with the times that the file gives.

    Raises InputError if it is missing, none that is known, or damaged.
    """

    def __init__(
        self, path: Path, span: Span | None = None, limit_pixels: int | None = None
    ) -> None:
        self.path = path
        self.notices: list[str] = []
        self.damaged_packets = 0
        self.damaged_frames = 0
        self._span, self._spent, self._skipped = span or Span(), False, 0
        check_readable(path)
        data = path.read_bytes()
        tags = picture_tags(data, path)
        if limit_pixels is not None:
            check_pixels(path, tags.size, limit=limit_pixels)
        self._count = tags.pictures
        self._mode = "RGBA" if tags.alpha else "RGB"
        self._tracks = None
        if tags.form == "AVIF":
            self._tracks = _tracks_of(path, alpha=tags.alpha, count=tags.pictures)
        tracks = self._tracks
        base = tracks.time_base if tracks else _MILLISECOND
        with ExitStack() as stack:
            self._picture = stack.enter_context(opened_picture(data, path))
            first, _, _ = next(self._shown())
            layout = delivered_layout(first.format.name)
            self._delivery = Delivery(first, layout, base, self.notices.append)
            self.info = VideoInfo(
                size=self._delivery.size,
                layout=layout,
                source_format=first.format.name,
                codec=tags.form.lower(),
                rate=tracks.rate if tracks else Fraction(0),
                time_base=base,
                frames=self._count,
                duration_seconds=None,
                tags=tags_of(first),
                sample_aspect_ratio=None,
                rotation_degrees=0,
                streams=(f"0: video {tags.form.lower()} {tags.size}",),
            )
            if self._span.max_frames is not None:
                count = min(self._count, self._span.max_frames)
                self.info = replace(self.info, frames=count)
            if tags.form == "AVIF" and tracks is None:
                self.notices.append(
                    "this animated AVIF is read with 8 bits a sample, and times in "
                    "milliseconds"
                )
            self._open = stack.pop_all()

    def close(self) -> None:
        """Closes the file; frames already delivered stay valid."""
        self._open.close()

    def resume_after(self, mark: ResumePoint) -> None:
        """Makes the iteration start behind the mark, as if it had come there.

        Raises InputError if the frames before it are not the same any more.
        """
        known = islice(self._frames(), mark.frames - len(mark.tail), mark.frames)
        check_tail(known, mark, path=self.path)
        self._skipped = mark.frames

    def __iter__(self) -> Iterator[Frame]:
        if self._spent:
            raise RuntimeError("an AnimationReader is iterated once: open it again")
        self._spent = True
        return islice(self._frames(), self._skipped, None)

    def _frames(self) -> Iterator[Frame]:
        """The frames of the span, from its first one."""
        index, span, base = 0, self._span, self.info.time_base
        for picture, start, duration in self._shown():
            if start * base < span.start:
                continue
            late = span.end is not None and start * base >= span.end
            if late or index == span.max_frames:
                break
            yield self._delivery.frame(picture, index, start, duration)
            index += 1
        if not index:
            raise UsageError(
                f"{printable(self.path)} ends before {span.start_seconds} s: choose "
                "an earlier start"
            )

    def _shown(self) -> Iterator[tuple[VideoFrame, int, int]]:
        """Each picture, its time, and how many ticks it is shown."""
        shots = self._by_pillow() if self._tracks is None else self._tracks.pictures()
        number = 0
        try:
            for number, shot in enumerate(shots, 1):  # noqa: B007 - told of damage
                yield shot
        except (*PICTURE_ERRORS, *DECODE_ERRORS) as error:
            raise InputError(
                f"{printable(self.path)}: its picture {number + 1} is damaged; copy it "
                "again",
                cause_stays=True,
            ) from error

    def _by_pillow(self) -> Iterator[tuple[VideoFrame, int, int]]:
        clock = 0
        for number in range(self._count):
            self._picture.seek(number)
            self._picture.load()
            colours: Image.Image = self._picture.convert(self._mode)
            form = "rgba" if self._mode == "RGBA" else "rgb24"
            made = VideoFrame.from_ndarray(np.asarray(colours), format=form)
            made.color_range = _FULL
            duration = round(float(self._picture.info.get("duration") or 0))
            duration = duration if duration > _SHORTEST else _INSTEAD
            yield made, clock, duration
            clock += duration


@dataclass(frozen=True, slots=True)
class _AvifTracks:
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


def _tracks_of(path: Path, *, alpha: bool, count: int) -> _AvifTracks | None:
    """The tracks of an AVIF of `count` pictures; None if it has none of that kind."""
    with suppress(*DECODE_ERRORS), av.open(f"file:{path}", "r", format="mov") as file:
        moving = [s for s in file.streams.video if s.frames == count > 1]
        if len(moving) == 1 + alpha and all(map(_is_native, moving)):
            colours, *opacity = moving
            return _AvifTracks(
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
