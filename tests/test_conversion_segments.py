"""Segments: encoded, kept, gone on from and joined."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import Clip, Sound, pts_of, sound_packets, write_clip
from tests.frames import GRAY, frame_of
from videnhance.conversion.journal import Journal
from videnhance.conversion.segments import (
    ResumePoints,
    SegmentedWriter,
    SegmentEncoder,
    segment_length,
)
from videnhance.conversion.workdir import folder_beside, kept_frames
from videnhance.errors import OutputError, UsageError, VidenhanceError
from videnhance.frame import Frame
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.header import OutputPlan, planned_output
from videnhance.media.output.muxer import VideoWriter
from videnhance.media.output.packets import packet_times
from videnhance.media.reader.seeking import LONGEST_TAIL
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Source

EXACT = Encoding(crf=None, options={"qp": "0"}, threads=1)
IRREGULAR = (0, 1280, 1920, 5120, 5760, 12800, 15360, 16000, 30000, 30001, 30002)


class _Stop(Exception):
    """The power fails."""


def _made(
    source: Path,
    target: Path,
    length: int = 4,
    encoding: Encoding = EXACT,
    stop_at: int | None = None,
) -> SegmentedWriter:
    """Copies a clip in segments, or goes on with it; fails before frame `stop_at`."""
    with VideoReader(source) as reader:
        size = reader.info.size
        plan = planned_output(
            target, reader.info, size=size, encoding=encoding, source=Source(source)
        )
        tails = ResumePoints(length, lambda: {"packets": reader.damaged_packets})
        with (
            Journal(target, {"length": length}) as journal,
            SegmentedWriter(plan, journal, tails, length) as writer,
        ):
            if journal.complete:
                return writer
            if journal.segments:
                reader.resume_after(journal.mark)
            for frame in tails.noted(iter(reader)):
                if frame.index == stop_at:
                    raise _Stop
                writer.write(frame)
    return writer


def _frames(path: Path) -> list[Frame]:
    with VideoReader(path) as reader:
        return list(reader)


def _assert_same(ours: Path, theirs: Path) -> None:
    assert pts_of(ours) == pts_of(theirs)
    for one, other in zip(_frames(ours), _frames(theirs), strict=True):
        for plane, wanted in zip(one.planes, other.planes, strict=True):
            np.testing.assert_array_equal(plane, wanted)


def _decode_times(path: Path) -> list[int]:
    with av.open(str(path), "r") as opened:
        packets = opened.demux(opened.streams.video[0])
        return [p.dts for p in packets if p.size and p.dts is not None]


@pytest.mark.parametrize("pts", [range(0, 11 * 512, 512), IRREGULAR])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "ts"])
def test_joined_segments_hold_every_frame_and_time(
    tmp_path: Path, suffix: str, pts: Sequence[int]
) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip(pts=pts, sounds=(Sound(),)))
    target, direct = tmp_path / f"b.{suffix}", tmp_path / f"c.{suffix}"
    writer = _made(source, target)
    assert writer.frames_written == 11
    with VideoReader(source) as reader:
        info = reader.info
        with VideoWriter(direct, info, info.size, EXACT, source) as whole:
            for frame in reader:
                whole.write(frame)
    _assert_same(target, direct)
    assert sound_packets(target) == sound_packets(direct)
    times = _decode_times(target)
    assert times == sorted(set(times)) or suffix == "mkv"  # it counts milliseconds
    assert not folder_beside(target).exists()


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix"),
    [
        ("libx265", "yuv420p10le", "mp4"),
        ("libsvtav1", "yuv420p", "mkv"),
        ("libvpx-vp9", "yuva420p", "webm"),
        ("ffv1", "gbrp10le", "mkv"),
        ("prores_ks", "yuva444p10le", "mov"),
        ("mpeg4", "yuv420p", "avi"),
        ("mjpeg", "yuv420p", "mov"),
    ],
)
def test_going_on_gives_what_one_go_gives(
    tmp_path: Path, codec: str, pix_fmt: str, suffix: str
) -> None:
    # What libx265 makes of a picture of one coding block differs from run to run.
    clip = Clip(128, 128, pix_fmt, "ffv1", options={})
    source = write_clip(tmp_path / "a.mkv", clip)
    encoding = Encoding(codec=codec, threads=1)
    whole, target = tmp_path / f"b.{suffix}", tmp_path / f"c.{suffix}"
    _made(source, whole, 5, encoding)
    with pytest.raises(_Stop):
        _made(source, target, 5, encoding, stop_at=8)
    assert not target.exists()
    _made(source, target, 5, encoding)
    _assert_same(target, whole)


@pytest.mark.parametrize("stop_at", range(1, 12))
def test_any_moment_is_one_to_go_on_from(tmp_path: Path, stop_at: int) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip(sounds=(Sound(),)))
    target, whole = tmp_path / "b.mp4", tmp_path / "c.mp4"
    with pytest.raises(_Stop):
        _made(source, target, 3, stop_at=stop_at)
    assert folder_beside(target).exists() == (stop_at >= 3)
    assert _made(source, target, 3).frames_written == 12
    _made(source, whole, 3)
    assert target.read_bytes() == whole.read_bytes()


def test_what_is_closed_is_not_made_again(tmp_path: Path) -> None:
    source, target = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    with pytest.raises(_Stop):
        _made(source, target, 3, stop_at=10)
    closed = [folder_beside(target) / f"00000{n}.packets" for n in range(3)]
    before = [path.stat().st_mtime_ns for path in closed]
    with pytest.raises(_Stop):
        _made(source, target, 3, stop_at=10)
    assert [path.stat().st_mtime_ns for path in closed] == before


def test_a_failure_while_joining_keeps_the_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("videnhance.media.output.output_file.os.link", full)
        patch.setattr("videnhance.media.output.output_file.os.rename", full)
        with pytest.raises(OutputError, match="no space left"):
            _made(source, target)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"a.mp4", folder_beside(target).name}
    _made(source, target)
    assert len(pts_of(target)) == 12


def test_on_a_tight_disk_each_segment_goes_when_it_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    left: list[int] = []
    commit = "videnhance.media.output.muxer.Muxer.complete"

    def stopped(*_: object) -> None:
        left.append(len(list(folder_beside(target).glob("*.packets"))))
        raise _Stop

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("videnhance.conversion.segments._MARGIN", 0)
    for plenty in (True, False):
        with monkeypatch.context() as patch:
            files = folder_beside(target).glob("*.packets")
            largest = max((file.stat().st_size for file in files), default=0)
            free = usage.free if plenty else round(largest * 1.2)
            tight = replace_free(usage, free)
            patch.setattr(
                "videnhance.system.disk.shutil.disk_usage", lambda _, t=tight: t
            )
            patch.setattr(commit, stopped)
            with pytest.raises(_Stop):
                _made(source, target)
    assert left == [3, 0]
    _made(source, target)
    assert len(pts_of(target)) == 12


def test_without_room_to_join_everything_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    none = replace_free(shutil.disk_usage(tmp_path), 100)
    with monkeypatch.context() as patch:
        patch.setattr("videnhance.system.disk.shutil.disk_usage", lambda _: none)
        with pytest.raises(OutputError, match="no space left to join"):
            _made(source, target)
    assert kept_frames(target) == 12
    (folder_beside(target) / "000001.packets").unlink()
    assert kept_frames(target) == 4
    _made(source, target)
    assert len(pts_of(target)) == 12


def replace_free(usage: "shutil._ntuple_diskusage", free: int) -> object:
    """The same disk with this much room."""
    return usage._replace(free=free)


def test_a_damaged_segment_is_found_when_it_is_joined(tmp_path: Path) -> None:
    source, target = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    with pytest.raises(_Stop):
        _made(source, target, 4, stop_at=9)
    path = folder_beside(target) / "000001.packets"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(VidenhanceError, match="--discard"):
        _made(source, target, 4)
    assert not target.exists()


def test_a_target_that_came_meanwhile_is_left_alone(tmp_path: Path) -> None:
    source, target = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    with pytest.raises(_Stop):
        _made(source, target, 4, stop_at=9)
    target.write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        _made(source, target, 4)
    assert target.read_text() == "precious"
    assert folder_beside(target).exists()


def test_a_full_disk_keeps_what_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    synced: list[int] = []
    fsync = os.fsync

    def full(number: int) -> None:
        synced.append(number)
        if len(synced) == 5:  # the file of the second segment
            raise OSError(28, "No space left on device")
        fsync(number)

    with monkeypatch.context() as patch:
        patch.setattr("videnhance.system.disk.os.fsync", full)
        with pytest.raises(OutputError, match="no space left"):
            _made(source, target)
    with Journal(target, {"length": 4}) as journal:
        assert journal.frames == 4
    _made(source, target)
    assert len(pts_of(target)) == 12


@pytest.mark.parametrize("length", [5, 16, 40])
def test_a_segment_is_closed_however_far_ahead_the_reader_is(length: int) -> None:
    tails = ResumePoints(length, lambda: {"packets": 1})
    plane = np.zeros((3, 5), np.uint8)
    frames = list(tails.noted(frame_of([plane], GRAY, n) for n in range(2003)))
    for end in [*range(length - 1, 2003, length), 2002]:
        tail = tails.until(end, end % length + 1)
        wanted = [f.pts for f in frames[end - end % length : end + 1]][-LONGEST_TAIL:]
        assert [pts for pts, _ in tail] == wanted


def test_segments_are_shorter_for_larger_pictures() -> None:
    sizes = [Size(64, 48), Size(640, 360), Size(1920, 1080), Size(7680, 4320)]
    assert [segment_length(size) for size in sizes] == [250, 250, 166, 100]


def test_the_time_of_a_late_start_is_kept(tmp_path: Path) -> None:
    clip = Clip(pts=range(901, 12 * 900, 900), time_base=Fraction(1, 90000))
    source, target = write_clip(tmp_path / "a.nut", clip), tmp_path / "b.mp4"
    _made(source, target, encoding=replace(EXACT, threads=2))
    assert pts_of(target) == pts_of(source)


def _plan(clip: Path) -> OutputPlan:
    with VideoReader(clip) as reader:
        info = reader.info
    return planned_output(
        clip.with_name("out.mp4"), info, size=info.size, encoding=Encoding()
    )


def test_a_closed_part_says_what_is_in_it(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", Clip(pts=range(0, 5 * 512, 512)))
    tail = ((1, 2),)
    with SegmentEncoder(_plan(clip), tmp_path / "part", None) as part:
        with VideoReader(clip) as reader:
            for frame in reader:
                part.write(frame)
        segment = part.closed(tail, {"packets": 3})
    assert (segment.frames, segment.tail, segment.counts) == (5, tail, {"packets": 3})
    assert (segment.first_pts, segment.last_pts, segment.end_pts) == (0, 2048, 2560)
    assert segment.bytes == part.path.stat().st_size
    assert sorted(packet_times(part.path)) == list(range(0, 5 * 512, 512))


def test_a_part_begins_after_the_frame_before_it(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", Clip(pts=range(0, 5 * 512, 512)))
    with SegmentEncoder(_plan(clip), tmp_path / "part", 700) as part:
        with VideoReader(clip) as reader:
            for frame in reader:
                part.write(frame)
        segment = part.closed((), {})
    assert sorted(packet_times(part.path)) == [701, 702, 1024, 1536, 2048]
    assert segment.first_pts == 701


def test_a_part_that_fails_leaves_nothing(tmp_path: Path) -> None:
    plan, path = _plan(write_clip(tmp_path / "a.mp4")), tmp_path / "part"
    with pytest.raises(UsageError), SegmentEncoder(plan, path, None):
        raise UsageError("stop")
    assert not path.exists()
    path.write_bytes(b"another's")
    with pytest.raises(FileExistsError):
        SegmentEncoder(plan, path, None)
    assert path.read_bytes() == b"another's"
