"""Reading: every frame, its time and its samples; and clear words for what fails."""

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from tests.clips import Clip, Sound, pattern, write_clip
from videnhance.errors import InputError, UsageError
from videnhance.frame import ColourTags, Frame
from videnhance.frame.geometry import Size
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import AnyPacket, Span, packets_of

LOSSLESS = {"qp": "0", "bf": "2"}


def _read(path: Path, span: Span | None = None) -> list[Frame]:
    with VideoReader(path, span) as reader:
        return list(reader)


def test_every_frame_comes_out_with_its_time(tmp_path: Path) -> None:
    irregular = (0, 512, 700, 2000, 2001, 5000, 9000, 9100, 9200, 20000)
    path = write_clip(tmp_path / "vfr.mp4", Clip(pts=irregular))
    with VideoReader(path) as reader:
        frames = list(reader)
        assert reader.info.frames == len(irregular)
        assert (reader.damaged_packets, reader.damaged_frames) == (0, 0)
        assert reader.notices == []
    scale = Fraction(1, 12800) / frames[0].time_base
    assert [f.pts for f in frames] == [p * scale for p in irregular]
    assert [f.index for f in frames] == list(range(len(irregular)))


@pytest.mark.parametrize(
    "pix_fmt", ["yuv420p", "yuv422p10le", "yuv444p", "yuv420p10le", "gray", "gray10le"]
)
def test_planes_are_the_samples_to_the_last_bit(tmp_path: Path, pix_fmt: str) -> None:
    gray = pix_fmt.startswith("gray")  # FFmpeg decodes grey H.264 as 4:2:0
    clip = Clip(pix_fmt=pix_fmt, options=LOSSLESS)
    if gray:
        clip = Clip(pix_fmt=pix_fmt, codec="ffv1", options={})
    frames = _read(write_clip(tmp_path / "a.mkv", clip))
    assert len(frames) == 12
    for frame in (frames[0], frames[11]):
        assert frame.layout.name == pix_fmt
        for plane, wanted in zip(
            frame.planes, pattern(clip, frame.index).planes, strict=True
        ):
            assert plane.flags.c_contiguous
            rows = np.frombuffer(memoryview(wanted), plane.dtype)
            rows = rows.reshape(wanted.height, -1)[:, : wanted.width]
            np.testing.assert_array_equal(plane, rows)


@pytest.mark.parametrize("codec", ["ffv1", "libx264rgb"])
def test_rgb_planes_come_in_this_order(tmp_path: Path, codec: str) -> None:
    deep = codec == "ffv1"
    clip = Clip(codec=codec, pix_fmt="gbrp10le" if deep else "rgb24", options={})
    if not deep:
        clip = Clip(codec=codec, pix_fmt="rgb24", options={"qp": "0"})
    frame = _read(write_clip(tmp_path / "a.mkv", clip))[0]
    picture = pattern(clip, 0)
    if deep:
        green, blue, red = picture.planes
        wanted = [
            np.frombuffer(memoryview(p), "<u2").reshape(p.height, -1)[:, : p.width]
            for p in (red, green, blue)
        ]
    else:
        wanted = list(np.moveaxis(picture.to_ndarray(), 2, 0))
    assert frame.layout.family.value == "rgb"
    for plane, samples in zip(frame.planes, wanted, strict=True):
        np.testing.assert_array_equal(plane, samples)


def test_odd_sizes_round_chroma_up(tmp_path: Path) -> None:
    clip = Clip(width=63, height=47, codec="ffv1", options={})
    frame = _read(write_clip(tmp_path / "odd.mkv", clip))[0]
    assert [p.shape for p in frame.planes] == [(47, 63), (24, 32), (24, 32)]


def test_a_palette_is_read_exactly(tmp_path: Path) -> None:
    clip = Clip(codec="gif", pix_fmt="rgb8", options={}, time_base=Fraction(1, 100))
    path = write_clip(tmp_path / "a.gif", clip)
    with av.open(str(path), "r") as opened:
        shown = next(opened.decode(video=0)).to_ndarray(format="bgra")
    frame = _read(path)[0]
    for plane, channel in zip(frame.planes, (2, 1, 0, 3), strict=True):
        np.testing.assert_array_equal(plane, shown[..., channel])


