"""Keys while a conversion runs: space pauses, q stops. Only at a terminal.

The terminal is as before whenever this program stops: at the end, on errors, and while
it is suspended. Only a job in the foreground reads the terminal or changes it: one in
the background would be stopped for it.
"""

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import click

if sys.platform == "win32":
    import msvcrt
else:
    import termios

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
        self._board = _keyboard()
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


class _Keyboard:
    """Where nobody types: a pipe, a file, a thread that may not take signals."""

    alive = False

    def open(self) -> None:
        """Begins to listen; what was typed before is for nobody here."""

    def close(self) -> None:
        pass

    def key(self, seconds: float) -> str | None:
        """The next key, waited for; None if none came."""
        del seconds
        return None

    def suspended(self) -> float:
        """Seconds that the process was stopped since the last question."""
        return 0.0


if sys.platform == "win32":

    class _Console(_Keyboard):
        alive = True

        def open(self) -> None:
            while msvcrt.kbhit():
                msvcrt.getwch()

        def key(self, seconds: float) -> str | None:
            if not msvcrt.kbhit():
                time.sleep(seconds)
            return msvcrt.getwch() if msvcrt.kbhit() else None

    def _keyboard() -> _Keyboard:
        """The keyboard of this process, closed."""
        return _Console() if _terminal_number() is not None else _Keyboard()

else:

    class _Terminal(_Keyboard):
        """Gives each key at once and does not show it."""

        def __init__(self, terminal: int) -> None:
            self.alive = True
            self._terminal = terminal
            self._before: list[Any] | None = None
            """The terminal's settings; None while they are not changed."""
            self._handlers: dict[int, Any] = {}
            self._suspended = 0.0

        def open(self) -> None:
            numbers = (signal.SIGTSTP, signal.SIGCONT)
            before: dict[int, Any] = {n: signal.getsignal(n) for n in numbers}
            try:
                if before[signal.SIGTSTP] != signal.SIG_IGN:
                    signal.signal(signal.SIGTSTP, self._suspend)
                signal.signal(signal.SIGCONT, self._resume)
            except ValueError:  # not the main thread: no signals, so no keys
                self.alive = False
                return
            self._handlers = before
            self._take()
            if self._in_foreground():
                with suppress(termios.error):
                    # Meant for the shell: a space in it would pause, a q would stop.
                    termios.tcflush(self._terminal, termios.TCIFLUSH)

        def close(self) -> None:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
            self._give_back()

        def key(self, seconds: float) -> str | None:
            # A job that comes to the foreground by `fg` may be sent no signal.
            self._take()
            if not self._in_foreground():
                time.sleep(seconds)
                return None
            try:
                ready, _, _ = select.select([self._terminal], [], [], seconds)
                # Meanwhile it may have gone to the background.
                if not ready or not self._in_foreground():
                    return None
                typed = os.read(self._terminal, 1)
            except OSError:
                typed = b""
            self.alive = bool(typed)
            return typed.decode("latin-1") or None

        def suspended(self) -> float:
            seconds, self._suspended = self._suspended, 0.0
            return seconds

        def _in_foreground(self) -> bool:
            """Only then may a job read a terminal or change it."""
            try:
                return self.alive and os.tcgetpgrp(self._terminal) == os.getpgrp()
            except OSError:  # the terminal is gone
                self.alive = False
                return False

        def _take(self, again: bool = False) -> None:
            if not self._in_foreground() or (self._before is not None and not again):
                return
            with suppress(termios.error):
                # Noted first: a signal that comes now must find what to give back.
                self._before = self._before or termios.tcgetattr(self._terminal)
                changed = [*self._before[:6], [*self._before[6]]]
                changed[3] &= ~(termios.ICANON | termios.ECHO)
                changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
                termios.tcsetattr(self._terminal, termios.TCSANOW, changed)

        def _give_back(self) -> None:
            before, self._before = self._before, None
            if before is not None and self._in_foreground():
                with suppress(termios.error):
                    termios.tcsetattr(self._terminal, termios.TCSANOW, before)

        def _suspend(self, number: int, frame: FrameType | None) -> None:
            """Gives the terminal back, and then stops as was asked for."""
            del frame
            self._give_back()
            began = time.monotonic()
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)  # stands here until SIGCONT
            signal.signal(number, self._suspend)
            self._suspended += time.monotonic() - began
            self._take()

        def _resume(self, number: int, frame: FrameType | None) -> None:
            """After a stop that cannot be caught, the shell has set the terminal."""
            del number, frame
            self._take(again=True)

    def _keyboard() -> _Keyboard:
        """The keyboard of this process, closed."""
        terminal = _terminal_number()
        return _Keyboard() if terminal is None else _Terminal(terminal)


def _terminal_number() -> int | None:
    try:
        number = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # none, or one that is closed
        return None
    return number if os.isatty(number) else None
