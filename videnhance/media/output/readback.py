"""Reads a finished file from end to end: its streams, times, tags and pictures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.codec.context import ThreadType
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videnhance.media.reader.headers import declared
from videnhance.media.source import DECODE_ERRORS, AnyPacket, open_source
from videnhance.media.stream_choice import chosen_video, context_of
from videnhance.media.streams.actions import codec_words

__all__ = ["FoundStream", "ReadBack", "Times", "read_back"]

_DECODED_KINDS = ("video", "audio")


@dataclass(slots=True)
class Times:
    """The packets of one stream and their times, in ticks of `base` seconds."""

    base: Fraction
    packets: int = 0
    first: int | None = None
    last: int | None = None
    """The largest time, which is not the last packet's where frames are reordered."""
    end: int | None = None
    """When what was added ends, as far as durations are known."""
    total: int = 0
    """Of all times: it changes if any of them does."""
    longest: int = 0
    """Duration."""
    decoded_last: int | None = None
    """Time of the last packet in the order of decoding."""
    falls: int = 0
    """Packets that are to be decoded before the one in front of them."""
    _decoded: int | None = None

    def add(self, packet: AnyPacket) -> None:
        """Notes a packet; one without a time is only counted."""
        self.packets += 1
        dts, pts = packet.dts, packet.pts
        if dts is not None:
            self.falls += self._decoded is not None and dts < self._decoded
            self._decoded = dts
        time = dts if pts is None else pts
        if time is None:
            return
        self.first = time if self.first is None else min(time, self.first)
        self.last = time if self.last is None else max(time, self.last)
        duration = max(packet.duration or 0, 0)
        end, self.decoded_last = time + duration, time
        self.longest = max(duration, self.longest)
        self.end = end if self.end is None else max(end, self.end)
        self.total += time

    def seconds(self, ticks: int | None) -> Fraction | None:
        """A time of this stream in seconds; None stays None."""
        return None if ticks is None else ticks * self.base

    @property
    def mean(self) -> Fraction:
        """Of all times, in seconds."""
        return Fraction(self.total, max(self.packets, 1)) * self.base


@dataclass(frozen=True, slots=True)
class FoundStream:
    """One stream as it is read; `times` counts what is in it."""

    index: int
    kind: str
    codec: str
    language: str
    default: bool
    times: Times


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What stands in a file."""

    video: FoundStream
    others: tuple[FoundStream, ...]
    picture: VideoFrame | None
    """The first one; None if it cannot be decoded."""
    end: Fraction | None
    """Of the video by its header, in seconds."""
    turn: float | None
    """Degrees counter-clockwise; None if the container says nothing."""
    aspect: Fraction | None
    """Shape of a pixel; None if nothing is said."""
    has_opacity: bool
    """Whether the container says that opacity lies beside each packet."""
    chapters: int
    tags: Mapping[str, str]
    """Of the whole file."""
    decoded: int | None
    """Frames, where all of them are decoded."""
    errors: int
    """Packets of the video that cannot be decoded."""
    damaged: int
    """Packets of other streams that cannot."""


def read_back(path: Path, full: bool) -> ReadBack:
    """Reads all packets, and decodes the first frame, or with `full` everything.

    Raises InputError and what FFmpeg raises.
    """
    with open_source(path) as made:
        video = chosen_video(made, path, track=0)  # the enlarged one comes first
        found = {s.index: _found(s) for s in made.streams}
        decoder = _Decoder(video, full)
        for packet in made.demux(*_with_packets(made)):
            if packet.size:
                found[packet.stream_index].times.add(packet)
                decoder.see(packet)
        decoder.flush(made.streams)
        return ReadBack(
            video=found.pop(video.index),
            others=tuple(found.values()),
            picture=decoder.first,
            end=_end(video),
            turn=declared(made, video).rotation,
            aspect=video.sample_aspect_ratio or None,
            has_opacity=_lowered(video.metadata).get("alpha_mode") == "1",
            chapters=len(made.chapters()),
            tags=dict(made.metadata),
            decoded=decoder.frames if full else None,
            errors=decoder.errors,
            damaged=decoder.damaged,
        )


def _lowered(metadata: Mapping[str, str]) -> dict[str, str]:
    """With keys in small letters: containers differ in them."""
    return {key.lower(): value for key, value in metadata.items()}


def _with_packets(made: InputContainer) -> list[Stream]:
    return [s for s in made.streams if s.type != "attachment"]


def _end(video: VideoStream) -> Fraction | None:
    if not video.duration or video.start_time is None:
        return None
    return (video.start_time + video.duration) * Fraction(video.time_base or 1)


def _found(stream: Stream) -> FoundStream:
    return FoundStream(
        index=stream.index,
        kind=stream.type,
        codec=codec_words(stream),
        language=stream.language or "",
        default=bool(stream.disposition & Disposition.default),
        times=Times(Fraction(stream.time_base or 1)),
    )


class _Decoder:
    """Decodes until the first frame is there, or to the end; counts what fails."""

    def __init__(self, video: VideoStream, full: bool) -> None:
        self.first: VideoFrame | None = None
        self.frames = self.errors = self.damaged = 0
        self._video, self._full = video, full
        context = video.codec_context
        if full:
            context.thread_type = ThreadType.AUTO
        else:
            # Threads that take a frame each ask for many packets before the first.
            context.thread_type, context.thread_count = ThreadType.SLICE, 1

    def see(self, packet: AnyPacket) -> None:
        """Decodes the packet, if that is asked for."""
        if self._wanted(packet.stream):
            self._decode(packet.stream, packet)

    def flush(self, streams: Iterable[Stream]) -> None:
        """Decodes what is still inside."""
        for stream in streams:
            if self._wanted(stream):
                self._decode(stream, None)

    def _wanted(self, stream: Stream) -> bool:
        if stream.index == self._video.index:
            return self._full or self.first is None
        able = stream.type in _DECODED_KINDS and context_of(stream) is not None
        return self._full and able

    def _decode(self, stream: Stream, packet: AnyPacket | None) -> None:
        context: Any = stream.codec_context
        try:
            pictures = context.decode(packet)
        except DECODE_ERRORS:
            if stream.index == self._video.index:
                self.errors += 1
            else:
                self.damaged += 1
            return
        if stream.index == self._video.index and pictures:
            self.frames += len(pictures)
            self.first = self.first or pictures[0]
