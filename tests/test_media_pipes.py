"""Video through pipes, in and out: y4m, bare samples and containers."""

import io
import os
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import Clip, Sound, write_clip
from tests.frames import LAYOUTS, frame_of, noise
from videnhance.errors import InputError, OutputError, UsageError
from videnhance.frame import ColourTags, Frame, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.pipes.raw import RawShape
from videnhance.media.pipes.reader import PipeReader
from videnhance.media.pipes.writer import PipeForm, PipeWriter
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Reading, Source, Span

SIZE = Size(31, 23)
LOSSLESS = Encoding("ffv1")


def _info(frame: Frame, rate: Fraction = Fraction(25)) -> VideoInfo:
    return VideoInfo(
        size=frame.size,
        layout=frame.layout,
        source_format=frame.layout.name,
        codec="test",
        rate=rate,
        time_base=1 / rate,
        frames=None,
        duration_seconds=None,
        tags=frame.tags,
        sample_aspect_ratio=Fraction(10, 11),
        rotation_degrees=0,
    )


def _sent(
    frames: list[Frame],
    form: PipeForm = PipeForm.Y4M,
    encoding: Encoding = LOSSLESS,
) -> tuple[bytes, PipeWriter]:
    pipe = io.BytesIO()
    info = _info(frames[0])
    with PipeWriter(pipe, form, info, frames[0].size, encoding) as writer:
        for frame in frames:
            writer.write(frame)
    return pipe.getvalue(), writer


def _noise(count: int = 3, name: str = "yuv420p") -> list[Frame]:
    layout = next(kind for kind in LAYOUTS if kind.name == name)
    frames = [noise(SIZE, layout, n, ColourTags(1)) for n in range(count)]
    return [
        Frame(n, n, Fraction(1, 25), layout, ColourTags(1), f.planes, 1)
        for n, f in enumerate(frames)
    ]


def _same(one: list[Frame], other: list[Frame]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(
        np.array_equal(a, b)
        for first, second in pairs
        for a, b in zip(first.planes, second.planes, strict=True)
    )


@pytest.mark.parametrize(
    "name", ["yuv420p", "yuv444p", "yuv420p10le", "gray", "gray16le"]
)
@pytest.mark.parametrize("form", [PipeForm.Y4M, PipeForm.NUT, PipeForm.MATROSKA])
def test_samples_come_through_a_pipe(name: str, form: PipeForm) -> None:
    frames = _noise(name=name)
    data, writer = _sent(frames, form)
    assert writer.frames_written == 3
    with PipeReader(io.BytesIO(data)) as reader:
        assert reader.info.layout == frames[0].layout
        if form is PipeForm.Y4M:
            assert reader.info.sample_aspect_ratio == Fraction(10, 11)
        assert _same(list(reader), frames)
    assert reader.damaged_packets == 0


def test_y4m_says_the_range_the_rate_and_the_aspect() -> None:
    frame = frame_of([np.zeros((23, 31), np.uint8)], LAYOUTS[0], tags=ColourTags(2))
    pipe = io.BytesIO()
    info = _info(frame, Fraction(30000, 1001))
    with PipeWriter(pipe, PipeForm.Y4M, info, SIZE, LOSSLESS) as writer:
        writer.write(frame)
    head = pipe.getvalue().split(b"\n")[0]
    assert head == b"YUV4MPEG2 W31 H23 F30000:1001 Ip A10:11 Cmono XCOLORRANGE=FULL"
    assert len(pipe.getvalue()) == len(head) + 1 + len(b"FRAME\n") + 31 * 23


def test_an_empty_video_still_has_its_header() -> None:
    pipe = io.BytesIO()
    with PipeWriter(pipe, PipeForm.Y4M, _info(_noise(1)[0]), SIZE, LOSSLESS):
        pass
    assert pipe.getvalue().startswith(b"YUV4MPEG2 W31 H23")


def test_rgb_becomes_what_y4m_can_hold_and_it_is_said() -> None:
    frames = _noise(name="gbrp")
    white = [np.full((23, 31), 255, np.uint8)] * 3
    data, writer = _sent([frame_of(white, frames[0].layout)])
    assert "RGB is sent as yuv444p" in writer.notices[-1]
    with PipeReader(io.BytesIO(data)) as reader:
        (frame,) = reader
    assert frame.layout.name == "yuv444p"
    assert set(frame.planes[0].flat) == {235}


def test_bare_samples_are_the_planes_alone() -> None:
    frames = _noise()
    data, writer = _sent(frames, PipeForm.RAW)
    assert data == b"".join(p.tobytes() for frame in frames for p in frame.planes)
    assert "yuv420p" in writer.notices[-1]
    raw = RawShape(SIZE, "yuv420p", Fraction(10))
    with PipeReader(io.BytesIO(data), raw) as reader:
        assert reader.info.rate == Fraction(10)
        assert _same(list(reader), frames)


def test_bare_samples_that_end_too_early_are_counted() -> None:
    data, _ = _sent(_noise(), PipeForm.RAW)
    with PipeReader(io.BytesIO(data[:-9]), RawShape(SIZE, "yuv420p")) as reader:
        assert len(list(reader)) == 2
    assert reader.damaged_packets == 1


def test_y4m_that_ends_too_early_is_said() -> None:
    data, _ = _sent(_noise())
    with PipeReader(io.BytesIO(data[:-9])) as reader:
        assert len(list(reader)) == 2
    assert reader.damaged_packets == 1
    assert "in the middle of a frame" in reader.notices[-1]


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".nut", ".avi", ".flv"])
def test_containers_are_read_as_from_a_file(tmp_path: Path, suffix: str) -> None:
    codec = "flv" if suffix == ".flv" else "libx264"
    clip = Clip(sounds=(Sound(),), codec=codec, options={})
    source = write_clip(tmp_path / f"a{suffix}", clip)
    with VideoReader(source) as wanted, source.open("rb") as pipe:
        with PipeReader(pipe) as reader:
            found = list(reader)
        expected = list(wanted)
    assert _same(found, expected)
    assert [f.pts for f in found] == [f.pts for f in expected]
    assert "only the video of a pipe is used" in reader.notices[-1]


