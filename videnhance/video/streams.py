"""The streams beside the video: decided before the work, copied bit for bit during it.

A second demuxer of the same file feeds them, driven by the writer's clock, so that
video and sound need no common buffer and memory does not grow with the file.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from logging import getLogger
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream

from videnhance.errors import printable
from videnhance.video.sound import SoundConverter, convertible_to
from videnhance.video.source import (
    AnyPacket,
    Source,
    chosen_video,
    context_of,
    open_source,
    origin_seconds,
    packets_of,
    reason,
)

__all__ = ["Fate", "StreamCopy", "StreamPlan", "plan_streams"]

_LOG = getLogger(__name__)

_MORE_CODECS = {
    "mpegts": frozenset(
        (
            *("aac", "aac_latm", "ac3", "eac3", "dca", "mp2", "mp3", "mp3float"),
            *("opus", "libopus", "truehd", "dvbsub"),
        )
    )
}
"""What a container takes beyond what FFmpeg lists for it."""
_WITH_COVERS = _WITH_EDITS = ("mp4", "mov")
_WITH_ATTACHMENTS = ("matroska",)
_NOT_CARRIED = ("encoder", "duration", "vendor_id", "handler_name", "number_of_", "bps")
"""Stream metadata that the muxer writes itself, or that the copy would make wrong."""
_DAMAGED = (av.error.InvalidDataError, av.error.ArgumentError, ValueError)
_PREROLL = Fraction(1, 10)
"""Seconds of hidden sound before the start that a decoder may need.

Where no edit list can hide them, more of them would move the whole video."""
_TAIL_SECONDS = 10
"""Packets come sorted only roughly: how far past the end of a span to look."""


class Fate(Enum):
    """What becomes of a stream."""

    KEPT = "kept"
    CONVERTED = "converted"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What becomes of one stream, and why."""

    index: int
    kind: str
    codec: str
    fate: Fate
    why: str = ""

    def __str__(self) -> str:
        words = f"stream {self.index} ({self.kind}, {self.codec}) is {self.fate.value}"
        return f"{words}: {self.why}" if self.why else words


def plan_streams(
    source: Path, container: str, audio: bool = True
) -> tuple[StreamPlan, ...]:
    """What becomes of each stream but the video in an FFmpeg container of this name.

    Raises InputError if the source cannot be read.
    """
    with (
        open_source(source) as opened,
        av.open(io.BytesIO(), "w", format=container) as out,
    ):
        video = chosen_video(opened, source)
        others = [s for s in opened.streams if s.index != video.index]
        return tuple(_planned(s, out, audio) for s in others)


def _planned(stream: Stream, out: OutputContainer, audio: bool) -> StreamPlan:
    fate, why = _fate(stream, out, audio)
    context = context_of(stream)
    codec = context.name if context is not None else _name(stream)
    return StreamPlan(stream.index, stream.type, codec, fate, why)


def _name(stream: Stream) -> str:
    named = stream.type in ("attachment", "data") and stream.name
    return printable(named) if named else "unknown codec"


def _fate(stream: Stream, out: OutputContainer, audio: bool) -> tuple[Fate, str]:
    form = out.format.name
    if stream.type == "audio" and not audio:
        return Fate.LOST, "the sound is left out, as asked for"
    if stream.type == "attachment":
        if form in _WITH_ATTACHMENTS:
            return Fate.KEPT, ""
        return Fate.LOST, f"{form} holds no attachments"
    if stream.type == "video":
        if not stream.disposition & Disposition.attached_pic:
            return Fate.LOST, "only one video stream is enlarged"
        if form not in _WITH_COVERS or context_of(stream) is None:
            return Fate.LOST, f"cover pictures are not written to {form}"
        return Fate.KEPT, ""
    if stream.type not in ("audio", "subtitle"):
        return Fate.LOST, f"{stream.type} streams are not carried over"
    return _fate_by_codec(stream, out)


def _fate_by_codec(stream: Stream, out: OutputContainer) -> tuple[Fate, str]:
    context: Any = context_of(stream)
    form = out.format.name
    if context is None:
        return Fate.LOST, "its codec is unknown"
    sound = stream.type == "audio"
    if sound and not (context.sample_rate and context.layout.nb_channels):
        return Fate.LOST, "its header is damaged"
    if context.name in out.supported_codecs | _MORE_CODECS.get(form, frozenset()):
        return Fate.KEPT, ""
    encoder = convertible_to(out) if sound else None
    if encoder:
        return Fate.CONVERTED, f"{form} does not hold {context.name}, {encoder} is used"
    return Fate.LOST, f"{form} does not hold {context.name}"


class _Track:
    """One copied or converted stream, and the rule for its times."""

    def __init__(
        self, stream: Stream, out: Stream, sound: SoundConverter | None
    ) -> None:
        self.stream, self.out, self.sound = stream, out, sound
        self._last: int | None = None

    def packets(self, packet: AnyPacket) -> list[AnyPacket]:
        """What to write for a packet of the source; an empty one flushes."""
        if self.sound is None:
            return [packet] if packet.size else []
        return self.sound.packets(packet if packet.size else None)

    def retimed(self, packet: AnyPacket, zero: Fraction) -> Fraction | None:
        """Sets the packet to the output's clock; gives its seconds, if it has any."""
        here = Fraction(packet.time_base or self.stream.time_base or 1)
        there = Fraction(self.out.time_base or here)
        dts = packet.dts if packet.dts is not None else packet.pts
        if dts is None:
            return None
        pts = dts if packet.pts is None else packet.pts
        ticks = [round((time * here - zero) / there) for time in (dts, pts)]
        if self._last is not None:
            ticks[0] = max(ticks[0], self._last + 1)
        self._last = ticks[0]
        packet.dts, packet.pts = ticks[0], max(ticks)
        packet.duration = round((packet.duration or 0) * here / there)
        packet.time_base = there
        packet.stream = self.out
        return ticks[0] * there


