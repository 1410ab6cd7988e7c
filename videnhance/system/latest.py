"""Latest-wins slot and non-blocking outbox, for pictures that are worthless when late.

Both count what they leave out. Only this module and `threads` start threads.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from videnhance.system.threads import Channel, Meter, Sized

__all__ = ["Latest", "Outbox", "Wait"]

T = TypeVar("T")
S = TypeVar("S", bound=Sized)

Wait = Callable[[float], bool]
"""Waits so many seconds, or until closing begins; tells whether it has begun."""


class Latest(Generic[T]):
    """A slot that a thread fills: the newest item wins, and one not taken is dropped.

    `feed` makes the items. It waits for anything by its `Wait`, and ends soon after
    that says that closing has begun. Leaving the `with` block stops and joins.
    """

    def __init__(self, feed: Callable[[Wait], Iterator[T]], name: str) -> None:
        self.given = 0
        """Items that came so far."""
        self.dropped = 0
        """Of these, those that nobody took in time."""
        self._place: list[T] = []
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._ended = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(
            target=self._run, args=(feed,), name=f"videnhance-{name}"
        )

    def __enter__(self) -> "Latest[T]":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()

    def take(self, seconds: float) -> T | None:
        """The newest item, waited for; None if none came, or none will.

        Raises the error of `feed` after the items before it.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._place or self._ended, seconds)
            if self._place:
                return self._place.pop()
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            return None

    @property
    def ended(self) -> bool:
        """Whether everything that came is taken and nothing more will come."""
        with self._changed:
            return self._ended and not self._place and self._error is None

    def _run(self, feed: Callable[[Wait], Iterator[T]]) -> None:
        try:
            for item in feed(self._closing.wait):
                with self._changed:
                    self.given += 1
                    self.dropped += len(self._place)
                    self._place[:] = [item]
                    self._changed.notify_all()
                if self._closing.is_set():
                    break
        except BaseException as raised:  # crosses to the taker's thread
            self._error = raised
        with self._changed:
            self._ended = True
            self._changed.notify_all()


class Outbox(Generic[S]):
    """A bounded queue into a thread of its own, for a giver that must not wait."""

    def __init__(
        self, consume: Callable[[Iterator[S]], None], limit_bytes: int, name: str
    ) -> None:
        self._channel: Channel[S] = Channel(limit_bytes, Meter())
        self._error: BaseException | None = None
        self._thread = threading.Thread(
            target=self._run, args=(consume,), name=f"videnhance-{name}"
        )
        self._thread.start()

    def offer(self, item: S) -> bool:
        """Puts the item into the queue; False if there is no room, or no taker."""
        return self._channel.offer(item)

    @property
    def is_running(self) -> bool:
        """Whether somebody takes."""
        return self._thread.is_alive()

    def end(self) -> None:
        """Takes no more; what was taken is consumed soon."""
        self._channel.end(None)

    def close(self) -> None:
        """Waits until all that was taken is consumed. Raises the consumer's error."""
        self.end()
        self._thread.join()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _run(self, consume: Callable[[Iterator[S]], None]) -> None:
        try:
            consume(iter(self._channel))
        except BaseException as raised:  # crosses to the giver's thread
            self._error = raised
        finally:
            self._channel.close()
