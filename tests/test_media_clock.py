"""Times: the file's own where it has some, and a rule where it leaves room."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, zip_longest

import pytest
from av.video.frame import VideoFrame

from videnhance.media.reader.clock import TimeFault, timed

STEP, LONGEST = 40, 1000


def _timed(
    times: Sequence[int | None], durations: Sequence[int] = ()
) -> tuple[list[int], list[TimeFault]]:
    pictures: list[VideoFrame] = []
    faults: list[TimeFault] = []
    for time, duration in zip_longest(times, durations, fillvalue=0):
        picture = VideoFrame(16, 16, "gray")
        picture.pts, picture.duration = time, duration
        pictures.append(picture)
    made = [
        p.pts or 0 for p in timed(pictures, STEP, Fraction(1), faults.append, LONGEST)
    ]
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


def test_missing_times_are_as_far_apart_as_pictures_last() -> None:
    lasting = [60, 40, 60, 40, 60]
    assert _timed([0, None, None, None, 200], lasting)[0] == [0, 60, 100, 160, 200]
    assert _timed([0, None, None, None, 240], lasting)[0] == [0, 72, 120, 192, 240]
    assert _timed([0, None, None, None, 200], [60, 0, 60, 40])[0] == [
        *(0, 50, 100, 150, 200)
    ]


@pytest.mark.parametrize("wrong", [-(10**6), 0, 30, 40])
def test_a_time_that_does_not_grow_is_set_between_its_neighbours(wrong: int) -> None:
    made, faults = _timed([0, 40, wrong, 120])
    assert made == [0, 40, 80, 120]
    assert faults == [TimeFault.BACKWARDS]


def test_times_that_begin_anew_go_on_from_the_last_one() -> None:
    made, faults = _timed([800, 840, 880, 0, 40, 120, 160])
    assert made == [800, 840, 880, 920, 960, 1040, 1080]
    assert faults == [TimeFault.BACKWARDS]


def test_a_time_that_waits_is_not_far_behind_those_that_are_set_before_it() -> None:
    made, faults = _timed([0, 40, 80, 76, 116, 160])
    assert made == [0, 40, 80, 106, 133, 160]
    assert faults == [TimeFault.BACKWARDS] * 2


def test_the_last_time_of_all_follows_the_one_before() -> None:
    assert _timed([0, 40, 40])[0] == [0, 40, 80]


def test_pictures_without_a_time_share_what_is_between_two_that_have_one() -> None:
    made, faults = _timed([0, None, 100])
    assert made == [0, 50, 100]
    assert faults == [TimeFault.MISSING]


def test_a_first_time_that_is_far_off_is_set_before_the_second() -> None:
    made, faults = _timed([10**12, 40, 80])
    assert made == [0, 40, 80]
    assert faults == [TimeFault.FAR]


def test_times_grow_even_where_there_is_no_room_between_two() -> None:
    made, _ = _timed([0, 1, 1, None, 2, 3, 40])
    assert all(a < b for a, b in pairwise(made))
    assert made[-1] == 40


def test_one_broken_time_far_away_moves_no_other() -> None:
    made, faults = _timed([0, 40, 10**14, 120, 160])
    assert made == [0, 40, 80, 120, 160]
    assert faults == [TimeFault.FAR]


def test_all_the_times_behind_a_gap_that_cannot_be_follow_each_other() -> None:
    made, faults = _timed([0, 5000, 5040, 5080])
    assert made == [0, 40, 80, 120]
    assert faults == [TimeFault.FAR]


def test_times_that_repeat_are_spread_over_what_they_leave_open() -> None:
    made, _ = _timed([0, 40, 80, 40, 80, 120, None, 280, 320])
    assert made == list(range(0, 360, 40))


def test_a_decoding_time_is_no_time_of_showing_where_others_have_one() -> None:
    pictures = [VideoFrame(16, 16, "gray") for _ in range(3)]
    pictures[0].pts, pictures[2].pts = 80, 160
    pictures[1].dts = 81
    made = [p.pts for p in timed(pictures, STEP, Fraction(1), lambda _: None)]
    assert made == [80, 120, 160]
