"""Pictures coded field by field, and films whose fields are shown twice or thrice."""

import io
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import accumulate, islice, pairwise
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from click.testing import CliRunner

from tests.clips import Clip, pattern
from tests.field_coded import field_coded
from videnhance.cli import app
from videnhance.media.reader.seeking import frame_checksum
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import (
    AnyPacket,
    Deinterlace,
    Reading,
    ResumePoint,
)

HEIGHT, WIDTH, FRAMES, RATE = 64, 96, 30, 25
NTSC = Fraction(30000, 1001)
TICK = Fraction(1, 90000)
FILM = ((1, 1), (0, 0), (0, 1), (1, 0))
"""Top field first, and the first field again: 24 pictures a second as 60 fields."""
Luma = npt.NDArray[np.uint8]


def _pictures() -> list[Luma]:
    """Waves that move by three pixels a field."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    moments = (2 * n + y % 2 for n in range(FRAMES))
    return [(128 + 80 * np.sin((x + 3 * at) / 6)).astype("u1") for at in moments]


def _add_sound(out: OutputContainer, stream: AudioStream, seconds: float) -> None:
    wave = 0.2 * np.sin(np.arange(round(48000 * seconds)) / 10)
    frame = AudioFrame.from_ndarray(wave.astype("f4")[None], "fltp", "mono")
    frame.sample_rate, frame.pts = 48000, 0
    out.mux([*stream.encode(frame), *stream.encode(None)])


def _stored(data: bytes, path: Path, times: Iterable[int | None]) -> Path:
    """The pictures, a packet at each of these times, with a sound as long."""
    with av.open(io.BytesIO(data), "r") as bare, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(bare.streams.video[0], opaque=True)
        sound = out.add_stream("ac3", rate=48000)
        assert isinstance(sound, AudioStream)
        sound.layout = "mono"
        packets: Iterator[AnyPacket] = (p for p in bare.demux() if p.size)
        last = 0
        for packet, time in zip(packets, times, strict=False):
            packet.stream, packet.time_base = stream, TICK
            last = packet.dts = last if time is None else time
            packet.pts, packet.duration = time, 0
            out.mux(packet)
        _add_sound(out, sound, float((last + 1) * TICK))
    return path


def _fields_of(path: Path, bottom_first: bool = False) -> Path:
    data = field_coded(_pictures(), RATE, bottom_first)
    if path.suffix == ".264":
        path.write_bytes(data)
        return path
    return _stored(data, path, range(0, 2 * FRAMES * 1800, 1800))


@pytest.mark.parametrize("bottom_first", [False, True])
@pytest.mark.parametrize("name", ["a.ts", "a.mkv", "a.mp4", "a.264"])
def test_two_packets_of_a_field_each_are_one_frame(
    tmp_path: Path, name: str, bottom_first: bool
) -> None:
    path = _fields_of(tmp_path / name, bottom_first)
    with VideoReader(path, reading=Reading(Deinterlace.OFF)) as reader:
        frames, info = [*reader], reader.info
        assert reader.notices == [
            "the video is interlaced: its fields are enlarged as one picture"
        ]
    assert info.interlaced
    assert info.rate == RATE
    assert info.frames == (None if name == "a.264" else FRAMES)
    times = [frame.pts * frame.time_base for frame in frames]
    assert {b - a for a, b in pairwise(times)} == {Fraction(1, RATE)}
    assert frames[-1].duration * frames[-1].time_base == Fraction(1, RATE)
    for frame, luma in zip(frames, _pictures(), strict=True):
        assert np.array_equal(frame.planes[0], luma)


def _soft(path: Path, count: int, codec: str = "mpeg2video") -> bytes:
    """A film in MPEG-2 with its pulldown in the pictures' heads, as a DVD has it."""
    with av.open(str(path), "w", format=codec) as out:
        stream = out.add_stream(codec, rate=NTSC)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(count):
            clip = Clip(WIDTH, HEIGHT, pix_fmt="yuv420p")
            picture = pattern(clip, number)
            picture.pts, picture.time_base = number, 1 / NTSC
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    data = bytearray(path.read_bytes())
    at, number = 0, 0
    while (at := data.find(b"\0\0\1\xb5", at) + 4) > 3:
        if data[at] >> 4 == 1:
            data[at + 1] &= ~0x08  # not progressive as a whole
        elif data[at] >> 4 == 8:
            top_first, again = FILM[number % len(FILM)]
            data[at + 3] = data[at + 3] & ~0x82 | top_first << 7 | again << 1
            number += 1
    return bytes(data)


