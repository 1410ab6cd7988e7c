"""Slots for the newest, and outboxes that never make one wait; nothing stays alive."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import pytest

from videnhance.system.latest import Latest, Outbox, Wait

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class _Item:
    number: int
    nbytes: int = 10


@pytest.fixture(autouse=True)
def _nothing_stays_alive() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) - before == set()


def test_the_newest_item_wins_and_the_others_are_counted() -> None:
    given = threading.Event()

    def feed(wait: Wait) -> Iterator[int]:
        yield from range(7)
        given.set()
        wait(10)

    with Latest(feed, "test") as slot:
        given.wait()
        assert slot.take(PATIENCE) == 6
        assert (slot.given, slot.dropped) == (7, 6)
        assert not slot.ended
        assert slot.take(0.01) is None


def test_a_slot_tells_of_its_end() -> None:
    with Latest(lambda wait: iter([3]), "test") as slot:
        assert slot.take(PATIENCE) == 3
        assert slot.take(PATIENCE) is None
        assert slot.ended


def test_an_error_of_a_feed_comes_after_its_last_item() -> None:
    def feed(wait: Wait) -> Iterator[int]:
        yield 5
        raise ValueError("broken")

    with Latest(feed, "test") as slot:
        while slot.given and not slot._ended:
            pass
        assert slot.take(PATIENCE) == 5
        with pytest.raises(ValueError, match="broken"):
            slot.take(PATIENCE)


def test_closing_a_slot_ends_a_feed_that_waits() -> None:
    def feed(wait: Wait) -> Iterator[int]:
        while not wait(3600):
            yield 1

    with Latest(feed, "slot"):
        pass
    assert "videnhance-slot" not in {t.name for t in threading.enumerate()}


def test_closing_a_slot_ends_a_feed_that_never_waits() -> None:
    with Latest(lambda wait: repeat(1), "test") as slot:
        assert slot.take(PATIENCE) == 1


def test_an_outbox_takes_what_there_is_room_for() -> None:
    go = threading.Event()
    got: list[_Item] = []

    def consume(items: Iterator[_Item]) -> None:
        go.wait()
        got.extend(items)

    outbox = Outbox(consume, 25, "test")
    taken = [outbox.offer(_Item(n)) for n in range(5)]
    go.set()
    outbox.close()
    assert taken == [True, True, False, False, False]
    assert [item.number for item in got] == [0, 1]


def test_an_outbox_without_a_taker_says_so() -> None:
    def consume(items: Iterator[_Item]) -> None:
        next(items)
        raise OSError("full")

    outbox = Outbox(consume, 100, "test")
    outbox.offer(_Item(0))
    while outbox.is_running:
        time.sleep(0.001)
    assert not outbox.offer(_Item(1))
    with pytest.raises(OSError, match="full"):
        outbox.close()
    outbox.close()
