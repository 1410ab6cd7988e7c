"""Going on after a mark: every frame as it would have come without the break."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.clips import Clip, write_clip
from videnhance.errors import InputError
from videnhance.frame import Frame
from videnhance.media.reader.seeking import frame_checksum
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Deinterlace, Reading, ResumePoint, Span

COUNT = 90
EVEN = tuple(range(0, COUNT * 512, 512))
UNEVEN = tuple(i * 512 + i * i * 37 % 300 for i in range(COUNT))
OPEN_GOP = {"bf": "3", "x264-params": "open-gop=1:b-pyramid=normal:keyint=9:scenecut=0"}
X265 = {"x265-params": "open-gop=1:keyint=9:bframes=4:log-level=none"}
REFRESH = {"x264-params": "intra-refresh=1:keyint=15:bframes=0"}
TWO_FIELDS = {"x264-params": "tff=1:keyint=12", "bf": "2"}
MPEG2_FIELDS = Clip(
    codec="mpeg2video",
    pts=range(COUNT),
    time_base=Fraction(1, 25),
    options={"bf": "2", "g": "12", "flags": "+ildct+ilme"},
)
CASES = {
    "b_frames.mp4": Clip(pts=EVEN),
    "b_frames.avi": Clip(pts=EVEN),
    "fragments.mp4": Clip(pts=EVEN, container={"movflags": "frag_keyframe+empty_moov"}),
    "open_gop.mp4": Clip(pts=EVEN, options=OPEN_GOP),
    "open_gop.mkv": Clip(pts=EVEN, options=OPEN_GOP),
    "open_gop.ts": Clip(pts=EVEN, options=OPEN_GOP),
    "hevc.mp4": Clip(pts=EVEN, codec="libx265", options=X265),
    "hevc.ts": Clip(pts=EVEN, codec="libx265", options=X265),
    "refreshed.mkv": Clip(pts=EVEN, options=REFRESH),
    "uneven.mp4": Clip(pts=UNEVEN),
    "uneven.mkv": Clip(pts=UNEVEN),
    "negative.mkv": Clip(pts=[pts - 1024 for pts in EVEN]),
    "late.mp4": Clip(pts=[pts + 51200 for pts in EVEN]),
    "no_times.264": Clip(pts=EVEN),
    "fields.ts": Clip(pts=EVEN, options=TWO_FIELDS),
    "fields.mpg": MPEG2_FIELDS,
    "picture.gif": Clip(
        pts=range(0, COUNT * 4, 4),
        time_base=Fraction(1, 100),
        codec="gif",
        pix_fmt="rgb8",
        options={},
    ),
}


def _mark(frames: list[Frame], count: int) -> ResumePoint:
    last = frames[max(count - 16, 0) : count]
    return ResumePoint(count, tuple((f.pts, frame_checksum(f)) for f in last))


def _assert_same(got: list[Frame], wanted: list[Frame]) -> None:
    assert [(f.index, f.pts, f.duration, f.tags) for f in got] == [
        (f.index, f.pts, f.duration, f.tags) for f in wanted
    ]
    for one, other in zip(got, wanted, strict=True):
        for plane, same in zip(one.planes, other.planes, strict=True):
            np.testing.assert_array_equal(plane, same)


def _assert_goes_on(
    path: Path, counts: tuple[int, ...], span: Span, reading: Reading
) -> None:
    with VideoReader(path, span, reading) as reader:
        frames = list(reader)
        notices = list(reader.notices)
    for count in (*counts, len(frames)):
        with VideoReader(path, span, reading) as reader:
            reader.resume_after(_mark(frames, count))
            _assert_same(list(reader), frames[count:])
            assert reader.notices == notices


@pytest.mark.parametrize("name", CASES)
def test_frames_after_a_mark_are_the_same(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / name, CASES[name])
    _assert_goes_on(path, (1, 16, 17, 59, 80), Span(), Reading())


@pytest.mark.parametrize("name", ["open_gop.mkv", "fields.mpg"])
@pytest.mark.parametrize("mode", [Deinterlace.ON, Deinterlace.OFF])
def test_a_mark_holds_in_every_mode(
    tmp_path: Path, name: str, mode: Deinterlace
) -> None:
    path = write_clip(tmp_path / name, CASES[name])
    _assert_goes_on(path, (59, 80), Span(), Reading(mode))


@pytest.mark.parametrize("name", ["open_gop.ts", "no_times.264", "fields.mpg"])
def test_a_mark_counts_from_the_start_of_the_span(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / name, CASES[name])
    _assert_goes_on(path, (9, 40), Span(0.4, 3.2), Reading())
    _assert_goes_on(path, (9, 40), Span(0.4, None, 50), Reading())


def test_only_what_is_near_the_mark_is_decoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "a.mkv", Clip(pts=EVEN))
    with VideoReader(path) as reader:
        frames = list(reader)
    with VideoReader(path) as reader:
        monkeypatch.setattr(reader, "_counted", _refused)
        reader.resume_after(_mark(frames, 80))
        assert len(list(reader)) == 10


def _refused(mark: ResumePoint) -> None:
    raise AssertionError(f"all {mark.frames} frames are decoded again")


def test_a_picture_that_stands_still_is_not_a_place(tmp_path: Path) -> None:
    """A file without times gives the right ones at the wrong place after a seek."""
    path = write_clip(tmp_path / "part.264", Clip(pts=(0,)))
    path.write_bytes(path.read_bytes() * 40 + write_clip(path).read_bytes())
    _assert_goes_on(path, (30,), Span(), Reading())


@pytest.mark.parametrize(
    "change",
    [
        lambda tail: ((tail[0][0], tail[0][1] ^ 1), *tail[1:]),
        lambda tail: (*tail[:-1], (tail[-1][0] + 1, tail[-1][1])),
        lambda tail: tuple((pts + 10**6, check) for pts, check in tail),
    ],
)
def test_another_video_is_refused(
    tmp_path: Path,
    change: Callable[[tuple[tuple[int, int], ...]], tuple[tuple[int, int], ...]],
) -> None:
    path = write_clip(tmp_path / "a.mp4", Clip(pts=EVEN))
    with VideoReader(path) as reader:
        mark = _mark(list(reader), 40)
    with (
        VideoReader(path) as reader,
        pytest.raises(InputError, match=r"a\.mp4 is not the video .* --discard"),
    ):
        reader.resume_after(ResumePoint(40, change(mark.tail)))


def test_damage_may_be_mended_in_another_way(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", Clip(pts=EVEN))
    content = bytearray(path.read_bytes())
    third = content.index(b"mdat") + len(content) // 3
    content[third : third + 400] = bytes(400)
    path.write_bytes(content)
    with VideoReader(path) as reader:
        frames = list(reader)
        assert reader.damaged_packets + reader.damaged_frames > 0
    mark = _mark(frames, 60)
    other = tuple((pts, checksum ^ 1) for pts, checksum in mark.tail)
    with VideoReader(path) as reader:
        reader.resume_after(ResumePoint(60, other))
        assert [f.pts for f in reader] == [f.pts for f in frames[60:]]


def test_nothing_done_is_the_beginning(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    with VideoReader(path) as reader:
        reader.resume_after(ResumePoint(0, ()))
        assert [f.index for f in reader] == list(range(12))


def test_a_mark_comes_before_the_iteration(tmp_path: Path) -> None:
    with VideoReader(write_clip(tmp_path / "a.mp4")) as reader:
        list(reader)
        with pytest.raises(RuntimeError):
            reader.resume_after(ResumePoint(0, ()))


@pytest.mark.parametrize(("frames", "tail"), [(1, ((0, 1), (1, 1))), (3, ())])
def test_a_mark_that_cannot_be_is_refused(
    frames: int, tail: tuple[tuple[int, int], ...]
) -> None:
    with pytest.raises(ValueError, match="frames"):
        ResumePoint(frames, tail)


def test_a_file_that_is_cut_off_says_so_again(tmp_path: Path) -> None:
    clip = Clip(pts=EVEN, container={"movflags": "faststart"})
    path = write_clip(tmp_path / "a.mp4", clip)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 9 // 10])
    with VideoReader(path) as reader:
        frames = list(reader)
        said, damaged = list(reader.notices), reader.damaged_packets
    assert "cut off" in said[0]
    with VideoReader(path) as reader:
        reader.resume_after(_mark(frames, 60))
        _assert_same(list(reader), frames[60:])
        assert (reader.notices, reader.damaged_packets) == (said, damaged)
