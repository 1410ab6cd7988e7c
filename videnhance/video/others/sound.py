"""Sound that the output's container cannot hold as it is, decoded and encoded again."""

from collections.abc import Sequence
from fractions import Fraction
from logging import getLogger
from typing import Any, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Stream

from videnhance.video.others.copies import LAYOUTS
from videnhance.video.source import DECODE_ERRORS, AnyPacket, reason
from videnhance.video.stream_choice import context_of, layout_of

__all__ = ["SoundConverter", "sound_codec_for"]

_LOG = getLogger(__name__)

_ENCODERS = {
    "avi": "ac3",
    "flv": "aac",
    "matroska": "flac",
    "mov": "aac",
    "mp4": "aac",
    "mpegts": "aac",
    "nut": "flac",
    "webm": "libopus",
}
"""The encoder to convert to, by container."""
_LOSSLESS_ENCODERS = {"avi": "pcm_s24le", "mov": "alac", "mp4": "flac"}
"""The encoder for sound that has lost nothing yet, where it is another one."""
_LOSSLESS = ("alac", "flac", "pcm_s24le")
_ANY_FORMAT = "fltp"
_BITS_A_CHANNEL = 96_000
_ROOM = {
    "u8": ("u8", "s16", "s32", "flt"),
    "s16": ("s16", "s32", "flt"),
    "s32": ("s32", "flt", "dbl", "s16"),
    "s64": ("s64", "s32", "dbl", "flt", "s16"),
    "flt": ("flt", "dbl", "s32", "s16"),
    "dbl": ("dbl", "flt", "s32", "s16"),
}
"""Sample formats that hold another's samples, from the best on."""


def sound_codec_for(out: OutputContainer, stream: Stream) -> str | None:
    """The encoder to convert a sound stream with; None if there is none."""
    context = context_of(stream)
    encoder = _ENCODERS.get(out.format.name)
    if context is not None and context.codec.lossless:
        encoder = _LOSSLESS_ENCODERS.get(out.format.name, encoder)
    if encoder is None or encoder not in av.codecs_available:
        return None
    return encoder


class SoundConverter:
    """Decodes packets of a sound stream, and encodes them for the stream it adds."""

    def __init__(self, out: OutputContainer, stream: Stream, encoder: str) -> None:
        self._source = cast(AudioCodecContext, stream.codec_context)
        settings = _settings(encoder, self._source)
        self.out = cast(AudioStream, out.add_stream(encoder, rate=settings["rate"]))
        context = self.out.codec_context
        context.layout, context.format = settings["layout"], settings["format"]
        if encoder not in _LOSSLESS:
            context.bit_rate = _BITS_A_CHANNEL * context.channels
        context.open()
        self._encoder = context
        self.damaged_packets = 0
        self._end: tuple[int, Fraction] | None = None
        """When the last decoded frame ended: ticks, and seconds of a tick."""
        self._resampler = AudioResampler(
            settings["format"],
            settings["layout"],
            settings["rate"],
            frame_size=context.frame_size or None,
        )

    def packets(self, packet: AnyPacket | None) -> list[AnyPacket]:
        """The encoded packets that `packet` completes; None flushes.

        A damaged packet is left out.
        """
        made: list[AnyPacket] = []
        try:
            for frame in self._source.decode(packet):
                layout_of(frame)
                self._give_time(frame)
                for part in self._resampler.resample(frame):
                    made += self._encoded(part)
        except DECODE_ERRORS as error:
            self.damaged_packets += 1
            _LOG.info("damaged sound: %s", reason(error))
        if packet is None:
            for part in self._resampler.resample(None):
                made += self._encoded(part)
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

    def _encoded(self, frame: av.AudioFrame | None) -> list[AnyPacket]:
        return list(self._encoder.encode(frame))


def _settings(encoder: str, source: AudioCodecContext) -> dict[str, Any]:
    """Rate, sample format and channels: the source's where the encoder takes them."""
    codec = av.Codec(encoder, "w")
    rates = codec.audio_rates
    rate = source.sample_rate
    if rates and rate not in rates:
        rate = min((r for r in rates if r >= rate), default=max(rates))
    names = [f.name for f in codec.audio_formats or ()]
    told: Any = source.format  # none where the container cannot tell
    form = _nearest_format(told.name if told else _ANY_FORMAT, names)
    layout = layout_of(source)
    stereo = "mono" if layout.nb_channels == 1 else "stereo"
    named = layout.name
    if encoder == "aac":  # it names the sides in a way that players do not read
        named = named.replace("(side)", "")
    layouts = (named, LAYOUTS.get(layout.nb_channels, stereo))
    taken = (name for name in layouts if _opens(encoder, rate, form, name))
    return {"rate": rate, "format": form, "layout": next(taken, stereo)}


def _nearest_format(form: str, names: Sequence[str]) -> str:
    """The format among `names` that keeps the most of the samples."""
    if not names or form in names:
        return form
    for plain in _ROOM.get(form.removesuffix("p"), ()):
        for name in (plain, f"{plain}p"):
            if name in names:
                return name
    return names[0]


def _opens(encoder: str, rate: int, form: str, layout: str) -> bool:
    trial = cast(AudioCodecContext, av.CodecContext.create(encoder, "w"))
    try:
        trial.sample_rate, trial.format, trial.layout = rate, form, layout
        trial.open()
    except (av.FFmpegError, ValueError):
        return False
    return True
