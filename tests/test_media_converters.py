"""Sound that is encoded anew: every sample, also those without a time of their own."""

import io
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from click.testing import CliRunner

from tests.clips import Clip, Sound, write_clip
from tests.faithful_reader import run_tool
from videnhance.cli import app
from videnhance.media.source import AnyPacket, open_source
from videnhance.media.streams.converters import SoundConverter


class _Late:
    """A decoder that is a packet behind, and gives the last frame without a time."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - a decoder
        self.inner, self.held = inner, list[AudioFrame]()

    def decode(self, packet: AnyPacket | None) -> list[AudioFrame]:
        if packet is not None:
            ready, self.held = self.held, self.inner.decode(packet)
            return ready
        for frame in self.held:
            frame.pts = None
        return self.held


def _samples(path: Path) -> int:
    with av.open(str(path)) as opened:
        return sum(frame.samples for frame in opened.decode(audio=0))


def _converted(
    source: Path, made: Path, encoder: str, late: bool = False
) -> SoundConverter:
    with open_source(source) as opened, av.open(str(made), "w") as out:
        stream = opened.streams.audio[0]
        converter = SoundConverter(out, stream, encoder)
        if late:
            whole: Any = converter
            whole._source = _Late(stream.codec_context)
        out.start_encoding()
        packets = [p for p in opened.demux(stream) if p.size]
        for packet in [*packets, None]:
            for ready in converter.packets(packet):
                ready.stream = converter.out
                out.mux(ready)
    return converter


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("encoder", "most"), [("flac", 0), ("aac", 2048)])
def test_no_sample_is_lost_at_the_end(
    tmp_path: Path, encoder: str, most: int, late: bool
) -> None:
    clip = Clip(sounds=(Sound("pcm_s16le"),))
    source, made = write_clip(tmp_path / "in.mov", clip), tmp_path / "out.mkv"
    assert _converted(source, made, encoder, late).damaged_packets == 0
    assert 0 <= _samples(made) - _samples(source) <= most


def test_sound_of_an_unknown_format_is_damage_and_no_crash(tmp_path: Path) -> None:
    # NUT does not say what WMA's decoder has to know.
    clip = Clip(sounds=(Sound("wmav2", bit_rate=128_000),))
    source, made = write_clip(tmp_path / "in.nut", clip), tmp_path / "out.mkv"
    assert _converted(source, made, "flac").damaged_packets > 0


PITCH = 480
SECONDS = 2
Part = tuple[str, int, float]
"""A layout, samples a second, and how loud its tone is."""


def _tone(part: Part) -> bytes:
    """A tone in all channels, as a row of AC-3 frames."""
    layout, rate, peak = part
    file = io.BytesIO()
    with av.open(file, "w", format="ac3") as out:
        stream = out.add_stream("ac3", rate=rate)
        assert isinstance(stream, AudioStream)
        stream.layout, stream.bit_rate = layout, 320_000
        wave = peak * np.sin(np.arange(SECONDS * rate) * 2 * np.pi * PITCH / rate)
        rows = np.tile(wave.astype(np.float32), (stream.layout.nb_channels, 1))
        frame = AudioFrame.from_ndarray(rows, "fltp", layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    return file.getvalue()


def _heard(path: Path) -> tuple[Any, int]:
    """All channels together, and their samples a second."""
    with av.open(str(path)) as opened:
        frames = [*opened.decode(audio=0)]
        resampler = av.AudioResampler("fltp", frames[0].layout)
        rows = [
            part.to_ndarray().sum(0) for f in frames for part in resampler.resample(f)
        ]
        return np.concatenate(rows), frames[0].sample_rate


STEREO, FULL = ("stereo", 44100, 0.3), ("5.1(side)", 48000, 0.1)


@pytest.mark.parametrize(
    ("parts", "encoder", "rate", "losses"),
    [
        (
            [STEREO, FULL, STEREO], "flac", 44100,
            ["6 channels are mixed into 2, 48000 Hz become 44100 Hz"],
        ),
        (
            [STEREO, FULL, STEREO], "libopus", 48000,
            ["6 channels are mixed into 2"],
        ),
        ([FULL, ("mono", 32000, 0.3), FULL], "flac", 48000, []),
    ],
)  # fmt: skip
def test_sound_that_changes_on_the_way_goes_on_and_what_it_loses_is_told(
    tmp_path: Path, parts: list[Part], encoder: str, rate: int, losses: list[str]
) -> None:
    source, made = tmp_path / "in.ac3", tmp_path / "out.mkv"
    source.write_bytes(b"".join(map(_tone, parts)))
    converter = _converted(source, made, encoder)
    assert converter.damaged_packets == 0
    assert [words for _, words in converter.losses] == losses
    for number, (at, _) in enumerate(converter.losses, 1):
        assert float(at) == pytest.approx(number * SECONDS, rel=0.1)
    heard, played = _heard(made)
    assert played == rate
    # AC-3 has a delay and whole frames; a converter of rates keeps some samples back.
    assert len(heard) / rate == pytest.approx(
        SECONDS * len(parts), abs=0.1 * len(parts)
    )
    for number in range(len(parts)):
        middle = heard[len(heard) * (2 * number + 1) // (2 * len(parts)) :][: rate // 2]
        crossings = np.count_nonzero(np.diff(np.signbit(middle)))
        assert crossings == pytest.approx(PITCH, abs=2)
        assert np.abs(middle).max() > 0.05


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg to join")
def test_a_mix_on_the_way_is_said_at_the_end(tmp_path: Path) -> None:
    parts = []
    for number, (channels, rate) in enumerate([(2, 44100), (6, 48000), (2, 44100)]):
        part = tmp_path / f"{number}.ts"
        words = (
            f"-f lavfi -i testsrc2=s=96x80:r=25:d=2 -f lavfi -i sine=r={rate}:d=2 "
            f"-c:v mpeg2video -bf 0 -c:a ac3 -ac {channels} "
            f"-output_ts_offset {2 * number} {part}"
        )
        run_tool("ffmpeg", "-nostdin", "-v", "error", *words.split())
        parts.append(part.read_bytes())
    source, target = tmp_path / "in.ts", tmp_path / "out.webm"
    source.write_bytes(b"".join(parts))
    words = f"{source} {target} --strength 0 --scale 1"
    result = CliRunner().invoke(app, words.split())
    assert result.exit_code == 0, result.output
    told = "stream 1 (audio): from 2.0 s on its 6 channels are mixed into 2"
    assert result.stderr.count(told) == 1
    assert result.stderr.count("are mixed into") == 1
