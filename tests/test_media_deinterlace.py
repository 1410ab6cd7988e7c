"""Interlaced video: each frame made from its fields, none lost, none moved in time."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from tests.clips import Clip, pattern, write_clip
from videnhance.frame import Frame
from videnhance.media.reader import video_reader as reader_module
from videnhance.media.reader.deinterlace import is_taken, untold_field
from videnhance.media.reader.seeking import frame_checksum
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Deinterlace, Reading, ResumePoint

WIDTH, HEIGHT, STEP = 64, 48, 4
CODEC_OPTIONS = {
    "libx264": {"x264-params": "tff=1:keyint=12", "bf": "2", "qp": "1"},
    "mpeg2video": {"flags": "+ildct+ilme", "qmin": "1", "qmax": "1", "g": "6"},
}


WOVEN = (
    "the video is interlaced: each frame is made from its fields (bwdif); "
    "--deinterlace off keeps the fields"
)


def _bars(fields: int, pix_fmt: str = "yuv420p", first: int = 0) -> VideoFrame:
    """A picture of waves that move by `STEP` pixels a field, from this field on.

    `first` is the parity of the lines of the field that is first.
    """
    picture = pattern(Clip(pix_fmt="yuv420p"), 0)
    for number, plane in enumerate(picture.planes):
        rows = np.frombuffer(memoryview(plane), np.uint8)
        rows = rows.reshape(plane.height, abs(plane.line_size))
        rows[:] = 128
        for later in (0, 1) if not number else ():
            places = np.arange(rows.shape[1]) + (fields + later) * STEP
            rows[(first + later) % 2 :: 2] = 128 + 80 * np.sin(places / 5)
    return picture.reformat(format=pix_fmt)


def _write_bars(
    path: Path,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    order: int = 2,
    first: int = 0,
) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, pix_fmt
        context.sample_aspect_ratio = Fraction(16, 15)
        options = CODEC_OPTIONS.get(codec, {})
        context.options = {**options, "field_order": str(order)}
        for index in range(9):
            frame = _bars(index * 2, pix_fmt, first)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def _combing(frame: Frame) -> float:
    """How much rows differ from the rows beside them, in grey levels."""
    luma = frame.planes[0].astype(np.int32) >> (frame.layout.depth - 8)
    return float(np.abs(luma[1:-1] * 2 - luma[:-2] - luma[2:]).mean())


def _read(path: Path, mode: Deinterlace) -> tuple[list[Frame], list[str]]:
    with VideoReader(path, None, Reading(mode)) as reader:
        return list(reader), reader.notices


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mkv", "libx264", "yuv420p"),
        ("a.ts", "libx264", "yuv420p"),
        ("a.mkv", "libx264", "yuv422p"),
        ("a.mkv", "libx264", "yuv444p"),
        ("a.mp4", "libx264", "yuv420p10le"),
        ("a.mov", "v210", "yuv422p10le"),
        ("a.mov", "rawvideo", "uyvy422"),
        ("a.mkv", "mjpeg", "yuvj420p"),
        ("a.mpg", "mpeg2video", "yuv420p"),
    ],
)
def test_frames_are_made_from_their_fields(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
) -> None:
    path = _write_bars(tmp_path / name, codec, pix_fmt)
    woven, notices = _read(path, Deinterlace.AUTO)
    kept, said = _read(path, Deinterlace.OFF)
    assert WOVEN in notices
    assert "the video is interlaced: its fields are enlarged as one picture" in said
    assert len(woven) == len(kept) == 9
    for one, other in zip(woven, kept, strict=True):
        assert (one.index, one.pts, one.duration) == (
            other.index,
            other.pts,
            other.duration,
        )
        assert one.tags == other.tags
        assert _combing(one) < _combing(other) / 3


def test_the_first_field_is_kept_as_it_was(tmp_path: Path) -> None:
    path = _write_bars(tmp_path / "a.mkv", "ffv1")
    woven, _ = _read(path, Deinterlace.AUTO)
    kept, _ = _read(path, Deinterlace.OFF)
    for one, other in zip(woven, kept, strict=True):
        np.testing.assert_array_equal(one.planes[0][::2], other.planes[0][::2])
    _write_bars(tmp_path / "b.mkv", "ffv1", order=3, first=1)
    woven, _ = _read(tmp_path / "b.mkv", Deinterlace.AUTO)
    kept, _ = _read(tmp_path / "b.mkv", Deinterlace.OFF)
    for one, other in zip(woven, kept, strict=True):
        np.testing.assert_array_equal(one.planes[0][1::2], other.planes[0][1::2])


def test_a_progressive_video_is_not_touched(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    woven, notices = _read(path, Deinterlace.AUTO)
    kept, said = _read(path, Deinterlace.OFF)
    assert notices == said == []
    for one, other in zip(woven, kept, strict=True):
        for plane, same in zip(one.planes, other.planes, strict=True):
            np.testing.assert_array_equal(plane, same)


def test_fields_that_nothing_tells_of_are_woven_when_asked(tmp_path: Path) -> None:
    clip = Clip(codec="ffv1", options={}, pts=range(9), time_base=Fraction(1, 25))
    path = write_clip(tmp_path / "a.mkv", clip)
    woven, notices = _read(path, Deinterlace.ON)
    assert notices == [
        "every frame is taken for interlaced and made from its fields (bwdif)"
    ]
    assert [f.pts for f in woven] == [f.pts for f in _read(path, Deinterlace.OFF)[0]]


def test_a_format_that_the_filter_does_not_take_is_left_alone(tmp_path: Path) -> None:
    clip = Clip(codec="ffv1", pix_fmt="gray10le", options={})
    path = write_clip(tmp_path / "a.mkv", clip)
    kept, _ = _read(path, Deinterlace.OFF)
    woven, notices = _read(path, Deinterlace.ON)
    assert notices == ["gray10le cannot be deinterlaced: fields stay as they are"]
    np.testing.assert_array_equal(woven[5].planes[0], kept[5].planes[0])
    assert is_taken("yuv422p10le")
    assert not is_taken("rgb24")


def _mixed(path: Path) -> Path:
    """Fields, then whole pictures, then fields again, each 20 frames, in one stream,
    all of them marked as interlaced.
    """
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        context.options = {"x264-params": "tff=1:keyint=5:bframes=0", "qp": "10"}
        for index in range(60):
            whole = 20 <= index < 40
            frame = pattern(Clip(), index) if whole else _bars(index * 2)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def test_a_change_between_fields_and_whole_pictures_is_followed(
    tmp_path: Path,
) -> None:
    path = _mixed(tmp_path / "mixed.mkv")
    woven, _ = _read(path, Deinterlace.AUTO)
    kept, _ = _read(path, Deinterlace.OFF)
    assert [f.pts for f in woven] == [f.pts for f in kept] == list(range(0, 2400, 40))
    same = [
        np.array_equal(a.planes[0], b.planes[0])
        for a, b in zip(woven, kept, strict=True)
    ]
    assert same == [False] * 20 + [True] * 20 + [False] * 20


@pytest.mark.parametrize("count", [17, 21, 36, 38, 40, 41, 43])
def test_fields_after_a_mark_do_not_depend_on_it(
    tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So near that the filter begins between two runs of fields.
    monkeypatch.setattr(reader_module, "_MARGIN_SECONDS", Fraction(1, 10))
    path = _mixed(tmp_path / "mixed.mkv")
    frames, _ = _read(path, Deinterlace.AUTO)
    tail = tuple((f.pts, frame_checksum(f)) for f in frames[count - 16 : count])
    with VideoReader(path) as reader:
        reader.resume_after(ResumePoint(count, tail))
        for got, wanted in zip(reader, frames[count:], strict=True):
            assert got.index == wanted.index
            for plane, same in zip(got.planes, wanted.planes, strict=True):
                np.testing.assert_array_equal(plane, same)


@pytest.mark.parametrize(
    ("codec", "order", "field"),
    [
        ("mjpeg", 2, "tff"),
        ("mjpeg", 3, "bff"),
        ("mjpeg", 4, "bff"),
        ("mjpeg", 5, "tff"),
        ("mjpeg", 1, None),
        ("mjpeg", 0, None),
        ("h264", 2, None),
    ],
)
def test_the_container_is_asked_where_pictures_say_nothing(
    codec: str, order: int, field: str | None
) -> None:
    assert untold_field(codec, order, first=pattern(Clip(), 0)) == field
