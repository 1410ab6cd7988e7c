"""The Dask worker that a task runs on, and what it tells of the task."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from videnhance.system.optional import optional

__all__ = ["DaskWorker", "Heartbeat", "Unwanted", "load_distributed", "topic_of"]

_TOPICS = 32
_HEARTBEAT_SECONDS = 1.0


def load_distributed() -> ModuleType:
    """Dask's library, where a cluster is used. Raises MissingLibraryError."""
    failure = "--cluster needs Dask's distributed, which does not load"
    return optional("distributed", extra="cluster", failure=failure)


def topic_of(run: str) -> str:
    """The name under which workers tell of a run, which is a hexadecimal number.

    A scheduler keeps the last words of each name for ever, so runs share a few names;
    under a single one, each of many runs would hear all the others.
    """
    return f"videnhance-{int(run, 16) % _TOPICS}"


@dataclass(frozen=True, slots=True)
class DaskWorker:
    """The worker that a task runs on, as the task sees it."""

    worker: Any
    key: Any
    """Of the task."""

    @classmethod
    def of_this_task(cls) -> "DaskWorker":
        """Raises ValueError outside a task."""
        worker = load_distributed().get_worker()
        return cls(worker, worker.get_current_task())

    @property
    def name(self) -> str:
        """What the worker is called in its cluster."""
        return str(self.worker.name)

    @property
    def threads(self) -> int:
        """This task's share of the threads that the worker was given."""
        running = max(int(self.worker.state.executing_count), 1)
        return max(int(self.worker.state.nthreads) // running, 1)

    @property
    def is_wanted(self) -> bool:
        """Whether somebody still waits for this task.

        One that runs cannot be ended from outside: it must ask.
        """
        task = self.worker.state.tasks.get(self.key)
        return task is not None and task.state != "cancelled"

    def tell(self, words: Mapping[str, Any]) -> None:
        """Says something to the `run` that asked for the task."""
        self.worker.log_event(topic_of(words["run"]), dict(words))


class Unwanted(Exception):
    """Nobody waits for this task any more."""


class Heartbeat:
    """Tells now and then how far a task is, and ends it if nobody waits for it."""

    def __init__(self, worker: DaskWorker, run: str, number: int) -> None:
        self._worker = worker
        self._words = {"run": run, "number": number, "worker": worker.name}
        self._next = 0.0
        self(0)

    def __call__(self, frames: int) -> None:
        """So many frames are done. Raises Unwanted."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _HEARTBEAT_SECONDS
        if not self._worker.is_wanted:
            raise Unwanted
        self._worker.tell({**self._words, "frames": frames})
