"""A video that comes through a pipe: y4m, a container, or bare samples.

What it is, its first bytes say; FFmpeg is told, so that no playlist is ever tried.
"""

import io
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain, islice
from logging import getLogger
from types import TracebackType
from typing import Any, BinaryIO

import av
from av.container import InputContainer
from av.container.core import Flags as ContainerFlags
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videnhance.errors import InputError, UsageError
from videnhance.frame import Frame, VideoInfo
from videnhance.limits import check_pixels
from videnhance.region import Size
from videnhance.video.layout import delivered_layout, delivery_notice
from videnhance.video.pipes.raw import RawShape
from videnhance.video.planes import reserved_notice, tags_of
from videnhance.video.reading.clock import (
    FAULTS_SAID,
    LONGEST_SECONDS,
    TimeFault,
    timed,
)
from videnhance.video.reading.decoding import Decoding, lead_notice
from videnhance.video.reading.delivery import Delivery
from videnhance.video.reading.headers import declared
from videnhance.video.source import DECODE_ERRORS, Mark, Span, packets_of, reason
from videnhance.video.stream_choice import context_of, stream_words
from videnhance.video.times.jumps import JOIN_SECONDS
from videnhance.video.times.timeline import start_words

__all__ = ["PipeReader"]

_LOG = getLogger(__name__)
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


