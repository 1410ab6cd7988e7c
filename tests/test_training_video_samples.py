"""Footage: runs of a video's own frames, spread over a part of it."""

from pathlib import Path

import numpy as np
import pytest

from tests.clips import Clip, write_clip
from videnhance.errors import InputError
from videnhance.media.reader.video_reader import VideoReader
from videnhance.training.clips import CLIP_FRAMES
from videnhance.training.degrade import Mix
from videnhance.training.video_samples import (
    footage_jobs,
    frame_count,
    luma_runs,
    video_paths,
)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Twenty frames of 66 x 50 pixels."""
    clip = Clip(width=66, height=50, pts=range(0, 20 * 512, 512))
    return write_clip(tmp_path / "a.mp4", clip)


def test_videos_are_found(video: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no video", encoding="utf-8")
    assert video_paths([tmp_path, video]) == [video]


def test_frames_are_counted(video: Path) -> None:
    assert frame_count(video) == 20


def test_runs_are_the_frames_of_the_video(video: Path) -> None:
    runs = list(luma_runs(video, (0.0, 1.0), 2))
    assert [len(run) for run in runs] == [CLIP_FRAMES, CLIP_FRAMES]
    with VideoReader(video) as reader:
        planes = [frame.planes[0][:48, :64] for frame in reader]
    for run, start in zip(runs, (0, 14), strict=True):
        wanted = planes[start : start + CLIP_FRAMES]
        assert all(map(np.array_equal, run, wanted))


def test_a_part_keeps_to_itself(video: Path) -> None:
    [run] = luma_runs(video, (0.6, 1.0), 1)
    with VideoReader(video) as reader:
        planes = [frame.planes[0][:48, :64] for frame in reader]
    assert np.array_equal(run[0], planes[12])
    assert list(luma_runs(video, (0.9, 1.0), 3)) == []


def test_deep_colour_is_seen_in_8_bits(tmp_path: Path) -> None:
    clip = Clip(pix_fmt="yuv420p10le", pts=range(0, 8 * 512, 512))
    [run] = luma_runs(write_clip(tmp_path / "a.mp4", clip), (0.0, 1.0), 1)
    assert run[0].dtype == np.uint8
    assert run[0].std() > 3


def test_jobs_share_the_clips(video: Path) -> None:
    jobs = footage_jobs([video, video], 5, Mix.REAL, seed=3)
    made = [job() for job in jobs]
    assert [len(items) for items in made] == [6, 6]
    assert made[0][0][0].shape == (24, 32, 1)
    assert made[0][0][1].shape == (48, 64, 1)


def test_a_missing_video_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.mp4"):
        frame_count(tmp_path / "gone.mp4")
