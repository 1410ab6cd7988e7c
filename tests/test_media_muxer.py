"""Writing: a complete file under its name, or nothing."""

import contextlib
import errno
import json
import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.clips import Clip, Sound, pts_of, write_clip
from videnhance.errors import OutputError, UsageError, VidenhanceError
from videnhance.frame import ColourTags, Frame, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.muxer import VideoWriter, padded
from videnhance.media.reader.video_reader import VideoReader
from videnhance.pipeline.resize import doubled

PLAIN = Encoding()
EXACT = Encoding(crf=None, options={"qp": "0"})


def _copied(
    source: Path, target: Path, encoding: Encoding = PLAIN, overwrite: bool = False
) -> VideoWriter:
    with VideoReader(source) as reader:
        info = reader.info
        with VideoWriter(
            target, info, info.size, encoding, source, overwrite
        ) as writer:
            for frame in reader:
                writer.write(frame)
    return writer


def _frames(path: Path) -> tuple[VideoInfo, list[Frame]]:
    with VideoReader(path) as reader:
        return reader.info, list(reader)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _ffprobe(path: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run(command, check=True, capture_output=True)
    found: dict[str, Any] = json.loads(done.stdout)["streams"][0]
    return found


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "ts", "nut"])
def test_frames_and_times_are_kept(tmp_path: Path, suffix: str) -> None:
    irregular = (0, 1280, 1920, 5120, 5760, 12800, 15360, 16000)
    source = write_clip(tmp_path / "a.mp4", Clip(pts=irregular))
    target = tmp_path / f"b.{suffix}"
    assert _copied(source, target).frames_written == len(irregular)
    wanted, got = pts_of(source), pts_of(target)
    assert [t - got[0] for t in got] == [t - wanted[0] for t in wanted]
    # ts begins late by custom, and nut does not count below zero as B-frames do.
    assert suffix in ("ts", "nut") or got[0] == wanted[0]


def test_a_late_start_is_kept_exactly(tmp_path: Path) -> None:
    clip = Clip(pts=range(901, 9000, 900), time_base=Fraction(1, 90000))
    source = write_clip(tmp_path / "a.nut", clip)
    for suffix in ("mp4", "mov"):
        _copied(source, tmp_path / f"b.{suffix}")
        assert pts_of(tmp_path / f"b.{suffix}") == pts_of(source)


def test_the_last_frame_lasts_as_long_as_in_the_source(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4")
    _copied(source, tmp_path / "b.mp4")
    with av.open(str(tmp_path / "b.mp4"), "r") as opened:
        assert opened.duration == 480_000


@pytest.mark.parametrize(
    ("pix_fmt", "codec"),
    [
        ("yuv420p", "libx264"),
        ("yuv420p10le", "libx264"),
        ("yuv422p10le", "libx264"),
        ("yuv444p", "libx264"),
        ("yuv420p12le", "ffv1"),
        ("yuv444p16le", "ffv1"),
        ("gbrp10le", "ffv1"),
        ("gbrp", "ffv1"),
        ("gray", "ffv1"),
        ("gray16le", "ffv1"),
    ],
)
def test_samples_are_kept_to_the_last_bit(
    tmp_path: Path, pix_fmt: str, codec: str
) -> None:
    start = "rgb24" if pix_fmt == "gbrp" else pix_fmt
    inner = "libx264rgb" if pix_fmt == "gbrp" else "ffv1"
    clip = Clip(pix_fmt=start, codec=inner, options={})
    source, target = write_clip(tmp_path / "a.mkv", clip), tmp_path / "b.mkv"
    exact = EXACT if codec == "libx264" else Encoding(codec=codec, crf=None)
    assert _copied(source, target, exact).notices == ()
    before, after = _frames(source)[1], _frames(target)[1]
    assert len(before) == len(after) == 12
    for one, two in zip(before, after, strict=True):
        assert one.layout.family is two.layout.family
        for a, b in zip(one.planes, two.planes, strict=True):
            np.testing.assert_array_equal(a, b)


def test_grey_becomes_colour_without_a_change_of_luma(tmp_path: Path) -> None:
    clip = Clip(pix_fmt="gray", codec="ffv1", options={})
    source, target = write_clip(tmp_path / "a.mkv", clip), tmp_path / "b.mkv"
    _copied(source, target, replace(EXACT, pix_fmt="yuv420p"))
    for one, two in zip(_frames(source)[1], _frames(target)[1], strict=True):
        np.testing.assert_array_equal(one.planes[0], two.planes[0])
        assert set(np.unique(two.planes[1])) == {128}


def test_rgb_is_stored_as_tagged_colour(tmp_path: Path) -> None:
    clip = Clip(pix_fmt="rgb24", codec="libx264rgb", options={"qp": "0"})
    source, target = write_clip(tmp_path / "a.mkv", clip), tmp_path / "b.mp4"
    writer = _copied(source, target, EXACT)
    assert writer.notices == ("RGB is stored as yuv444p: libx264 has no RGB format",)
    info, _ = _frames(target)
    assert (info.tags.range, info.tags.matrix) == (1, 1)
    with av.open(str(source), "r") as one, av.open(str(target), "r") as two:
        before = next(one.decode(video=0)).to_ndarray(format="rgb24").astype(int)
        after = next(two.decode(video=0)).reformat(
            format="rgb24", src_colorspace="itu709", dst_color_range="JPEG"
        )
    difference = np.abs(before - after.to_ndarray().astype(int))
    assert np.percentile(difference, 99) <= 4


def test_fewer_bits_are_named_before_the_first_frame(tmp_path: Path) -> None:
    clip = Clip(pix_fmt="yuv420p12le", codec="ffv1", options={})
    source = write_clip(tmp_path / "a.mkv", clip)
    writer = _copied(source, tmp_path / "b.mkv")
    assert "12-bit samples are stored as 10-bit" in writer.notices[0]
    assert _frames(tmp_path / "b.mkv")[0].layout.depth == 10


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("colour", [(1, 1, 1, 1), (2, 5, 5, 6), (1, 9, 9, 16), None])
def test_tags_are_kept_and_none_is_made_up(
    tmp_path: Path, suffix: str, colour: tuple[int, int, int, int] | None
) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip(colour=colour))
    _copied(source, tmp_path / f"b.{suffix}")
    wanted = ColourTags(*colour) if colour else ColourTags()
    assert _frames(tmp_path / f"b.{suffix}")[0].tags == wanted


