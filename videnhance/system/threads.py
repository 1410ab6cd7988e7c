"""Threads between stages: with `slots`, the only module that starts any.

Stages are plain iterators. `prefetch` runs everything upstream of it in one thread,
`ordered_map` runs a function on a pool; without threads both are the same lines inline.
Order is kept, queues are bounded, an error is raised where its item would have come,
and closing the iterator joins what it started.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import wraps
from typing import Generic, ParamSpec, Protocol, TypeVar

__all__ = [
    "Channel",
    "Meter",
    "Pool",
    "Sized",
    "available_cores",
    "ordered_map",
    "pool_of",
    "prefetch",
    "serialized",
]


class Sized(Protocol):
    """Anything that knows its weight in a queue."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        ...


_MOST_ITEMS = 256
"""Of a queue. More even out nothing, and where pictures are tiny, what an item weighs
besides its bytes adds up."""
_AHEAD_ITEMS = 16
"""Of a stage that runs ahead: pictures that wait are memory, and no stage is slow for
longer than that."""

Pool = ThreadPoolExecutor
"""Worker threads; leaving its `with` block joins them."""

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")
S = TypeVar("S", bound=Sized)


@dataclass(slots=True)
class Meter:
    """How long the two sides of one queue waited for each other, in seconds."""

    for_upstream: float = 0.0
    """The taker waited: upstream is the slow side."""
    for_downstream: float = 0.0
    """The giver waited because the queue was full: downstream is the slow side."""

    def merge(self, other: "Meter") -> None:
        """Adds what another queue's sides waited."""
        self.for_upstream += other.for_upstream
        self.for_downstream += other.for_downstream


def available_cores() -> int:
    """The cores this process may run on, which a container can limit."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def pool_of(workers: int) -> Pool | None:
    """A pool of worker threads; None for zero workers, which means inline."""
    return ThreadPoolExecutor(workers, "videnhance-worker") if workers else None


class _Closed(Exception):
    """Raised in the feeding thread when nobody takes any more."""


class Channel(Generic[S]):
    """A queue bounded in bytes; one item always fits, however large."""

    def __init__(
        self, limit_bytes: int, meter: Meter, most_items: int = _MOST_ITEMS
    ) -> None:
        self._items: deque[S] = deque()
        self._most = most_items
        self._bytes = 0
        self._limit = limit_bytes
        self._meter = meter
        self._changed = threading.Condition()
        self._closed = False
        self._ended = False
        self._error: BaseException | None = None

    def put(self, item: S) -> None:
        with self._changed:
            start = time.perf_counter()
            while not self._closed and self._items and self._full(item):
                self._changed.wait()
            self._meter.for_downstream += time.perf_counter() - start
            if self._closed:
                raise _Closed
            self._items.append(item)
            self._bytes += item.nbytes
            self._changed.notify_all()

    def offer(self, item: S) -> bool:
        """Takes the item if there is room at once, and tells whether it has."""
        with self._changed:
            if self._closed or self._ended or (self._items and self._full(item)):
                return False
            self._items.append(item)
            self._bytes += item.nbytes
            self._changed.notify_all()
            return True

    def _full(self, item: S) -> bool:
        heavy = self._bytes + item.nbytes > self._limit
        return heavy or len(self._items) >= self._most

    def end(self, error: BaseException | None) -> None:
        """No more items; `error`, if any, is raised after those already queued."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[S]:
        while True:
            with self._changed:
                start = time.perf_counter()
                while not self._items and not self._ended:
                    self._changed.wait()
                self._meter.for_upstream += time.perf_counter() - start
                if not self._items:
                    break
                item = self._items.popleft()
                self._bytes -= item.nbytes
                self._changed.notify_all()
            yield item
        if self._error is not None:
            raise self._error


def _feed(items: Iterator[S], channel: Channel[S], begun: threading.Event) -> None:
    begun.wait()
    if channel.closed:
        return
    # The end must reach the taker whatever happens here, or its wait never returns.
    error: BaseException | None = None
    try:
        for item in items:
            channel.put(item)
    except _Closed:
        pass
    except BaseException as raised:  # crosses to the taker's thread
        error = raised
    finally:
        try:
            # Only the thread that runs a generator may close it.
            close = getattr(items, "close", None)
            if close is not None:
                close()
        except Exception as raised:
            error = error or raised
        channel.end(error)


def prefetch(items: Iterator[S], limit_bytes: int, *, meter: Meter) -> Generator[S]:
    """Runs `items` in a thread of its own, up to `limit_bytes` ahead; 0 runs it inline.

    Errors of `items` are raised here, after the items before them.
    """
    if not limit_bytes:
        yield from items
        return
    channel: Channel[S] = Channel(limit_bytes, meter, _AHEAD_ITEMS)
    begun = threading.Event()
    thread = threading.Thread(
        target=_feed, args=(items, channel, begun), name="videnhance-feed"
    )
    try:
        # Ctrl+C may come in the midst of the start: such a thread can be neither joined
        # nor left to work, for its source is about to be closed.
        thread.start()
        begun.set()
        yield from channel
    finally:
        channel.close()
        if begun.is_set():
            thread.join()
        begun.set()


def ordered_map(
    function: Callable[[T], R],
    items: Iterator[T],
    *,
    pool: Pool | None,
    ahead: int,
    meter: Meter,
) -> Generator[R]:
    """Like `map`, on the pool, at most `ahead` calls in flight, results in order."""
    if pool is None:
        yield from map(function, items)
        return
    pending: deque[Future[R]] = deque()
    error: Exception | None = None
    try:
        while error is None:
            try:
                pending.append(pool.submit(function, next(items)))
            except StopIteration:
                break
            except Exception as raised:
                error = raised  # not before the results that are under way
            while len(pending) >= ahead or (pending and pending[0].done()):
                yield _result(pending.popleft(), meter)
        while pending:
            yield _result(pending.popleft(), meter)
        if error is not None:
            raise error
    finally:
        for future in pending:
            future.cancel()
        wait(pending)


def _result(future: "Future[R]", meter: Meter) -> R:
    start = time.perf_counter()
    try:
        return future.result()
    finally:
        meter.for_upstream += time.perf_counter() - start


def serialized(function: Callable[P, R]) -> Callable[P, R]:
    """The function, run by one thread at a time: with a cache inside, once."""
    lock = threading.Lock()

    @wraps(function)
    def alone(*args: P.args, **kwargs: P.kwargs) -> R:
        with lock:
            return function(*args, **kwargs)

    return alone
