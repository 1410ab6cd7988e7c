"""The clock of a file: what jumps together is joined, what jumps alone is mended."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import Clip, Sound, pts_of, write_clip
from tests.mpeg_times import retimed
from videnhance.frame import Frame
from videnhance.media.reader.seeking import LONGEST_TAIL, frame_checksum
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.sandbox.messages import OpenFile, decoded, encoded
from videnhance.media.source import Reading, ResumePoint, Span, open_source
from videnhance.media.times.jumps import ClockRepair, clock_repair, is_unbroken
from videnhance.media.times.scan import PacketTimes
from videnhance.media.times.timeline import (
    Timeline,
    start_words,
    timeline_of,
)

TICK = Fraction(1, 1000)
WRAP = Fraction(1 << 33, 90000)
BOTH = Clip(sounds=(Sound(codec="ac3"),), options={"bf": "0", "g": "6"})
"""Half a second of video and sound."""


def _rows(video: Sequence[float], sound: Sequence[float]) -> list[PacketTimes]:
    """A stream of each kind, interleaved by their place in it."""
    rows = []
    for stream, (kind, times, step) in enumerate(
        (("video", video, 0.04), ("audio", sound, 0.02))
    ):
        places = np.array([2 * n * (1 + (kind == "video")) for n in range(len(times))])
        rows.append(
            PacketTimes(
                stream, kind, TICK, np.array(times, float), places + stream, step
            )
        )
    return rows


def _run(start: float, count: int, step: float) -> list[float]:
    return [start + step * n for n in range(count)]


def _both(*starts: float) -> list[PacketTimes]:
    """Parts of a second at these times of the clock."""
    video = [t for s in starts for t in _run(s, 25, 0.04)]
    return _rows(video, [t for s in starts for t in _run(s, 50, 0.02)])


def _moved(repair: ClockRepair, row: int) -> list[tuple[int, float]]:
    return [(c.packet, round(float(c.seconds), 6)) for c in repair.changes.get(row, [])]


def test_a_clock_that_goes_on_is_left_alone() -> None:
    repair = clock_repair(_both(5, 6, 7), mpeg=True)
    assert repair == ClockRepair()


@pytest.mark.parametrize("start", [-3.0, 0.0, 5000.0])
def test_all_streams_are_moved_by_one_step(start: float) -> None:
    repair = clock_repair(_both(100, start), mpeg=True)
    assert _moved(repair, 0) == [(25, 101 - start)]
    assert _moved(repair, 1) == [(50, 101 - start)]
    assert repair.jumps == [pytest.approx(start - 101)]


def test_a_counter_that_wraps_goes_on_to_the_tick() -> None:
    end = float(WRAP) - 1
    repair = clock_repair(_both(end, end + 1.3 - float(WRAP)), mpeg=True)
    assert repair.changes[0][0].seconds == WRAP == repair.changes[1][0].seconds
    assert repair.jumps == []


@pytest.mark.parametrize(
    ("seconds", "mpeg", "unbroken", "stays"),
    [
        (9, True, False, True),
        (60, True, False, False),
        (60, True, True, True),
        (60, False, False, True),
        (3000, False, False, True),
        (5000, False, False, False),
        (5000, True, True, False),
    ],
)
def test_a_pause_of_the_recorder_stays_and_a_join_does_not(
    seconds: float, mpeg: bool, unbroken: bool, stays: bool
) -> None:
    repair = clock_repair(_both(1, 2 + seconds), mpeg, unbroken=lambda _: unbroken)
    assert (repair.changes == {}) is stays
    long = stays and seconds > 10
    assert repair.holes == pytest.approx([seconds] if long else [], abs=0.1)


def test_a_pause_of_one_stream_that_the_others_fill_stays() -> None:
    video = _run(0, 25, 0.04) + _run(31, 25, 0.04)
    repair = clock_repair(_rows(video, _run(0, 1600, 0.02)), mpeg=True)
    assert repair.changes == {}


def test_a_stream_that_leaves_the_others_is_moved_back() -> None:
    video = _run(0, 25, 0.04) + _run(701, 25, 0.04)
    repair = clock_repair(_rows(video, _run(0, 100, 0.02)), mpeg=False)
    assert _moved(repair, 0) == [(25, -700)]
    assert repair.alone == {0: 1}
    assert 1 not in repair.changes


@pytest.mark.parametrize("wrong", [0, 1, 12, 48, 49])
@pytest.mark.parametrize("time", [-1000.0, 30.0, 1e9])
def test_one_wrong_time_moves_no_other(wrong: int, time: float) -> None:
    video = _run(0, 50, 0.04)
    video[wrong] = time
    repair = clock_repair(_rows(video, _run(0, 100, 0.02)), mpeg=True)
    assert repair.changes == {}
    assert repair.made[0] == {wrong: pytest.approx(wrong * 0.04, abs=1e-6)}


def test_packed_times_are_spread_by_the_rate() -> None:
    video = _run(0, 25, 0.04) + [702.0] * 25
    repair = clock_repair(_rows(video, _run(0, 100, 0.02)), mpeg=False)
    assert _moved(repair, 0) == [(25, -701)]
    made = repair.made[0]
    assert sorted(made) == list(range(26, 50))
    assert [made[n] - 701 for n in sorted(made)] == pytest.approx(_run(1.04, 24, 0.04))


def test_a_stream_that_starts_days_late_comes_to_the_others() -> None:
    repair = clock_repair(_rows(_run(1e6, 50, 0.04), _run(0, 100, 0.02)), mpeg=False)
    assert _moved(repair, 0) == [(0, -1e6)]


def test_subtitles_follow_the_clock_of_their_place() -> None:
    rows = _both(100, 0)
    rows.append(
        PacketTimes(
            2, "subtitle", TICK, np.array([100.5, 0.5]), np.array([60, 160]), 1.0
        )
    )
    repair = clock_repair(rows, mpeg=True)
    assert _moved(repair, 2) == [(1, 101)]


def test_an_order_of_showing_is_no_jump() -> None:
    video = [0, 0.12, 0.04, 0.08, 0.24, 0.16, 0.2, 0.36, 0.28, 0.32]
    row = replace(_rows(video, [0, 1])[0], reordered=True)
    assert clock_repair([row], mpeg=False) == ClockRepair()


@pytest.mark.parametrize(
    ("seconds", "word"), [(-1, "below zero"), (0, None), (3, None), (36000, "10:00:00")]
)
def test_a_clock_that_starts_elsewhere_is_said(seconds: int, word: str | None) -> None:
    words = start_words(Fraction(seconds))
    assert words is None if word is None else word in str(words)


def _joined(folder: Path, parts: int = 2) -> Path:
    source = write_clip(folder / "a.ts", BOTH)
    source.write_bytes(source.read_bytes() * parts)
    return source


def test_the_length_of_a_joined_file_is_known_before(tmp_path: Path) -> None:
    with VideoReader(_joined(tmp_path)) as reader:
        assert reader.info.frames == 24
        assert reader.info.duration_seconds == pytest.approx(0.96)
        frames = list(reader)
    assert {b.pts - a.pts for a, b in pairwise(frames)} == {3600}


def test_a_joint_is_no_damage(tmp_path: Path) -> None:
    with VideoReader(_joined(tmp_path, 3)) as reader:
        frames = list(reader)
        assert (len(frames), reader.damaged_packets, reader.damaged_frames) == (
            36,
            0,
            0,
        )


def test_fragments_that_begin_anew_are_all_shown(tmp_path: Path) -> None:
    fragments = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    source = write_clip(tmp_path / "a.mp4", Clip(container=fragments))
    one = len(pts_of(source))
    source.write_bytes(source.read_bytes() * 2)
    with VideoReader(source) as reader:
        assert len(list(reader)) == 2 * one
        assert any("jumps back" in words for words in reader.notices)


def test_what_another_codec_was_before_a_joint_is_counted(tmp_path: Path) -> None:
    one = write_clip(tmp_path / "a.ts", BOTH)
    disc = Clip(codec="mpeg2video", pts=range(12), time_base=Fraction(1, 25))
    other = write_clip(tmp_path / "b.ts", replace(disc, options={"g": "6"}))
    one.write_bytes(one.read_bytes() + other.read_bytes())
    with VideoReader(one) as reader:
        frames = list(reader)
        assert any("left out" in words for words in reader.notices)
    assert len(frames) == 12


def test_work_on_a_joined_file_goes_on_where_it_ended(tmp_path: Path) -> None:
    source = _joined(tmp_path, 3)
    with VideoReader(source) as reader:
        whole = list(reader)
    for count in (5, 17, 30):
        mark = _mark(whole[:count])
        with VideoReader(source) as reader:
            reader.resume_after(mark)
            rest = list(reader)
        assert [(f.index, f.pts) for f in rest] == [
            (f.index, f.pts) for f in whole[count:]
        ]


def _mark(frames: Sequence[Frame]) -> ResumePoint:
    tail = [(f.pts, frame_checksum(f)) for f in frames[-LONGEST_TAIL:]]
    return ResumePoint(len(frames), tuple(tail))


def test_a_span_of_a_joined_file_counts_on_the_mended_clock(tmp_path: Path) -> None:
    with VideoReader(_joined(tmp_path), Span(0.6)) as reader:
        frames = list(reader)
    assert len(frames) == 9
    first = frames[0].pts * frames[0].time_base - reader.info.start_seconds
    assert first == Fraction(15, 25)


def test_a_file_is_read_through_only_where_its_clock_can_jump(tmp_path: Path) -> None:
    for suffix, is_read in ((".mp4", False), (".avi", False), (".mkv", True)):
        sound = Sound(codec="ac3")
        source = write_clip(tmp_path / f"a{suffix}", Clip(sounds=(sound,)))
        timeline = timeline_of(source)
        assert timeline.notices == ()
        assert (timeline.of(0).shown > 0) is is_read
    assert pts_of(source)[0] == timeline.of(0).start_seconds


def test_a_timeline_travels_to_the_decoding_process(tmp_path: Path) -> None:
    timeline = timeline_of(_joined(tmp_path))
    assert not timeline.is_simple
    order = OpenFile("00", Span(), Reading(), timeline, 1, -1, -1)
    assert decoded(encoded(order), OpenFile) == order


def test_a_file_that_changes_is_looked_through_again(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.ts", BOTH)
    assert timeline_of(source).is_simple
    _joined(tmp_path)
    assert not timeline_of(source).is_simple


def test_nothing_is_moved_by_an_empty_timeline(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv", BOTH)
    with open_source(source) as one, open_source(source) as other:
        plain = [(p.pts, p.dts) for p in one.demux(one.streams.video[0]) if p.size]
        packets = (p for p in other.demux(other.streams.video[0]) if p.size)
        moved = Timeline().retimed(packets, [other.streams.video[0]])
        assert [(p.pts, p.dts) for p in moved] == plain


def test_a_multiplex_is_unbroken_but_at_a_joint(tmp_path: Path) -> None:
    source = _joined(tmp_path)
    size = source.stat().st_size
    assert not is_unbroken(source, size // 2)
    inside = size // 4 // 188 * 188
    assert is_unbroken(source, inside)
    assert not is_unbroken(write_clip(tmp_path / "a.mkv", BOTH), 1000)


def test_a_broken_time_in_a_real_file(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.ts", BOTH)
    wanted = pts_of(source)
    source.write_bytes(retimed(source.read_bytes(), 256, 5, 1 << 30))
    with VideoReader(source) as reader:
        found = [f.pts * f.time_base for f in reader]
        assert any("no right time" in words for words in reader.notices)
    assert found == wanted
    with av.open(str(source), "r") as opened:
        assert any(
            abs(t - w) > 100 for t, w in zip(pts_of(source), wanted, strict=True)
        )
        assert len(opened.streams) == 2
