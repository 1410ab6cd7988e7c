"""Animated WebP, read by Pillow, and AVIF, by its tracks: FFmpeg does not know the one,
and takes the first picture of the other for the video. GIF and APNG are videos to it.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from videnhance.errors import InputError, UsageError, printable
from videnhance.frame import Frame, VideoInfo
from videnhance.media.layout import delivered_layout
from videnhance.media.planes import tags_of
from videnhance.media.reader.delivery import Delivery
from videnhance.media.reader.seeking import check_tail
from videnhance.media.source import (
    DECODE_ERRORS,
    Mark,
    Span,
    check_readable,
)
from videnhance.media.stills.avif import tracks_of
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


class AnimationReader:
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
            check_pixels(path, tags.size, limit_pixels)
        self._count = tags.pictures
        self._mode = "RGBA" if tags.alpha else "RGB"
        self._tracks = None
        if tags.form == "AVIF":
            self._tracks = tracks_of(path, alpha=tags.alpha, count=tags.pictures)
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

    def __enter__(self) -> "AnimationReader":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; frames already delivered stay valid."""
        self._open.close()

    def go_on_after(self, mark: Mark) -> None:
        """Makes the iteration start behind the mark, as if it had come there.

        Raises InputError if the frames before it are not the same any more.
        """
        known = islice(self._frames(), mark.frames - len(mark.tail), mark.frames)
        check_tail(known, mark, self.path)
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
