"""Glimpses of a video lie all over it, and at the times that they say."""

from pathlib import Path

import numpy as np

from tests.clips import Clip, write_clip
from videnhance.frame import Pixels
from videnhance.media.reader.glimpses import glimpses
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Reading, Span

_TICKS = 512
_FOR_EVER = 1e6
"""Seconds: a busy machine looks no less."""


def _clip(path: Path, frames: int, key_distance: int) -> Path:
    options = {"bf": "0", "g": str(key_distance), "sc_threshold": "0"}
    times = range(0, frames * _TICKS, _TICKS)
    return write_clip(path, Clip(pts=times, options=options))


def _check(path: Path, seconds: float, luma: Pixels) -> None:
    with VideoReader(path, Span(seconds, None, 1)) as reader:
        frame = next(iter(reader))
    assert float(frame.pts * frame.time_base) == seconds
    assert np.array_equal(frame.planes[0], luma)


def test_a_long_clip_is_looked_at_from_its_key_frames(tmp_path: Path) -> None:
    path = _clip(tmp_path / "long.mp4", 500, 25)  # 20 s
    found = glimpses(path, Reading(), part=(0, 20), count=16, seconds=_FOR_EVER)
    times = [glimpse.seconds for glimpse in found]
    assert times == sorted(times)
    assert len(times) > 8
    assert max(times) > 15
    assert all(seconds == int(seconds) for seconds in times)
    assert {len(glimpse.lumas) for glimpse in found} == {4}
    _check(path, found[3].seconds, found[3].lumas[0])


def test_a_short_clip_is_looked_through(tmp_path: Path) -> None:
    path = _clip(tmp_path / "short.mkv", 50, 250)  # one key frame
    found = glimpses(path, Reading(), part=(0, 2), count=8, seconds=_FOR_EVER)
    assert len(found) >= 6
    _check(path, found[-1].seconds, found[-1].lumas[0])


def test_glimpses_stay_within_the_part(tmp_path: Path) -> None:
    path = _clip(tmp_path / "long.mp4", 500, 25)
    found = glimpses(path, Reading(), part=(5, 9), count=16, seconds=_FOR_EVER)
    assert found
    assert all(5 <= glimpse.seconds < 9 for glimpse in found)