def test_tags_shape_and_turn_are_known_at_once(tmp_path: Path) -> None:
    clip = Clip(colour=(2, 1, 1, 13), aspect=Fraction(4, 3), turn=90)
    with VideoReader(write_clip(tmp_path / "a.mp4", clip)) as reader:
        info = reader.info
    assert info.tags == ColourTags(2, 1, 1, 13)
    assert info.layout.name == "yuv420p"
    assert info.sample_aspect_ratio == Fraction(4, 3)
    assert info.rotation_degrees == 270
    assert (info.size, info.rate, info.codec) == (Size(64, 48), Fraction(25), "h264")
    assert info.duration_seconds == pytest.approx(12 / 25)


def test_untagged_stays_untagged(tmp_path: Path) -> None:
    with VideoReader(write_clip(tmp_path / "a.mkv")) as reader:
        assert reader.info.tags == ColourTags()
        assert all(f.tags == ColourTags() for f in reader)


def test_frames_without_times_are_counted_up(tmp_path: Path) -> None:
    frames = _read(write_clip(tmp_path / "raw.264", Clip(options={"bf": "0"})))
    step = frames[1].pts - frames[0].pts
    assert step * frames[0].time_base == Fraction(1, 25)
    assert [f.pts for f in frames] == [i * step for i in range(12)]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_span_is_cut_by_time(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"a.{suffix}", Clip(pts=range(0, 50 * 512, 512)))
    whole = [f.pts for f in _read(path)]
    part = [f.pts for f in _read(path, Span(0.4, 1.2))]
    assert part == whole[10:30]
    assert [f.pts for f in _read(path, Span(1.0, None, 3))] == whole[25:28]
    assert [f.index for f in _read(path, Span(1.0, None, 3))] == [0, 1, 2]


@pytest.mark.parametrize("span", [(-1.0, None, None), (2.0, 1.0, None), (0.0, None, 0)])
def test_a_span_that_holds_nothing_is_refused(
    span: tuple[float, float | None, int | None],
) -> None:
    with pytest.raises(UsageError):
        Span(*span)


def test_a_start_after_the_end_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    with pytest.raises(UsageError, match="ends before 9"):
        VideoReader(path, Span(9.0))


def test_frames_are_read_once(tmp_path: Path) -> None:
    with VideoReader(write_clip(tmp_path / "a.mp4")) as reader:
        list(reader)
        with pytest.raises(RuntimeError):
            list(reader)


