"""What a task on a worker has around it: the source, a heartbeat, and its failures."""

import errno
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from videnhance.cluster.compat import check_versions
from videnhance.cluster.dask_worker import DaskWorker, Heartbeat
from videnhance.cluster.messages import Outcome, SourceMissing, TaskContext
from videnhance.conversion.fingerprint import library_key, source_key
from videnhance.conversion.job import Job
from videnhance.errors import ClusterError, InputError, VidenhanceError
from videnhance.system.memory import keep_freed_memory

__all__ = ["answered", "source_seen", "target_seen"]

_TRANSIENT = (
    *("EAGAIN", "EBUSY", "ECONNRESET", "EHOSTDOWN", "EHOSTUNREACH", "EIO"),
    *("ENETDOWN", "ENETUNREACH", "ENOTCONN", "ESTALE", "ETIMEDOUT"),
)
_MAY_PASS = {getattr(errno, name) for name in _TRANSIENT if hasattr(errno, name)}
"""What shared storage says in a bad moment; a second try may go well."""


def answered(
    context: TaskContext,
    sent: bytes | None,
    *,
    number: int,
    work: Callable[[TaskContext, DaskWorker, Heartbeat], Outcome],
) -> Outcome:
    """Does the work; its failures are answers too, for Dask would repeat the task.

    Raises what may pass, to be repeated, and what is a mistake in this program.
    """
    worker = DaskWorker.of_this_task()
    keep_freed_memory()
    try:
        check_versions(context.versions, {worker.name: library_key()})
        with source_seen(context, sent) as place:
            if place is None:
                return SourceMissing(worker.name)
            job = _adapted(context.job, place, threads=worker.threads)
            heartbeat = Heartbeat(worker, context.run, number)
            return work(replace(context, job=job), worker, heartbeat)
    except VidenhanceError as error:
        if _may_pass(error):
            raise
        error.args = (f"{error} (on the worker {worker.name})",)
        return error
    except OSError as error:
        if _may_pass(error):
            raise
        return ClusterError(f"the worker {worker.name} cannot do it: {error}")


def _adapted(job: Job, source: Path, *, threads: int) -> Job:
    """The job as this machine does it."""
    settings = job.settings
    if settings.workers:
        settings = replace(settings, workers=threads)
    return replace(job, source=source, settings=settings)


def _may_pass(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _MAY_PASS:
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def source_seen(context: TaskContext, sent: bytes | None) -> Iterator[Path | None]:
    """Where the source is on this machine; None if it is not.

    What was sent along lies in a folder of its own, and goes at the end.
    """
    source = context.job.source
    if _is_it(source, context):
        yield source
    elif sent is None:
        yield None
    else:
        with tempfile.TemporaryDirectory(prefix="videnhance-") as folder:
            copy = Path(folder) / source.name
            copy.write_bytes(sent)
            if not _is_it(copy, context):
                raise InputError(f"{source.name} has changed since the work was begun")
            yield copy


def _is_it(path: Path, context: TaskContext) -> bool:
    try:
        return source_key(path) == context.source
    except InputError:
        return False


def target_seen(context: TaskContext) -> bool:
    """Whether the folder of the output is the same on this machine, and is open to it.

    One of the same name would be no proof.
    """
    try:
        with context.token.open("r+b"):
            return True
    except OSError:
        return False
