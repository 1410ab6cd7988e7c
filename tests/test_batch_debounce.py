"""Inputs that are being copied wait until they rest."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.trees import input_of
from videnhance.batch.debounce import Settling, version_of
from videnhance.batch.inputs import Choosing, Input, found_in


class _Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    """For both clocks."""
    return _Clock()


def _aged(name: str, age: float, size: int = 7) -> Input:
    return replace(input_of(name, size=size), mtime_ns=int((100 - age) * 1e9))


def test_what_changed_long_ago_is_taken_at_once(clock: _Clock) -> None:
    settling = Settling(2.0, clock, clock)
    old, new = _aged("old", 2.5), _aged("new", 1.5)
    assert [*settling.settled([old, new])] == [old]
    assert settling.waiting == 1
    assert not settling.due


def test_what_rests_is_taken_after_a_while(clock: _Clock) -> None:
    settling, one = Settling(2.0, clock, clock), _aged("new", 1.5)
    assert [*settling.settled([one])] == []
    clock.now = 101.9
    assert [*settling.settled([one])] == []
    clock.now = 102.0
    assert settling.due
    assert [*settling.settled([one])] == [one]
    assert settling.waiting == 0


def test_what_changes_waits_anew(clock: _Clock) -> None:
    settling = Settling(2.0, clock, clock)
    for step in range(4):
        clock.now = 100.0 + 1.9 * step
        growing = _aged("new", 0.0, size=step)
        assert [*settling.settled([growing])] == []
    clock.now += 2.0
    assert [*settling.settled([growing])] == [growing]


def test_a_time_to_come_tells_nothing(clock: _Clock) -> None:
    settling, one = Settling(2.0, clock, clock), _aged("odd", -5000)
    assert [*settling.settled([one])] == []
    clock.now += 2
    assert [*settling.settled([one])] == [one]


def test_what_is_gone_waits_no_more(clock: _Clock) -> None:
    settling = Settling(2.0, clock, clock)
    assert [*settling.settled([_aged("new", 0.0)])] == []
    assert [*settling.settled([])] == []
    assert settling.waiting == 0


def test_an_input_can_be_made_to_wait(tmp_path: Path, clock: _Clock) -> None:
    (tmp_path / "a.mp4").write_bytes(b"old")
    os.utime(tmp_path / "a.mp4", ns=(0, 7))
    (one,) = found_in(tmp_path, Choosing(), Path("nowhere")).inputs
    settling = Settling(2.0, clock, clock)
    settling.wait_for(one)
    assert [*settling.settled([one])] == []
    clock.now += 2.0
    assert [*settling.settled([one])] == [one]


def test_the_version_is_that_of_now(tmp_path: Path) -> None:
    for number in range(10, 20):
        (tmp_path / f"{number:03d}.png").write_bytes(b"x")
    place = replace(input_of("%03d.png"), path=tmp_path / "%03d.png")
    assert version_of(place)[0] == 10
    single = replace(input_of("a"), path=tmp_path / "010.png")
    assert version_of(single)[0] == 1
    assert version_of(input_of("gone", root=tmp_path)) == (0, 0)
    assert version_of(input_of("%d.jpg", root=tmp_path)) == (0, 0)
