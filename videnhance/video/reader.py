"""A video file as an iterator of frames, with what is known of it at once.

Times pass through untouched. The one rule where the file leaves room: a frame without a
time takes the decoder's, or else the one before plus a frame's duration; and a time
that does not grow becomes one tick more than the one before.
"""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from logging import getLogger
from pathlib import Path
from types import TracebackType

import av
from av.codec.context import Flags, ThreadType
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from videnhance.errors import InputError, UsageError, printable
from videnhance.frame import Frame, Layout, VideoInfo
from videnhance.region import Size
from videnhance.resize import Plane
from videnhance.video.layout import (
    delivered_layout,
    delivery_notice,
    is_full_range_name,
)
from videnhance.video.planes import copied_planes, tags_of
from videnhance.video.source import (
    DECODE_ERRORS,
    AnyPacket,
    Span,
    chosen_video,
    open_source,
    origin_seconds,
    packets_of,
    reason,
    stream_words,
)

__all__ = ["Span", "VideoReader"]

_LOG = getLogger(__name__)


class VideoReader:
    """An open video: `info` at once, and its frames by iterating over it, once.

    Raises InputError if the file is missing, unreadable, no video, or without a frame.
    """

    def __init__(self, path: Path, span: Span | None = None) -> None:
        self.path = path
        self.notices: list[str] = []
        self.damaged_packets = 0
        self.damaged_frames = 0
        self._span = span or Span()
        self._converter = VideoReformatter()
        self._spent = False
        with ExitStack() as stack:
            self._container = stack.enter_context(open_source(path))
            self._stream = chosen_video(self._container, path)
            # Asked for before decoding: some versions crash on it after a failure.
            self._codec = self._stream.name or "unknown"
            self._step = _frame_step(self._stream)
            self._origin = origin_seconds(self._stream)
            self._streams = tuple(stream_words(s) for s in self._container.streams)
            self._frames, first = self._started()
            self._source_format = first.format.name
            self._size = Size(first.width, first.height)
            self._layout = delivered_layout(self._source_format)
            self.info = self._described(first)
            self._note_first(first)
            self._open = stack.pop_all()

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; frames already delivered stay valid."""
        self._frames = iter(())
        self._open.close()

    def __iter__(self) -> Iterator[Frame]:
        if self._spent:
            raise RuntimeError("a VideoReader is iterated once: open the file again")
        self._spent = True
        for index, picture in enumerate(self._frames):
            pts = picture.pts
            assert pts is not None
            self.damaged_frames += picture.is_corrupt
            yield Frame(
                index=index,
                pts=pts,
                time_base=self.info.time_base,
                layout=self._layout,
                tags=tags_of(picture),
                planes=self._planes(picture),
                duration=max(picture.duration or 0, 0),
            )

    # The way from packets to pictures with a time, inside the span.

    def _started(self) -> tuple[Iterator[VideoFrame], VideoFrame]:
        """The pictures of the span, and the first of them, which comes again."""
        _prepare_decoder(self._stream)
        seeked = self._seek()
        pictures = self._timed()
        first = next(pictures, None)
        if seeked and (first is None or not self._is_before_start(first)):
            self._rewind()
            self.damaged_packets = 0
            pictures = self._timed()
            first = next(pictures, None)
        if first is None:
            raise InputError(
                f"{printable(self.path)}: no frame of its {self._codec} video "
                "can be decoded; it is damaged, cut off or encrypted"
            )
        shown = self._within(chain([first], pictures))
        first = next(shown, None)
        if first is None:
            raise UsageError(
                f"{printable(self.path)} ends before {self._span.start_seconds} s: "
                "choose an earlier start"
            )
        return chain([first], shown), first

    def _seek(self) -> bool:
        """Goes to the key frame before the start; False if it stays at the front."""
        if not self._span.start_seconds or self._stream.start_time is None:
            return False
        start = self._origin + self._span.start
        try:
            self._container.seek(
                int(start / _time_base(self._stream)), stream=self._stream
            )
        except DECODE_ERRORS:
            return False
        return True

    def _rewind(self) -> None:
        front = self._stream.start_time or 0
        with suppress(*DECODE_ERRORS):
            self._container.seek(front, stream=self._stream)

    def _is_before_start(self, picture: VideoFrame) -> bool:
        return self._seconds(picture) <= self._span.start

    def _seconds(self, picture: VideoFrame) -> Fraction:
        """The picture's time from the first frame of the file."""
        return Fraction(picture.pts or 0) * _time_base(self._stream) - self._origin

    def _within(self, pictures: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
        count, span = 0, self._span
        for picture in pictures:
            seconds = self._seconds(picture)
            if span.start and seconds < span.start:
                continue
            if span.end is not None and seconds >= span.end:
                return
            yield picture
            count += 1
            if count == span.max_frames:
                return

    def _timed(self) -> Iterator[VideoFrame]:
        """Every picture of the decoder with a time; times grow strictly."""
        last: int | None = None
        for picture in self._decoded():
            pts, dts = picture.pts, picture.dts
            if pts is None and dts is not None and (last is None or dts > last):
                pts = dts
            elif pts is None:
                pts = 0 if last is None else last + (picture.duration or self._step)
            elif last is not None and pts <= last:
                self._note(
                    "some frames do not follow in time; each is set after the other"
                )
                pts = last + 1
            picture.pts = last = pts
            yield picture

    def _decoded(self) -> Iterator[VideoFrame]:
        packets = 0
        held: AnyPacket | None = None
        for packet in packets_of(self._container, [self._stream], self._unreadable):
            packets += 1
            self.damaged_packets += packet.is_corrupt
            if held is not None:
                yield from self._decode(held)
            held = packet
        # Cut off in its middle, the last packet would make threads drop good frames.
        if held is not None and not held.is_corrupt:
            yield from self._decode(held)
        yield from self._decode(None)
        # Other containers count frames that are shown twice, or not at all.
        exact = self._container.format.name.startswith("mov")
        promised = self._stream.frames if exact else 0
        if packets < promised and not self._span.start_seconds:
            self.damaged_packets += promised - packets
            self._note(f"the file is cut off: {packets} of {promised} frames are there")

    def _unreadable(self, error: BaseException) -> None:
        self.damaged_packets += 1
        _LOG.info("%s: cannot read on: %s", self.path, reason(error))

    def _decode(self, packet: AnyPacket | None) -> list[VideoFrame]:
        try:
            return self._stream.codec_context.decode(packet)
        except DECODE_ERRORS as error:
            self.damaged_packets += 1
            _LOG.info("%s: damaged packet: %s", self.path, reason(error))
            return []

    # From a picture to planes.

    def _planes(self, picture: VideoFrame) -> tuple[Plane, ...]:
        size = Size(picture.width, picture.height)
        if size != self._size:
            self._note(f"the size changes: frames are scaled to {self._size}")
        if size != self._size or picture.format.name != self._source_format:
            picture = self._converter.reformat(
                picture, self._size.width, self._size.height, self._source_format
            )
        if self._layout.name != _plain(self._source_format):
            picture = _converted(self._converter, picture, self._layout)
        return copied_planes(picture, self._layout)

    # What is known.

    def _described(self, first: VideoFrame) -> VideoInfo:
        stream, container = self._stream, self._container
        rate = stream.average_rate or stream.guessed_rate or Fraction(0)
        seconds = _duration(container, stream)
        frames = stream.frames or (round(seconds * rate) if seconds and rate else 0)
        info = VideoInfo(
            size=self._size,
            layout=self._layout,
            source_format=self._source_format,
            codec=self._codec,
            rate=rate,
            time_base=_time_base(stream),
            frames=frames or None,
            duration_seconds=seconds,
            tags=tags_of(first),
            sample_aspect_ratio=_aspect(stream),
            rotation_degrees=round(-first.rotation / 90) % 4 * 90,
            streams=self._streams,
            metadata=dict(container.metadata),
            start_seconds=self._origin,
        )
        return info if self._span.whole else _shortened(info, self._span)

    def _note_first(self, first: VideoFrame) -> None:
        lost = delivery_notice(self._source_format)
        if lost:
            self._note(lost)
        if first.interlaced_frame:
            self._note(
                "the video is interlaced: its fields are enlarged as one picture"
            )
        if first.rotation % 90:
            self._note(
                f"a turn by {first.rotation} degrees is rounded to a right angle"
            )

    def _note(self, words: str) -> None:
        if words not in self.notices:
            self.notices.append(words)


def _converted(
    converter: VideoReformatter, picture: VideoFrame, layout: Layout
) -> VideoFrame:
    """The picture in a native format; a palette goes by way of packed RGB, exactly."""
    if picture.format.has_palette:
        picture = converter.reformat(picture, format="bgra")
    return converter.reformat(picture, format=layout.name)


def _plain(name: str) -> str:
    return name.replace("yuvj", "yuv") if is_full_range_name(name) else name


def _prepare_decoder(stream: VideoStream) -> None:
    context = stream.codec_context
    context.thread_type = ThreadType.AUTO
    context.flags |= Flags.output_corrupt


def _time_base(stream: VideoStream) -> Fraction:
    return stream.time_base or Fraction(1, 90000)


def _frame_step(stream: VideoStream) -> int:
    """A frame's duration in ticks, at least 1."""
    rate = stream.guessed_rate or stream.average_rate or Fraction(25)
    return max(round(1 / (rate * _time_base(stream))), 1)


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.duration > 0:
        return float(stream.duration * _time_base(stream))
    if container.duration and container.duration > 0:
        return container.duration / av.time_base
    return None


def _aspect(stream: VideoStream) -> Fraction | None:
    return (
        stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or None
    )


def _shortened(info: VideoInfo, span: Span) -> VideoInfo:
    """What to expect of a part of the video."""
    seconds, frames = info.duration_seconds, info.frames
    if seconds is not None:
        end = seconds if span.end_seconds is None else min(span.end_seconds, seconds)
        part = max(end - span.start_seconds, 0.0)
        if frames is not None and seconds:
            frames = max(round(frames * part / seconds), 1)
        seconds = part
    if span.max_frames is not None:
        frames = min(frames or span.max_frames, span.max_frames)
        if info.rate:
            seconds = min(seconds or float("inf"), float(frames / info.rate))
    return replace(info, duration_seconds=seconds, frames=frames)
