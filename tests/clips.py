"""Small clips with known frames, times, tags and sound, made for one test."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videnhance.system.throttle import without_realtime

__all__ = ["Clip", "Sound", "pattern", "pts_of", "sound_packets", "write_clip"]

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sound:
    """A tone in a codec, in a language."""

    codec: str = "aac"
    language: str = "und"
    seconds: float = 0.5
    bit_rate: int | None = None
    """In bits a second; None leaves it to the encoder, which some do not take."""


@dataclass(frozen=True)
class Clip:
    """What to write; the defaults give 12 frames of B-frame H.264 at 25 a second."""

    width: int = 64
    height: int = 48
    pix_fmt: str = "yuv420p"
    codec: str = "libx264"
    pts: Sequence[int] = tuple(range(0, 12 * 512, 512))
    time_base: Fraction = Fraction(1, 12800)
    options: dict[str, str] = field(default_factory=lambda: {"bf": "2", "g": "6"})
    colour: tuple[int, int, int, int] | None = None
    """Range, matrix, primaries, transfer."""
    aspect: Fraction | None = None
    turn: int = 0
    """Degrees counter-clockwise."""
    sounds: tuple[Sound, ...] = ()
    container: dict[str, str] = field(default_factory=dict)


def pattern(clip: Clip, index: int) -> VideoFrame:
    """A moving gradient that fills every plane of the format to its last bit."""
    frame = VideoFrame(clip.width, clip.height, clip.pix_fmt)
    for number, plane in enumerate(frame.planes):
        rows = np.frombuffer(memoryview(plane), np.uint8)
        rows = rows.reshape(plane.height, abs(plane.line_size))
        deep = max(c.bits for c in frame.format.components) > 8
        y, x = np.mgrid[: plane.height, : rows.shape[1] // (2 if deep else 1)]
        values = x * 5 + y * 3 + index * 7 + number * 40
        if deep:
            top = (1 << max(c.bits for c in frame.format.components)) - 1
            samples = (values * 37 & top).astype("<u2")
            rows[:] = samples.view(np.uint8)
        else:
            rows[:] = 16 + values % 200
    return frame


@without_realtime()  # as root SVT-AV1 takes it, and all that is started later has it
def write_clip(path: Path, clip: Clip | None = None) -> Path:
    """Writes the clip, its container given by the suffix, and gives `path` back."""
    clip = clip or Clip()
    with av.open(str(path), "w", container_options=clip.container) as out:
        stream = out.add_stream(clip.codec, rate=25)
        assert isinstance(stream, VideoStream)
        _prepare(stream, clip)
        tones = [(_tone(out, sound), sound) for sound in clip.sounds]
        for index, pts in enumerate(clip.pts):
            frame = pattern(clip, index)
            frame.pts, frame.time_base = pts, clip.time_base
            frame.color_range, frame.colorspace = (clip.colour or (0, 2))[:2]
            if clip.colour:
                frame.color_primaries, frame.color_trc = clip.colour[2:]
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        for tone, sound in tones:
            _play(out, tone, sound)
    return path


def _prepare(stream: VideoStream, clip: Clip) -> None:
    context = stream.codec_context
    context.width, context.height = clip.width, clip.height
    context.pix_fmt = clip.pix_fmt
    context.time_base = stream.time_base = clip.time_base
    context.options = dict(clip.options)
    context.thread_count = 1
    if clip.colour:
        context.color_range, context.colorspace = clip.colour[:2]
        context.color_primaries, context.color_trc = clip.colour[2:]
    if clip.aspect:
        context.sample_aspect_ratio = clip.aspect
    if clip.turn:
        stream.set_display_rotation(clip.turn)


def _tone(out: OutputContainer, sound: Sound) -> AudioStream:
    stream = out.add_stream(sound.codec, rate=48000)
    assert isinstance(stream, AudioStream)
    stream.metadata["language"] = sound.language
    if sound.bit_rate is not None:
        stream.codec_context.bit_rate = sound.bit_rate
    return stream


def _play(out: OutputContainer, stream: AudioStream, sound: Sound) -> None:
    size, form = 960, stream.codec_context.format.name
    dtype = np.float32 if form.startswith("flt") else np.int16
    for start in range(0, int(48000 * sound.seconds), size):
        wave = np.sin(np.arange(start, start + size) / 20) * 0.3
        both = np.stack([wave, wave]) * (1 if dtype == np.float32 else 20000)
        samples = both if form.endswith("p") else both.T.reshape(1, -1)
        tone: Any = samples.astype(dtype)
        frame = AudioFrame.from_ndarray(tone, form, "stereo")
        frame.sample_rate, frame.pts = 48000, start
        frame.time_base = Fraction(1, 48000)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def pts_of(path: Path) -> list[Fraction]:
    """The times of the decoded frames, read with PyAV alone."""
    with av.open(str(path), "r") as opened:
        frames = opened.decode(opened.streams.video[0])
        return [Fraction(f.pts or 0) * (f.time_base or 1) for f in frames]


def sound_packets(path: Path, number: int = 0) -> list[bytes]:
    """The bytes of a sound track, packet by packet."""
    with av.open(str(path), "r") as opened:
        track = opened.streams.audio[number]
        return [bytes(p) for p in opened.demux(track) if p.size]
