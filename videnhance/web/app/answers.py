"""A process that answers questions about files, so that no file takes the app down."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from videnhance.errors import InputError, VidenhanceError
from videnhance.system.processes import WorkerProcess, obeys_its_parent

__all__ = ["Answerer", "Answers", "serve"]

_END_SECONDS = 2.0
_PATIENCE_SECONDS = 120.0
"""For one answer, and so much more as a slow disk takes to read the file through: one
that takes longer holds up all others."""
_SLOW_BYTES = 10e6
"""That a slow disk reads in a second."""
Answers = Callable[..., Any]
"""Answers one kind of question."""


def serve(connection: Connection, answers: Mapping[str, Answers]) -> None:
    """Answers what comes through the connection until it is closed."""
    obeys_its_parent()
    while True:
        try:
            name, given = connection.recv()
        except (EOFError, OSError):
            return
        try:
            said = True, answers[name](*given)
        except (VidenhanceError, OSError, ValueError, MemoryError) as error:
            said = False, str(error) or type(error).__name__
        with suppress(OSError):  # nobody is there any more
            connection.send(said)


class Answerer:
    """The process, started when it is asked, and anew if it has died."""

    def __init__(self, target: Callable[[Connection], None]) -> None:
        """`target` is what the process runs: `serve` with its answers."""
        self._target = target
        self._process: WorkerProcess | None = None
        self._turn = asyncio.Lock()
        self._holds = 0

    async def start(self) -> None:
        """Has it load what it needs before somebody waits for it."""
        async with self._turn:
            await asyncio.to_thread(self._running)

    async def ask(
        self, name: str, *given: object, wanted: Callable[[], Any] | None = None
    ) -> Any:  # noqa: ANN401
        """Its answer, in its turn; None if `wanted`, awaited then, says that nobody
        waits for it any more. Raises InputError with its words.
        """
        async with self._turn:
            if wanted is not None and not await wanted():
                return None
            asked = asyncio.ensure_future(asyncio.to_thread(self._asked, name, given))
            try:
                return await asyncio.shield(asked)
            except asyncio.CancelledError:
                await asyncio.wait([asked])  # the next one must not hear this answer
                raise

    @contextmanager
    def held(self) -> Iterator[None]:
        """Lets it stand still meanwhile: who waits for something else comes first."""
        self._holds += 1
        try:
            self._stand(True)
            yield
        finally:
            self._holds -= 1
            self._stand(bool(self._holds))

    def _stand(self, still: bool) -> None:
        process = self._process
        if process is not None:
            process.hold(still)

    async def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.hold(False)
            self._process.stop()
        async with self._turn:
            await asyncio.to_thread(self._end)

    def _asked(self, name: str, given: tuple[object, ...]) -> Any:  # noqa: ANN401
        process = self._running()
        try:
            process.connection.send((name, given))
            patience = _patience(given)
            if not process.connection.poll(patience):
                raise InputError(f"no answer in {patience:.0f} s: given up")
            is_right, said = process.connection.recv()
        except (EOFError, OSError):
            words = self._end()
            raise InputError(f"the process that looked at it {words}") from None
        except InputError:
            process.stop()
            self._end()
            raise
        if not is_right:
            raise InputError(said)
        return said

    def _running(self) -> WorkerProcess:
        if self._process is None or not self._process.is_alive:
            self._end()
            self._process = WorkerProcess(self._target)
            self._stand(bool(self._holds))
            if not self._holds:  # let go of meanwhile, by another thread
                self._stand(False)
        return self._process

    def _end(self) -> str:
        process, self._process = self._process, None
        return process.end(time.monotonic() + _END_SECONDS) if process else ""


def _patience(given: tuple[object, ...]) -> float:
    """How long an answer about a file, which is named first, may take, in seconds."""
    size = 0
    if given:
        with suppress(OSError):
            size = os.stat(str(given[0])).st_size
    return _PATIENCE_SECONDS + size / _SLOW_BYTES
