"""Order, bounds, errors and ends of what runs in threads; nothing stays alive."""

import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from videnhance.system import threads
from videnhance.system.threads import (
    Meter,
    available_cores,
    ordered_map,
    pool_of,
    prefetch,
    serialized,
)

PATIENCE = 60.0
"""Seconds after which an event that must come has not."""


@pytest.fixture(autouse=True)
def _nothing_stays_alive() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) - before == set()


@dataclass(frozen=True, slots=True)
class _Item:
    number: int
    nbytes: int = 10


def _items(count: int) -> Iterator[_Item]:
    return (_Item(n) for n in range(count))


def _numbers(items: Iterator[_Item]) -> list[int]:
    return [item.number for item in items]


def _failing(count: int, error: BaseException) -> Iterator[_Item]:
    yield from _items(count)
    raise error


def _wait(event: threading.Event) -> None:
    assert event.wait(PATIENCE)


@dataclass(slots=True)
class _Source:
    """Counts what was made, and knows which threads ran and closed it."""

    count: int
    made: int = 0
    closed_by: str = ""
    ran_in: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[_Item]:
        try:
            for item in _items(self.count):
                self.ran_in.add(threading.current_thread().name)
                self.made += 1
                yield item
        finally:
            self.closed_by = threading.current_thread().name