@pytest.mark.ffprobe
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
@pytest.mark.parametrize("turn", [90, -90, 180])
def test_shape_and_turn_are_kept(tmp_path: Path, suffix: str, turn: int) -> None:
    clip = Clip(aspect=Fraction(4, 3), turn=turn, colour=(2, 1, 1, 1))
    source = write_clip(tmp_path / "a.mp4", clip)
    target = tmp_path / f"b.{suffix}"
    _copied(source, target)
    one, two = _ffprobe(source), _ffprobe(target)
    for key in ("sample_aspect_ratio", "color_range", "color_space", "pix_fmt"):
        assert one[key] == two[key]
    turns = [s["side_data_list"][0]["rotation"] for s in (one, two)]
    assert turns[0] == turns[1]


@pytest.mark.parametrize("suffix", ["avi", "ts"])
def test_a_turn_that_cannot_be_kept_is_named(tmp_path: Path, suffix: str) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip(turn=180))
    writer = _copied(source, tmp_path / f"b.{suffix}")
    assert any("turned by 180 degrees" in words for words in writer.notices)


def test_avi_keeps_the_video_in_its_place(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip(sounds=(Sound(),)))
    _copied(source, tmp_path / "b.avi")
    with VideoReader(tmp_path / "b.avi") as reader:
        times = [f.pts * f.time_base for f in reader]
        assert times == pts_of(source)
        assert reader.notices == []


