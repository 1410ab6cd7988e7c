"""Numbered or listed pictures as a video: each is one frame, at a given rate."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from math import ceil
from pathlib import Path

from av.video.frame import VideoFrame

from videnhance.errors import InputError, UsageError, printable
from videnhance.frame import Family, Frame, Layout
from videnhance.media.layout import delivered_layout
from videnhance.media.planes import picture_of, set_tags, tags_of
from videnhance.media.protocols import OpenReader
from videnhance.media.reader.seeking import check_tail
from videnhance.media.source import ResumePoint, Span
from videnhance.media.stills.delivery import Delivery
from videnhance.media.stills.picture_tags import tags_of_file
from videnhance.media.stills.series import series_of
from videnhance.media.stills.still_reader import Still, still_info, still_of
from videnhance.media.stills.turning import turned

__all__ = ["DEFAULT_RATE", "SequenceReader"]

DEFAULT_RATE = Fraction(25)
"""Frames a second, where nothing says so."""
_GRAY_MODES = ("1", "L", "I", "F", "I;16", "I;16B")


class SequenceReader(OpenReader):
    """Pictures `%06d.png` or `*.png` as a video; each is turned upright.

    Raises InputError if there is none, or the first is damaged. A later one that is
    counts as a damaged frame, and the picture before is shown in its place.
    """

    def __init__(
        self,
        place: Path,
        rate: Fraction | None = None,
        span: Span | None = None,
        limit_pixels: int | None = None,
    ) -> None:
        self.path = place
        self.series = series_of(place)
        self.notices: list[str] = []
        self.damaged_packets = 0
        self.damaged_frames = 0
        self._limit = limit_pixels
        self._files = _part(place, self.series.files, span=span or Span(), rate=rate)
        first = still_of(self._files[0], limit_pixels)
        picture = _upright(first)
        layout = self._layout(first, picture)
        still = replace(first, picture=picture, layout=layout)
        info = still_info(still, rate or DEFAULT_RATE, count=len(self._files))
        info = replace(info, rotation_degrees=0, mirrored=False)
        self._delivery = Delivery(picture, layout, info.time_base, self._note)
        self.info = replace(info, size=self._delivery.size)
        if rate is None:
            self._note(f"pictures are shown {DEFAULT_RATE} a second: --rate changes it")
        if self.series.gap:
            self._note(self.series.gap)
        self._start = 0
        self._spent = False

    def close(self) -> None:
        """Ends the iteration; frames already delivered stay valid."""
        self._files = ()

    def resume_after(self, mark: ResumePoint) -> None:
        """Makes the iteration start behind the mark, as if it had come there.

        Raises InputError if the pictures before it are not the same any more.
        """
        if not mark.frames:
            return
        before = mark.frames - len(mark.tail)
        known = islice(self._frames(before), len(mark.tail))
        check_tail(known, mark, path=self.path)
        self._start = mark.frames

    def __iter__(self) -> Iterator[Frame]:
        if self._spent:
            raise RuntimeError("a SequenceReader is iterated once: open it again")
        self._spent = True
        return self._frames(self._start)

    def _frames(self, start: int) -> Iterator[Frame]:
        before = self._last_good(start)
        for index in range(start, len(self._files)):
            try:
                still = still_of(self._files[index], self._limit)
            except InputError as error:
                if before is None:
                    raise
                self.damaged_frames += 1
                self._note(f"{error}; the picture before is shown instead")
                yield replace(before, index=index, pts=index)
                continue
            self.damaged_frames += still.damaged
            for words in still.notices:
                self._note(words)
            before = self._delivery.frame(_upright(still), index, index, 1)
            yield before

    def _last_good(self, start: int) -> Frame | None:
        """What is shown in place of a damaged picture at `start`."""
        for index in range(start - 1, -1, -1):
            try:
                still = still_of(self._files[index], self._limit)
            except InputError:
                continue
            return self._delivery.frame(_upright(still), index, index, 1)
        return None

    def _layout(self, first: Still, picture: VideoFrame) -> Layout:
        """The first picture's; a gray one may be followed by coloured ones."""
        layout = first.layout
        if picture.format.name != first.picture.format.name:
            layout = delivered_layout(picture.format.name)
        if layout.family is not Family.GRAY:
            return layout
        modes = (tags_of_file(file) for file in self._files)
        if all(tags is None or tags.mode in _GRAY_MODES for tags in modes):
            return layout
        return delivered_layout("gbrp" if layout.depth == 8 else "gbrp16le")


def _part(
    place: Path, files: tuple[Path, ...], *, span: Span, rate: Fraction | None
) -> tuple[Path, ...]:
    """The pictures of the span. Raises UsageError if it starts behind the last."""
    each = rate or DEFAULT_RATE
    first = ceil(span.start * each)
    last = None if span.end is None else ceil(span.end * each)
    part = files[first:last][: span.max_frames]
    if not part:
        raise UsageError(
            f"{printable(place)} ends before {span.start_seconds} s: choose an "
            "earlier start"
        )
    return part


def _upright(still: Still) -> VideoFrame:
    """The picture as it is shown: a video has one turn for all its frames."""
    picture = still.picture
    if still.tags.orientation == 1:
        return picture
    tags, layout = tags_of(picture), still.layout
    delivery = Delivery(picture, layout, Fraction(1), lambda _: None)
    frame = turned(delivery.frame(picture, 0, 0, 0), still.tags.orientation)
    made = picture_of(frame)
    set_tags(made, tags)
    return made
