"""When a watched folder is looked at again, when inputs rest, how long all takes."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.trees import input_of
from videnhance.batch import timing
from videnhance.batch.inputs import Choosing, Input, Kind, found_in
from videnhance.batch.timing import Eta, Settling, Watch, version_of

PATIENCE = 120.0


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "_PAUSE", 0.0)
    monkeypatch.setattr(timing, "_WITH_SIGNS", 1000.0)
    monkeypatch.setattr(timing, "_WITHOUT_SIGNS", 0.2)


def _comes(watch: Watch, change: Callable[[], object]) -> bool:
    """Whether it is time to look, some time after a change."""
    change()
    last = time.monotonic() + PATIENCE
    while time.monotonic() < last:
        if watch():
            return True
        time.sleep(0.05)
    return False


def test_a_new_file_is_heard_of_in_every_folder(tmp_path: Path) -> None:
    pytest.importorskip("watchdog")
    (tmp_path / "a/b").mkdir(parents=True)
    with Watch(tmp_path, tmp_path / "out") as watch:
        assert watch.hears
        assert not watch()
        for place in (tmp_path / "x", tmp_path / "a/b/y"):
            assert _comes(watch, partial(place.write_text, "x"))
        assert _comes(watch, (tmp_path / "c").mkdir)
        assert _comes(watch, partial((tmp_path / "c/z").write_text, "x"))


def test_an_output_is_no_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("watchdog")
    (tmp_path / "out").mkdir()
    heard: list[str] = []
    rings = timing._Signs._rings

    def noted(signs: timing._Signs, event: Any) -> None:  # noqa: ANN401
        rings(signs, event)
        heard.append(os.fsdecode(event.src_path))

    monkeypatch.setattr(timing._Signs, "_rings", noted)
    with Watch(tmp_path, tmp_path / "out") as watch:
        (tmp_path / "out/x").write_text("x")
        last = time.monotonic() + PATIENCE
        while str(tmp_path / "out/x") not in heard:
            assert time.monotonic() < last
            time.sleep(0.01)
        assert not watch()


def test_without_signs_time_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [7.0]
    monkeypatch.setattr(timing, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setitem(sys.modules, "watchdog.observers", None)
    with Watch(tmp_path, tmp_path / "out") as watch:
        assert not watch.hears
        assert not watch()
        now[0] += 0.3
        assert watch()
        assert not watch()


def test_a_folder_that_cannot_be_watched_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object, *rest: object, **more: object) -> None:
        del self, rest, more
        raise OSError(28, "inotify watch limit reached")

    observers = pytest.importorskip("watchdog.observers")
    monkeypatch.setattr(observers.Observer, "schedule", refuse)
    with Watch(tmp_path, tmp_path / "out") as watch:
        assert not watch.hears
        assert _comes(watch, lambda: None)


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
    (one,) = found_in(tmp_path, Choosing(), without=Path("nowhere")).inputs
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


def test_nothing_tells_at_the_start(clock: _Clock) -> None:
    eta = Eta(1, clock)
    assert eta.seconds_left([input_of("a")]) is None
    assert eta.seconds_left([]) == 0


def test_what_is_done_tells_of_what_waits_by_size(clock: _Clock) -> None:
    eta, done = Eta(1, clock), input_of("a", size=100)
    eta.began(done)
    clock.now = 110
    assert eta.ended(done, whole=True) == 10
    assert eta.seconds_left([input_of("b", size=300)]) == pytest.approx(30)
    assert Eta(2, clock).seconds_left([]) == 0


def test_the_smallest_takes_as_long_as_starting(clock: _Clock) -> None:
    eta, done = Eta(1, clock), input_of("a", size=100)
    eta.began(done)
    clock.now = 110
    eta.ended(done, whole=True)
    assert eta.seconds_left([input_of("b", size=1)]) == 10


def test_a_file_under_way_tells_of_itself_and_of_others(clock: _Clock) -> None:
    eta, one = Eta(1, clock), input_of("a", size=100)
    eta.began(one)
    clock.now = 110
    eta.advanced(one, 0.25)
    assert eta.seconds_left([]) == pytest.approx(30)
    assert eta.seconds_left([input_of("b", size=50)]) == pytest.approx(50)


def test_what_was_kept_took_no_time(clock: _Clock) -> None:
    eta, one = Eta(1, clock), input_of("a")
    eta.began(one)
    eta.advanced(one, 0.5, 0.5)
    clock.now = 110
    eta.advanced(one, 0.75)
    assert eta.seconds_left([]) == pytest.approx(10)
    eta.ended(one, whole=True)
    assert eta.seconds_left([input_of("b")]) is None


def test_jobs_share_the_work(clock: _Clock) -> None:
    eta, done = Eta(2, clock), input_of("a", size=100)
    eta.began(done)
    clock.now = 110
    eta.ended(done, whole=True)
    waiting = [input_of(name, size=100) for name in "bcd"]
    assert eta.seconds_left(waiting) == pytest.approx(15)


def test_kinds_are_told_apart_and_guessed_for_each_other(clock: _Clock) -> None:
    eta, done = Eta(1, clock), input_of("a", size=100)
    eta.began(done)
    clock.now = 110
    eta.ended(done, whole=True)
    picture = input_of("p.png", Kind.PICTURE, size=5000)
    assert eta.seconds_left([picture]) is None
    assert eta.seconds_left([input_of("b", size=100), picture]) == 20


def test_a_failure_and_a_pause_tell_nothing(clock: _Clock) -> None:
    eta, one = Eta(1, clock), input_of("a")
    eta.began(one)
    clock.now = 110
    eta.ended(one, whole=False)
    assert eta.seconds_left([input_of("b")]) is None
    eta.began(one)
    clock.now = 130
    eta.paused(15)
    eta.advanced(one, 0.5)
    assert eta.seconds_left([]) == pytest.approx(5)


def test_a_deadline_is_shared_by_what_is_left_to_make(clock: _Clock) -> None:
    sizes = {"a": 3, "b": 1, "c": 4}
    alone, small, large = (input_of(name, size=n) for name, n in sizes.items())
    eta = Eta(1, clock)
    assert eta.share_of(alone, []) == 1.0
    assert eta.share_of(alone, [small, large]) == 3 / 8
    beside = Eta(2, clock)
    assert beside.share_of(alone, [small, large]) == 6 / 8
    beside.began(large)
    beside.advanced(large, 0.5)
    assert beside.share_of(alone, [small]) == 1.0  # twice 3 of 3 + 1 + 2
    assert beside.share_of(small, []) == 2 / 3
