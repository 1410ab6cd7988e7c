"""A segment on its way: closed it is a file, and dropped it is nothing."""

from pathlib import Path

import pytest

from tests.clips import Clip, write_clip
from videnhance.conversion.segment_encoder import Part
from videnhance.errors import UsageError
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.header import OutputPlan, planned_output
from videnhance.media.output.packets import packet_times
from videnhance.media.reader.video_reader import VideoReader


def _plan(clip: Path) -> OutputPlan:
    with VideoReader(clip) as reader:
        info = reader.info
    return planned_output(clip.with_name("out.mp4"), info, info.size, Encoding())


def test_a_closed_part_says_what_is_in_it(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", Clip(pts=range(0, 5 * 512, 512)))
    tail = ((1, 2),)
    with Part(_plan(clip), tmp_path / "part", None) as part:
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
    with Part(_plan(clip), tmp_path / "part", 700) as part:
        with VideoReader(clip) as reader:
            for frame in reader:
                part.write(frame)
        segment = part.closed((), {})
    assert sorted(packet_times(part.path)) == [701, 702, 1024, 1536, 2048]
    assert segment.first_pts == 701


def test_a_part_that_fails_leaves_nothing(tmp_path: Path) -> None:
    plan, path = _plan(write_clip(tmp_path / "a.mp4")), tmp_path / "part"
    with pytest.raises(UsageError), Part(plan, path, None):
        raise UsageError("stop")
    assert not path.exists()
    path.write_bytes(b"another's")
    with pytest.raises(FileExistsError):
        Part(plan, path, None)
    assert path.read_bytes() == b"another's"
