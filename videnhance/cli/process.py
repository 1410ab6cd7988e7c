"""The process as the system treats it: its standard streams, and signals that end it.

Cron, systemd and pipes give streams that are closed, full, or read by nobody. Words
that nobody takes are no reason to lose the work of hours.
"""

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TextIO

from videnhance.errors import OutputError

__all__ = ["INTERRUPTED", "held", "prepare_streams", "signals"]

INTERRUPTED = 130
"""The exit code after Ctrl+C."""
_OUTPUT, _ERROR = 1, 2


_HELD: dict[str, BaseException | None] = {}
"""While signals are held: the `end` that one meanwhile has asked for."""


@contextmanager
def held() -> Iterator[None]:
    """A signal that comes meanwhile ends the work behind the block.

    In the midst of writing it would leave the line in the buffer, to be written twice.
    """
    _HELD["end"] = None
    try:
        yield
    finally:
        if (end := _HELD.pop("end")) is not None:
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
        if _HELD:
            _HELD["end"] = end
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


class _Stream(io.FileIO):
    """The end of a stream: what it cannot take is dropped; an output says so once."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "w", closefd=False)
        self._drops = number == _ERROR

    def write(self, data: Any, /) -> int:
        left = memoryview(data).cast("B")
        size = left.nbytes
        try:
            while left:
                left = left[super().write(left) or size :]
            return size
        except OSError as error:
            if self._drops:
                return size
            self._drops = True
            if error.errno == errno.EPIPE:
                raise
            raise OutputError(
                f"the standard output cannot be written: {error.strerror}; send it to "
                "another place"
            ) from error


def prepare_streams() -> None:
    """Makes the streams of this process such that messages never end it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # Else the next file that is opened gets the number, and a library's words
            # go into a video.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if os.name == "nt":  # a console there is no file
        return
    sys.stderr = _text(_ERROR, sys.stderr)
    if sys.stdout is not None:
        sys.stdout = _text(_OUTPUT, sys.stdout)


def _text(number: int, before: TextIO | None) -> TextIO:
    encoding = getattr(before, "encoding", None) or "utf-8"
    # Behind a buffer, a signal that ends a write has the same words written again.
    return io.TextIOWrapper(
        _Stream(number), encoding, errors="backslashreplace", write_through=True
    )