def test_a_doubled_frame_is_written_in_its_own_size(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv", Clip(width=33, height=21, codec="ffv1"))
    target = tmp_path / "b.mp4"
    with VideoReader(source) as reader:
        size = reader.info.size.scaled(2)
        with VideoWriter(target, reader.info, size, PLAIN, source) as writer:
            for frame in reader:
                whole = doubled(frame.planes[0], 8)
                chroma = [doubled(p, 8, True)[:21, :33] for p in frame.planes[1:]]
                writer.write(frame.with_planes((whole, *chroma)))
    assert _frames(target)[0].size == Size(66, 42)


def test_an_odd_size_is_written_or_refused_before_the_start(tmp_path: Path) -> None:
    clip = Clip(width=63, height=47, codec="ffv1", options={})
    source = write_clip(tmp_path / "a.mkv", clip)
    with pytest.raises(UsageError, match="only even sizes in yuv420p: choose yuv444p"):
        _copied(source, tmp_path / "b.mp4")
    assert _names(tmp_path) == {"a.mkv"}
    _copied(source, tmp_path / "b.mp4", Encoding(pix_fmt="yuv444p"))
    assert _frames(tmp_path / "b.mp4")[0].size == Size(63, 47)


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv")
    info, frames = _frames(source)
    with (
        pytest.raises(OutputError, match="frame 0 is 64x48"),
        VideoWriter(tmp_path / "b.mp4", info, Size(128, 96), PLAIN) as writer,
    ):
        writer.write(frames[0])
    assert _names(tmp_path) == {"a.mkv"}


def test_an_existing_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    source, target = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    target.write_text("precious")
    with pytest.raises(OutputError, match="exists already: use -y"):
        _copied(source, target)
    assert target.read_text() == "precious"
    _copied(source, target, overwrite=True)
    assert len(pts_of(target)) == 12


def test_a_file_that_appears_meanwhile_is_left_alone(tmp_path: Path) -> None:
    source, target = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    info, frames = _frames(source)
    writer = VideoWriter(target, info, info.size, PLAIN, source)
    writer.write(frames[0])
    target.write_text("precious")
    with pytest.raises(OutputError, match="appeared while"):
        writer.commit()
    assert target.read_text() == "precious"
    assert _names(tmp_path) == {"a.mp4", "b.mp4"}


@pytest.mark.parametrize("kind", ["same", "hard", "symbolic"])
def test_the_input_is_never_the_output(tmp_path: Path, kind: str) -> None:
    source, target = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    if kind == "hard":
        os.link(source, target)
    elif kind == "symbolic":
        target.symlink_to(source)
    else:
        target = source
    before = source.read_bytes()
    with pytest.raises(UsageError, match="is the input itself"):
        _copied(source, target, overwrite=True)
    assert source.read_bytes() == before


def test_targets_that_cannot_be_are_refused(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "link.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    for name, words in [
        ("folder.mp4", "is a folder"),
        ("none/b.mp4", "there is no folder"),
        ("link.mp4", "not a regular file"),
        ("b.xyz", r"\.xyz is not the suffix .* choose one of \.avi"),
        ("b", "no suffix is not"),
    ]:
        with pytest.raises((OutputError, UsageError), match=words):
            _copied(source, tmp_path / name, overwrite=True)
    assert _names(tmp_path) == {"a.mp4", "folder.mp4", "link.mp4"}


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        (Encoding(options={"crff": "3"}), "crff"),
        (Encoding(options={"video_size": "10x10"}), "video_size .*--scale"),
        (Encoding(options={"time_base": "1/7"}), "time_base .*the source's"),
        (Encoding(options={"profile": "nonsense"}), "does not open .*profile=nonsense"),
        (Encoding(codec="nothing"), "no encoder named nothing"),
        (Encoding(pix_fmt="yuv410p"), "does not take yuv410p"),
        (Encoding(codec="prores_ks"), "mp4 does not hold prores_ks"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    tmp_path: Path, encoding: Encoding, words: str
) -> None:
    source = write_clip(tmp_path / "a.mp4")
    with pytest.raises(UsageError, match=words):
        _copied(source, tmp_path / "b.mp4", encoding)
    assert _names(tmp_path) == {"a.mp4"}


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        ("libx265", "mp4"),
        ("mpeg4", "avi"),
        ("mpeg4", "mp4"),
        ("libvpx-vp9", "webm"),
        ("libsvtav1", "mp4"),
        ("mjpeg", "mkv"),
        ("ffv1", "mkv"),
        ("prores_ks", "mov"),
        ("libx264", "flv"),
    ],
)
def test_other_codecs_take_the_same_frames(
    tmp_path: Path, codec: str, suffix: str
) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip(width=128, height=128))
    target = tmp_path / f"b.{suffix}"
    _copied(source, target, Encoding(codec=codec))
    wanted, got = pts_of(source), pts_of(target)
    assert [t - got[0] for t in got] == [t - wanted[0] for t in wanted]
    before, after = (_frames(p)[1][5].planes[0].astype(int) for p in (source, target))
    shift = 2 if codec == "prores_ks" else 0
    assert np.abs((after >> shift) - before).mean() < 12


