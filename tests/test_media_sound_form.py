"""Sound that is encoded anew keeps its channels, or it is said what is lost."""

from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from tests.bundles import copied
from tests.clips import Clip, pattern
from videnhance.media.stream_choice import layout_of
from videnhance.media.streams.actions import StreamAction, StreamPlan

_RATE = 48_000
_SEVEN = "8 channels (FL+FR+FC+LFE+SL+SR+BL+BR)"
"""How MPEG counts the channels of 7.1, and FFmpeg does not."""


def _tone_file(path: Path, made: str, rate: int = _RATE, film: str = "libx264") -> Path:
    """Half a second, in which channel N is a tone of N hundred hertz, from 2 on.

    `made` is layout and codec of the sound.
    """
    layout, codec = made.split()
    with av.open(str(path), "w") as out:
        video = cast(VideoStream, out.add_stream(film, rate=25))
        video.width, video.height = 64, 48
        sound = cast(AudioStream, out.add_stream(codec, rate=rate))
        sound.codec_context.layout = layout
        count = av.AudioLayout(layout).nb_channels
        times = np.arange(rate // 2)[:, None] / rate
        tones = np.sin(2 * np.pi * 100 * times * np.arange(2, count + 2)) / 8
        form = "s32" if "24" in codec else "s16"
        depth = np.int32 if "24" in codec else np.int16
        whole: Any = (tones * np.iinfo(depth).max).astype(depth).reshape(1, -1)
        frame = AudioFrame.from_ndarray(whole, format=form, layout=layout)
        frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        for index in range(12):
            picture = pattern(Clip(), index)
            picture.pts, picture.time_base = index, Fraction(1, 25)
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    return path


def _source(folder: Path, made: str, suffix: str, rate: int = _RATE) -> Path:
    """A tone file whose video can be copied to a container with this suffix."""
    if suffix == "webm":
        return _tone_file(folder / "in.mp4", made, rate, "libvpx-vp9")
    name = "in.mkv" if "flac" in made else "in.mov"
    return _tone_file(folder / name, made, rate)


def _heard(path: Path) -> tuple[str, int, list[int]]:
    """The layout, the rate, and each channel's tone in hundreds of hertz; 0: none."""
    blocks = []
    with av.open(str(path)) as opened:
        stream = opened.streams.audio[0]
        layout = layout_of(stream.codec_context)
        packed = AudioResampler(format="flt")
        packets = [packet for packet in opened.demux(stream) if packet.size]
        for frame in (f for packet in packets for f in packet.decode()):
            layout_of(frame)
            frame.pts = None
            for part in packed.resample(frame):
                layout_of(part)
                blocks.append(part.to_ndarray())
        rate = stream.codec_context.sample_rate
    sound = np.concatenate(blocks, 1).reshape(-1, layout.nb_channels)[rate // 8 :]
    size = rate // 5
    found = []
    for channel in sound[:size].T:
        power = np.abs(np.fft.rfft(channel * np.hanning(size)))
        peak = int(power.argmax())
        loud = power[peak] > size / 200
        found.append(round(peak * rate / size / 100) if loud else 0)
    return layout.name, rate, found


def _sound_plan(source: Path, target: Path) -> StreamPlan:
    plans = copied(source, target).plans
    return next(plan for plan in plans if plan.kind == "audio")


_IN_ORDER = [2, 3, 4, 5, 8, 9, 6, 7]


@pytest.mark.parametrize(
    ("suffix", "layout", "tones"),
    [
        ("mov", _SEVEN, [2, 3, 4, 5, 6, 7, 8, 9]),
        ("mkv", "7.1", _IN_ORDER),
        ("mp4", "7.1", _IN_ORDER),
        ("avi", "7.1", _IN_ORDER),
        ("nut", "7.1", _IN_ORDER),
        ("ts", "7.1", [2, 3, 4, 0, 8, 9, 6, 7]),  # AAC keeps no tones in the LFE
        ("flv", "7.1", [2, 3, 4, 0, 8, 9, 6, 7]),
    ],
)
def test_channels_in_another_order_than_ffmpegs_stay_in_place(
    tmp_path: Path, suffix: str, layout: str, tones: list[int]
) -> None:
    source = _tone_file(tmp_path / "in.mov", "7.1 pcm_s16le")
    data = source.read_bytes()
    # MPEG_7_1_C, in the box that says how the channels lie.
    at = data.index(b"chan") + 8
    source.write_bytes(data[:at] + b"\x00\x80\x00\x08" + data[at + 4 :])
    assert _heard(source)[0] == _SEVEN
    target = tmp_path / f"out.{suffix}"
    assert _sound_plan(source, target).action is not StreamAction.LOST
    assert _heard(target) == (layout, _RATE, tones)


@pytest.mark.parametrize(
    ("made", "suffix", "encoder", "said", "heard"),
    [
        ("7.1 flac", "mov", "pcm_s16le", "", "7.1"),
        ("7.1(wide) pcm_s24le", "mp4", "alac", "", "7.1(wide)"),
        ("quad pcm_s16le", "mkv", "flac", "", "quad"),
        ("2.1 pcm_s16le", "webm", "libopus", "", "5.1"),
        ("3.0 flac", "ts", "aac", "", "3.0"),
        ("16C pcm_s16le", "mp4", "libopus", "", "16 channels"),
        ("16C pcm_s16le", "ts", "aac", "its 16 channels are mixed into 8", "7.1"),
        ("16C pcm_s24le", "mkv", "", "", "16 channels"),
        ("7.1(wide) pcm_s16le", "webm", "libopus",
         "where its channels belong is not told", "8 channels"),
    ],
)  # fmt: skip
def test_no_channel_vanishes_without_a_word(
    tmp_path: Path, made: str, suffix: str, encoder: str, said: str, heard: str
) -> None:
    layout = made.split()[0]
    source = _source(tmp_path, made, suffix)
    plan = _sound_plan(source, tmp_path / f"out.{suffix}")
    assert plan.encoder == encoder
    assert said in plan.why
    assert ("mixed" in plan.why or "told" in plan.why) is bool(said)
    name, _, tones = _heard(tmp_path / f"out.{suffix}")
    assert name == heard
    if "mixed" not in said:
        count = av.AudioLayout(layout).nb_channels
        lfe = {5, 4} if encoder in ("aac", "libopus") else set()
        wanted = set(range(2, count + 2)) - (lfe if "1" in layout[1:3] else set())
        assert wanted <= set(tones)


@pytest.mark.parametrize(
    ("codec", "rate", "suffix", "said"),
    [
        ("pcm_s16le", 96_000, "webm", "96000 Hz become 48000 Hz"),
        ("pcm_s16le", 11_024, "ts", "11024 Hz become 11025 Hz"),
        ("pcm_s16le", 11_024, "mp4", ""),
        ("pcm_s24le", 96_000, "mp4", ""),
        ("pcm_s32le", 48_000, "mp4", "32 bits become 24 bits"),
    ],
)
def test_another_rate_and_fewer_bits_are_said(
    tmp_path: Path, codec: str, rate: int, suffix: str, said: str
) -> None:
    source = _source(tmp_path, f"stereo {codec}", suffix, rate)
    plan = _sound_plan(source, tmp_path / f"out.{suffix}")
    assert plan.why.count("become") == bool(said)
    assert said in plan.why
    wanted = int(said.split()[3]) if "Hz" in said else rate
    assert _heard(tmp_path / f"out.{suffix}") == ("stereo", wanted, [2, 3])


def test_pcm_does_not_go_into_mp4_where_few_play_it(tmp_path: Path) -> None:
    source = _tone_file(tmp_path / "in.mov", "stereo pcm_s24le")
    plan = _sound_plan(source, tmp_path / "out.mp4")
    assert plan.why == "few players know PCM in mp4, flac is used"
    assert _heard(tmp_path / "out.mp4") == _heard(source)
