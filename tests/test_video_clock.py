"""Times: the file's own where it has some, and a rule where it leaves room."""

from collections.abc import Sequence

import pytest
from av.video.frame import VideoFrame

from videnhance.video.reading.clock import TimeFault, timed

STEP, LONGEST = 40, 1000


def _timed(times: Sequence[int | None]) -> tuple[list[int | None], list[TimeFault]]:
    pictures: list[VideoFrame] = []
    faults: list[TimeFault] = []
    for time in times:
        picture = VideoFrame(16, 16, "gray")
        picture.pts = time
        pictures.append(picture)
    made = [p.pts for p in timed(pictures, STEP, LONGEST, faults.append)]
    return made, faults


def test_times_that_grow_are_kept() -> None:
    times = [-5, 0, 1, 40, 1040, 2040]
    assert _timed(times) == (times, [])


@pytest.mark.parametrize("start", [-(10**12), 0, 10**12])
def test_the_first_time_may_be_any(start: int) -> None:
    assert _timed([start, start + STEP]) == ([start, start + STEP], [])


def test_a_time_that_is_missing_follows_the_one_before() -> None:
    made, faults = _timed([None, 40, None, 120])
    assert made == [0, 40, 80, 120]
    assert faults == [TimeFault.MISSING] * 2


def test_a_time_that_does_not_grow_is_set_behind_the_one_before() -> None:
    made, faults = _timed([0, 40, 30, 80])
    assert made == [0, 40, 41, 80]
    assert faults == [TimeFault.BACKWARDS]


def test_one_broken_time_far_away_moves_no_other() -> None:
    made, faults = _timed([0, 40, 10**14, 120, 160])
    assert made == [0, 40, 80, 120, 160]
    assert faults == [TimeFault.FAR]


def test_all_the_times_behind_a_gap_that_cannot_be_follow_each_other() -> None:
    made, faults = _timed([0, 5000, 5040, 5080])
    assert made == [0, 40, 80, 120]
    assert faults == [TimeFault.FAR] * 3