class StreamCopy:
    """The kept and converted streams of `source`, on their way into `out`."""

    def __init__(
        self,
        source: Source,
        out: OutputContainer,
        plans: Sequence[StreamPlan],
    ) -> None:
        self._dropped = 0
        self._filled: set[int] = set()
        self._path, self._out, self._span = source.path, out, source.span
        with ExitStack() as stack:
            self._container = stack.enter_context(open_source(source.path))
            video = chosen_video(self._container, source.path)
            self._origin = origin_seconds(video)
            start = self._span.start
            self._zero = self._origin + start if start else Fraction(0)
            self.video_metadata = carried_metadata(video)
            self._tracks = self._added(plans)
            self._add_chapters()
            self._edits = out.format.name in _WITH_EDITS
            # A whole frame is the least that an avi can be moved by.
            self._preroll = Fraction(0) if out.format.name == "avi" else _PREROLL
            self._packets = self._timed()
            self._next: tuple[Fraction, AnyPacket] | None = None
            self._open = stack.pop_all()

    @property
    def filled_streams(self) -> int:
        """Streams with something in them so far: an empty one may leave no trace."""
        return len(self._filled)

    def close(self) -> None:
        """Closes the source."""
        self._packets = iter(())
        self._open.close()

    @property
    def dropped_packets(self) -> int:
        """Damaged packets that are left out so far."""
        sounds = (track.sound for track in self._tracks.values())
        damaged = sum(sound.damaged_packets for sound in sounds if sound is not None)
        return self._dropped + damaged

    def copy_until(self, seconds: Fraction | None) -> None:
        """Writes what comes up to this time of the output; for None, all the rest."""
        while True:
            if self._next is None:
                self._next = next(self._packets, None)
            if self._next is None or (seconds is not None and self._next[0] > seconds):
                return
            packet, self._next = self._next[1], None
            try:
                self._out.mux(packet)
                self._filled.add(packet.stream_index)
            except _DAMAGED as error:
                self._dropped += 1
                _LOG.info("%s: packet not taken: %s", self._path, reason(error))

    def _added(self, plans: Sequence[StreamPlan]) -> dict[int, _Track]:
        tracks = {}
        wanted = {p.index: p.fate for p in plans if p.fate is not Fate.LOST}
        for stream in self._container.streams:
            fate = wanted.get(stream.index)
            if fate is None:
                stream.discard = Discard.all
                continue
            sound = None
            if fate is Fate.CONVERTED:
                sound = SoundConverter(self._out, stream)
                added: Stream = sound.out
            else:
                added = self._out.add_stream_from_template(stream, opaque=True)
            added.disposition = stream.disposition
            added.metadata.update(carried_metadata(stream))
            if stream.type == "attachment":
                self._filled.add(added.index)
            else:
                tracks[stream.index] = _Track(stream, added, sound)
        return tracks

    def _add_chapters(self) -> None:
        chapters = self._container.chapters()
        for chapter in chapters:
            shift = round(self._zero / (chapter["time_base"] or 1))
            chapter["start"], chapter["end"] = (
                max(chapter[edge] - shift, 0) for edge in ("start", "end")
            )
        kept = [c for c in chapters if c["end"] > c["start"]]
        if kept:
            self._out.set_chapters(kept)

    def _timed(self) -> Iterator[tuple[Fraction, AnyPacket]]:
        """Each packet to write with its time in the output."""
        streams = [track.stream for track in self._tracks.values()]
        if not streams:
            return
        if self._zero:
            _seek(self._container, self._zero)
        for packet in packets_of(self._container, streams, self._note_unreadable):
            inside = self._inside(packet)
            if inside is None:
                break
            if inside:
                yield from self._ready(packet)
        for track in self._tracks.values():
            if track.sound is not None:
                yield from self._ready(Packet(), track)

    def _ready(
        self, packet: AnyPacket, track: _Track | None = None
    ) -> Iterator[tuple[Fraction, AnyPacket]]:
        track = track or self._tracks[packet.stream_index]
        for ready in track.packets(packet):
            seconds = track.retimed(ready, self._zero)
            if seconds is None:
                self._dropped += 1
            else:
                yield seconds, ready

    def _inside(self, packet: AnyPacket) -> bool | None:
        """Whether the packet starts in the span; None: the span is long over."""
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            return True
        seconds = time * Fraction(packet.time_base or 1)
        if self._span.start_seconds and seconds < self._zero:
            return False
        if (
            packet.is_discard
            and seconds < self._zero - self._preroll
            and not self._edits
        ):
            return False
        if self._span.end is None:
            return True
        past = seconds - self._origin - self._span.end
        return None if past > _TAIL_SECONDS else past < 0

    def _note_unreadable(self, error: BaseException) -> None:
        self._dropped += 1
        _LOG.info("%s: cannot read on: %s", self._path, reason(error))


def carried_metadata(stream: Stream) -> dict[str, str]:
    """The stream's metadata that stays true in another file."""
    return {
        key: value
        for key, value in stream.metadata.items()
        if not key.lower().startswith((*_NOT_CARRIED, "_statistics"))
    }


def _seek(container: InputContainer, seconds: Fraction) -> None:
    try:
        container.seek(int(seconds * av.time_base), backward=True)
    except av.FFmpegError:
        container.seek(0, backward=True)