def test_damage_in_the_middle_is_counted_and_passed_over(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", Clip(pts=range(0, 60 * 512, 512)))
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    middle = start + (len(data) - start) // 3
    data[middle : middle + 400] = bytes(400)
    path.write_bytes(data)
    with VideoReader(path) as reader:
        frames = list(reader)
        assert reader.damaged_packets + reader.damaged_frames > 0
    assert 30 < len(frames) <= 60


def test_a_cut_file_gives_what_is_there_and_says_so(tmp_path: Path) -> None:
    clip = Clip(pts=range(0, 60 * 512, 512), container={"movflags": "faststart"})
    path = write_clip(tmp_path / "a.mp4", clip)
    os.truncate(path, path.stat().st_size * 2 // 3)
    with VideoReader(path) as reader:
        frames = list(reader)
        assert reader.damaged_packets > 0
        assert "cut off" in reader.notices[0]
    assert 10 < len(frames) < 60


def test_a_last_packet_that_is_cut_costs_no_other_frame(tmp_path: Path) -> None:
    clip = Clip(pts=range(0, 60 * 512, 512), container={"movflags": "faststart"})
    path = write_clip(tmp_path / "a.mp4", clip)
    with av.open(str(path)) as whole:
        packets = list(whole.demux(video=0))
        inside = packets[40]
    assert inside.pos is not None
    os.truncate(path, inside.pos + inside.size // 2)
    with VideoReader(path) as reader:
        assert len(list(reader)) == 40


def test_a_new_size_in_mid_stream_is_scaled_to_the_first(tmp_path: Path) -> None:
    parts = [Clip(), Clip(width=96, height=64)]
    path = tmp_path / "two.264"
    path.write_bytes(
        b"".join(write_clip(tmp_path / "part.264", c).read_bytes() for c in parts)
    )
    with VideoReader(path) as reader:
        frames = list(reader)
        assert reader.notices == ["the size changes: frames are scaled to 64x48"]
    assert [f.size for f in frames] == [Size(64, 48)] * 24


class _Failing:
    """A container that fails each time it is read, after one packet at first."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.reads = 0

    def demux(self) -> Iterator[AnyPacket]:
        self.reads += 1
        if self.reads == 1:
            yield Packet(b"x")
        raise self._error


@pytest.mark.parametrize(
    ("error", "reads", "told"),
    [(BlockingIOError(), 4, 4), (PermissionError(), 4, 4), (IndexError(), 1, 0)],
)
def test_a_container_that_fails_for_ever_comes_to_an_end(
    error: Exception, reads: int, told: int
) -> None:
    container: Any = _Failing(error)
    errors: list[BaseException] = []
    assert len(list(packets_of(container, [], damaged=errors.append))) == 1
    assert (container.reads, len(errors)) == (reads, told)


def test_a_cover_picture_is_not_the_video(tmp_path: Path) -> None:
    cover, film = tmp_path / "cover.mov", write_clip(tmp_path / "film.mp4")
    write_clip(cover, Clip(codec="png", pix_fmt="rgb24", pts=(0,), options={}))
    both = tmp_path / "both.mp4"
    with (
        av.open(str(cover), "r") as one,
        av.open(str(film), "r") as two,
        av.open(str(both), "w") as out,
    ):
        for opened in (one, two):
            stream = opened.streams.video[0]
            copy = out.add_stream_from_template(stream, opaque=True)
            cover_or_not = (Disposition.default, Disposition.attached_pic)
            copy.disposition = cover_or_not[opened is one]
        packets = [p for opened in (one, two) for p in opened.demux() if p.size]
        for packet in packets:
            packet.stream = out.streams[0 if packet is packets[0] else 1]
            out.mux(packet)
    with VideoReader(both) as reader:
        assert reader.info.codec == "h264"
        assert any("cover" in words for words in reader.info.streams)
        assert len(list(reader)) == 12


def _playlist(folder: Path, name: str, text: str) -> Path:
    write_clip(folder / "inner.ts")
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "list.m3u8",
            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\ninner.ts\n#EXT-X-ENDLIST\n",
        ),
        ("list.mp4", "ffconcat version 1.0\nfile inner.ts\n"),
    ],
)
def test_playlists_are_refused(tmp_path: Path, name: str, text: str) -> None:
    path = _playlist(tmp_path, name, text)
    with av.open(str(path), "r") as opened:  # the danger is real
        assert isinstance(opened.streams.video[0], VideoStream)
    with pytest.raises(InputError, match="playlist"):
        VideoReader(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.mp4", b"", "is empty"),
        ("text.mp4", b"once upon a time " * 99, "is not a video"),
        ("cut.mp4", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "cut off"),
        ("bad\x1b[31m.mp4", b"x" * 999, r"bad\\x1b"),
    ],
)
def test_what_is_no_video_is_refused(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        VideoReader(path)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.mp4 does not exist"):
        VideoReader(tmp_path / "no.mp4")
    with pytest.raises(InputError, match="is a folder"):
        VideoReader(tmp_path)
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(InputError, match="not a regular file"):
        VideoReader(tmp_path / "pipe.mp4")


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    write_clip(tmp_path / "a.mkv", Clip(sounds=(Sound(),)))
    with (
        av.open(str(tmp_path / "a.mkv"), "r") as opened,
        av.open(str(path), "w") as out,
    ):
        track = opened.streams.audio[0]
        copy = out.add_stream_from_template(track)
        for packet in opened.demux(track):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    with pytest.raises(InputError, match=r"no video stream \(it holds: audio\)"):
        VideoReader(path)


@pytest.mark.parametrize(
    "name", ["a:b.mp4", "http:x.mp4", "-y.mp4", "%03d.mp4", "ü .mp4"]
)
def test_hard_names_are_only_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_clip(tmp_path / "plain.mp4").rename(path)
    assert len(_read(path)) == 12