def test_a_span_is_read_from_a_pipe(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv")
    with source.open("rb") as pipe, PipeReader(pipe, None, Span(0.12, 0.4)) as reader:
        assert [frame.index for frame in reader] == list(range(7))
    with source.open("rb") as pipe, pytest.raises(UsageError, match="ends before"):
        PipeReader(pipe, None, Span(9.0))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "nothing came"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "no y4m and no container"),
        (b"ffconcat version 1.0\nfile x\n", "no y4m and no container"),
        (b"YUV4MPEG2 W0 H-1 F25:1\nFRAME\n", "cannot be read"),
        (b"YUV4MPEG2 W64 H48 F25:1 C420jpeg\n", "no frame"),
    ],
)
def test_what_is_no_video_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        PipeReader(io.BytesIO(data))


def test_too_many_pixels_are_refused() -> None:
    data, _ = _sent(_noise())
    with pytest.raises(InputError, match="--limit-pixels 713"):
        PipeReader(io.BytesIO(data), reading=Reading(limit_pixels=712))


def test_an_mp4_with_its_index_at_the_end_is_explained(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4")

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self._rest = io.BytesIO(source.read_bytes())

        def read(self, count: int = -1) -> bytes:
            return self._rest.read(count)

    with pytest.raises(InputError, match="mp4"):
        PipeReader(Pipe())  # type: ignore[arg-type]  # it reads, and does no more


def test_shapes_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="--raw-format nonsense"):
        RawShape(SIZE, "nonsense")
    with pytest.raises(UsageError, match="--rate 0"):
        RawShape(SIZE, "gray", Fraction(0))


@pytest.mark.parametrize("form", list(PipeForm))
def test_a_reader_that_goes_away_is_one_clean_error(form: PipeForm) -> None:
    near, far = os.pipe()
    frames = [frame_of(f.planes, f.layout, f.index, ColourTags(1)) for f in _noise(40)]
    codec = Encoding("mpeg2video" if form is PipeForm.MPEGTS else "ffv1")
    os.close(near)
    pipe = os.fdopen(far, "wb", buffering=0)

    def send() -> None:
        with PipeWriter(pipe, form, _info(frames[0]), SIZE, codec) as writer:
            for frame in frames:
                writer.write(frame)

    with pytest.raises(OutputError, match="is read no more"):
        send()
    pipe.close()


def test_another_size_is_refused() -> None:
    frames = _noise(1)
    with (
        pytest.raises(OutputError, match="31x23"),
        PipeWriter(
            io.BytesIO(), PipeForm.Y4M, _info(frames[0]), Size(8, 8), LOSSLESS
        ) as writer,
    ):
        writer.write(frames[0])


def test_lost_sound_is_said(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv", Clip(sounds=(Sound(),)))
    with VideoReader(source) as reader:
        info = reader.info
    writer = PipeWriter(
        io.BytesIO(), PipeForm.Y4M, info, info.size, LOSSLESS, Source(source)
    )
    assert "audio" in writer.notices[-1]


_PROGRAM = """
import os, sys
from videnhance.media.pipes.reader import PipeReader
from videnhance.media.pipes.writer import PipeForm, PipeWriter, standard_output
from videnhance.media.encoder.video_encoder import Encoding
with standard_output() as out, PipeReader(sys.stdin.buffer) as reader:
    info = reader.info
    with PipeWriter(out, PipeForm.Y4M, info, info.size, Encoding()) as writer:
        sys.stdout.write("stray words")
        sys.stdout.flush()
        os.write(1, b"stray bytes")
        for frame in reader:
            writer.write(frame)
"""


def test_nothing_else_comes_out_on_the_standard_output() -> None:
    data, _ = _sent(_noise())
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], input=data, capture_output=True, check=True
    )
    assert done.stdout == data
    assert done.stderr == b"stray wordsstray bytes"


@pytest.mark.ffprobe
def test_an_independent_reader_sees_the_y4m(tmp_path: Path) -> None:
    for name in ("yuv420p", "yuv420p10le", "gray16le"):
        path = tmp_path / f"{name}.y4m"
        path.write_bytes(_sent(_noise(name=name))[0])
        entries = "stream=width,height,pix_fmt,nb_read_frames,color_range"
        done = subprocess.run(
            [
                *("ffprobe", "-v", "error", "-count_frames", "-show_entries"),
                *(entries, "-of", "csv=p=0", str(path)),
            ],
            capture_output=True,
            check=True,
        )
        assert done.stdout.decode().strip().split(",") == [
            *("31", "23", name, "tv", "3")
        ]


def test_ffmpeg_reads_y4m_as_it_was_sent() -> None:
    frames = _noise(name="yuv420p10le")
    data, _ = _sent(frames)
    with av.open(io.BytesIO(data), "r", format="yuv4mpegpipe") as opened:
        picture = next(opened.decode(video=0))
    assert picture.format.name == "yuv420p10le"
    assert int(picture.color_range) == 1


def test_a_joined_recording_goes_on_through_a_pipe(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.ts", Clip(options={"bf": "0", "g": "6"}))
    source.write_bytes(source.read_bytes() * 2)
    with source.open("rb") as pipe, PipeReader(pipe) as reader:
        times = [frame.pts for frame in reader]
    assert [b - a for a, b in pairwise(times)] == [3600] * 23
    assert any("do not follow in time" in words for words in reader.notices)
