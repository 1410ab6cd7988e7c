"""The parent's end of a decoding child: its start, its words with a time-out, its end.

Nothing that the child says is believed here: lines have a greatest length, and only
messages of the agreed kinds are made of them.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import videnhance
from videnhance.media.sandbox.messages import (
    CREDIT,
    LONGEST_LINE,
    Failed,
    decoded,
    encoded,
)
from videnhance.media.sandbox.serialize import SerializeError

__all__ = [
    "DECODING",
    "Child",
    "ChildError",
    "ChildLostError",
    "EndedError",
    "SilentError",
    "child_command",
]

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from {module} import main; main()"
)
DECODING = "videnhance.media.sandbox.child"
"""The module whose `main` opens and decodes a file."""
_KEPT = ("SYSTEMROOT", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH")
_QUIET = {
    # Each arena of the allocator reserves 64 MB of the address space that is limited.
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
_STEP_SECONDS = 1.0
_LAST_WORDS_SECONDS = 2.0
_CHUNK = 1 << 20

M = TypeVar("M")


class ChildLostError(Exception):
    """The child died, hung or said something that was not agreed; in words."""


class EndedError(ChildLostError):
    """The child hung, or was ended by somebody: not by what it decoded."""


class SilentError(EndedError):
    """The child said nothing for as long as was waited; it may still."""


class ChildError(Exception):
    """The child tells of an error."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.words)
        self.failed = failed


def child_command(module: str = DECODING) -> list[str]:
    """The command that starts a module's `main` with the modules that are here.

    Without `site` and the user's settings: they cost time and could bring anything.
    """
    package = str(Path(videnhance.__file__).absolute().parent.parent)
    places = [os.path.abspath(place) for place in sys.path] + [package]
    start = _START.format(module=module)
    return [sys.executable, "-I", "-S", "-c", start, json.dumps(places)]


class Child:
    """A running child; `close` ends it whatever it does."""

    def __init__(
        self, passed: Sequence[int], command: Sequence[str] | None = None
    ) -> None:
        """`passed` are descriptors that the child inherits."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._process = subprocess.Popen(
            command or child_command(),
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept | _QUIET,
            pass_fds=[] if sys.platform == "win32" else [d for d in passed if d >= 0],
        )
        assert self._process.stdout is not None
        self._from = self._process.stdout.fileno()
        self._buffer = bytearray()

    @property
    def pid(self) -> int:
        """The child's process number."""
        return self._process.pid

    def close(self) -> None:
        """Kills the child, waits for it, and closes the pipes."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def say(self, message: object) -> None:
        """Sends a message; if the child is gone, `hear` tells."""
        self._send(encoded(message))

    def give_back(self) -> None:
        """Tells that a picture has been copied."""
        self._send(CREDIT)

    def _send(self, words: bytes) -> None:
        assert self._process.stdin is not None
        # A child that is gone has last words to read, and an end to name.
        with suppress(BrokenPipeError):
            while words:
                words = words[self._process.stdin.write(words) or 0 :]

    def hear(self, seconds: float, kind: type[M]) -> M:
        """The next message, of this kind.

        Raises ChildError if the child tells of an error instead, ChildLostError after
        `seconds` without a word, and for any other reason that none comes.
        """
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > LONGEST_LINE:
                raise ChildLostError("sent a message without an end")
            self._read(seconds)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        try:
            message = decoded(line, kind)
        except SerializeError as error:
            raise ChildLostError(f"sent nonsense ({error})") from None
        if isinstance(message, Failed):
            raise ChildError(message)
        return message

    def hear_bytes(self, seconds: float, count: int) -> bytes:
        """The next `count` bytes. Raises ChildLostError as `hear` does."""
        while len(self._buffer) < count:
            self._read(seconds)
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _read(self, seconds: float) -> None:
        if not _readable(self._from, seconds):
            raise SilentError(f"did nothing for {seconds:g} s and was stopped")
        chunk = os.read(self._from, _CHUNK)
        if not chunk:
            raise self._how_it_ended()
        self._buffer += chunk

    def _how_it_ended(self) -> ChildLostError:
        try:
            code = self._process.wait(_LAST_WORDS_SECONDS)
        except subprocess.TimeoutExpired:
            return ChildLostError("closed its pipe")
        if code >= 0:
            return ChildLostError(f"ended too early, with code {code}")
        words = f"ended by {_signal_name(-code)}"
        return (EndedError if -code in _FROM_OUTSIDE else ChildLostError)(words)


_FROM_OUTSIDE = (signal.SIGTERM, getattr(signal, "SIGKILL", None))


def _signal_name(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    if name == "SIGKILL":
        return "SIGKILL, perhaps for want of memory"
    return name


def _readable(descriptor: int, seconds: float) -> bool:
    """Waits until there is something to read; False after `seconds` of waiting.

    A step that the clock says took longer counts as one step: then this process was
    stopped or the machine asleep, and the child with it.
    """
    if sys.platform == "win32":  # which cannot wait for a pipe: no time-out there
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        left = seconds
        while left > 0:
            if selector.select(min(left, _STEP_SECONDS)):
                return True
            left -= _STEP_SECONDS
        return bool(selector.select(0))
