"""Converters of sound and subtitles that a container cannot hold as they are."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from logging import getLogger
from typing import Protocol, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.filter import Graph
from av.stream import Stream
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle, SubtitleSet

from videnhance.media.containers import container_named
from videnhance.media.source import DECODE_ERRORS, AnyPacket, reason
from videnhance.media.stream_choice import context_of, layout_of
from videnhance.media.streams.actions import StreamPlan, Way
from videnhance.media.streams.sound_form import DISCRETE, SoundForm, form_for

__all__ = [
    "Converter",
    "SoundConverter",
    "SubtitleConverter",
    "converter_for",
    "loses_style",
    "text_codec_for",
]

_LOG = getLogger(__name__)

_BITS_A_CHANNEL = 96_000
_Loss = tuple[Fraction, str]
"""From these seconds on more is lost than the plan says."""
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


class Converter(Protocol):
    """Makes packets of another codec for the stream `out`."""

    damaged_packets: int
    losses: list[_Loss]
    """What was lost on the way, in addition to what was known before."""

    @property
    def out(self) -> Stream:
        """The stream that it has added to the output."""

    def packets(self, packet: AnyPacket | None) -> list[AnyPacket]:
        """The packets that this one completes; None flushes."""


def converter_for(
    plan: StreamPlan, stream: Stream, *, out: OutputContainer
) -> Converter | None:
    """What encodes the stream anew; None if it is copied."""
    if plan.way is not Way.ENCODED:
        return None
    if stream.type == "subtitle":
        return SubtitleConverter(out, stream, plan.encoder)
    return SoundConverter(out, stream, plan.encoder)


def text_codec_for(out: OutputContainer, stream: Stream) -> str | None:
    """The encoder to convert a subtitle stream with; None if there is none."""
    context, encoder = context_of(stream), container_named(out.format.name).subtitles
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
        self.losses: list[_Loss] = []
        # An mp4 track shows one sample at a time: what overlaps is cut and joined.
        longest = round(_LONGEST / self._base)
        self._screen = _Screen(longest) if encoder == "mov_text" else None

    def packets(self, packet: AnyPacket | None) -> list[AnyPacket]:
        """The encoded packets that `packet` completes; None flushes.

        A damaged packet is left out; so is one that shows nothing.
        """
        try:
            event = self._event(packet) if packet is not None else None
            if self._screen is None:
                return [self._encoded(event)] if event else []
            shown = self._screen.add(event) if packet is None or event else []
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


class _Screen:
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


class SoundConverter:
    """Decodes packets of a sound stream, and encodes them for the stream it adds."""

    def __init__(self, out: OutputContainer, stream: Stream, encoder: str) -> None:
        self._source = cast(AudioCodecContext, stream.codec_context)
        form = form_for(encoder, self._source, container=out.format.name)
        self.out = cast(AudioStream, out.add_stream(encoder, rate=form.rate))
        context = self.out.codec_context
        context.layout, context.format = form.layout, form.format
        if form.layout.endswith("channels"):
            context.options = DISCRETE.get(encoder, {})
        if not form.is_lossless:
            context.bit_rate = _BITS_A_CHANNEL * context.channels
        context.open()
        self._encoder, self._form = context, form
        self.damaged_packets = 0
        self.losses: list[_Loss] = []
        self._most = max(layout_of(self._source).nb_channels, context.channels)
        self._highest = max(self._source.sample_rate, form.rate)
        self._end: tuple[int, Fraction] | None = None
        """When the last decoded frame ended: ticks, and seconds of a tick."""
        self._resampler: _Resampler | None = None

    def packets(self, packet: AnyPacket | None) -> list[AnyPacket]:
        """The encoded packets that `packet` completes; None flushes.

        A damaged packet is left out.
        """
        made: list[AnyPacket] = []
        try:
            for frame in self._source.decode(packet):
                layout_of(frame)
                self._give_time(frame)
                made += self._resampled(frame)
        except DECODE_ERRORS as error:
            self.damaged_packets += 1
            _LOG.info("damaged sound: %s", reason(error))
        if packet is None:
            made += self._resampled(None)
            made += self._encoded(None)
        return made

    def _give_time(self, frame: av.AudioFrame) -> None:
        """Lets a frame without a time follow the one before it."""
        # Some decoders give the last one so, when they are flushed.
        if frame.pts is None and self._end is not None:
            frame.pts, frame.time_base = self._end
        if frame.pts is not None and frame.time_base:
            base = Fraction(frame.time_base)
            length = Fraction(frame.samples, frame.sample_rate)
            self._end = frame.pts + round(length / base), base

    def _resampled(self, frame: AudioFrame | None) -> list[AnyPacket]:
        made: list[AnyPacket] = []
        old = self._resampler
        if old is not None and (frame is None or not old.takes(frame)):
            # Broadcasts change between stereo and 5.1 on the way.
            for part in old.frames(None):
                made += self._encoded(part)
            self._resampler = None
        if frame is not None:
            if self._resampler is None:
                size = self._encoder.frame_size
                self._resampler = _Resampler(frame, self._form, size)
                self._note_losses(frame)
            for part in self._resampler.frames(frame):
                made += self._encoded(part)
        return made

    def _note_losses(self, frame: AudioFrame) -> None:
        """Of sound that begins to be more than it was when the form was chosen."""
        count, rate, words = layout_of(frame).nb_channels, frame.sample_rate, []
        if count > self._most:
            words.append(f"{count} channels are mixed into {self._encoder.channels}")
        if rate > self._highest:
            words.append(f"{rate} Hz become {self._form.rate} Hz")
        self._most, self._highest = max(count, self._most), max(rate, self._highest)
        if words:
            seconds = (frame.pts or 0) * Fraction(frame.time_base or 0)
            self.losses.append((seconds, ", ".join(words)))

    def _encoded(self, frame: av.AudioFrame | None) -> list[AnyPacket]:
        return list(self._encoder.encode(frame))


class _Resampler:
    """Frames like the first one in another form, in pieces of `frame_size` samples."""

    def __init__(self, first: AudioFrame, form: SoundForm, frame_size: int) -> None:
        self._kind = _kind(first)
        layout, self._graph = first.layout, Graph()
        chain = [
            self._graph.add(
                "abuffer",
                sample_rate=str(first.sample_rate),
                sample_fmt=first.format.name,
                channel_layout=layout.name,
                time_base=str(first.time_base or Fraction(1, first.sample_rate)),
            )
        ]
        count = layout.nb_channels
        if form.in_order and count == av.AudioLayout(form.layout).nb_channels:
            order = "|".join(map(str, range(count)))
            chain.append(
                self._graph.add("channelmap", map=order, channel_layout=form.layout)
            )
        chain.append(
            self._graph.add(
                "aformat",
                sample_rates=str(form.rate),
                sample_fmts=form.format,
                channel_layouts=form.layout,
            )
        )
        self._graph.link_nodes(*chain, self._graph.add("abuffersink")).configure()
        if frame_size:
            self._graph.set_audio_frame_size(frame_size)

    def takes(self, frame: AudioFrame) -> bool:
        """Whether the frame is of the kind of the first."""
        return _kind(frame) == self._kind

    def frames(self, frame: AudioFrame | None) -> Iterator[AudioFrame]:
        """What this frame completes; None flushes."""
        self._graph.push(frame)
        while True:
            try:
                yield cast(AudioFrame, self._graph.pull())
            except (av.error.BlockingIOError, av.error.EOFError):
                return


def _kind(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
