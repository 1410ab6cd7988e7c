"""Signals that end the work in order, and the exit codes that say so."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["INTERRUPTED", "signals"]

INTERRUPTED = 130
"""The exit code after Ctrl+C."""


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
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # nohup
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
