"""Tells open pages what has changed, as server-sent events.

A page that is slow, or a row that changes often, costs no memory: only the names of
what changed wait, each once, and what is sent is what holds at that moment.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from itertools import count

from videnhance.errors import BusyError

__all__ = ["MOST_STREAMS", "Hub", "encoded"]

MOST_STREAMS = 16
"""Open at once: a page has one."""
_GAP_SECONDS = 0.1
"""Between two times that a page is told something."""
_SIGN_OF_LIFE_SECONDS = 15.0
Event = tuple[str, object]
"""Its name and its value."""


class _Stream:
    """What one page has not been told yet."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.changed = asyncio.Event()


class Hub:
    """All open streams of events; for one event loop."""

    def __init__(self, values: Callable[[list[str]], list[Event]]) -> None:
        """`values` gives the events for names of what changed, as it is now."""
        self._values, self._numbers = values, count(1)
        self._streams: set[_Stream] = set()
        self._is_open = True

    def tell(self, *names: str) -> None:
        """These have changed."""
        for stream in self._streams:
            stream.names |= dict.fromkeys(names)
            stream.changed.set()

    def close(self) -> None:
        """Ends all streams."""
        self._is_open = False
        self.tell()

    def stream(self) -> AsyncGenerator[bytes]:
        """The events of a page that has just come, `state` first.

        Raises BusyError if too many are open.
        """
        if len(self._streams) >= MOST_STREAMS:
            raise BusyError(
                f"{MOST_STREAMS} pages of this app are open already: close one"
            )
        stream = _Stream()
        stream.names["state"] = None
        stream.changed.set()
        self._streams.add(stream)
        return self._told(stream)

    async def _told(self, stream: _Stream) -> AsyncGenerator[bytes]:
        try:
            while self._is_open:
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(stream.changed.wait(), _SIGN_OF_LIFE_SECONDS)
                stream.changed.clear()
                names, stream.names = [*stream.names], {}
                for name, value in self._values(names):
                    yield encoded(name, value, next(self._numbers))
                if not names:
                    yield b":\n\n"
                await asyncio.sleep(_GAP_SECONDS)
        finally:
            self._streams.discard(stream)


def encoded(name: str, value: object, number: int) -> bytes:
    """One event as it goes through the wire."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"id: {number}\nevent: {name}\ndata: {text}\n\n".encode()
