"""Glimpses: a few pictures of a source, as a luma network sees them."""

from pathlib import Path

import numpy as np

from tests.clips import Clip, write_clip
from videnhance.conversion.load_model import sample_frames
from videnhance.media.reader.video_reader import VideoReader
from videnhance.models.imported import calibration_chart


def test_a_video_is_looked_at_in_eight_places(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", Clip(pts=range(0, 40 * 512, 512)))
    with VideoReader(path) as reader:
        info = reader.info
        first = next(iter(reader)).planes[0]
    seen = sample_frames(path, info, channels=1)
    assert [picture.shape for picture in seen] == [(48, 64, 1)] * 8
    assert np.array_equal(seen[0][..., 0], first)
    assert not np.array_equal(seen[0], seen[-1])
    again = sample_frames(path, info, channels=1)
    assert all(map(np.array_equal, seen, again))


def test_what_cannot_be_looked_into_is_a_chart(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    with VideoReader(path) as reader:
        info = reader.info
    for place in (tmp_path / "a.png", tmp_path / "gone.mp4"):
        assert (
            len(sample_frames(place, info, channels=1)) == len(calibration_chart()) == 3
        )