def _film_times(count: int) -> list[int]:
    """When each picture of such a film is shown, in ticks."""
    fields = (2 + FILM[n % len(FILM)][1] for n in range(count))
    shown = accumulate(fields, initial=0)
    return [round(n / (2 * NTSC) / TICK) for n in islice(shown, count)]


@pytest.mark.parametrize("name", ["a.vob", "a.ts", "a.mkv"])
def test_a_film_with_pulldown_in_its_heads_stays_a_film(
    tmp_path: Path, name: str
) -> None:
    data = _soft(tmp_path / "film.m2v", 40)
    source = _stored(data, tmp_path / name, _film_times(40))
    with VideoReader(source) as reader:
        times = [frame.pts * frame.time_base for frame in reader]
        assert reader.notices == []
        assert not reader.info.interlaced
    wanted = [time * TICK for time in _film_times(40)]
    exact = Fraction(1, 1000) if name == "a.mkv" else TICK
    for time, want in zip(times, wanted, strict=True):
        assert abs(time - times[0] - want) <= exact
    target = tmp_path / "out.mkv"
    words = f"{source} {target} --strength 0 --scale 1"
    result = CliRunner().invoke(app, words.split())
    assert result.exit_code == 0, result.output
    assert "interlaced" not in result.stderr
    apart = [_starts_apart(path) for path in (source, target)]
    assert apart[1] == pytest.approx(apart[0], abs=0.002)
    with av.open(str(target)) as made:
        assert sum(1 for _ in made.decode(video=0)) == 40


def _film_of(path: Path) -> Path:
    data = _soft(path.with_suffix(".m2v"), 96)
    return _stored(data, path, _film_times(96))


@pytest.mark.parametrize(
    ("name", "make"),
    [("a.vob", _film_of), ("a.ts", _film_of), ("b.ts", _fields_of)],
)
@pytest.mark.parametrize("done", [3, 17, 29, 64])
def test_work_goes_on_with_the_same_frames_and_times(
    tmp_path: Path, name: str, make: Callable[[Path], Path], done: int
) -> None:
    path = make(tmp_path / name)
    with VideoReader(path) as reader:
        frames = [(f.pts, f.duration, frame_checksum(f)) for f in reader]
    done = min(done, len(frames) - 1)
    tail = [(pts, check) for pts, _, check in frames[max(done - 16, 0) : done]]
    with VideoReader(path) as reader:
        reader.resume_after(ResumePoint(done, tuple(tail)))
        rest = [(f.pts, f.duration, frame_checksum(f)) for f in reader]
    assert rest == frames[done:]


def _starts_apart(path: Path) -> float:
    """Seconds from the first picture to the first sound."""
    starts: dict[str, float] = {}
    with av.open(str(path)) as opened:
        for packet in opened.demux():
            if packet.pts is not None:
                seconds = float(packet.pts * packet.time_base)
                starts.setdefault(packet.stream.type, seconds)
    return starts["audio"] - starts["video"]


def test_a_bare_film_with_pulldown_has_its_own_rate_and_times(tmp_path: Path) -> None:
    path = tmp_path / "a.m2v"
    path.write_bytes(_soft(tmp_path / "film.m2v", 24))
    with VideoReader(path) as reader:
        times = [frame.pts * frame.time_base for frame in reader]
        assert reader.info.rate == NTSC
    steps = [float((b - a) * NTSC) for a, b in pairwise(times)]
    assert steps == pytest.approx([1.5, 1] * 11 + [1.5])
