"""Sound that the output's container cannot hold as it is, decoded and encoded again."""

from logging import getLogger
from typing import Any, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Stream

from videnhance.video.source import DECODE_ERRORS, AnyPacket, reason

__all__ = ["SoundConverter", "convertible_to"]

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
_BITS_A_CHANNEL = 96_000


def convertible_to(out: OutputContainer) -> str | None:
    """The encoder to convert a sound stream with; None if there is none."""
    encoder = _ENCODERS.get(out.format.name)
    if encoder is None or encoder not in av.codecs_available:
        return None
    return encoder


class SoundConverter:
    """Decodes packets of a sound stream, and encodes them for the stream it adds."""

    def __init__(self, out: OutputContainer, stream: Stream) -> None:
        self._source = cast(AudioCodecContext, stream.codec_context)
        encoder = _ENCODERS[out.format.name]
        settings = _settings(encoder, self._source)
        self.out = cast(AudioStream, out.add_stream(encoder, rate=settings["rate"]))
        context = self.out.codec_context
        context.layout, context.format = settings["layout"], settings["format"]
        if encoder not in ("flac",):
            context.bit_rate = _BITS_A_CHANNEL * context.channels
        context.open()
        self._encoder = context
        self.damaged_packets = 0
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

    def _encoded(self, frame: av.AudioFrame | None) -> list[AnyPacket]:
        return list(self._encoder.encode(frame))


def _settings(encoder: str, source: AudioCodecContext) -> dict[str, Any]:
    """Rate, sample format and channels: the source's where the encoder takes them."""
    codec = av.Codec(encoder, "w")
    rates, formats = codec.audio_rates, codec.audio_formats
    rate = source.sample_rate
    if rates and rate not in rates:
        rate = min((r for r in rates if r >= rate), default=max(rates))
    names = [f.name for f in formats or ()]
    form = source.format.name
    if names and form not in names:
        form = names[0]
    layout = source.layout.name
    if not _opens(encoder, rate, form, layout):
        layout = "mono" if source.channels == 1 else "stereo"
    return {"rate": rate, "format": form, "layout": layout}


def _opens(encoder: str, rate: int, form: str, layout: str) -> bool:
    trial = cast(AudioCodecContext, av.CodecContext.create(encoder, "w"))
    try:
        trial.sample_rate, trial.format, trial.layout = rate, form, layout
        trial.open()
    except (av.FFmpegError, ValueError):
        return False
    return True
