"""Keys while a conversion runs: space pauses, q stops. Only at a terminal."""

import signal
import time
from collections.abc import Callable

import click

from videnhance.cli.terminal import keyboard

__all__ = ["Keys"]

_PAUSE, _STOP = " ", "q"
_LOOK_SECONDS = 0.2
"""How long a paused job waits before it looks whether it is in the foreground."""
_LINE_SECONDS = 2.0
"""Without a further letter, after which a line that somebody types has ended."""


def _say(words: str) -> None:
    click.echo(f"videnhance: {words}", err=True)


class Keys:
    """The keys of a running job; use it with `with`, on the main thread."""

    def __init__(
        self,
        say: Callable[[str], None] = _say,
        hold: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """`say` is given one line at a time: a progress bar prints around itself.

        `hold` is told when a pause begins (True) and ends: for work in other processes.
        """
        self._say, self._hold = say, hold
        self._board = keyboard()
        self._line_until = 0.0
        """While somebody types the next command, its letters are not keys."""

    def __enter__(self) -> "Keys":
        self._board.open()
        return self

    def __exit__(self, *error: object) -> None:
        self._board.close()

    def poll(self) -> float:
        """Does what was typed; gives the seconds that the job stood still since before.

        Raises KeyboardInterrupt, as Ctrl+C does, on q.
        """
        paused = 0.0
        while key := self._board.key(0.0):
            if self._is_of_a_line(key):
                continue
            if key == _PAUSE:
                paused += self._paused()
            self._stop_on(key)
        return paused + self._board.suspended()

    def _is_of_a_line(self, key: str) -> bool:
        now = time.monotonic()
        if now > self._line_until and key.lower() in (_PAUSE, _STOP):
            return False
        self._line_until = 0.0 if key in "\r\n" else now + _LINE_SECONDS
        return True

    def _paused(self) -> float:
        began = time.monotonic()
        self._hold(True)
        self._say("paused; space goes on, q stops")
        key = None
        # Without a terminal nobody could ever end the pause.
        while key != _PAUSE and self._board.alive:
            key = self._board.key(_LOOK_SECONDS)
            self._stop_on(key)
        self._say("goes on")
        self._hold(False)
        self._board.suspended()  # a part of the pause already
        return time.monotonic() - began

    def _stop_on(self, key: str | None) -> None:
        if key is None or key.lower() != _STOP:
            return
        # Whoever handles Ctrl+C handles this: the clean-up is one and the same.
        signal.raise_signal(signal.SIGINT)
        raise KeyboardInterrupt