class _Clock:
    """Time that passes only when a test says so, and who asked for it how often."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.asked: dict[bool, int] = {True: 0, False: 0}
        self.changed = threading.Condition()
        monkeypatch.setattr(threads, "time", SimpleNamespace(perf_counter=self._read))

    def _read(self) -> float:
        with self.changed:
            main = threading.current_thread() is threading.main_thread()
            self.asked[main] += 1
            self.changed.notify_all()
            return self.now

    def pass_seconds(self, seconds: float, main: bool, asked: int) -> None:
        """After that thread has asked so often."""
        with self.changed:
            came = self.changed.wait_for(lambda: self.asked[main] >= asked, PATIENCE)
            assert came
            self.now += seconds


@pytest.mark.parametrize("limit", [0, 1, 35, 10_000])
def test_prefetch_keeps_order_and_number(limit: int) -> None:
    assert _numbers(prefetch(_items(57), limit, meter=Meter())) == list(range(57))


@pytest.mark.parametrize("limit", [0, 35])
def test_prefetch_of_nothing_ends(limit: int) -> None:
    assert _numbers(prefetch(_items(0), limit, meter=Meter())) == []


def test_prefetch_runs_ahead_in_one_thread_of_its_own() -> None:
    source = _Source(9)
    assert _numbers(prefetch(iter(source), 35, meter=Meter())) == list(range(9))
    assert source.ran_in == {"videnhance-feed"}


def test_prefetch_without_a_limit_runs_in_the_callers_thread() -> None:
    source = _Source(9)
    with closing(prefetch(iter(source), 0, meter=Meter())) as line:
        for item in line:
            assert source.made == item.number + 1
    assert source.ran_in == {threading.current_thread().name}


@pytest.mark.parametrize("limit", [10, 35, 60])
def test_a_queue_never_holds_more_than_its_limit(limit: int) -> None:
    made, taken, most = 0, 0, 0
    filled = threading.Event()

    def source() -> Iterator[_Item]:
        nonlocal made, most
        for number in range(40):
            # When asked for the next, every item made before is in the queue or out.
            most = max(most, made - taken)
            item = _Item(number, 5 + number % 3 * 10)
            if made - taken + item.nbytes > limit:
                filled.set()
            made += item.nbytes
            yield item

    with closing(prefetch(source(), limit, meter=Meter())) as line:
        for item in line:
            _wait(filled)
            threading.Event().wait(0.001)
            taken += item.nbytes
    assert made == taken
    # One item always fits, and one is in the taker's hand before it counts as taken.
    assert limit / 2 < most <= max(limit, 25) + 25


def test_a_queue_of_weightless_items_is_bounded_too() -> None:
    made = 0
    filled = threading.Event()

    def source() -> Iterator[_Item]:
        nonlocal made
        for made in range(1000):
            if made == 16:
                filled.set()
            yield _Item(made, 0)

    with closing(prefetch(source(), 10, meter=Meter())) as line:
        for count, item in enumerate(line):
            _wait(filled)
            threading.Event().wait(0.001 if count < 20 else 0)
            assert made - item.number <= 16 + 1
    assert made == 999


def test_an_item_larger_than_the_limit_passes() -> None:
    large = (_Item(n, 10_000) for n in range(5))
    assert _numbers(prefetch(large, 7, meter=Meter())) == list(range(5))


@pytest.mark.parametrize("limit", [0, 10, 1000])
def test_an_error_of_the_source_comes_after_the_items_before_it(limit: int) -> None:
    got: list[int] = []
    line = prefetch(_failing(5, OSError("damaged")), limit, meter=Meter())
    with pytest.raises(OSError, match="damaged"):
        got.extend(iter(lambda: next(line).number, None))
    assert got == list(range(5))
    assert list(line) == []


def test_even_an_interrupt_in_the_source_crosses() -> None:
    with pytest.raises(KeyboardInterrupt):
        list(prefetch(_failing(2, KeyboardInterrupt()), 100, meter=Meter()))


@pytest.mark.parametrize("taken", [1, 2, 5])
def test_closing_early_closes_the_source_in_its_own_thread(taken: int) -> None:
    source, before = _Source(1000), threading.active_count()
    line = prefetch(iter(source), 35, meter=Meter())
    for _ in range(taken):
        next(line)
    line.close()
    assert source.closed_by == "videnhance-feed"
    assert source.made < 20
    assert threading.active_count() == before


def test_closing_before_the_first_item_starts_nothing() -> None:
    source = _Source(3)
    prefetch(iter(source), 35, meter=Meter()).close()
    assert source.made == 0


def test_an_interrupted_start_leaves_the_source_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[threading.Thread] = []
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        real(thread)
        started.append(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", start)
    source = _Source(3)
    with pytest.raises(KeyboardInterrupt):
        next(prefetch(iter(source), 35, meter=Meter()))
    started[0].join()
    assert source.made == 0


def test_an_error_of_the_taker_joins_the_feeder() -> None:
    source = _Source(1000)
    line = prefetch(iter(source), 35, meter=Meter())

    def take() -> None:
        with closing(line):
            for item in line:
                if item.number == 3:
                    raise RuntimeError("the taker fails")

    with pytest.raises(RuntimeError, match="the taker fails"):
        take()
    assert source.closed_by == "videnhance-feed"


def test_a_source_that_is_no_generator_needs_no_close() -> None:
    assert _numbers(prefetch(iter([_Item(0), _Item(1)]), 35, meter=Meter())) == [0, 1]


def test_two_queues_in_a_row_end_together() -> None:
    source = _Source(1000)
    inner = prefetch(iter(source), 35, meter=Meter())
    with closing(prefetch(inner, 35, meter=Meter())) as line:
        assert next(line).number == 0
    assert source.closed_by == "videnhance-feed"


def test_a_meter_counts_how_long_the_taker_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, meter = _Clock(monkeypatch), Meter()

    def source() -> Iterator[_Item]:
        clock.pass_seconds(7, main=True, asked=1)
        yield _Item(0)

    assert _numbers(prefetch(source(), 35, meter=meter)) == [0]
    assert (meter.for_upstream, meter.for_downstream) == (7, 0)


def test_a_meter_counts_how_long_the_giver_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, meter = _Clock(monkeypatch), Meter()
    line = prefetch(_items(3), 10, meter=meter)
    assert next(line).number == 0
    # Two readings for each item that found room, and the first of one that did not.
    clock.pass_seconds(9, main=False, asked=5)
    assert _numbers(line) == [1, 2]
    assert (meter.for_upstream, meter.for_downstream) == (0, 9)


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("ahead", [1, 2, 7])
def test_ordered_map_is_map(workers: int, ahead: int) -> None:
    with pool_of(workers) or ThreadPoolExecutor(1) as pool:
        shared = pool if workers else None
        line = ordered_map(
            lambda n: n * n, iter(range(57)), pool=shared, ahead=ahead, meter=Meter()
        )
        assert list(line) == [n * n for n in range(57)]


def test_no_workers_means_no_pool() -> None:
    assert pool_of(0) is None


def test_without_a_pool_the_caller_runs_each_call_when_it_is_due() -> None:
    calls = []

    def call(number: int) -> int:
        calls.append(threading.current_thread())
        return number

    for number in ordered_map(call, iter(range(5)), pool=None, ahead=3, meter=Meter()):
        assert len(calls) == number + 1
    assert set(calls) == {threading.current_thread()}


def test_workers_carry_the_packages_name() -> None:
    with ThreadPoolExecutor(1) as unnamed, pool_of(2) or unnamed as pool:
        name = pool.submit(lambda: threading.current_thread().name).result()
    assert name.startswith("videnhance-worker")


def test_a_quick_call_does_not_overtake_a_slow_one() -> None:
    second = threading.Event()

    def call(number: int) -> int:
        if number == 0:
            _wait(second)
        if number == 1:
            second.set()
        return number

    with ThreadPoolExecutor(2) as pool:
        line = ordered_map(call, iter(range(5)), pool=pool, ahead=3, meter=Meter())
        assert list(line) == list(range(5))


@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_no_more_calls_are_in_flight_than_allowed(ahead: int) -> None:
    started, given, most = 0, 0, 0

    def source() -> Iterator[int]:
        nonlocal started, most
        for number in range(40):
            started += 1
            most = max(most, started - given)
            yield number

    with ThreadPoolExecutor(3) as pool:
        for _ in ordered_map(abs, source(), pool=pool, ahead=ahead, meter=Meter()):
            given += 1
    assert given == 40
    # Asked for the next call, the taker still holds the result it was given last.
    assert most <= ahead + 1


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_an_error_of_a_call_comes_after_the_results_before_it(workers: int) -> None:
    def call(number: int) -> int:
        if number == 4:
            raise OSError("damaged")
        return number

    got: list[int] = []
    with ThreadPoolExecutor(3) as pool:
        shared = pool if workers else None
        line = ordered_map(call, iter(range(9)), pool=shared, ahead=3, meter=Meter())
        with pytest.raises(OSError, match="damaged"):
            got.extend(iter(lambda: next(line), None))
    assert got == [0, 1, 2, 3]


def test_closing_a_map_early_waits_for_its_call_and_drops_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submitted, running, go_on = (threading.Event() for _ in range(3))
    calls: list[int] = []

    def source() -> Iterator[int]:
        yield from range(3)
        submitted.set()
        yield from range(3, 9)

    def call(number: int) -> int:
        if number == 1:
            running.set()
        _wait(go_on if number else submitted)
        calls.append(number)
        return number

    def wait_for_one(pending: Collection[Future[int]]) -> None:
        assert calls == [0]
        go_on.set()
        wait(pending)

    monkeypatch.setattr(threads, "wait", wait_for_one)
    with ThreadPoolExecutor(1) as pool:
        line = ordered_map(call, source(), pool=pool, ahead=4, meter=Meter())
        assert next(line) == 0
        _wait(running)
        line.close()
        assert calls == [0, 1]
    assert calls == [0, 1]


def test_a_meter_counts_how_long_a_result_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, meter = _Clock(monkeypatch), Meter()

    def call(number: int) -> int:
        clock.pass_seconds(4, main=True, asked=1)
        return number

    with ThreadPoolExecutor(1) as pool:
        assert list(ordered_map(call, iter([5]), pool=pool, ahead=2, meter=meter)) == [
            5
        ]
    assert (meter.for_upstream, meter.for_downstream) == (4, 0)


def test_some_core_is_available() -> None:
    assert available_cores() >= 1


def test_a_system_that_does_not_tell_has_its_cores_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    for counted, wanted in ((7, 7), (None, 1)):
        monkeypatch.setattr("os.cpu_count", lambda counted=counted: counted)
        assert available_cores() == wanted


def test_one_thread_at_a_time_runs_what_is_serialized() -> None:
    inside, most = 0, []

    @serialized
    def run(number: int) -> int:
        nonlocal inside
        inside += 1
        most.append(inside)
        time.sleep(0.001)
        inside -= 1
        return number

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(run, range(9))) == list(range(9))
    assert set(most) == {1}