def test_metadata_comes_along(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv")
    info = replace(_frames(source)[0], metadata={"title": "A day", "encoder": "x"})
    frames = _frames(source)[1]
    with VideoWriter(tmp_path / "b.mp4", info, info.size, PLAIN) as writer:
        writer.write(frames[0])
    found = _frames(tmp_path / "b.mp4")[0].metadata
    assert found["title"] == "A day"
    assert found["encoder"] != "x"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_an_interruption_leaves_nothing(
    tmp_path: Path, error: type[BaseException]
) -> None:
    source, target = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    target.write_text("precious")
    info, frames = _frames(source)

    def interrupted() -> None:
        with VideoWriter(target, info, info.size, PLAIN, source, True) as writer:
            writer.write(frames[0])
            assert len(_names(tmp_path)) == 3
            raise error

    with pytest.raises(error):
        interrupted()
    assert _names(tmp_path) == {"a.mp4", "b.mp4"}
    assert target.read_text() == "precious"


def test_a_file_without_frames_is_no_output(tmp_path: Path) -> None:
    info, _ = _frames(write_clip(tmp_path / "a.mp4"))
    with (
        pytest.raises(OutputError),
        VideoWriter(tmp_path / "b.mp4", info, info.size, PLAIN),
    ):
        pass
    assert _names(tmp_path) == {"a.mp4"}


@contextlib.contextmanager
def _small_files(limit: int) -> Iterator[None]:
    """No file of this process grows past `limit` bytes: a disk that is full."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("limit", [0, 500, 5_000, 20_000])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_full_disk_is_named_and_leaves_nothing(
    tmp_path: Path, limit: int, suffix: str
) -> None:
    clip = Clip(pts=range(0, 30 * 512, 512), sounds=(Sound(),))
    source, target = write_clip(tmp_path / "a.mp4", clip), tmp_path / f"b.{suffix}"
    with _small_files(limit), pytest.raises(OutputError, match="no space left"):
        _copied(source, target, EXACT)
    assert _names(tmp_path) == {"a.mp4"}


def test_the_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4")
    old = os.umask(0o027)
    try:
        _copied(source, tmp_path / "b.mp4")
    finally:
        os.umask(old)
    assert (tmp_path / "b.mp4").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "name", ["tee:a.mp4", "x" * 240 + ".mp4", "%d ü.mkv", "-y.mp4"]
)
def test_hard_names_are_only_names(tmp_path: Path, name: str) -> None:
    source = write_clip(tmp_path / "a.mp4")
    _copied(source, tmp_path / name)
    assert _names(tmp_path) == {"a.mp4", name}


def test_a_folder_without_hard_links_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    source = write_clip(tmp_path / "a.mp4")
    _copied(source, tmp_path / "b.mp4")
    assert _names(tmp_path) == {"a.mp4", "b.mp4"}


def test_a_file_that_is_not_complete_gets_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_clip(tmp_path / "a.mp4")
    info, frames = _frames(source)
    writer = VideoWriter(tmp_path / "b.mp4", info, info.size, PLAIN)
    writer.write(frames[0])
    writer._coder.frames += 1
    with pytest.raises(VidenhanceError, match="1 frame came out of the enc"):
        writer.commit()
    assert _names(tmp_path) == {"a.mp4"}


SHORT = Clip(16, 16, pts=(0,))


def test_a_stream_of_one_frame_can_be_opened(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.ts", SHORT)
    before = path.read_bytes()
    padded(path, "mpegts")
    after = path.read_bytes()
    assert after.startswith(before)
    assert len(after) == 16 * 188 > len(before)
    with av.open(str(path)) as opened:
        assert opened.format.name == "mpegts"
        assert len(list(opened.decode(video=0))) == 1


def test_a_longer_stream_is_left_as_it_is(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.ts", Clip(options={"qp": "1"}))
    before = path.read_bytes()
    padded(path, "mpegts")
    assert path.read_bytes() == before


@pytest.mark.parametrize("data", [b"", b"G" * 100, bytes(188), b"G" + bytes(300)])
def test_what_is_no_row_of_packets_is_left_as_it_is(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "a.ts"
    path.write_bytes(data)
    padded(path, "mpegts")
    assert path.read_bytes() == data


def test_the_longer_packets_of_m2ts_are_left_as_they_are(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.m2ts", SHORT)
    before = path.read_bytes()
    padded(path, "mpegts")
    assert path.read_bytes() == before
    with av.open(str(path)) as opened:
        assert len(list(opened.decode(video=0))) == 1


def test_another_container_is_left_as_it_is(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.ts", SHORT)
    before = path.read_bytes()
    padded(path, "mp4")
    assert path.read_bytes() == before
