"""Sound that the output's container cannot hold as it is, decoded and encoded again."""

from collections.abc import Iterator
from fractions import Fraction
from logging import getLogger
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.filter import Graph
from av.stream import Stream

from videnhance.media.source import DECODE_ERRORS, AnyPacket, reason
from videnhance.media.stream_choice import layout_of
from videnhance.media.streams.sound_form import (
    DISCRETE,
    SoundForm,
    form_for,
)

__all__ = ["Loss", "SoundConverter"]

_LOG = getLogger(__name__)

_BITS_A_CHANNEL = 96_000
Loss = tuple[Fraction, str]
"""What becomes of a sound beside what its form tells, from these seconds on."""


class SoundConverter:
    """Decodes packets of a sound stream, and encodes them for the stream it adds."""

    def __init__(self, out: OutputContainer, stream: Stream, encoder: str) -> None:
        self._source = cast(AudioCodecContext, stream.codec_context)
        form = form_for(encoder, self._source, out.format.name)
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
        self.losses: list[Loss] = []
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
