"""One stream on its way into the output: its packets, their times, and their count."""

import math
from dataclasses import dataclass
from fractions import Fraction

from av.packet import Packet
from av.stream import Stream

from videnhance.media.containers import container_named
from videnhance.media.source import AnyPacket
from videnhance.media.streams.actions import codec_words
from videnhance.media.streams.converters import Converter

__all__ = ["Clock", "Track", "WrittenStream"]

_MAY_MEET = ("subtitle", "data")
"""Kinds of streams of which several packets may have one time."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The output's clock: it starts at `zero` seconds of the source's."""

    container: str
    """FFmpeg's name of it."""
    zero: Fraction = Fraction(0)
    length: Fraction | None = None
    """Seconds until the end of the span; None if it has none."""


@dataclass(frozen=True, slots=True)
class WrittenStream:
    """What was given to the muxer of one stream, for a check of what it made of it."""

    index: int
    """Among the output's streams; the muxer adds tracks of its own behind them."""
    kind: str
    """FFmpeg's type, as the stream is read back."""
    codec: str
    packets: int
    """An mp4 holds more for subtitles: its muxer fills gaps with empty ones."""
    first_seconds: Fraction | None
    """When the first packet is shown or heard; None if there is none."""
    end_seconds: Fraction | None
    """When the last one ends, as far as its duration is known."""


class Track:
    """One copied or converted stream, and the rule for its times."""

    def __init__(
        self, stream: Stream, out: Stream, clock: Clock, converter: Converter | None
    ) -> None:
        self.stream, self.out = stream, out
        self._clock, self._converter = clock, converter
        # A closed file's stream, which losses are told of, has gone.
        self._name = f"stream {stream.index} ({stream.type})"
        self._last: int | None = None
        self._meet = (
            stream.type in _MAY_MEET or container_named(clock.container).packets_meet
        )
        self._count = 0
        self._first: Fraction | None = None
        self._end: Fraction | None = None

    @property
    def damaged_packets(self) -> int:
        """Packets that could not be decoded."""
        return self._converter.damaged_packets if self._converter else 0

    def losses(self, origin: Fraction) -> list[str]:
        """What was lost on the way by converting it; seconds count from `origin`."""
        found = self._converter.losses if self._converter else []
        return [
            f"{self._name}: from {max(float(at - origin), 0):.1f} s on its {words}"
            for at, words in found
        ]

    @property
    def written(self) -> WrittenStream:
        """What has been muxed so far."""
        made = self.stream if self._converter is None else self.out
        codec = codec_words(made)
        return WrittenStream(
            self.out.index, self.out.type, codec, self._count, self._first, self._end
        )

    def packets(self, packet: AnyPacket | None) -> list[AnyPacket]:
        """What to write for a packet of the source; None flushes."""
        if self._converter is not None:
            return self._converter.packets(packet)
        return [] if packet is None else [_with_old_header(packet)]

    def retimed(self, packet: AnyPacket) -> Fraction | None:
        """Sets the packet to the output's clock; gives its seconds, if it has any."""
        here = Fraction(packet.time_base or self.stream.time_base or 1)
        there = Fraction(self.out.time_base or here)
        dts = packet.dts if packet.dts is not None else packet.pts
        if dts is None:
            return None
        pts = dts if packet.pts is None else packet.pts
        zero, ticks = self._clock.zero, packet.duration or 0
        times = [round((time * here - zero) / there) for time in (dts, pts)]
        if self.stream.type == "subtitle":
            times, ticks = self._cut(times, pts + ticks, here=here, there=there)
        else:
            ticks = round(min(ticks, self._left(pts, here)) * here / there)
        if self._last is not None:
            times[0] = max(times[0], self._last + (0 if self._meet else 1))
        self._last = times[0]
        packet.dts, packet.pts = times[0], max(times)
        packet.duration = ticks
        packet.time_base = there
        packet.stream = self.out
        return times[0] * there

    def is_past(self, packet: AnyPacket) -> bool:
        """Whether a subtitle is over before the output begins."""
        if self.stream.type != "subtitle" or not self._clock.zero:
            return False
        time = packet.pts if packet.pts is not None else packet.dts
        here = Fraction(packet.time_base or self.stream.time_base or 1)
        end = None if time is None else (time + (packet.duration or 0)) * here
        return end is not None and end <= self._clock.zero

    def _left(self, pts: int, here: Fraction) -> float:
        """Ticks until the end of a picture stream that tells where it ends.

        Demuxers guess the last one's duration, and can make a still last twice as long.
        """
        stream = self.stream
        if stream.type != "video" or not stream.duration or stream.start_time is None:
            return math.inf
        end = (stream.start_time + stream.duration) * Fraction(stream.time_base or 1)
        return max(round(end / here) - pts, 0)

    def count(self, packet: AnyPacket) -> None:
        """Notes a packet that has been muxed."""
        base = Fraction(packet.time_base or 1)
        start = (packet.pts or 0) * base
        end = start + (packet.duration or 0) * base
        self._count += 1
        self._first = start if self._first is None else min(start, self._first)
        self._end = end if self._end is None else max(end, self._end)

    def _cut(
        self, times: list[int], end: int, *, here: Fraction, there: Fraction
    ) -> tuple[list[int], int]:
        """Times within the span, and the ticks until the end's own rounding."""
        zero, length = self._clock.zero, self._clock.length
        last = round((end * here - zero) / there)
        if zero:
            times = [max(time, 0) for time in times]
        if length is not None:
            last = min(last, round(length / there))
        return times, max(last - max(times), 0)


def _with_old_header(packet: AnyPacket) -> AnyPacket:
    """The packet without the header that a stream repeats when it connects again.

    Matroska's muxer makes room for it in its tracks, over what follows them.
    """
    if packet.stream.type != "audio" or not packet.has_sidedata("new_extradata"):
        return packet
    copy = Packet(bytes(packet))
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration or 0
    copy.time_base, copy.stream = packet.time_base, packet.stream
    copy.is_keyframe = packet.is_keyframe
    for piece in packet.iter_sidedata():
        if piece.data_type != "new_extradata":
            copy.set_sidedata(piece)
    return copy
