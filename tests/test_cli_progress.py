"""How far some work is, and what a log gets of it."""

import pytest

from videnhance.cli.progress import Tracker, clock_words


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _lines(total: int | None, frames: int, seconds: float) -> int:
    """Lines of a log of so many frames in so many seconds."""
    clock = _Clock()
    tracker = Tracker(total, clock=clock)
    count = 0
    for number in range(1, frames + 1):
        clock.now = 100.0 + seconds * number / frames
        tracker.frames = number
        count += tracker.wants_line()
    return count


@pytest.mark.parametrize("total", [20_000, None])
@pytest.mark.parametrize(
    ("seconds", "fewest", "most"),
    [(9, 0, 0), (25, 1, 2), (60, 5, 6), (3600, 20, 80), (86400, 20, 150)],
)
def test_a_log_stays_short(
    total: int | None, seconds: float, fewest: int, most: int
) -> None:
    assert fewest <= _lines(total, 20_000, seconds) <= most


def test_a_week_is_fewer_than_200_lines() -> None:
    assert _lines(600_000, 600_000, 7 * 86400) < 200


def test_what_is_left_follows_the_pace_of_this_run() -> None:
    clock = _Clock()
    tracker = Tracker(100, 40, clock)
    assert (tracker.progress.share, tracker.progress.seconds_left) == (0.4, None)
    clock.now += 10
    tracker.frames = 60
    assert (tracker.progress.share, tracker.seconds, tracker.progress.seconds_left) == (
        0.6,
        10,
        20,
    )
    assert tracker.words == "60%, 60 of 100 frames, 2 a second, 0:20 left"
    tracker.stood(5)
    assert tracker.progress.seconds_left == 10


def test_nothing_is_promised_where_the_end_is_not_known() -> None:
    clock = _Clock()
    tracker = Tracker(None, clock=clock)
    clock.now += 4
    tracker.frames = 1
    assert (tracker.progress.share, tracker.progress.seconds_left) == (None, None)
    assert tracker.words == "1 frame, 0.25 a second"


def test_more_frames_than_were_promised_are_all_of_them() -> None:
    tracker = Tracker(10)
    tracker.frames = 12
    assert (tracker.progress.share, tracker.progress.seconds_left) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00"), (65.4, "1:05"), (3600, "1:00:00")]
)
def test_a_time_is_shown_as_a_clock_does(seconds: float, words: str) -> None:
    assert clock_words(seconds) == words
