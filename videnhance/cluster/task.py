"""What a task on a worker has around it: the source, a pulse, and its failures."""

import errno
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from videnhance.cluster.compat import check_versions
from videnhance.cluster.dask_worker import Station
from videnhance.cluster.messages import Commission, Outcome
from videnhance.conversion.fingerprint import library_key
from videnhance.conversion.resolve import source_key
from videnhance.errors import ClusterError, InputError, VidenhanceError
from videnhance.system.memory import keep_freed_memory

__all__ = ["Pulse", "Unwanted", "answered", "source_seen", "target_seen"]

_PULSE_SECONDS = 1.0
_MAY_PASS = {
    getattr(errno, name)
    for name in (
        "EAGAIN",
        "EBUSY",
        "ECONNRESET",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "EIO",
        "ENETDOWN",
        "ENETUNREACH",
        "ENOTCONN",
        "ESTALE",
        "ETIMEDOUT",
    )
    if hasattr(errno, name)
}
"""What shared storage says in a bad moment; a second try may go well."""


class Unwanted(Exception):
    """Nobody waits for this task any more."""


def answered(commission: Commission, work: Callable[[Station], Outcome]) -> Outcome:
    """Does the work; its failures are answers too, for Dask would repeat the task.

    Raises what may pass, to be repeated, and what is a mistake in this program.
    """
    station = Station.of_this_task()
    keep_freed_memory()
    try:
        check_versions(commission.versions, {station.name: library_key()})
        return work(station)
    except VidenhanceError as error:
        if _may_pass(error):
            raise
        error.args = (f"{error} (on the worker {station.name})",)
        return error
    except OSError as error:
        if _may_pass(error):
            raise
        return ClusterError(f"the worker {station.name} cannot do it: {error}")


def _may_pass(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _MAY_PASS:
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def source_seen(commission: Commission, sent: bytes | None) -> Iterator[Path | None]:
    """Where the source is on this machine; None if it is not.

    What was sent along lies in a folder of its own, and goes at the end.
    """
    source = commission.job.source
    if _is_it(source, commission):
        yield source
    elif sent is None:
        yield None
    else:
        with tempfile.TemporaryDirectory(prefix="videnhance-") as folder:
            copy = Path(folder) / source.name
            copy.write_bytes(sent)
            if not _is_it(copy, commission):
                raise InputError(f"{source.name} has changed since the work was begun")
            yield copy


def _is_it(path: Path, commission: Commission) -> bool:
    try:
        return source_key(path) == commission.source
    except InputError:
        return False


def target_seen(commission: Commission) -> bool:
    """Whether the folder of the output is the same on this machine, and is open to it.

    One of the same name would be no proof.
    """
    try:
        with commission.token.open("r+b"):
            return True
    except OSError:
        return False


class Pulse:
    """Tells now and then how far a task is, and ends it if nobody waits for it."""

    def __init__(self, station: Station, run: str, number: int) -> None:
        self._station = station
        self._words = {"run": run, "number": number, "worker": station.name}
        self._next = 0.0
        self(0)

    def __call__(self, frames: int) -> None:
        """So many frames are done. Raises Unwanted."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _PULSE_SECONDS
        if not self._station.is_wanted:
            raise Unwanted
        self._station.tell({**self._words, "frames": frames})
