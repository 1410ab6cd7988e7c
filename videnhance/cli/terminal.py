"""Single keys from a terminal, which is as before whenever this program stops.

That is at the end, on errors, and while it is suspended. Only a job in the foreground
reads the terminal or changes it: one in the background would be stopped for it.
"""

import os
import select
import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import Any

if sys.platform == "win32":
    import msvcrt
else:
    import termios

__all__ = ["Keyboard", "keyboard"]


class Keyboard:
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

    class _Console(Keyboard):
        alive = True

        def open(self) -> None:
            while msvcrt.kbhit():
                msvcrt.getwch()

        def key(self, seconds: float) -> str | None:
            if not msvcrt.kbhit():
                time.sleep(seconds)
            return msvcrt.getwch() if msvcrt.kbhit() else None

    def keyboard() -> Keyboard:
        """The keyboard of this process, closed."""
        return _Console() if _terminal_number() is not None else Keyboard()

else:

    class _Terminal(Keyboard):
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

    def keyboard() -> Keyboard:
        """The keyboard of this process, closed."""
        terminal = _terminal_number()
        return Keyboard() if terminal is None else _Terminal(terminal)


def _terminal_number() -> int | None:
    try:
        number = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # none, or one that is closed
        return None
    return number if os.isatty(number) else None
