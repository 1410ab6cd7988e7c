"""Subtitles that the output's container cannot hold as they are, converted as text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from logging import getLogger
from typing import cast

import av
from av.container import OutputContainer
from av.stream import Stream
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle, SubtitleSet

from videnhance.media.source import DECODE_ERRORS, AnyPacket, reason
from videnhance.media.stream_choice import context_of
from videnhance.media.streams.sound import Loss

__all__ = ["SubtitleConverter", "loses_style", "text_codec_for"]

_LOG = getLogger(__name__)

_ENCODERS = {
    "matroska": "subrip",
    "mov": "mov_text",
    "mp4": "mov_text",
    "webm": "webvtt",
}
"""The encoder to convert text to, by container."""
_STYLED = ("ass", "ssa")
_TEXTS = frozenset(
    (
        *("ass", "ssa", "subrip", "srt", "webvtt", "mov_text", "text", "jacosub"),
        *("microdvd", "mpl2", "pjs", "realtext", "sami", "stl", "subviewer"),
        *("subviewer1", "vplayer"),
    )
)
"""Decoders that give text; the others give pictures, or captions without an end."""
_FIELDS = 8
"""Commas before the text of an event as FFmpeg's decoders give it."""
_DRAWING = re.compile(rb"\{[^}]*\\p[1-9][^}]*\}.*?(?=\{[^}]*\\p0[^}]*\}|$)", re.DOTALL)
_TAGS = re.compile(rb"\{[^}]*\}|\\[Nnh]|\s")
_MILLISECOND = Fraction(1, 1000)
_NO_END = 2**32 - 1
_LONGEST = 5
"""Seconds to show a last event that has no end."""


def text_codec_for(out: OutputContainer, stream: Stream) -> str | None:
    """The encoder to convert a subtitle stream with; None if there is none."""
    context, encoder = context_of(stream), _ENCODERS.get(out.format.name)
    if context is None or context.name not in _TEXTS:
        return None
    return encoder if encoder in av.codecs_available else None


def loses_style(stream: Stream, encoder: str) -> bool:
    """Whether fonts, places and effects are lost by the conversion."""
    context = context_of(stream)
    return context is not None and context.name in _STYLED and encoder not in _STYLED


@dataclass(frozen=True, slots=True)
class _Event:
    """What is shown from `start` to `end`, in ticks; 0 for no known end."""

    start: int
    end: int
    line: bytes


class SubtitleConverter:
    """Decodes packets of a subtitle stream; encodes them for the stream it adds."""

    def __init__(self, out: OutputContainer, stream: Stream, encoder: str) -> None:
        self._source = cast(SubtitleCodecContext, stream.codec_context)
        self._source.open(strict=False)
        self._base = Fraction(stream.time_base or _MILLISECOND)
        self.out = cast(SubtitleStream, out.add_stream(encoder))
        self._encoder = self.out.codec_context
        self._encoder.time_base = self.out.time_base = self._base
        self._encoder.subtitle_header = self._source.subtitle_header
        self._encoder.open()
        self.damaged_packets = 0
        self.losses: list[Loss] = []
        # An mp4 track shows one sample at a time: what overlaps is cut and joined.
        longest = round(_LONGEST / self._base)
        self._stage = _Stage(longest) if encoder == "mov_text" else None

    def packets(self, packet: AnyPacket | None) -> list[AnyPacket]:
        """The encoded packets that `packet` completes; None flushes.

        A damaged packet is left out; so is one that shows nothing.
        """
        try:
            event = self._event(packet) if packet is not None else None
            if self._stage is None:
                return [self._encoded(event)] if event else []
            shown = self._stage.add(event) if packet is None or event else []
            return [self._encoded(part) for part in shown]
        except DECODE_ERRORS as error:
            self.damaged_packets += 1
            _LOG.info("damaged subtitle: %s", reason(error))
            return []

    def _event(self, packet: AnyPacket) -> _Event | None:
        time = packet.pts if packet.pts is not None else packet.dts
        decoded = self._source.decode2(packet)
        if decoded is None or time is None:
            return None
        line = _joined(r.ass for r in decoded.rects if isinstance(r, AssSubtitle))
        if line is None:
            return None
        ticks = packet.duration or 0
        if not ticks and decoded.end_display_time not in (0, _NO_END):
            ticks = round(decoded.end_display_time * _MILLISECOND / self._base)
        return _Event(time, time + ticks if ticks else 0, line)

    def _encoded(self, event: _Event) -> AnyPacket:
        ticks = max(event.end - event.start, 0)
        made = self._encoder.encode_subtitle(SubtitleSet.create(event.line, 0, ticks))
        made.pts = made.dts = event.start
        made.duration, made.time_base = ticks, self._base
        made.is_keyframe = True
        return made


class _Stage:
    """Makes events that overlap into ones that follow each other, in the same times."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._shown: list[_Event] = []
        self._now: int | None = None

    def add(self, event: _Event | None) -> list[_Event]:
        """What is settled before this event begins; None settles all."""
        settled: list[_Event] = []
        now = self._now or 0
        until = event.start if event else None
        while self._shown and (until is None or now < until):
            stops = [e.end for e in self._shown if e.end]
            stops += [] if until is None else [until]
            end = min(stops, default=now + self._longest)
            line = _joined(e.line for e in self._shown)
            if line is not None:
                settled.append(_Event(now, end, line))
            now = end
            # What has no end is shown until the next begins.
            self._shown = [e for e in self._shown if (e.end or until or 0) > end]
        if event:
            now = event.start if self._now is None else max(event.start, now)
            if not event.end or event.end > now:
                self._shown.append(event)
            self._now = now
        return settled


def _joined(lines: Iterable[bytes]) -> bytes | None:
    """Events in one, below each other, without drawings; None if nothing is shown."""
    prefix, texts = b"", []
    for line in lines:
        fields = line.split(b",", _FIELDS)
        text = _DRAWING.sub(b"", fields[-1])
        if len(fields) <= _FIELDS or not _TAGS.sub(b"", text):
            continue
        prefix = prefix or b",".join(fields[:_FIELDS])
        texts.append(text)
    return prefix + b"," + rb"{\r}\N".join(texts) if texts else None
