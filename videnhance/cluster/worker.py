"""What a worker does: a segment as the local run makes it, and what each task needs.

A task has the source around it, a heartbeat, and failures that are answers.
"""

import errno
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import Any

from videnhance.cluster.compat import check_versions, load_distributed, topic_of
from videnhance.cluster.messages import (
    Outcome,
    SegmentOrder,
    SegmentResult,
    SourceMissing,
    TaskContext,
)
from videnhance.conversion.fingerprint import arithmetic_of, library_key, source_key
from videnhance.conversion.job import Job
from videnhance.conversion.journal import Segment
from videnhance.conversion.open_source import DamageCounter, reopened_source
from videnhance.conversion.segments import ResumePoints, SegmentEncoder
from videnhance.errors import (
    ClusterError,
    InputError,
    ModelError,
    VidenhanceError,
    printable,
)
from videnhance.media.output.output_file import WRITE_ERRORS, write_failure
from videnhance.models.card import find_card
from videnhance.models.choice import Choice
from videnhance.pipeline.enhance import enhanced_ahead
from videnhance.pipeline.report import Report
from videnhance.pipeline.upscaler import Bicubic, Upscaler
from videnhance.system.memory import keep_freed_memory, peak_memory_mb
from videnhance.system.threads import serialized

__all__ = [
    "DaskWorker",
    "Heartbeat",
    "Unwanted",
    "answered",
    "make_segment",
    "source_seen",
    "target_seen",
]

_HEARTBEAT_SECONDS = 1.0
_TRANSIENT = (
    *("EAGAIN", "EBUSY", "ECONNRESET", "EHOSTDOWN", "EHOSTUNREACH", "EIO"),
    *("ENETDOWN", "ENETUNREACH", "ENOTCONN", "ESTALE", "ETIMEDOUT"),
)
_MAY_PASS = {getattr(errno, name) for name in _TRANSIENT if hasattr(errno, name)}
"""What shared storage says in a bad moment; a second try may go well."""
_MOST_KEPT = 4
"""Models, and how they round, that a worker keeps."""


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


def make_segment(
    context: TaskContext, order: SegmentOrder, sent: bytes | None = None
) -> Outcome:
    """One segment, made as the local run makes it.

    `sent` is the source, for workers that do not see it. Raises what may pass, to be
    repeated.
    """
    return answered(
        context, sent, number=order.number, work=partial(_segment, order=order)
    )


def _segment(
    context: TaskContext, worker: DaskWorker, heartbeat: Heartbeat, order: SegmentOrder
) -> SegmentResult:
    begun, report, job = time.process_time(), Report(), context.job
    with _file_for(context, order) as path:
        try:
            segment = _encoded(
                context, order, path=path, report=report, heartbeat=heartbeat
            )
        except WRITE_ERRORS as error:
            raise write_failure(job.target, error) from error
        report.peak_memory_mb = peak_memory_mb()
        return SegmentResult(
            worker=worker.name,
            segment=segment,
            file=path if path.parent == context.token.parent else path.read_bytes(),
            report=report,
            processor=(begun, time.process_time()),
            arithmetic=_arithmetic(job.choice, context.digest),
        )


@contextmanager
def _file_for(context: TaskContext, order: SegmentOrder) -> Iterator[Path]:
    """Where the packets go: beside the journal, or if need be somewhere here."""
    if target_seen(context):
        # A worker that was given up for lost may still write: each try has its file.
        name = f"{order.number:06d}-{token_hex(4)}.part"
        yield context.token.with_name(name)
    else:
        with tempfile.TemporaryDirectory(prefix="videnhance-") as folder:
            yield Path(folder) / "packets"


def _encoded(
    context: TaskContext,
    order: SegmentOrder,
    *,
    path: Path,
    report: Report,
    heartbeat: Heartbeat,
) -> Segment:
    job, plan = context.job, context.plan
    assert plan
    length = job.settings.segment_frames
    with (
        reopened_source(job) as reader,
        SegmentEncoder(plan, path, order.last_pts) as encoder,
    ):
        if order.mark.frames:
            reader.resume_after(order.mark)
        source = DamageCounter(reader)
        points = ResumePoints(length, source.damage)
        frames = points.noted(islice(source.frames(), length))
        digest = context.digest
        upscaler = _network(job.choice, digest) if digest else Bicubic()
        for frame in enhanced_ahead(
            frames, upscaler, settings=job.settings, report=report
        ):
            began = time.perf_counter()
            encoder.write(frame)
            report.add("writing", time.perf_counter() - began)
            heartbeat(encoder.frames)
        last = order.mark.frames + encoder.frames - 1
        return encoder.closed(points.until(last, encoder.frames), points.counts(last))


@serialized
@lru_cache(_MOST_KEPT)
def _network(choice: Choice, digest: str) -> Upscaler:
    """Loaded once a process, whatever the number of segments."""
    name, found = find_card(choice.model).files[choice.precision]
    if found != digest:
        raise ModelError(
            f"model {printable(choice.model)}: {printable(name)} is another file than "
            "on the machine that asks: put the same there"
        )
    from videnhance.models.runtime import load  # brings torch

    return load(choice)


@lru_cache(_MOST_KEPT)
def _arithmetic(choice: Choice, digest: str) -> str:
    return arithmetic_of(_network(choice, digest)) if digest else ""


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