class PipeReader:
    """An open pipe: `info` at once, and its frames by iterating over it, once.

    `stream` is not closed. Raises InputError if nothing comes that can be decoded.
    """

    def __init__(
        self,
        stream: BinaryIO,
        raw: RawShape | None = None,
        span: Span | None = None,
        limit_pixels: int | None = None,
    ) -> None:
        self.notices: list[str] = []
        self.damaged_packets = 0
        self.damaged_frames = 0
        self._span, self._limit = span or Span(), limit_pixels
        self._spent = False
        with ExitStack() as stack:
            self._bytes = _Stream(stream)
            self._container = stack.enter_context(_opened(self._bytes, raw))
            self._format = self._container.format.name
            self._stream = self._video()
            self._codec = self._stream.name or "unknown"
            self._base = self._stream.time_base or Fraction(1, 90000)
            self._rate = self._stream.average_rate or self._stream.guessed_rate
            self._check(Size(self._stream.width, self._stream.height))
            self._pictures, first = self._started()
            self._check(Size(first.width, first.height))
            layout = delivered_layout(first.format.name)
            self._delivery = Delivery(first, layout, self._base, self._note)
            self.info = self._described(first)
            self._tell(first)
            self._open = stack.pop_all()

    def __enter__(self) -> "PipeReader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def go_on_after(self, mark: Mark) -> None:
        """Raises UsageError: what went through a pipe does not come again."""
        if mark.frames:
            raise UsageError("a pipe cannot be read again: start over with --discard")

    def close(self) -> None:
        """Reads no more; frames already delivered stay valid."""
        self._pictures = iter(())
        self._open.close()

    def __iter__(self) -> Iterator[Frame]:
        if self._spent:
            raise RuntimeError("a PipeReader is iterated once: a pipe has no way back")
        self._spent = True
        shown = islice(self._within(self._pictures), self._span.max_frames)
        for index, picture in enumerate(shown):
            self.damaged_frames += picture.is_corrupt
            assert picture.pts is not None
            duration = max(picture.duration or 0, 0)
            yield self._delivery.frame(picture, index, picture.pts, duration)

    def _video(self) -> VideoStream:
        able = [s for s in self._container.streams.video if context_of(s) is not None]
        if not able:
            raise InputError(f"{_NAME} holds no video that can be decoded")
        return able[0]

    def _check(self, size: Size) -> None:
        if self._limit is not None:
            check_pixels(_NAME, size, self._limit)

    def _started(self) -> tuple[Iterator[VideoFrame], VideoFrame]:
        pictures = self._from_zero(self._timed())
        first = next(pictures, None)
        if first is None:
            # What looks for the index of an mp4 at its end has passed its frames by.
            raise InputError(
                f"no frame of the {self._codec} video on {_NAME} is decoded: an mp4 "
                "must be named as a file, or be made with its index in front"
            )
        return chain([first], pictures), first

    def _timed(self) -> Iterator[VideoFrame]:
        """Every picture with a time; times grow strictly."""
        step = max(round(1 / ((self._rate or Fraction(25)) * self._base)), 1)
        mpeg = self._container.format.name in ("mpeg", "mpegts")
        longest = JOIN_SECONDS if mpeg else LONGEST_SECONDS
        return timed(self._decoded(), step, self._base, self._note_time, longest)

    def _from_zero(self, pictures: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
        """The pictures of a clock that starts before zero or late, moved to zero."""
        moved: int | None = None
        for picture in pictures:
            assert picture.pts is not None
            if moved is None:
                words = start_words(picture.pts * self._base)
                moved = picture.pts if words else 0
                if words:
                    self._note(words)
            picture.pts -= moved
            yield picture

    def _decoded(self) -> Iterator[VideoFrame]:
        packets = packets_of(
            self._container, [self._stream], lambda error: self._damaged(reason(error))
        )
        context = self._stream.codec_context
        decoding = Decoding(context, self._codec, self._damaged)
        for number, picture in enumerate(decoding.pictures(packets)):
            if not number and decoding.left_out:
                self._note(lead_notice(decoding.left_out))
            yield picture
        if decoding.ends_within or self._is_torn():
            self._damaged("it ends in a frame")
            self._note(f"{_NAME} ends in the middle of a frame: it is left out")
        elif self._format == "mpegts" and self._bytes.count % _TS_PACKET:
            self._damaged("it ends in a packet")
            self._note(f"{_NAME} ends in the middle of a packet")
        elif decoding.ends_oddly:
            self._damaged("its end is missing")

    def _is_torn(self) -> bool:
        """Whether a y4m stream ends inside of a frame, which FFmpeg does not tell."""
        head = self._bytes.head.partition(b"\n")[0]
        if not head.startswith(b"YUV4MPEG2"):
            return False
        size = Size(self._stream.width, self._stream.height)
        layout = delivered_layout(self._stream.codec_context.pix_fmt or "gray")
        samples = sum(plane.area for plane in layout.plane_sizes(size))
        frame = len(b"FRAME\n") + samples * (1 if layout.depth == 8 else 2)
        return (self._bytes.count - len(head) - 1) % frame > 0

    def _damaged(self, words: str) -> None:
        self.damaged_packets += 1
        _LOG.info("%s: damaged: %s", _NAME, words)

    def _within(self, pictures: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
        origin, span, some = self.info.start_seconds, self._span, False
        for picture in pictures:
            seconds = (picture.pts or 0) * self._base - origin
            if span.end is not None and seconds >= span.end:
                break
            if seconds >= span.start:
                some = True
                yield picture
        if not some and span.start:
            raise UsageError(
                f"{_NAME} ends before {span.start_seconds} s: choose an earlier start"
            )

    def _described(self, first: VideoFrame) -> VideoInfo:
        stream = self._stream
        return VideoInfo(
            size=self._delivery.size,
            layout=self._delivery.layout,
            source_format=first.format.name,
            codec=self._codec,
            rate=self._rate or Fraction(0),
            time_base=self._base,
            frames=self._span.max_frames,
            duration_seconds=None,
            tags=tags_of(first),
            sample_aspect_ratio=stream.sample_aspect_ratio or None,
            rotation_degrees=round(-first.rotation / 90) % 4 * 90,
            streams=tuple(map(stream_words, self._container.streams)),
            metadata=dict(self._container.metadata),
            start_seconds=(first.pts or 0) * self._base,
        )

    def _tell(self, first: VideoFrame) -> None:
        lost = delivery_notice(first.format.name)
        if lost:
            self._note(lost)
        if reserved := reserved_notice(first):
            self._note(reserved)
        if dolby := declared(self._container, self._stream).dolby_notice:
            self._note(dolby)
        if first.interlaced_frame:
            self._note("the video is interlaced, and a pipe is not deinterlaced")
        others = [s for s in self.info.streams if s != stream_words(self._stream)]
        if others:
            self._note(f"only the video of a pipe is used, not {', '.join(others)}")

    def _note_time(self, fault: TimeFault) -> None:
        if fault in FAULTS_SAID:
            self._note(FAULTS_SAID[fault])

    def _note(self, words: str) -> None:
        if words not in self.notices:
            self.notices.append(words)


def _opened(stream: _Stream, raw: RawShape | None) -> InputContainer:
    if not stream.head:
        raise InputError(f"nothing came on {_NAME}: check the program before the |")
    # FFmpeg takes a clock that begins anew for one that wraps.
    options = {"correct_ts_overflow": "0"}
    name = _format_of(stream.head)
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
        opened = av.open(stream, "r", format=name, container_options=options)
    except DECODE_ERRORS as error:
        raise InputError(
            f"{_NAME} looks like {name} but cannot be read in one go "
            f"({reason(error)}): send y4m, mkv, nut or ts"
        ) from error
    # PyAV asks for made-up times; where a container has none, they are a frame late.
    made_up: Any = ContainerFlags.gen_pts.value  # a number, whatever the stubs say
    opened.flags &= ~made_up
    return opened


def _format_of(head: bytes) -> str | None:
    for place, mark, name in _MARKS:
        if head[place:].startswith(mark):
            return name
    places = (0, _TS_PACKET, 2 * _TS_PACKET)
    if all(head[place : place + 1] == _SYNC for place in places):
        return "mpegts"
    return None
