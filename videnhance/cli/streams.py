"""The standard streams as cron, systemd and pipes give them: closed, full, read by
nobody. Words that nobody takes are no reason to lose the work of hours.
"""

import errno
import io
import os
import sys
from typing import Any, TextIO

from videnhance.errors import OutputError

__all__ = ["prepare_streams"]

_OUTPUT, _ERROR = 1, 2


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
        _Stream(number),
        encoding,
        errors="backslashreplace",
        write_through=True,
    )
