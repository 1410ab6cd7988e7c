"""Signals that end the work in order, and the exit codes that say so."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

__all__ = ["INTERRUPTED", "held", "signals"]

INTERRUPTED = 130
"""The exit code after Ctrl+C."""


@dataclass(slots=True)
class _Held:
    on: bool = False
    end: BaseException | None = None
    """What a signal meanwhile has asked for."""


_HELD = _Held()


@contextmanager
def held() -> Iterator[None]:
    """A signal that comes meanwhile ends the work behind the block.

    In the midst of writing it would leave the line in the buffer, to be written twice.
    """
    _HELD.on = True
    try:
        yield
    finally:
        _HELD.on = False
        end, _HELD.end = _HELD.end, None
        if end is not None:
            raise end


@contextmanager
def signals() -> Iterator[None]:
    """Ends the work in order on the first signal, and ignores those after it.

    Ctrl+C raises KeyboardInterrupt, the others SystemExit with the code they stand for.
    """
    names = [n for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]
    numbers = [getattr(signal, name) for name in names]
    before = {number: signal.getsignal(number) for number in numbers}

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        # A second one would end the clean-up: threads alive, a part file left.
        for other in numbers:
            signal.signal(other, signal.SIG_IGN)
        interrupted = number == signal.SIGINT
        end = KeyboardInterrupt() if interrupted else SystemExit(128 + number)
        if _HELD.on:
            _HELD.end = end
            return
        raise end

    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # nohup
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
