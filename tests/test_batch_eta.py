"""How long a batch will take: an estimate that gets better, or is none."""

import pytest

from tests.trees import input_of
from videnhance.batch.eta import Eta
from videnhance.batch.inputs import Kind


class _Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> _Time:
    """A clock that is set."""
    return _Time()


def test_nothing_tells_at_the_start(time: _Time) -> None:
    eta = Eta(1, time)
    assert eta.seconds_left([input_of("a")]) is None
    assert eta.seconds_left([]) == 0


def test_what_is_done_tells_of_what_waits_by_size(time: _Time) -> None:
    eta, done = Eta(1, time), input_of("a", size=100)
    eta.began(done)
    time.now = 10
    assert eta.ended(done, whole=True) == 10
    assert eta.seconds_left([input_of("b", size=300)]) == pytest.approx(30)
    assert Eta(2, time).seconds_left([]) == 0


def test_the_smallest_takes_as_long_as_starting(time: _Time) -> None:
    eta, done = Eta(1, time), input_of("a", size=100)
    eta.began(done)
    time.now = 10
    eta.ended(done, whole=True)
    assert eta.seconds_left([input_of("b", size=1)]) == 10


def test_a_file_under_way_tells_of_itself_and_of_others(time: _Time) -> None:
    eta, one = Eta(1, time), input_of("a", size=100)
    eta.began(one)
    time.now = 10
    eta.advanced(one, 0.25)
    assert eta.seconds_left([]) == pytest.approx(30)
    assert eta.seconds_left([input_of("b", size=50)]) == pytest.approx(50)


def test_what_was_kept_took_no_time(time: _Time) -> None:
    eta, one = Eta(1, time), input_of("a")
    eta.began(one)
    eta.advanced(one, 0.5, 0.5)
    time.now = 10
    eta.advanced(one, 0.75)
    assert eta.seconds_left([]) == pytest.approx(10)
    eta.ended(one, whole=True)
    assert eta.seconds_left([input_of("b")]) is None


def test_jobs_share_the_work(time: _Time) -> None:
    eta, done = Eta(2, time), input_of("a", size=100)
    eta.began(done)
    time.now = 10
    eta.ended(done, whole=True)
    waiting = [input_of(name, size=100) for name in "bcd"]
    assert eta.seconds_left(waiting) == pytest.approx(15)


def test_kinds_are_told_apart_and_guessed_for_each_other(time: _Time) -> None:
    eta, done = Eta(1, time), input_of("a", size=100)
    eta.began(done)
    time.now = 10
    eta.ended(done, whole=True)
    picture = input_of("p.png", Kind.PICTURE, size=5000)
    assert eta.seconds_left([picture]) is None
    assert eta.seconds_left([input_of("b", size=100), picture]) == 20


def test_a_failure_and_a_pause_tell_nothing(time: _Time) -> None:
    eta, one = Eta(1, time), input_of("a")
    eta.began(one)
    time.now = 10
    eta.ended(one, whole=False)
    assert eta.seconds_left([input_of("b")]) is None
    eta.began(one)
    time.now = 30
    eta.paused(15)
    eta.advanced(one, 0.5)
    assert eta.seconds_left([]) == pytest.approx(5)
