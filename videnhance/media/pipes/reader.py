"""A video that comes through a pipe: y4m, a container, or bare samples.

What it is, its first bytes say; FFmpeg is told, so that no playlist is ever tried.
"""

import io
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from av.container import InputContainer
from av.video.frame import VideoFrame

from videnhance.errors import InputError, UsageError
from videnhance.media.pipes.raw import RawShape
from videnhance.media.reader.decoder import Decoder
from videnhance.media.reader.decoding import PacketDecoder
from videnhance.media.reader.survey import FieldSurvey, survey_pictures
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import (
    DECODE_ERRORS,
    AnyPacket,
    Reading,
    ResumePoint,
    Span,
    opened_container,
    reason,
)
from videnhance.media.stream_choice import rate_of
from videnhance.media.times.jumps import JOIN_SECONDS
from videnhance.media.times.timeline import Timeline, header_timeline, start_words

__all__ = ["PipeReader"]

_HEAD = 400
"""Bytes that tell the format: two packets of an MPEG transport stream."""
_MARKS = (
    (0, b"YUV4MPEG2", "yuv4mpegpipe"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (0, b"nut/multimedia container", "nut"),
    (0, b"GIF8", "gif"),
    (0, b"FLV\x01", "flv"),
    (0, b"OggS", "ogg"),
    (8, b"AVI ", "avi"),
    (4, b"ftyp", "mov"),
    (4, b"moov", "mov"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"DKIF", "ivf"),
    (0, b"\x89PNG\r\n\x1a\n", "png_pipe"),
    (0, b"\xff\xd8\xff", "jpeg_pipe"),
    (0, b"BM", "bmp_pipe"),
)
_SYNC, _TS_PACKET = b"G", 188
_NAME = "the standard input"
_AHEAD_BYTES = 96 << 20
"""Of the pictures that are looked at for fields before the first is delivered."""


class _Stream:
    """A pipe for FFmpeg: read once, in order; what was looked at comes again."""

    def __init__(self, stream: BinaryIO) -> None:
        self._read = getattr(stream, "read1", stream.read)
        self.head = b""
        while len(self.head) < _HEAD:
            part = self._read(_HEAD - len(self.head))
            if not part:
                break
            self.head += part
        self._ahead = io.BytesIO(self.head)
        self.count = 0

    def read(self, count: int) -> bytes:
        """The next bytes, at most so many; none at the end."""
        part: bytes = self._ahead.read(count) or self._read(count)
        self.count += len(part)
        return part


class PipeReader(VideoReader):
    """An open pipe: `info` at once, and its frames by iterating over it, once.

    `stream` is not closed. What a look all over a file tells, a pipe does not: length
    where no header has it, clocks that jump, and fields, for which up to 96 pictures
    are read ahead. Raises InputError if nothing comes that can be decoded.
    """

    def __init__(
        self,
        stream: BinaryIO,
        raw: RawShape | None = None,
        span: Span | None = None,
        reading: Reading | None = None,
    ) -> None:
        self._bytes, self._raw = _Stream(stream), raw
        super().__init__(Path(_NAME), span, reading, Timeline())
        self.info = replace(self.info, start_seconds=self._origin)
        own = self._decoder.stream.index
        others = [words for n, words in enumerate(self.info.streams) if n != own]
        if others := [*others, *["chapters"] * bool(self.info.chapters)]:
            self._note(f"only the video of a pipe is used, not {', '.join(others)}")

    def resume_after(self, mark: ResumePoint) -> None:
        """Raises UsageError: what went through a pipe does not come again."""
        if mark.frames:
            raise UsageError("a pipe cannot be read again: start over with --discard")

    def _opened(self) -> Decoder:
        return _PipeDecoder(self._bytes, self._raw, self._reading, self._note)

    def _started(self) -> tuple[Iterator[VideoFrame], VideoFrame]:
        pictures, first = super()._started()
        self._ahead = _Ahead(pictures)
        return self._ahead, first

    def _timed(self) -> Iterator[VideoFrame]:
        pictures = super()._timed()
        if self._decoder.stream.start_time is None:
            return self._from_zero(pictures)
        return pictures

    def _from_zero(self, pictures: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
        """Pictures whose clock starts where no header says; not late, nor below 0."""
        moved = 0
        for number, picture in enumerate(pictures):
            pts = picture.pts or 0
            if not number:
                words = start_words(pts * self._time_base)
                if words:
                    self._note(words)
                    moved = pts
                self._origin = (pts - moved) * self._time_base
            picture.pts = pts - moved
            yield picture

    def _survey_fields(self, marked: bool) -> FieldSurvey:
        rate = rate_of(self._decoder.stream)
        return survey_pictures(self._ahead.pictures(), rate, marked=marked)

    def _nothing_words(self) -> str:
        # What looks for the index of an mp4 at its end has passed its frames by.
        return (
            f"no frame of the {self._decoder.codec} video on {_NAME} is decoded: an "
            "mp4 must be named as a file, or be made with its index in front"
        )


class _Ahead:
    """Pictures that can be looked at before they are taken."""

    def __init__(self, pictures: Iterator[VideoFrame]) -> None:
        self._pictures = pictures
        self._held: deque[VideoFrame] = deque()

    def __iter__(self) -> Iterator[VideoFrame]:
        return self

    def __next__(self) -> VideoFrame:
        return self._held.popleft() if self._held else next(self._pictures)

    def pictures(self) -> Iterator[VideoFrame]:
        """The next pictures, once, as many as may be held; they come again."""
        left = _AHEAD_BYTES
        while left > 0 and (picture := next(self._pictures, None)):
            left -= sum(plane.buffer_size for plane in picture.planes)
            self._held.append(picture)
            yield picture


class _PipeDecoder(Decoder):
    """The video stream of a pipe."""

    def __init__(
        self,
        stream: _Stream,
        raw: RawShape | None,
        reading: Reading,
        note: Callable[[str], None],
    ) -> None:
        self._bytes, self._raw = stream, raw
        self._first: list[AnyPacket] = []
        """Those before the first whole picture: there may be none."""
        self._rest: Iterator[AnyPacket] | None = None
        super().__init__(Path(_NAME), reading, note, Timeline())
        if self.container.format.name in ("mpeg", "mpegts"):
            self.longest_seconds = JOIN_SECONDS

    @property
    def name(self) -> Path | str:
        return _NAME

    def seek(self, pts: int) -> bool:
        """False: a pipe stays where it is."""
        return False

    @contextmanager
    def _source(self) -> Iterator[InputContainer]:
        with _opened(self._bytes, self._raw) as container:
            self.timeline = header_timeline(container)
            for words in self.timeline.notices:
                self._note(words)
            yield container

    def _begin_anew(self) -> None:
        self._context.flush_buffers()
        self._decoding = PacketDecoder(
            self._context, self.codec, self._count_damage, lead=0
        )

    def _packets(self) -> Iterator[AnyPacket]:
        self._rest = self._rest or super()._packets()
        yield from self._first
        for packet in self._rest:
            if not self._decoding.is_whole:
                self._first.append(packet)
            else:
                self._first.clear()
            yield packet

    def _size(self) -> int:
        return self._bytes.count

    def _noted_cut(self) -> bool:
        return False  # known at the end alone

    def _note_end(self) -> None:
        if self.container.format.name == "mpegts" and self._bytes.count % _TS_PACKET:
            self._note("the file is cut off: it ends in the middle of a packet")
            self._cut = True
        super()._note_end()


def _opened(stream: _Stream, raw: RawShape | None) -> InputContainer:
    if not stream.head:
        raise InputError(f"nothing came on {_NAME}: check the program before the |")
    options: dict[str, str] = {}
    name = _format_of(stream.head)
    if name == "mpegts":
        # Else the first list of a program's streams is taken for the last.
        options["scan_all_pmts"] = "1"
    if raw is not None:
        name = "rawvideo"
        options |= {
            "video_size": str(raw.size),
            "pixel_format": raw.pix_fmt,
            "framerate": str(raw.rate),
        }
    if name is None:
        raise InputError(
            f"{_NAME} is no y4m and no container that is known: send y4m, mkv, nut or "
            "ts, or say what the samples are with --raw-size and --raw-format"
        )
    try:
        return opened_container(stream, options, form=name)
    except DECODE_ERRORS as error:
        raise InputError(
            f"{_NAME} looks like {name} but cannot be read in one go "
            f"({reason(error)}): send y4m, mkv, nut or ts"
        ) from error


def _format_of(head: bytes) -> str | None:
    for place, mark, name in _MARKS:
        if head[place:].startswith(mark):
            return name
    places = (0, _TS_PACKET, 2 * _TS_PACKET)
    if all(head[place : place + 1] == _SYNC for place in places):
        return "mpegts"
    return None
